using System.Globalization;
using System.Text;
using EpcActors.Scenarios;

namespace EpcActors.Planted;

/// <summary>The table rule × planted defect, as docs/oracle.md has it.</summary>
internal static class Table
{
    public const string Document = "docs/oracle.md";

    private const string Begin = "<!-- planted -->";
    private const string End = "<!-- /planted -->";

    /// <summary>Puts the table between its marks in the document.</summary>
    public static void WriteInto(string root, IReadOnlyList<Outcome> outcomes)
    {
        string path = Path.Combine(root, Document);
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < Begin.Length || end < begin)
        {
            throw new DefectException($"{Document} has no place for the table: {Begin} and {End}");
        }

        File.WriteAllText(path, string.Concat(text.AsSpan(0, begin), "\n", Markdown(outcomes), text.AsSpan(end)));
    }

    /// <summary>By defect, then by rule.</summary>
    public static string Markdown(IReadOnlyList<Outcome> outcomes)
    {
        StringBuilder text = new();
        int broken = outcomes.Count(outcome => outcome.Broken.Count > 0);
        text.Append(CultureInfo.InvariantCulture, $"{broken} of {outcomes.Count} planted defects break a rule.\n\n");
        text.Append("| | planted defect | rules that break in scenarios | rules that break in `epc check` "
            + "|\n|---|---|---|---|\n");
        foreach (Outcome outcome in outcomes)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {Number(outcome)} | {outcome.Defect!.Title} | {Rules(outcome, isCheck: false)} | "
                + $"{Rules(outcome, isCheck: true)} |\n");
        }

        text.Append("\n| rule | defects that break it |\n|---|---|\n");
        foreach (string rule in LabRules.All)
        {
            string numbers = string.Join(", "
                + "", outcomes.Where(outcome => outcome.Broken.Any(one => one.Rule == rule)).Select(Number));
            text.Append(CultureInfo.InvariantCulture, $"| `{rule}` | {(numbers.Length == 0 ? "-" : numbers)} |\n");
        }

        return text.ToString();
    }

    /// <summary>Describes one defect's outcome for people: the rules, and the first finding of each.</summary>
    public static string Describe(Outcome outcome)
    {
        if (outcome.Failure is { } failure)
        {
            return $"  {failure}";
        }

        if (outcome.Broken.Count == 0)
        {
            return "  breaks no rule";
        }

        StringBuilder text = new();
        foreach (IGrouping<string, Broken> rule in outcome.Broken.GroupBy(one => one.Rule))
        {
            Broken first = rule.FirstOrDefault(one => one.Detail.Length > 0) ?? rule.First();
            text.Append(CultureInfo.InvariantCulture, $"  {rule.Key}, {rule.Count()} times; {first.Where}: "
                + $"{first.Detail}\n");
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string Number(Outcome outcome) => outcome.Defect!.Name[..2].TrimStart('0');

    private static string Rules(Outcome outcome, bool isCheck)
    {
        if (outcome.Failure is not null)
        {
            return "not known";
        }

        HashSet<string> rules = [.. outcome.Broken.Where(one => one.IsCheck == isCheck).Select(one => one.Rule)];
        IEnumerable<string> names = LabRules.All.Where(rules.Contains).Select(rule => $"`{rule}`");
        return rules.Count == 0 ? "-" : string.Join(", ", names);
    }
}

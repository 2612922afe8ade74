namespace EpcActors.Scenarios.Expectations;

/// <summary>The language of expectations as text, from <see cref="ExpectationTable"/>.</summary>
public static class ExpectationHelp
{
    private const int Names = 20;

    /// <summary>Lines for <c>epc config quantities</c> and config/reference.conf.</summary>
    public static IReadOnlyList<string> Lines()
    {
        List<string> lines =
        [
            "An expectation is one of",
            "  [SUBJECT [NAME [step STEP]]] QUANTITY OPERATOR VALUE",
            "      cgroup /pods/web peak <= 24 MiB",
            "  violation RULE, no violation RULE",
            "      no violation liveness",
            "  count SUBJECT NAME QUANTITY OPERATOR VALUE OPERATOR NUMBER",
            "      count enclave web-* outcome == finished >= 2",
            "OPERATOR is ==, !=, <, <=, > or >=; words have the first two only. In a NAME, * stands for any text: all",
            "that are named so must meet the comparison, and there must be one. STEP is load, exit, total, warm-up, "
                + "the",
            "word of a step (touch, run, trace, pause ...), its number from 1, or child-0/WORD. VALUE carries its "
                + "unit:",
        ];
        foreach (ValueKind kind in Enum.GetValues<ValueKind>())
        {
            lines.Add($"  {KindText(kind)}");
        }

        foreach (Subject subject in ExpectationTable.Subjects)
        {
            lines.Add(subject == ExpectationTable.Subjects[0]
                ? $"{subject.Pattern}; this word may be left out: faults > 1000" : subject.Pattern);
            foreach (Quantity quantity in subject.Quantities)
            {
                string kind = KindName(quantity.Kind).PadRight(10);
                lines.Add($"  {quantity.Name.PadRight(Names)}{kind}{Summary(quantity)}");
            }
        }

        return lines;
    }

    /// <summary>A table per subject for docs/expectations.md.</summary>
    public static IReadOnlyList<string> Markdown()
    {
        List<string> lines = [];
        foreach (Subject subject in ExpectationTable.Subjects)
        {
            lines.AddRange([$"### `{subject.Pattern}`", "", "| quantity | value | what it is |", "|---|---|---|"]);
            foreach (Quantity quantity in subject.Quantities)
            {
                lines.Add($"| `{quantity.Name}` | {KindName(quantity.Kind)} | {Summary(quantity)} |");
            }

            lines.Add("");
        }

        return lines;
    }

    private static string Summary(Quantity quantity) =>
        quantity.Words.Count == 0 ? quantity.Summary : $"{quantity.Summary}: {string.Join(", ", quantity.Words)}";

    private static string KindName(ValueKind kind) => kind switch
    {
        ValueKind.Word => "word",
        ValueKind.Count => "count",
        ValueKind.Pages => "pages",
        ValueKind.Bytes => "size",
        ValueKind.Duration => "duration",
        ValueKind.Share => "share",
        ValueKind.Factor => "factor",
    };

    private static string KindText(ValueKind kind)
    {
        string text = kind switch
        {
            ValueKind.Word => "one of the words that stand with the quantity",
            ValueKind.Count => "a whole number: 1000",
            ValueKind.Pages => "a number of pages or a size: 4096, 4096 pages, 16 MiB",
            ValueKind.Bytes => "24 MiB (powers of 1024), 24 MB (powers of 1000), 6144 pages; without a unit bytes",
            ValueKind.Duration => "ns, us, ms, s, m, h: 50 us",
            ValueKind.Share => "20 %, or 0.2",
            ValueKind.Factor => "1.1, or 1.1x",
        };
        return KindName(kind).PadRight(10) + text;
    }
}

using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// Reasons for the deaths of enclaves and guests: what was missing, its holders, and the amount that is sufficient.
/// </summary>
internal static class WhyTexts
{
    private const int Most = 6;

    /// <summary>Those with something to say, by name.</summary>
    private static List<(string Name, string Detail, IReadOnlyList<string> Why)> Of(RunReport r) =>
    [
        .. r.Enclaves.Where(e => e.Why.Count > 0).Select(e => (e.Name, e.Detail, e.Why)),
        .. r.VirtualEpcs.Where(v => v.Why.Count > 0).Select(v => (v.Name, v.Detail, v.Why)),
    ];

    public static void WriteText(ConsoleText text, RunReport r)
    {
        List<(string Name, string Detail, IReadOnlyList<string> Why)> all = Of(r);
        if (all.Count == 0)
        {
            return;
        }

        text.Heading("Why");
        foreach ((string name, string detail, IReadOnlyList<string> why) in all.Take(Most))
        {
            text.Paragraph("  ", $"{name}: {detail}", style: ConsoleText.Bad);
            foreach (string line in why)
            {
                text.Paragraph("    - ", line);
            }
        }

        if (all.Count > Most)
        {
            text.Paragraph("  ", $"{Units.Count(all.Count - Most)} more: \"why\" in report.json of --out");
        }
    }

    public static void WriteHtml(HtmlWriter html, RunReport r)
    {
        List<(string Name, string Detail, IReadOnlyList<string> Why)> all = Of(r);
        if (all.Count == 0)
        {
            return;
        }

        html.Open("section", ("id", "why"));
        html.Element("h2", "Why");
        foreach ((string name, string detail, IReadOnlyList<string> why) in all.Take(Most))
        {
            html.Element("h3", $"{name}: {detail}");
            html.Open("ul");
            foreach (string line in why)
            {
                html.Element("li", char.ToUpperInvariant(line[0]) + line[1..] + ".");
            }

            html.Close("ul");
        }

        if (all.Count > Most)
        {
            html.Element("p", $"{Units.Count(all.Count - Most)} more: why in report.json.", ("class", "lead"));
        }

        html.Close("section");
    }
}

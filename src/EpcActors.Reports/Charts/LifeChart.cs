using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Lifetime and end of each enclave, one bar each.</summary>
internal static class LifeChart
{
    public const int MostEnclaves = 32;

    private const double Width = 1160;

    private const double Left = 190;

    private const double Right = 100;

    private const double Row = 18;

    public static void WriteTo(HtmlWriter html, RunReport r, long endNs)
    {
        EnclaveCut cut = EnclaveCut.Of(r.Enclaves, MostEnclaves);
        double height = cut.Shown.Count * Row + 28;
        double plot = Width - Left - Right;
        string subtitle = cut.LeftOutCount == 0
            ? Wording.Counted(r.Enclaves.Count, "enclave")
            : $"{Units.Count(cut.LeftOutCount)} of {Units.Count(r.Enclaves.Count)} enclaves left out";
        html.Open("figure", ("class", "chart wide"));
        html.Open("figcaption");
        html.Element("strong", "Lives of the enclaves");
        html.Element("span", subtitle, ("class", "sub"));
        html.Close("figcaption");
        html.Open("svg", ("role", "img"), ("viewBox", $"0 0 {N(Width)} {N(height)}"));
        html.Element("title", "Lives of the enclaves");
        html.Element("desc",
            $"Start and end of each enclave in {Wording.TimeName(r)}, and how it ended; the same is in the table.");
        html.Open("g", ("class", "axis"));
        foreach (Tick tick in Scale.Time(endNs, 8).Ticks)
        {
            double x = Left + plot * tick.Value / Math.Max(endNs, 1);
            html.Empty("line", ("x1", N(x)), ("x2", N(x)), ("y1", "4"), ("y2", N(height - 20)));
            html.Element("text", tick.Label, ("x", N(x)), ("y", N(height - 5)), ("text-anchor", "middle"));
        }

        html.Close("g");
        double y = 4;
        foreach (EnclaveReport e in cut.Shown)
        {
            double from = Left + plot * Math.Clamp((double)e.StartNs / Math.Max(endNs, 1), 0, 1);
            double to = Left + plot * Math.Clamp((double)e.EndNs / Math.Max(endNs, 1), 0, 1);
            bool isBad = Wording.IsBad(e.Outcome);
            html.Open("g", ("class", isBad ? "life bad" : "life"));
            html.Element("title", $"{e.Name} in {e.Cgroup}: {Wording.Key(e.Outcome)}, "
                + $"{Units.Duration(e.StartNs)} to {Units.Duration(e.EndNs)}"
                    + (e.Detail.Length == 0 ? "" : $"; {e.Detail}"));
            html.Element("text", ConsoleText.CutMiddle(e.Name, 28), ("x", N(Left - 8)), ("y", N(y + 12)),
                ("text-anchor", "end"));
            html.Empty("rect", ("x", N(from)), ("y", N(y + 3)), ("width", N(Math.Max(to - from, 2))), ("height", "11"));
            html.Element("text", Wording.Key(e.Outcome), ("x", N(to + 6)), ("y", N(y + 12)), ("class", "end"));
            html.Close("g");
            y += Row;
        }

        html.Close("svg");
        html.Close("figure");
    }

    private static string N(double value) => HtmlWriter.Coordinate(value);
}

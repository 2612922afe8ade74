using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Texts of every report on the steps of enclaves.</summary>
internal static class StepTexts
{
    /// <summary>Enclaves whose steps a table shows.</summary>
    public const int MostEnclaves = 12;

    /// <summary>Enclaves whose steps a comparison shows.</summary>
    public const int MostCompared = 6;

    /// <summary>Reference of a slowdown.</summary>
    public const string Reference = "the same program alone with enough EPC on its own socket";

    /// <summary>The footnote of tables with slowdowns.</summary>
    public const string Footnote =
        "slowdown: against " + Reference
            + "; of an enclave: over its run and trace steps, warm-up not counted, or over all "
        + "its steps when it has none of these";

    /// <summary>
    /// Enclaves whose steps are shown: those that ended badly and the slowest when there are too many.
    /// </summary>
    public static IReadOnlyList<EnclaveReport> Shown(RunReport r) =>
        EnclaveCut.Of([.. r.Enclaves.Where(e => e.Steps.Count > 0)], MostEnclaves).Shown;

    /// <summary>Number and name of a step: <c>2 run</c>.</summary>
    public static string Label(StepReport step) =>
        step.Number == 0 ? step.Name : $"{Units.Count(step.Number)} {step.Name}";

    /// <summary>The time of a step; marked when its end is not known.</summary>
    public static string Time(StepReport step) => Units.Duration(step.TimeNs)
        + (step.IsUnfinished ? ", unfinished" : "");

    /// <summary>Mean time of a fault.</summary>
    public static string PerFault(StepReport step) => step.Faults == 0 ? "-"
        : Units.Duration(step.FaultNs / step.Faults);

    /// <summary>Value of <c>role</c> in the JSON report and steps.csv.</summary>
    public static string Key(StepRole role) => role switch
    {
        StepRole.Load => "load",
        StepRole.WarmUp => "warm-up",
        StepRole.Step => "step",
        StepRole.Exit => "exit",
        StepRole.Total => "total",
    };

    public static void WriteText(ConsoleText text, RunReport r)
    {
        IReadOnlyList<EnclaveReport> shown = Shown(r);
        if (shown.Count == 0)
        {
            return;
        }

        text.Heading("Steps of enclaves");
        TextTable table = new(TextTable.Name("enclave"), TextTable.Word("step"), TextTable.Name("what"),
            TextTable.Figure("time"), TextTable.Figure("accesses"), TextTable.Figure("faults"),
            TextTable.Figure("per fault"), TextTable.Figure("reloads"), TextTable.Figure("slowdown"));
        foreach (EnclaveReport e in shown)
        {
            string name = e.Name;
            foreach (StepReport step in e.Steps)
            {
                table.Row(name, Label(step), step.Text, Time(step), Units.Count(step.Accesses),
                    Units.Count(step.Faults), PerFault(step), Units.Count(step.Reloads),
                    Units.Slowdown(step.Slowdown));
                name = "";
            }
        }

        table.WriteTo(text);
        int left = r.Enclaves.Count(e => e.Steps.Count > 0) - shown.Count;
        if (left > 0)
        {
            text.Paragraph("  ", $"{Wording.Counted(left, "more enclave")}: in steps.csv and report.json of --out");
        }

        if (r.Enclaves.Any(e => e.Slowdown is not null))
        {
            text.Paragraph("  ", Footnote, style: ConsoleText.Dim);
        }
    }

    public static void WriteHtml(HtmlWriter html, RunReport r)
    {
        IReadOnlyList<EnclaveReport> shown = Shown(r);
        if (shown.Count == 0)
        {
            return;
        }

        int left = r.Enclaves.Count(e => e.Steps.Count > 0) - shown.Count;
        HtmlTables.Begin(
            html,
            "Steps of enclaves. " + char.ToUpperInvariant(Footnote[0]) + Footnote[1..]
                + (left > 0 ? $". {Wording.Counted(left, "more enclave")}: in steps.csv" : ""),
            "enclave", "step", "what", "#time", "#accesses", "#faults", "#per fault", "#reloads", "#slowdown");
        foreach (EnclaveReport e in shown)
        {
            foreach (StepReport step in e.Steps)
            {
                html.Open("tr");
                html.Element("th", e.Name, ("scope", "row"));
                html.Element("td", Label(step));
                html.Element("td", step.Text);
                HtmlTables.Number(html, Time(step), step.IsUnfinished ? "warn" : null);
                HtmlTables.Number(html, Units.Count(step.Accesses));
                HtmlTables.Number(html, Units.Count(step.Faults));
                HtmlTables.Number(html, PerFault(step));
                HtmlTables.Number(html, Units.Count(step.Reloads));
                HtmlTables.Number(html, Units.Slowdown(step.Slowdown));
                html.Close("tr");
            }
        }

        HtmlTables.End(html);
    }
}

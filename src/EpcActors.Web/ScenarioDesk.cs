using System.Globalization;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Web;

/// <summary>The run of one scenario of the reader's own, in pieces, and its report.</summary>
internal sealed class ScenarioDesk(Scenario scenario)
{
    private readonly ScenarioWork _work = new(scenario);
    private CancellationToken _stop = CancellationToken.None;
    private RunReport? _report;
    private bool _isShown;

    /// <summary>The run goes on.</summary>
    public bool IsBusy => _report is null;

    /// <summary>Goes on for a few thousand events.</summary>
    public void Advance()
    {
        _work.Advance(_stop);
        if (_work.IsOver)
        {
            string seed = scenario.Seed.ToString(CultureInfo.InvariantCulture);
            _report = _work.Report($"epc run {OwnText.ScenarioName} --seed {seed}");
        }
    }

    /// <summary>Ends the run with what there is.</summary>
    public void Stop() => _stop = new CancellationToken(canceled: true);

    /// <summary>The report as <c>epc run --out</c> writes it; null while the run goes on.</summary>
    public string? ToHtml() => _report is null ? null : Text(HtmlReport.Write, _report);

    /// <summary>Says how far the run is, and shows the report once it is there.</summary>
    public void Show(DeskAnswer answer)
    {
        RunProgress progress = _work.Progress;
        double share = progress.LimitNs == 0 ? 0 : Math.Min(1, (double)progress.VirtualTimeNs / progress.LimitNs);
        string steps = $"{Counted.Of(progress.Steps, "step", "N0")}, {Counted.Of(progress.Faults, "fault", "N0")}";
        string text = _report is null
            ? $"{progress.Stage}: {Durations.Text(progress.VirtualTimeNs)} of at most "
                + $"{Durations.Text(progress.LimitNs)} of virtual time, {steps}"
            : $"Done: {Counted.Of(_report.Steps, "step", "N0")}, trace {_report.TraceHash}.";
        answer.Regions.Add(new("run-state", ExplorerPage.Run(text, share, IsBusy, _report is not null)));
        if (_report is not null && !_isShown)
        {
            _isShown = true;
            answer.Report = Text(HtmlReport.WriteLinked, _report);
        }
    }

    private static string Text(Action<TextWriter, RunReport> write, RunReport report)
    {
        using StringWriter writer = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
        write(writer, report);
        return writer.ToString();
    }
}

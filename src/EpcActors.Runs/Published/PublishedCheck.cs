using System.Collections.Concurrent;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Runs.Published;

/// <summary>Runs the scenarios of published measurements and puts the figures side by side.</summary>
public static class PublishedCheck
{
    /// <summary>The rows that there are, by name.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. PublishedFigures.All.Select(figure => figure.Name)];

    /// <summary>Measures the rows of these names; all of them without a name.</summary>
    /// <param name="names">Names out of <see cref="Names"/>.</param>
    /// <param name="jobs">Simulations at a time.</param>
    /// <param name="progress">Hears a line for each run that has ended, from any thread; may be null.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static PublishedReport Measure(
        IReadOnlyList<string> names, int jobs, Action<string>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        List<PublishedFigure> figures =
            [.. PublishedFigures.All.Where(figure => names.Count == 0 || names.Contains(figure.Name))];
        PublishedRun[] runs = [.. figures.SelectMany(figure => figure.Runs).DistinctBy(run => run.Key)];
        ConcurrentDictionary<string, MeasuredRun> ended = new(StringComparer.Ordinal);
        ParallelOptions options = new() { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken };
        Parallel.ForEach(runs, options, run =>
        {
            ended[run.Key] = Run(run, cancellationToken);
            progress?.Invoke($"{ended.Count} of {runs.Length} runs, {run.Scenario}");
        });
        cancellationToken.ThrowIfCancellationRequested();
        return new PublishedReport([.. figures.Select(figure => Row(figure, ended))]);
    }

    /// <summary>Loads the scenario of a run; every word of it counts.</summary>
    internal static LoadedScenario Load(PublishedRun run) => ScenarioLoader.LoadWithNotes(
        BuiltInFiles.FileName("published", run.Scenario),
        [.. run.Settings.Select(Setting)],
        null,
        ConfigEnvironment.Default with { Variables = static _ => null });

    private static KeyValuePair<string, string> Setting(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return new KeyValuePair<string, string>(text[..equals], text[(equals + 1)..]);
    }

    private static MeasuredRun Run(PublishedRun run, CancellationToken cancellationToken)
    {
        Scenario scenario = Load(run).Scenario;
        RunReport report = new ScenarioRunner(scenario).Run($"epc run {run.File}", cancellationToken);
        return cancellationToken.IsCancellationRequested || report.Verdict == Verdict.Pass
            ? new MeasuredRun(scenario, report)
            : throw new InvalidOperationException($"{run.File} ({string.Join(", ", run.Settings)}): {report.Verdict}");
    }

    private static PublishedRow Row(PublishedFigure figure, ConcurrentDictionary<string, MeasuredRun> ended) => new()
    {
        Name = figure.Name,
        Publication = figure.Publication,
        Machine = figure.Machine,
        What = figure.What,
        Unit = figure.Unit,
        Published = figure.Value,
        Range = figure.Range,
        Product = figure.Measure([.. figure.Runs.Select(run => ended[run.Key])]),
        LeastRatio = figure.Ratio.Least,
        MostRatio = figure.Ratio.Most,
        Reason = figure.Reason,
        Scenario = figure.Runs[0].File,
    };
}

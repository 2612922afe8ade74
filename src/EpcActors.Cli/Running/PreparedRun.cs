using System.Globalization;
using System.Text;
using EpcActors.Cli.Terminal;
using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Imports;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Running;

/// <summary>A run that has passed every check and can start.</summary>
internal sealed class PreparedRun
{
    private readonly CommandShell _shell;
    private readonly RunRequest _request;

    private PreparedRun(CommandShell shell, RunRequest request, Scenario scenario, LoadedScenario loaded)
    {
        Notes = loaded.Notes;
        _shell = shell;
        _request = request;
        Scenario = scenario;
        ReplayCommand = request.ReplayCommand(scenario.Seed, shell.Dialect);
    }

    public Scenario Scenario { get; }

    /// <summary>Notes on what is odd about the configuration but allowed.</summary>
    public IReadOnlyList<ConfigurationNote> Notes { get; }

    /// <summary>The command that repeats this run.</summary>
    public string ReplayCommand { get; }

    public bool ChecksExpectations => _request.ChecksExpectations;

    /// <summary>Seed, kernel and engine in effect: the first line of every run.</summary>
    public string Effective =>
        $"seed {Scenario.Seed}, kernel {Scenario.Kernel}{Overridden}, engine {_request.Engine.Name}";

    private string Overridden
    {
        get
        {
            int count = Scenario.SwitchList.Count(one => one.IsOverridden);
            return count == 0 ? "" : count == 1 ? " with 1 switch of its own" : $" with {count} switches of their own";
        }
    }

    /// <summary>Reads and checks the scenario.</summary>
    /// <exception cref="ConfigurationException">when the file or an override is wrong.</exception>
    public static PreparedRun Load(CommandShell shell, RunRequest request)
    {
        ScenarioText source = ScenarioFile.Open(request.File, request.Import, shell.Configuration);
        LoadedScenario loaded = ScenarioLoader.LoadWithNotes(
            source.SourceName,
            Settings(request),
            request.Seed,
            source.In(shell.Configuration));
        loaded = loaded with { Notes = [.. source.Notes, .. loaded.Notes] };
        Scenario scenario = loaded.Scenario;
        ScenarioFile.RequireNoRace(request.File, scenario);
        if (request.SkipsSlowdown)
        {
            scenario = scenario with { Run = scenario.Run with { MeasuresSlowdown = false } };
        }

        return new PreparedRun(shell, request, scenario, loaded);
    }

    /// <summary>Runs it.</summary>
    /// <param name="display">Shows how far it is.</param>
    /// <param name="label">Which of several runs it is; empty when it is the only one.</param>
    /// <param name="cancellationToken">Ends the run with what there is.</param>
    /// <param name="telemetry">Shows or sends the metrics of a live run; null for none.</param>
    /// <exception cref="CommandException">when the emulator itself fails.</exception>
    public RunReport Run(
        ProgressDisplay display,
        string label,
        CancellationToken cancellationToken,
        ILiveTelemetry? telemetry = null)
    {
        _shell.RunBegins();
        RunReport report;
        try
        {
            report = _request.Engine.NewEngine is { } newEngine
                ? new LiveRunDisplay(_shell, display.IsQuiet).Follow(label, watch =>
                    new LiveScenarioRunner(Scenario, newEngine, watch, telemetry).Run(ReplayCommand, cancellationToken))
                : display.Follow(label, progress =>
                    _request.Engine.Run!(Scenario, ReplayCommand, progress, cancellationToken));
        }
        catch (EngineConfigurationException wrong)
        {
            throw CommandException.Usage(
                Scenario.AkkaOrigin.Length == 0 ? wrong.Message : $"{Scenario.AkkaOrigin}: {wrong.Message}");
        }
        catch (InvariantViolation failure)
        {
            throw new CommandException(ExitCode.EmulatorError, Describe(failure));
        }

        // The scenario may have come to its end before the cut, but its second run has not.
        bool isCut = report.Live is null && cancellationToken.IsCancellationRequested && Scenario.Run.MeasuresSlowdown
            && report.Enclaves.Count > 0 && report.Enclaves.All(one => one.Slowdown is null);
        return isCut && report.Verdict == Verdict.Pass
            ? report with
            {
                Verdict = Verdict.Inconclusive,
                Notes =
                [
                    .. report.Notes,
                    "cancelled after the scenario had ended, while slowdowns were measured: there are none",
                ],
            }
            : report;
    }

    /// <summary>The exit code of a report.</summary>
    public ExitCode Judge(RunReport report) => Verdicts.CodeOf(report, _request.ChecksExpectations);

    /// <summary>Says once what is odd about the configurations of some runs.</summary>
    public static void WriteNotes(IEnumerable<PreparedRun> runs, TextWriter error)
    {
        foreach (string note in runs.SelectMany(run => run.Notes).Select(note => note.ToString()).Distinct())
        {
            error.WriteLine($"note: {note}");
        }
    }

    /// <summary>The run in one line: the verdict and what it takes to tell it from another run.</summary>
    public string Summary(RunReport report)
    {
        string word = report.Verdict switch
        {
            Verdict.Pass => "pass",
            Verdict.Violation => "violation",
            Verdict.Inconclusive => "inconclusive",
        };
        int atWork = report.WorkLeft > 0 ? 0 : report.Enclaves.Count(one => one.Outcome == EnclaveOutcome.Running);
        int unmet = report.Expectations.Count(one => one.IsUnmet);
        string rules = string.Join(", ", report.Violations.Select(one => one.Rule).Distinct());
        return $"{word}: {report.Scenario}: {Effective}{(report.Live is null ? $", trace {report.TraceHash}" : "")}"
            + (report.WorkLeft == 0 ? "" : $"; cut off by epc.run.duration after {Durations.Text(report.CutOffNs)}")
            + (
                atWork == 0
                    ? ""
                    : $"; ended with {atWork} of {Counted.Of(report.Enclaves.Count, "enclave")} still at work")
            + (rules.Length == 0 ? "" : $"; broken: {rules}")
            + (unmet == 0 ? "" : $"; expectations not met: {unmet} of {report.Expectations.Count}");
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Settings(RunRequest request) =>
        request.Workers is { } workers
            ?
            [
                .. request.Overrides,
                new KeyValuePair<string, string>("epc.live.workers", workers.ToString(CultureInfo.InvariantCulture)),
            ]
            : request.Overrides;

    private string Describe(InvariantViolation failure)
    {
        StringBuilder text = new();
        text.Append("the emulator itself failed: ").AppendLine(failure.Message);
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            text.Append("  ").Append(cause.GetType().Name).Append(": ").AppendLine(cause.Message);
            foreach (
                string frame in (cause.StackTrace ?? "")
                    .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Take(8))
            {
                text.Append("    ").AppendLine(frame);
            }
        }

        text.AppendLine(
            $"seed {Scenario.Seed}, kernel {Scenario.Kernel}, engine {_request.Engine.Name}, version "
                + $"{EpcCommand.Version}");
        text.AppendLine(
            "This is an error in epc, not a finding about the kernel. Please report it with the command that repeats "
                + "it:");
        return text.Append(ReplayCommand).ToString();
    }
}

using System.CommandLine;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Telemetry;
using EpcActors.Cli.Terminal;
using EpcActors.Reports;
using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc run</c>: one scenario on one engine.</summary>
internal sealed class RunCommand
{
    private readonly CommandShell _shell;
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<ulong?> _seed = CommonOptions.Seed();
    private readonly EngineOptions _engine = new();
    private readonly InputOptions _input = new();
    private readonly Option<string?> _out = CommonOptions.Out(
        $"writes {string.Join(", ", OutputDirectory.RunFiles.Select(file => file.Name))} there");

    private readonly Option<string?> _json = CommonOptions.Json(
        "writes the report as JSON; with - standard output holds the document and nothing else");

    private readonly Option<string?> _junit = CommonOptions.JUnit(
        ": a case for each rule and expectation; implies --expect");

    private readonly Option<bool> _noSlowdown = CommonOptions.Flag(
        "--no-slowdown", "leaves out the runs of each enclave alone that slowdowns are measured against; a live run "
            + "has none");

    private readonly Option<bool> _expect = CommonOptions.Flag(
        "--expect", "exits with 1 also when an expectation of the scenario is not met");

    private readonly Option<bool> _quiet = CommonOptions.Flag(
        "--quiet", "prints the verdict only, in one line, and on a failure the command that repeats it");

    private readonly Option<int?> _metricsPort = CommonOptions.MetricsPort();

    private RunCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        RunCommand run = new(shell);
        DocumentedCommand command = new(
            "run",
            "Runs a scenario, checks every rule all the while, and says what happened.",
            Page())
        {
            run._file, run._set, run._seed,
        };
        foreach (
            Option option in (IEnumerable<Option>)
                [
                    .. run._engine.All,
                    run._metricsPort,
                    run._out,
                    run._json,
                    run._junit,
                    run._noSlowdown,
                    run._expect,
                    run._quiet,
                    .. run._input.All,
                ])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) => Task.FromResult((int)run.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        EngineEntry engine = _engine.Engine(parsed, _shell.Engines);
        bool isQuiet = parsed.GetValue(_quiet);
        PreparedRun run = PreparedRun.Load(_shell, new RunRequest
        {
            File = parsed.GetRequiredValue(_file),
            Import = _input.Read(parsed),
            Overrides = parsed.GetRequiredValue(_set),
            Seed = parsed.GetValue(_seed),
            Engine = engine,
            IsDefaultEngine = engine == _shell.Engines.Default,
            Workers = _engine.Workers(parsed),
            SkipsSlowdown = parsed.GetValue(_noSlowdown),

            // A file that lists an expectation as failed must not come with exit code 0.
            ChecksExpectations = parsed.GetValue(_expect) || parsed.GetValue(_junit) is not null,
        });
        PreparedRun.WriteNotes([run], _shell.Error);
        using RunTelemetry telemetry = RunTelemetry.Prepare(
            _shell,
            engine,
            run.Scenario,
            parsed.GetValue(_metricsPort));
        DocumentTarget json = DocumentTarget.Prepare("--json", parsed.GetValue(_json));
        DocumentTarget junit = DocumentTarget.Prepare("--junit", parsed.GetValue(_junit));
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        (TextWriter text, IAnsiConsole console) = DocumentTarget.Beside(_shell, json, junit);
        if (!isQuiet)
        {
            text.WriteLine(run.Effective);
            text.WriteLine();
        }

        DateTimeOffset beganAt = _shell.Clock.GetUtcNow();
        long began = _shell.Clock.GetTimestamp();
        RunReport report = run.Run(new ProgressDisplay(_shell, isQuiet), "", cancellationToken, telemetry);
        ExitCode code = run.Judge(report);
        try
        {
            JUnitSuite suite = RunSuite.Of(
                report, run.Summary(report), EpcCommand.Version, beganAt, _shell.Clock.GetElapsedTime(began));
            Say(
                text,
                isQuiet,
                json.Write(_shell.Out, JsonReport.ToJson(report)),
                junit.Write(_shell.Out, JUnitReport.ToXml([suite])),
                directory?.WriteRun(report));
        }
        finally
        {
            // Even when a disk is full: the run took its time, and its verdict is the last thing to lose.
            if (isQuiet)
            {
                text.WriteLine(run.Summary(report));
            }
            else
            {
                ConsoleReport.Write(console, report);
            }

            // The report of a broken rule ends with the command already.
            if (code == ExitCode.Violation && (isQuiet || report.Verdict != Verdict.Violation))
            {
                text.WriteLine(run.ReplayCommand);
            }
        }

        return code;
    }

    private static void Say(TextWriter text, bool isQuiet, params IEnumerable<string?> lines)
    {
        bool said = false;
        foreach (string line in isQuiet ? [] : lines.OfType<string>())
        {
            text.WriteLine(line);
            said = true;
        }

        if (said)
        {
            text.WriteLine();
        }
    }

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "The first line names the seed, kernel and engine in effect. The same seed, file and version give the "
                    + "same run: the trace hash "
                    + "in the report tells. On a failure the last line is the command that repeats it.",
                "The default engine is the simulation: one thread, virtual time, costs from a profile, for sizing and "
                    + "for runs that repeat exactly. --live runs the same actors on "
                    + "real threads in real time: nothing costs anything there but what the emulator does, races come "
                    + "by chance, and no run repeats another. It shows its state four "
                    + "times a second on a terminal, elsewhere every five seconds, and audits a consistent snapshot "
                    + "now and then without stopping it.",
                "The metrics of a live run can be watched by what you have already: --metrics-port serves OpenMetrics "
                    + "for Prometheus on loopback, epc.telemetry.otlp or the variable "
                    + "OTEL_EXPORTER_OTLP_ENDPOINT sends metrics and spans to a collector, and dotnet-counters and "
                    + "dotnet-trace see the meter and the source EpcActors. They are for live "
                    + "runs: the simulation leaves metrics.txt, with the same names, in --out.",
                "Ctrl-C (or SIGTERM) ends the run with what it has; a second one kills it.",
            ],
            Examples =
            [
                new(
                    "epc run config/scenarios/noisy-neighbour.conf",
                    "Who faults, who slows whom, what misc.events would show"),
                new(
                    "epc run config/scenarios/noisy-neighbour.conf --set epc.kernel=linux-6.16 --seed 7 --out results",
                    "The same on another kernel and seed, with charts and data in results/"),
                new(
                    "epc run config/scenarios/noisy-neighbour.conf --json - --no-slowdown | jq '.cgroups[] | {path, "
                        + "events, faults}'",
                    "Figures for a script"),
                new(
                    "epc run config/scenarios/sgx2-storm.conf --live --workers 8 --metrics-port 9464",
                    "The same actors on eight real threads, audited as they go, with a page for Prometheus"),
                new(
                    "epc run config/scenarios/noisy-neighbour.conf --quiet --junit results.xml",
                    "In CI: one line, exit code 1 when a rule or an expectation fails, and each of them for the build "
                        + "server"),
            ],
            ExitCodes = StandardExitCodes.OfRuns("a rule was broken; with --expect also: an expectation was not met"),
            SeeAlso = StandardExitCodes.KeyReference,
        };
}

using System.CommandLine;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Commands;

/// <summary>
/// <c>epc compare</c>: one scenario on several kernels, or with several values of a key, side by side.
/// </summary>
internal sealed class CompareCommand
{
    private readonly CommandShell _shell;
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly Option<IReadOnlyList<string>> _kernels = CommonOptions.List(
        "--kernels",
        "a,b,…",
        "the kernels, the one to measure against first",
        static () => BuiltInFiles.Names("kernels"));
    private readonly Option<IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>>> _vary = new("--vary")
    {
        HelpName = "key=v1,v2,…",
        Description = "runs once with each value of the key; with --kernels or a second --vary: every combination",
        CustomParser = static result => [.. result.Tokens.Select(token => Values(token.Value, result.AddError))],
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<IReadOnlyList<string>> _knownBad = CommonOptions.List(
        "--known-bad",
        "a,…",
        "runs (by kernel or label) that must end in a violation: their violation counts as success, its absence as "
            + "inconclusive");

    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<ulong?> _seed = CommonOptions.Seed();
    private readonly EngineOptions _engine = new();
    private readonly InputOptions _input = new();
    private readonly Option<string?> _out = CommonOptions.Out(
        "writes compare.html there, and the files of each run in a folder of its own");
    private readonly Option<string?> _json = CommonOptions.Json(
        "writes an array of the runs' reports, each with its label; with - standard output holds the document and "
            + "nothing else");

    private readonly Option<string?> _junit = CommonOptions.JUnit(
        ": a suite for each run, with a case for each rule and expectation; implies --expect");

    private readonly Option<bool> _noSlowdown = CommonOptions.Flag(
        "--no-slowdown", "leaves out the runs of each enclave alone that slowdowns are measured against");

    private readonly Option<bool> _expect = CommonOptions.Flag(
        "--expect", "exits with 1 also when a run does not meet what the scenario expects of its kernel");

    private readonly Option<bool> _quiet = CommonOptions.Flag(
        "--quiet",
        "prints a line for each run instead of the table");

    private CompareCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        CompareCommand compare = new(shell);
        DocumentedCommand command = new(
            "compare",
            "Runs a scenario on several kernels, or with several values of a key, and shows the runs side by side.",
            Page())
        {
            compare._file, compare._kernels, compare._vary, compare._knownBad, compare._set, compare._seed,
        };
        foreach (Option option in (IEnumerable<Option>)[
            .. compare._engine.All, compare._out, compare._json, compare._junit, compare._noSlowdown, compare._expect,
            compare._quiet, .. compare._input.All])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) => Task.FromResult((int)compare.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        IReadOnlyList<Variation> variations = Variation.Combine(
            parsed.GetRequiredValue(_kernels),
            parsed.GetRequiredValue(_vary));
        IReadOnlyList<string> knownBad = parsed.GetRequiredValue(_knownBad);
        CheckKnownBad(knownBad, variations);

        // All are loaded before one is run: a mistake in the last shall not cost the time of the first.
        List<PreparedRun> runs = [.. variations.Select(one => PreparedRun.Load(_shell, Request(parsed, one)))];
        PreparedRun.WriteNotes(runs, _shell.Error);
        DocumentTarget json = DocumentTarget.Prepare("--json", parsed.GetValue(_json));
        DocumentTarget junit = DocumentTarget.Prepare("--junit", parsed.GetValue(_junit));
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        (TextWriter text, IAnsiConsole console) = DocumentTarget.Beside(_shell, json, junit);
        bool isQuiet = parsed.GetValue(_quiet);
        ProgressDisplay display = new(_shell, isQuiet);

        List<RunReport> reports = [];
        List<JUnitSuite> suites = [];
        ExitCode worst = ExitCode.Pass;
        for (int i = 0; i < runs.Count && !cancellationToken.IsCancellationRequested; i++)
        {
            bool isKnownBad = IsKnownBad(variations[i], knownBad);
            (RunReport report, JUnitSuite suite) =
                Run(runs[i], display, text, variations[i].Label, isKnownBad, isQuiet, cancellationToken);
            reports.Add(report);
            suites.Add(suite);
            worst = ExitCodes.Worse(worst, isKnownBad ? JudgeKnownBad(report) : runs[i].Judge(report));
        }

        if (reports.Count < runs.Count)
        {
            worst = ExitCodes.Worse(worst, ExitCode.Inconclusive);
            suites.AddRange(variations
                .Skip(reports.Count)
                .Select(one => RunSuite.NotStarted(runs[0].Scenario.File, one.Label)));
        }

        List<string> labels = [.. variations.Take(reports.Count).Select(one => one.Label)];
        try
        {
            string? said = junit.Write(_shell.Out, JUnitReport.ToXml(suites));
            Write(text, json, directory, reports, labels, variations, isQuiet);
            if (said is not null && !isQuiet)
            {
                text.WriteLine(said);
            }
        }
        finally
        {
            if (!isQuiet && reports.Count > 0)
            {
                text.WriteLine();
                ComparisonReport.Write(console, reports, labels);
            }

            Conclude(text, runs, reports, variations, knownBad, isQuiet);
        }

        return worst;
    }

    private (RunReport Report, JUnitSuite Suite) Run(
        PreparedRun run, ProgressDisplay display, TextWriter text, string label, bool isKnownBad, bool isQuiet,
        CancellationToken cancellationToken)
    {
        if (!isQuiet)
        {
            text.WriteLine($"{label}: {run.Effective}");
        }

        DateTimeOffset beganAt = _shell.Clock.GetUtcNow();
        long began = _shell.Clock.GetTimestamp();
        RunReport report = run.Run(display, label, cancellationToken);
        JUnitSuite suite = RunSuite.Of(
            report, run.Summary(report), EpcCommand.Version, beganAt, _shell.Clock.GetElapsedTime(began));
        if (isQuiet)
        {
            text.WriteLine($"{label}: {run.Summary(report)}");
        }

        return (report, RunSuite.OfVariation(suite, label, isKnownBad ? report : null));
    }

    private RunRequest Request(ParseResult parsed, Variation variation)
    {
        EngineEntry engine = _engine.Engine(parsed, _shell.Engines);
        return new RunRequest
        {
            File = parsed.GetRequiredValue(_file),
            Import = _input.Read(parsed),
            Overrides = [.. parsed.GetRequiredValue(_set), .. variation.Overrides],
            Seed = parsed.GetValue(_seed),
            Engine = engine,
            IsDefaultEngine = engine == _shell.Engines.Default,
            Workers = _engine.Workers(parsed),
            SkipsSlowdown = parsed.GetValue(_noSlowdown),
            // A file that lists an expectation as failed must not come with exit code 0.
            ChecksExpectations = parsed.GetValue(_expect) || parsed.GetValue(_junit) is not null,
        };
    }

    private void Write(
        TextWriter text, DocumentTarget json, OutputDirectory? directory, List<RunReport> reports, List<string> labels,
        IReadOnlyList<Variation> variations, bool isQuiet)
    {
        List<string?> said = [json.Write(_shell.Out, ComparisonDocument.ToJson(reports, labels))];
        if (directory is not null && reports.Count > 0)
        {
            using StagedFiles files = new();
            said.Add(directory.AddText(
                files, "compare.html", writer => ComparisonReport.WriteHtml(writer, reports, labels)));
            IReadOnlyList<string> names = Variation.DirectoryNames(variations);
            said.AddRange(reports.Select((report, i) => directory.Below(names[i]).AddRun(files, report)));
            files.Commit();
        }

        foreach (string line in isQuiet ? [] : said.OfType<string>())
        {
            text.WriteLine(line);
        }
    }

    /// <summary>
    /// What the table cannot say: expectations not met, controls that showed nothing, runs that were left out. On a
    /// failure the last line is the command that repeats the first run that failed.
    /// </summary>
    private static void Conclude(
        TextWriter text, List<PreparedRun> runs, List<RunReport> reports, IReadOnlyList<Variation> variations,
        IReadOnlyList<string> knownBad, bool isQuiet)
    {
        string? replay = null;
        List<string> lines = [];
        for (int i = 0; i < reports.Count; i++)
        {
            if (IsKnownBad(variations[i], knownBad))
            {
                lines.Add(
                    reports[i].Verdict == Verdict.Violation
                        ? $"{variations[i].Label}: known to be bad, and it was"
                        : $"{variations[i].Label}: known to be bad, but no violation was found: the comparison proves "
                            + "nothing; try another seed or a longer run");
                continue;
            }

            if (runs[i].Judge(reports[i]) != ExitCode.Violation)
            {
                continue;
            }

            replay ??= runs[i].ReplayCommand;
            if (runs[i].ChecksExpectations)
            {
                lines.AddRange(reports[i].Expectations.Where(one => one.IsUnmet)
                    .Select(one => $"{variations[i].Label}: expected {one.Text}, found {one.Found}"));
            }
        }

        if (reports.Count < runs.Count)
        {
            lines.Add($"cancelled: {reports.Count} of {runs.Count} runs were started");
        }

        if (lines.Count > 0)
        {
            text.WriteLine();
            lines.ForEach(text.WriteLine);
        }

        // The table of a broken rule ends with the command already.
        if (replay is not null && (isQuiet || lines.Count > 0))
        {
            text.WriteLine(replay);
        }
    }

    private static ExitCode JudgeKnownBad(RunReport report) =>
        report.Verdict == Verdict.Violation ? ExitCode.Pass : ExitCode.Inconclusive;

    private static bool IsKnownBad(Variation variation, IReadOnlyList<string> knownBad) =>
        knownBad.Any(name => Names(variation).Contains(name));

    /// <summary>Names of a run: its label, its kernel, <c>key=value</c> as given.</summary>
    private static IEnumerable<string> Names(Variation variation) =>
        [
            variation.Label,
            .. variation.Overrides.Select(one => one.Key == Variation.KernelKey ? one.Value : $"{one.Key}={one.Value}"),
            .. variation.Label.Split(' '),
        ];

    private static void CheckKnownBad(IReadOnlyList<string> knownBad, IReadOnlyList<Variation> variations)
    {
        foreach (string name in knownBad.Where(name => !variations.Any(one => Names(one).Contains(name))))
        {
            throw CommandException.Usage(
                $"--known-bad {name}: there is no such run"
                    + $"{Suggestions.DidYouMeanOrStop(name, variations.SelectMany(Names))} The runs are: "
                    + $"{string.Join(", ", variations.Select(one => one.Label))}.");
        }
    }

    private static KeyValuePair<string, IReadOnlyList<string>> Values(string text, Action<string> addError)
    {
        bool isGood = true;
        KeyValuePair<string, string> assignment = CommonOptions.Assignment("--vary", text, message =>
        {
            addError(message);
            isGood = false;
        });
        IReadOnlyList<string> values = isGood ? ListText.Split(assignment.Value) : [];
        if (isGood && values.Any(value => value.Length == 0))
        {
            addError($"--vary {text}: an empty value; write --vary key=v1,v2");
        }

        return new KeyValuePair<string, IReadOnlyList<string>>(assignment.Key ?? "", values);
    }

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "Runs follow one another with the same seed; the first is the one that the others are measured "
                    + "against.",
                "A kernel that is known to be wrong ends in a violation, and a plain comparison with it exits with 1. "
                    + "Say --known-bad to use it as a "
                    + "control: then 0 means that the control showed the fault and every other run held, 1 that "
                    + "another run broke a rule, and 2 that the "
                    + "control showed nothing, so that the others' passing proves nothing either.",
                "What a scenario expects may differ by kernel (epc.expect-on). With --expect each run is held against "
                    + "what is expected of its kernel.",
            ],
            Examples =
            [
                new(
                    "epc compare config/scenarios/noisy-neighbour.conf --kernels "
                        + "linux-6.16,epc-cgroup-v8,epc-cgroup-v17",
                    "What an EPC cgroup changes"),
                new(
                    "epc compare config/scenarios/free-page-counter.conf --kernels "
                        + "linux-5.15,linux-5.15-atomic-counter --known-bad linux-5.15",
                    "Does the fix close the race? Exit code 0 says yes"),
                new(
                    "epc compare config/scenarios/noisy-neighbour.conf --vary epc.run.quantum=100ns,500ns,2us --out "
                        + "results",
                    "How much does one setting matter? Charts in results/compare.html"),
                new(
                    "epc compare config/scenarios/noisy-neighbour.conf --kernels linux-6.16,epc-cgroup-v8 --json - | "
                        + "jq "
                        + "'.[] | {run: .label, verdict, steps}'",
                    "Figures for a script"),
            ],
            ExitCodes =
            [
                .. StandardExitCodes
                    .OfRuns(
                        "a run broke a rule (--known-bad runs aside); with --expect also: an expectation was not met")
                    .Select(one =>
                        one.Code switch
                        {
                            ExitCode.Pass => (
                                one.Code,
                                "every rule held in every run (and every --known-bad run broke one)"),
                            ExitCode.Inconclusive => (
                                one.Code,
                                "inconclusive: cancelled, or a --known-bad run broke no rule"),
                            ExitCode.Violation
                            or ExitCode.NotSupported
                            or ExitCode.Usage
                            or ExitCode.EmulatorError
                            or ExitCode.OutputError => one,
                        }),
            ],
            SeeAlso = StandardExitCodes.KeyReference,
        };
}

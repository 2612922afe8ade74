using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Imports;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Runs.Sizing;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Expectations;
using Spectre.Console;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc size</c>: which limit each cgroup needs.</summary>
internal sealed class SizeCommand
{
    private const int MostSeeds = 64;

    private const int MostJobs = 1024;

    private const int MostShares = 8;

    private readonly CommandShell _shell;
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly InputOptions _input = new();

    private readonly Argument<string[]> _cgroups = new("CGROUP")
    {
        Description = "cgroups to size, by their paths (default: each that has enclaves or guests)",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<IReadOnlyList<double>> _keep = new("--keep")
    {
        HelpName = "90,95,99",
        Description = "percent of the speed without a limit to keep; limits to paste are for the middle one",
        CustomParser = static result => Shares(result.Tokens[0].Value, result.AddError),
        DefaultValueFactory = static _ => [0.90, 0.95, 0.99],
    };

    private readonly Option<string?> _until = new("--until")
    {
        HelpName = "EXPECTATION",
        Description = "the least limit that meets this instead, in the steady state: \"fault p99 < 50 us\"",
    };

    private readonly Option<int> _seeds = Number("--seeds", "N", "seeds to try, from that of the file on", 3,
        MostSeeds);

    private readonly Option<int> _jobs = Number(
        "--jobs", "N", "simulations at a time (default: one per core)", Environment.ProcessorCount, MostJobs);

    private readonly Option<string?> _kernel = CommonOptions.Completing<Option<string?>>(
        new("--kernel") { HelpName = "NAME", Description = "the kernel, instead of the one in the file" },
        static () => BuiltInFiles.Names("kernels"));

    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<ulong?> _seed = CommonOptions.Seed();

    private readonly Option<string?> _out = CommonOptions.Out(
        $"writes {string.Join(", ", SizingFiles.All.Select(file => file.Name))} there");

    private readonly Option<string?> _json = CommonOptions.Json(
        "writes the answer as JSON; with - standard output holds the document and nothing else");

    private readonly Option<string?> _csv = new("--csv")
    {
        HelpName = "FILE|-",
        Description = "writes a row for each simulated limit",
    };

    private readonly Option<bool> _quiet = CommonOptions.Flag("--quiet", "prints a line for each cgroup");

    private SizeCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        SizeCommand size = new(shell);
        DocumentedCommand command = new(
            "size",
            "Finds the EPC limit that each cgroup of a scenario needs, and what all of them come to together.",
            Page())
        {
            size._file, size._cgroups, size._keep, size._until, size._seeds, size._kernel, size._set, size._seed,
            size._jobs, size._out, size._json, size._csv, size._quiet,
        };
        foreach (Option option in size._input.All)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) => Task.FromResult((int)size.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellation)
    {
        string file = parsed.GetRequiredValue(_file);
        List<KeyValuePair<string, string>> settings = [.. parsed.GetRequiredValue(_set)];
        if (parsed.GetValue(_kernel) is { } kernel)
        {
            settings.Insert(0, new KeyValuePair<string, string>(Variation.KernelKey, kernel));
        }

        ScenarioText source = ScenarioFile.Open(file, _input.Read(parsed), _shell.Configuration);
        LoadedScenario loaded = ScenarioLoader.LoadWithNotes(
            source.SourceName, settings, parsed.GetValue(_seed), source.In(_shell.Configuration));
        ScenarioFile.RequireNoRace(file, loaded.Scenario);
        SizingRequest request = new()
        {
            Scenario = loaded.Scenario,
            Cgroups = Cgroups(loaded.Scenario, parsed.GetValue(_cgroups) ?? []),
            Shares = parsed.GetRequiredValue(_keep),
            Until = Until(loaded.Scenario, parsed.GetValue(_until)),
            Seeds = parsed.GetRequiredValue(_seeds),
            Jobs = parsed.GetRequiredValue(_jobs),
            Command = Command(parsed, file, loaded.Scenario),
        };
        Require(request);
        foreach (ConfigurationNote note in source.Notes.Concat(loaded.Notes))
        {
            _shell.Error.WriteLine($"note: {note}");
        }

        DocumentTarget json = DocumentTarget.Prepare("--json", parsed.GetValue(_json));
        DocumentTarget csv = DocumentTarget.Prepare("--csv", parsed.GetValue(_csv));
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        (TextWriter text, IAnsiConsole console) = DocumentTarget.Beside(_shell, json, csv);
        bool isQuiet = parsed.GetValue(_quiet);
        if (!isQuiet)
        {
            text.WriteLine($"seed {loaded.Scenario.Seed}, kernel {loaded.Scenario.Kernel}, costs "
                + $"{loaded.Scenario.Costs.Name}, engine simulation");
            text.WriteLine();
        }

        SizingReport report = Size(request, isQuiet, cancellation);
        string[] written =
        [
            .. ((string?[])[
                json.Write(_shell.Out, SizingJson.ToJson(report)),
                csv.Write(_shell.Out, SizingFiles.Csv(report).TrimEnd('\n')),
                directory is null ? null : SizingFiles.Write(directory, report),
            ]).OfType<string>(),
        ];
        Say(text, console, report, isQuiet, written);
        return report.Verdict == SizingVerdict.Sized ? ExitCode.Pass : ExitCode.Inconclusive;
    }

    private SizingReport Size(SizingRequest request, bool isQuiet, CancellationToken cancellation)
    {
        _shell.RunBegins();
        return new SearchDisplay(_shell, isQuiet).Follow(
            "sizing", progress => Sizer.Size(request, Serial(progress), cancellation));
    }

    /// <summary>Says what cannot be sized before anything is written.</summary>
    private static void Require(SizingRequest request)
    {
        try
        {
            Sizer.Check(request);
        }
        catch (SizingException wrong)
        {
            throw CommandException.Usage($"{request.Scenario.File}: {wrong.Message}");
        }
    }

    /// <summary>The display is not made for several threads.</summary>
    private static Action<string>? Serial(Action<string>? progress)
    {
        if (progress is null)
        {
            return null;
        }

        Lock gate = new();
        return text =>
        {
            lock (gate)
            {
                progress(text);
            }
        };
    }

    private static void Say(
        TextWriter text, IAnsiConsole console, SizingReport report, bool isQuiet, IReadOnlyList<string> written)
    {
        if (isQuiet)
        {
            foreach (CgroupSizing one in report.Cgroups)
            {
                text.WriteLine(one.Chosen?.LimitPages is { } pages
                    ? LimitLines.Hocon(one.Path, pages)
                    : $"{one.Path}: no limit: {one.Chosen?.Detail}");
            }

            return;
        }

        SizingText.Write(console, report);
        foreach (string line in written)
        {
            text.WriteLine(line);
        }

        text.WriteLine(report.Command);
    }

    private string Command(ParseResult parsed, string file, Scenario scenario)
    {
        List<string> words = [EpcCommand.Name, "size", file.StartsWith('-') ? "./" + file : file];
        words.AddRange(parsed.GetValue(_cgroups) ?? []);
        words.AddRange(["--keep", string.Join(',', parsed.GetRequiredValue(_keep).Select(share =>
            (share * 100).ToString("0.####", CultureInfo.InvariantCulture)))]);
        if (parsed.GetValue(_until) is { } until)
        {
            words.AddRange(["--until", until]);
        }

        words.AddRange(["--seeds", parsed.GetRequiredValue(_seeds).ToString(CultureInfo.InvariantCulture)]);
        words.AddRange(["--seed", scenario.Seed.ToString(CultureInfo.InvariantCulture)]);
        if (parsed.GetValue(_kernel) is { } kernel)
        {
            words.AddRange(["--kernel", kernel]);
        }

        foreach ((string key, string value) in parsed.GetRequiredValue(_set))
        {
            words.AddRange(["--set", $"{key}={value}"]);
        }

        words.AddRange(InputWords.Of(_input.Read(parsed)));

        return ShellQuoting.Join(words, _shell.Dialect);
    }

    private static List<int> Cgroups(Scenario scenario, IReadOnlyList<string> paths)
    {
        string[] known = [.. scenario.Cgroups.Select(one => one.Path)];
        List<int> found = [];
        foreach (string path in paths)
        {
            int index = Array.IndexOf(known, path);
            if (index < 0)
            {
                string? meant = known.FirstOrDefault(one => one.EndsWith("/" + path, StringComparison.Ordinal))
                    ?? Suggestions.Nearest(path, known);
                throw CommandException.Usage(
                    $"{path}: there is no such cgroup in {scenario.File}; "
                    + (meant is null ? $"there are {string.Join(", ", known.Take(8))}" : $"did you mean {meant}?"));
            }

            found.Add(index);
        }

        return found;
    }

    private static string Until(Scenario scenario, string? text)
    {
        if (text is null)
        {
            return "";
        }

        try
        {
            ExpectationParser.Parse(text, ExpectationNames.Of(scenario));
            return text;
        }
        catch (ExpectationException wrong)
        {
            throw CommandException.Usage(
                $"--until {text}: {wrong.Message}; 'epc config quantities' lists what can be compared");
        }
    }

    private static IReadOnlyList<double> Shares(string text, Action<string> addError)
    {
        List<double> shares = [];
        foreach (string part in ListText.Split(text))
        {
            string number = part.EndsWith('%') ? part[..^1].Trim() : part;
            if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out double percent)
                || percent is < 1 or > 100)
            {
                addError(
                    $"--keep {text}: '{part}' is not a percentage from 1 to 100; write for example --keep 90,95,99");
                return [];
            }

            shares.Add(percent / 100);
        }

        if (shares.Count > MostShares)
        {
            addError($"--keep {text}: at most {MostShares} at a time");
        }

        return [.. shares.Distinct().Order()];
    }

    private static Option<int> Number(string name, string helpName, string what, int standard, int most) => new(name)
    {
        HelpName = helpName,
        Description = what,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number >= 1 && number <= most)
            {
                return number;
            }

            result.AddError($"{name} {text}: a number from 1 to {most}");
            return standard;
        },
        DefaultValueFactory = _ => standard,
    };

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "For each cgroup: the least limit that loads its enclaves, in closed form and confirmed by a simulation; "
                + "the "
                + "least that keeps each share of its speed; the knee of the curve; the RAM behind it; the latency of "
                + "faults there. Limits are multiples of 16 pages, what one round of reclaim takes.",
            "The speed is that of the steady state: load, first touches and warm-up do not count, and neither does the "
                + "number of accesses that the file gives a step. A program of traces, or of patterns that end, is "
                + "measured as it is written. The reference is the same cgroup alone without a limit.",
            "Then all cgroups run together at their limits on the machine of the file. When one does not keep its "
                + "share "
                + "there, or the limits are more than the EPC, runs without each of them say who slows whom.",
            "Every simulated limit above the answer keeps the share, with every seed. Where more EPC is slower "
                + "somewhere, "
                + "the answer says so.",
        ],
        Examples =
        [
            new("epc size config/scenarios/kubernetes-pods.conf", "The limits of three pods, and the lines to paste"),
            new("epc size config/scenarios/kubernetes-pods.conf /kubepods/web --keep 98", "One cgroup, another share"),
            new(
                "epc size config/scenarios/kubernetes-pods.conf --until 'fault p99 < 100 us'",
                "The least limit at which one fault in a hundred may take longer"),
            new(
                "epc size config/scenarios/noisy-neighbour.conf --kernel epc-cgroup-v17 --out results",
                "Another kernel, with the curves as a page in results/"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "each cgroup has its limit and keeps what was asked for beside the others"),
            (ExitCode.Inconclusive, "no limit keeps it, alone or together on this machine; or cancelled"),
            (ExitCode.Usage, "a mistake in the command line or in a configuration file"),
            (ExitCode.EmulatorError, "an error in epc itself"),
            (ExitCode.OutputError, "results could not be written"),
        ],
        SeeAlso = StandardExitCodes.KeyReference,
    };
}

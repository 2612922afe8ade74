using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Races.Hunting;
using EpcActors.Results.Text;

namespace EpcActors.Cli.Commands.Races;

/// <summary><c>epc race hunt</c>: draws small worlds and looks for races that the catalogue does not have.</summary>
internal sealed class RaceHuntCommand
{
    private const int MostListedPairs = 20;

    private readonly CommandShell _shell;
    private readonly Option<string> _kernel = new("--kernel")
    {
        HelpName = "NAME",
        Description = "the kernel to hunt in (default: linux-6.16)",
        DefaultValueFactory = _ => "linux-6.16",
    };

    private readonly Option<Budget?> _budget = RaceOptions.BudgetOption("1m");
    private readonly Option<ulong?> _seed = CommonOptions.Seed();
    private readonly Option<string?> _out = CommonOptions.Out("writes each cause as a race file and a schedule there");
    private readonly Option<bool> _quiet = CommonOptions.Flag("--quiet", "no progress");

    private RaceHuntCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        RaceHuntCommand hunt = new(shell);
        DocumentedCommand command = new(
            "hunt",
            "Draws small worlds at random, searches each under every rule, and tells the causes that it finds apart.",
            Page())
        {
            hunt._kernel, hunt._budget, hunt._seed, hunt._out, hunt._quiet,
        };
        command.SetAction((parsed, token) => Task.FromResult((int)hunt.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellation)
    {
        string kernel = parsed.GetValue(_kernel) ?? "linux-6.16";
        Budget budget = parsed.GetValue(_budget) ?? new Budget(null, TimeSpan.FromMinutes(1), "1m");
        ulong seed = parsed.GetValue(_seed) ?? 1;
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        _shell.RunBegins();
        WorldHuntResult result = new SearchDisplay(_shell, parsed.GetValue(_quiet)).Follow(
            $"hunt in {kernel}",
            progress => WorldHunt.Run(
                kernel,
                seed,
                budget.Time,
                (int)Math.Min(budget.Schedules ?? int.MaxValue, int.MaxValue),
                progress,
                cancellation));
        _shell.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{kernel}, seed {seed}: {Counted.Of(result.Worlds, "world")} searched, {result.Refused} refused by their "
                + $"setup, {result.Schedules:N0} schedules"));
        int number = 0;
        foreach (WorldFinding finding in result.Findings)
        {
            number++;
            string known = finding.Known is { } id ? $"as {id}"
                : finding.EndedBy.Count > 0 ? $"ended by the repair of {string.Join(", ", finding.EndedBy)}"
                : finding.EndedTogetherBy.Count > 0
                    ? $"ended by the repairs of {string.Join(" and ", finding.EndedTogetherBy)} together"
                : "not in the catalogue";
            _shell.Out.WriteLine();
            _shell.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{number}. {known}, {Counted.Of(finding.Worlds, "world")}, {Counted.Of(finding.Steps, "step")}"));
            _shell.Out.WriteLine($"   {finding.Cause}");
            _shell.Out.WriteLine($"   {finding.Detail}");
        }

        _shell.Out.WriteLine();
        _shell.Out.WriteLine(
            $"{Counted.Of(result.PairsBothWays, "pair")} of accesses met in both orders, {result.PairsOneWay.Count} in "
                + "one order only:");
        foreach (string pair in result.PairsOneWay.Take(MostListedPairs))
        {
            _shell.Out.WriteLine($"  {pair}");
        }

        if (directory is not null)
        {
            WriteFiles(directory, result);
        }

        if (result.Failures.Count > 0)
        {
            _shell.Error.WriteLine(
                $"epc: the emulator failed in {Counted.Of(result.Failures.Count, "world")}, the first with "
                    + $"{result.Failures[0].Error}; please report it with the world:");
            _shell.Error.WriteLine(result.Failures[0].World);
            return ExitCode.EmulatorError;
        }

        return result.Findings.Any(one => !one.IsInCatalogue) ? ExitCode.Violation
            : result.Worlds == 0 ? ExitCode.Inconclusive
            : ExitCode.Pass;
    }

    private static void WriteFiles(OutputDirectory directory, WorldHuntResult result)
    {
        using StagedFiles files = new();
        for (int i = 0; i < result.Findings.Count; i++)
        {
            WorldFinding finding = result.Findings[i];
            string name = string.Create(CultureInfo.InvariantCulture, $"cause-{i + 1}");
            directory.AddText(files, $"{name}.conf", writer => writer.Write($"# {finding.Cause}\n{finding.Race}"));
            directory.AddText(files, $"{name}.schedule", writer => writer.Write(finding.Schedule.ToString()));
        }

        directory.AddText(files, "one-way.txt", writer => writer.Write(string.Join('\n', result.PairsOneWay) + "\n"));
        files.Commit();
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "A world is a machine of a few pages with two or three tasks; a budget without a unit is a number of "
                + "worlds.",
            "A cause is the rule that is broken and the kernel functions of the two accesses that conflict; of a hang, "
                + "the functions of its lap. One that the catalogue does not have is tried with each repair in it: a "
                + "repair ends it when neither the schedule nor a search of the world breaks the rule. Where none "
                + "does, all are tried together, and as few of them as it takes are named.",
        ],
        Examples =
        [
            new("epc race hunt --budget 15m", "Linux 6.16 for a quarter of an hour"),
            new("epc race hunt --kernel epc-cgroup-v17 --budget 500 --out found", "Five hundred worlds of the series"),
            new("epc race find found/cause-1.conf", "What was found, as any race file"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "every cause that was found is in the catalogue, or ended by a repair of it"),
            (ExitCode.Violation, "one is not"),
            (ExitCode.Inconclusive, "no world could be searched"),
            (ExitCode.Usage, "a mistake in the command line"),
            (ExitCode.EmulatorError, "the emulator failed in a world"),
        ],
        SeeAlso = ["epc race find --help", "docs/writing-race-tests.md"],
    };
}

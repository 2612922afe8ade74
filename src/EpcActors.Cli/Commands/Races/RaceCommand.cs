using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;

namespace EpcActors.Cli.Commands.Races;

/// <summary><c>epc race</c>: the race laboratory.</summary>
internal static class RaceCommand
{
    public static Command Create(CommandShell shell) =>
        new DocumentedCommand("race", "Finds, shortens, shows and replays the races of EPC management.", Page())
        {
            RaceListCommand.Create(shell),
            RaceShowCommand.Create(shell),
            RaceFindCommand.Create(shell),
            RaceReplayCommand.Create(shell),
            RaceMeasureCommand.Create(shell),
            RaceHuntCommand.Create(shell),
        };

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc race list", "Every known race, with its verdicts"),
            new("epc race show R1 --kernel-style", "One of them as a commit message would draw it"),
            new("epc race find R1 --variant fixed", "Does the fix hold in every schedule?"),
        ],
        ExitCodes = StandardExitCodes.OfQueries,
        SeeAlso = ["epc race <command> --help", "docs/races.md"],
    };
}

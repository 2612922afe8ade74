using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc config</c>: looks into configurations without running them.</summary>
internal static class ConfigCommand
{
    public static Command Create(CommandShell shell)
    {
        DocumentedCommand command = new(
            "config",
            "Shows, checks and lists configurations without running anything.",
            Page())
        {
            ConfigShowCommand.Create(shell),
            ConfigValidateCommand.Create(shell),
            ConfigSchemaCommand.Create(shell),
        };
        foreach (Command list in ConfigListCommand.CreateAll(shell))
        {
            command.Add(list);
        }

        return command;
    }

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc config show config/scenarios/noisy-neighbour.conf", "What a scenario changes"),
            new("epc config validate config/scenarios/*.conf", "Are these files right?"),
            new("epc config kernels", "Which kernels are there?"),
        ],
        ExitCodes = StandardExitCodes.OfQueries,
        SeeAlso = ["epc config <command> --help", .. StandardExitCodes.KeyReference],
    };
}

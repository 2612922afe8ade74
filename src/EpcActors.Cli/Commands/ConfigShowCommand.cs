using System.CommandLine;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;
using EpcActors.Imports;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc config show</c>: the configuration in effect.</summary>
internal sealed class ConfigShowCommand
{
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<bool> _all = CommonOptions.Flag(
        "--all",
        "every key; otherwise those that differ from the reference");
    private readonly Option<bool> _origins = CommonOptions.Flag(
        "--origins",
        "above each key the file and line its value comes from");
    private readonly Option<bool> _json = CommonOptions.Flag("--json", "as JSON instead of HOCON");

    private readonly InputOptions _input = new();

    private ConfigShowCommand()
    {
    }

    public static Command Create(CommandShell shell)
    {
        ConfigShowCommand show = new();
        DocumentedCommand command = new(
            "show",
            "Prints the configuration in effect: file, kernel, machine, costs, reference and --set put together.",
            Page())
        {
            show._file, show._set, show._all, show._origins, show._json,
        };
        foreach (Option option in show._input.All)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => (int)show.Execute(parsed, shell));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CommandShell shell)
    {
        bool isJson = parsed.GetValue(_json);
        bool hasOrigins = parsed.GetValue(_origins);
        if (isJson && hasOrigins)
        {
            throw CommandException.Usage(
                "--origins are comments, and JSON has none; leave out one of --origins and --json");
        }

        ScenarioText source = ScenarioFile.Open(
            parsed.GetRequiredValue(_file), _input.Read(parsed), shell.Configuration);
        foreach (ConfigurationNote note in source.Notes)
        {
            shell.Error.WriteLine($"note: {note}");
        }

        string text = ScenarioLoader.Show(
            source.SourceName,
            parsed.GetRequiredValue(_set),
            source.In(shell.Configuration),
            new ConfigurationShowOptions
            {
                All = parsed.GetValue(_all),
                Origins = hasOrigins,
                Format = isJson ? HoconFormat.Json : HoconFormat.Hocon,
            });
        shell.Out.WriteLine(text.TrimEnd('\n'));
        return ExitCode.Pass;
    }

    private static HelpPage Page() =>
        new()
        {
            Notes = ["What it prints is a configuration itself and reads back as the same one."],
            Examples =
            [
                new("epc config show config/scenarios/noisy-neighbour.conf", "What the scenario changes"),
                new(
                    "epc config show config/scenarios/noisy-neighbour.conf --all --origins",
                    "Every key, and the file and line that set it"),
                new(
                    "epc config show config/scenarios/noisy-neighbour.conf --set epc.kernel=linux-5.15 --json | jq "
                        + ".epc.switches",
                    "What a kernel would change"),
            ],
            ExitCodes = StandardExitCodes.OfQueries,
            SeeAlso = StandardExitCodes.KeyReference,
        };
}

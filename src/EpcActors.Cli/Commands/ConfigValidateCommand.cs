using System.CommandLine;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Imports;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc config validate</c>: says of each file whether it can be run.</summary>
internal sealed class ConfigValidateCommand
{
    private readonly Argument<string[]> _files = CommonOptions.Files();
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();

    private readonly InputOptions _input = new();

    private ConfigValidateCommand()
    {
    }

    public static Command Create(CommandShell shell)
    {
        ConfigValidateCommand validate = new();
        DocumentedCommand command = new(
            "validate",
            "Checks scenario files, or what is imported as one, and reports every error in them, a line each.",
            Page())
        {
            validate._files,
            validate._set,
        };
        foreach (Option option in validate._input.All)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => (int)validate.Execute(parsed, shell));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CommandShell shell)
    {
        ExitCode worst = ExitCode.Pass;
        foreach (string file in parsed.GetRequiredValue(_files))
        {
            try
            {
                ScenarioText source = ScenarioFile.Open(file, _input.Read(parsed), shell.Configuration);
                LoadedScenario loaded = ScenarioLoader.LoadWithNotes(
                    source.SourceName,
                    parsed.GetRequiredValue(_set),
                    null,
                    source.In(shell.Configuration));
                shell.Out.WriteLine($"{file}: ok: {Describe(loaded.Scenario)}");
                foreach (ConfigurationNote note in source.Notes.Concat(loaded.Notes))
                {
                    shell.Out.WriteLine($"note: {note}");
                }
            }
            catch (ConfigurationException wrong)
            {
                shell.Error.WriteLine(wrong.ToString());
                worst = ExitCode.Usage;
            }
            catch (CommandException wrong)
            {
                shell.Error.WriteLine(wrong.Message);
                worst = ExitCode.Usage;
            }
        }

        return worst;
    }

    private static string Describe(Scenario scenario) =>
        $"kernel {scenario.Kernel}, machine {scenario.Machine.Name}, cgroups {scenario.Cgroups.Count}, enclaves "
        + $"{scenario.Enclaves.Count}, "
        + $"virtual machines {scenario.VirtualMachines.Count}, expectations {scenario.Expectations.Count}";

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "An error is one line on standard error: file:line:column: key: what is wrong; what to write instead.",
            ],
            Examples =
            [
                new("epc config validate config/scenarios/noisy-neighbour.conf", "Is this file right?"),
                new(
                    "epc config validate config/scenarios/*.conf",
                    "Are all of them? In CI: exit code 64 when one is not"),
            ],
            ExitCodes =
            [
                (ExitCode.Pass, "every file can be run"),
                (ExitCode.Usage, "a file cannot be run, or a mistake in the command line"),
            ],
            SeeAlso = StandardExitCodes.KeyReference,
        };
}

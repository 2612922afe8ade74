using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc config schema</c>: the configuration as JSON Schema.</summary>
internal static class ConfigSchemaCommand
{
    public static Command Create(CommandShell shell)
    {
        DocumentedCommand command = new(
            "schema", "Prints the JSON Schema of the configuration, for editors that complete and check.", Page());
        command.SetAction(_ =>
        {
            shell.Out.WriteLine(ConfigurationSchema.Text());
            return (int)ExitCode.Pass;
        });
        return command;
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "Draft 2020-12. Every key with its forms, words, default and description. It takes what the loader takes, "
            + "but for what depends on other keys, such as the names of enclaves and cgroups: 'epc config validate' "
            + "judges those.",
            "HOCON is a superset of JSON, so a scenario may be JSON; docs/editors.md says which editor takes the "
            + "schema "
            + "for which.",
        ],
        Examples =
        [
            new("epc config schema", "The whole of it; > epc.schema.json makes a file for an editor"),
            new("epc config schema | jq '.\"$defs\".step.properties | keys'", "What a step of an enclave can be"),
        ],
        ExitCodes = StandardExitCodes.OfQueries,
        SeeAlso = ["docs/editors.md: how an editor uses it", .. StandardExitCodes.KeyReference],
    };
}

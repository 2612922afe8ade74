using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;

namespace EpcActors.Cli.Commands.Completion;

/// <summary><c>epc completion</c>: the script that has a shell complete commands, options and values.</summary>
internal static class CompletionCommandLine
{
    private static readonly (string Name, Action<TextWriter, IReadOnlyList<CompletionCommand>> Write)[] Shells =
    [
        ("bash", BashScript.Write), ("zsh", ZshScript.Write), ("fish", FishScript.Write), ("pwsh", PwshScript.Write),
    ];

    public static Command Create(CommandShell shell)
    {
        Argument<string> name = new("SHELL") { Description = "bash, zsh, fish or pwsh" };
        name.CompletionSources.Add([.. Shells.Select(one => one.Name)]);
        DocumentedCommand command = new("completion", "Prints a script that has a shell complete epc.", Page())
        {
            name,
        };
        command.SetAction(parsed =>
        {
            string wanted = parsed.GetRequiredValue(name);
            foreach ((string one, Action<TextWriter, IReadOnlyList<CompletionCommand>> write) in Shells)
            {
                if (one == wanted)
                {
                    using StringWriter script = new() { NewLine = "\n" };
                    write(script, CompletionTable.Of(parsed.RootCommandResult.Command));
                    shell.Out.Write(script.ToString());
                    return (int)ExitCode.Pass;
                }
            }

            string meant = Suggestions.DidYouMean(wanted, Shells.Select(one => one.Name));
            string all = string.Join(", ", Shells.Select(one => one.Name));
            throw CommandException.Usage(
                $"there is no completion for '{wanted}'{(meant.Length > 0 ? meant : $"; there is one for {all}")}");
        });
        return command;
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "Completes commands, options and the values that are known: kernels, machines, engines, strategies, races, "
            + "keys of --set with the words that they take; files and folders where one is asked for. The script is "
            + "made from the commands of this version: make it again after an update.",
            "bash: source <(epc completion bash) in ~/.bashrc. zsh: source <(epc completion zsh) in ~/.zshrc, behind "
            + "compinit. fish: epc completion fish > ~/.config/fish/completions/epc.fish. "
            + "PowerShell: epc completion pwsh | Out-String | Invoke-Expression in $PROFILE.",
        ],
        Examples =
        [
            new("epc completion bash", "The script for bash"),
            new("epc completion zsh", "The script for zsh"),
        ],
        ExitCodes = StandardExitCodes.OfQueries,
        SeeAlso = ["epc <command> --help: what there is to complete"],
    };
}

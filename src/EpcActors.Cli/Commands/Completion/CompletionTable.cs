using System.CommandLine;
using System.CommandLine.Completions;
using EpcActors.Cli.Help;

namespace EpcActors.Cli.Commands.Completion;

/// <summary>Words that may stand in the place of a value.</summary>
/// <param name="Words">Words that are known.</param>
/// <param name="IsFile">Names of files.</param>
/// <param name="IsFolder">Names of folders.</param>
internal sealed record CompletionValue(IReadOnlyList<string> Words, bool IsFile, bool IsFolder)
{
    public bool IsEmpty => Words.Count == 0 && !IsFile && !IsFolder;
}

/// <summary>An option of a command.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Description">One line.</param>
/// <param name="Value">Its value; null for one that takes none.</param>
internal sealed record CompletionOption(string Name, string Description, CompletionValue? Value);

/// <summary>A command with all that can follow it.</summary>
/// <param name="Path">With those above it: <c>epc race find</c>.</param>
/// <param name="Subcommands">Names and descriptions.</param>
/// <param name="Options">Its own and those of the commands above that hold here.</param>
/// <param name="Argument">What its arguments may be; null when it takes none.</param>
internal sealed record CompletionCommand(
    string Path,
    IReadOnlyList<(string Name, string Description)> Subcommands,
    IReadOnlyList<CompletionOption> Options,
    CompletionValue? Argument);

/// <summary>
/// The commands as shells complete them: read from the command line's own table, with no list beside it.
/// </summary>
internal static class CompletionTable
{
    /// <summary>All commands, each above its subcommands.</summary>
    public static IReadOnlyList<CompletionCommand> Of(Command root)
    {
        List<CompletionCommand> commands = [];
        Add(root);
        return commands;

        void Add(Command command)
        {
            Command[] below = [.. command.Subcommands.Where(one => !one.Hidden)];
            commands.Add(new CompletionCommand(
                HelpWriter.Path(command),
                [.. below.Select(one => (one.Name, FirstSentence(one.Description)))],
                [.. HelpWriter.Options(command).Select(OptionOf)],
                command.Arguments.Count == 0
                    ? null : ValueOf(command.Arguments[0].CompletionSources, command.Arguments[0].Name)));
            foreach (Command one in below)
            {
                Add(one);
            }
        }
    }

    private static CompletionOption OptionOf(Option option) => new(
        option.Name,
        FirstSentence(option.Description),
        option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool) || option.HelpName is null
            ? null : ValueOf(option.CompletionSources, option.HelpName));

    /// <param name="sources">Words that the symbol offers.</param>
    /// <param name="name">What the help calls the value: FILE and DIR are names of files and folders.</param>
    private static CompletionValue ValueOf(
        List<Func<CompletionContext, IEnumerable<CompletionItem>>> sources, string name)
    {
        string[] kinds = name.Split('|');
        return new CompletionValue(
            [.. sources.SelectMany(source => source(CompletionContext.Empty)).Select(item => item.Label).Distinct()],
            kinds.Contains("FILE") || kinds.Contains("RACE"),
            kinds.Contains("DIR"));
    }

    private static string FirstSentence(string? text)
    {
        string line = (text ?? "").Split('\n')[0];
        int end = line.IndexOfAny([';', ':', '(']);
        line = end < 0 ? line : line[..end];
        int stop = line.IndexOf(". ", StringComparison.Ordinal);
        return (stop < 0 ? line : line[..stop]).Trim().TrimEnd('.');
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;
using EpcActors.Cli.Help;

namespace EpcActors.Cli;

/// <summary>Says what is wrong with a command line, and what was probably meant.</summary>
internal static class ParseErrors
{
    /// <summary>One line for each mistake, and where the help is.</summary>
    public static void Write(ParseResult parsed, HelpWriter help, TextWriter error)
    {
        Command command = parsed.CommandResult.Command;
        List<string> lines = [.. Unknown(parsed, command)];
        if (lines.Count == 0)
        {
            if (command.Subcommands.Count > 0)
            {
                help.Write(command, error);
                return;
            }

            lines.AddRange(parsed.Errors.Select(one => Text(one, command)).Distinct());
        }

        foreach (string line in lines)
        {
            error.WriteLine($"{EpcCommand.Name}: {line}");
        }

        error.WriteLine($"'{HelpWriter.Path(command)} --help' shows the options and examples.");
    }

    /// <summary>
    /// Words that are no command and no option. When there are any, the other mistakes follow from them: a word meant
    /// as the value of a mistyped option lands anywhere.
    /// </summary>
    private static IEnumerable<string> Unknown(ParseResult parsed, Command command)
    {
        bool isLiteral = parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        List<string> arguments =
        [
            .. parsed
                .CommandResult.Children.OfType<ArgumentResult>()
                .SelectMany(argument => argument.Tokens)
                .Select(token => token.Value),
            .. parsed.UnmatchedTokens,
        ];
        List<string> options = [.. arguments.Where(word => word.Length > 1 && word[0] == '-' && !isLiteral)];
        if (options.Count > 0)
        {
            return options.Select(word =>
            {
                if (word.StartsWith("-D", StringComparison.Ordinal) && word.Length > 2)
                {
                    // Lightbend's tools take system properties.
                    return $"{HelpWriter.Path(command)} has no option -D: write --set "
                        + $"{(word.Contains('=', StringComparison.Ordinal) ? word[2..] : "key=value")},"
                        + " or ${?NAME} in the file for the environment variable NAME";
                }

                string name = word.Split('=', ':')[0];
                return $"{HelpWriter.Path(command)} has no option "
                    + $"{name}{Suggestions.DidYouMean(name, HelpWriter.Options(command).Select(one => one.Name))}";
            });
        }

        if (parsed.UnmatchedTokens.Count == 0)
        {
            return [];
        }

        string first = parsed.UnmatchedTokens[0];
        if (command.Subcommands.Count == 0)
        {
            string takes =
                command.Arguments.Count == 0 ? "takes no argument" : $"takes one {command.Arguments[0].Name}";
            return [$"unexpected '{first}': {HelpWriter.Path(command)} {takes}"];
        }

        List<string> commands = [.. command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name)];
        string meant = Suggestions.DidYouMean(first, commands);
        return
        [
            $"{HelpWriter.Path(command)} has no command "
                + $"'{first}'{(meant.Length > 0 ? meant : $"; there are: {string.Join(", ", commands)}")}",
        ];
    }

    private static string Text(ParseError error, Command command) =>
        error.SymbolResult switch
        {
            OptionResult { Tokens.Count: 0 } option =>
                $"{option.Option.Name} needs a value: {option.Option.Name} {option.Option.HelpName}",
            ArgumentResult { Tokens.Count: 0, Parent: OptionResult option } =>
                $"{option.Option.Name} needs a value: {option.Option.Name} {option.Option.HelpName}",
            ArgumentResult { Tokens.Count: 0 } argument =>
                $"{argument.Argument.Name} is missing: {HelpWriter.Path(command)} {argument.Argument.Name}",
            CommandResult
                when command.Arguments.Count > 0 && error.Message.Contains("missing", StringComparison.Ordinal) =>
                $"{command.Arguments[0].Name} is missing: {HelpWriter.Path(command)} {command.Arguments[0].Name}",
            _ => error.Message,
        };
}

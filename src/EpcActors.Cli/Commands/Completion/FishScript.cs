namespace EpcActors.Cli.Commands.Completion;

/// <summary>Completion for fish: a line for each command and option, with its description.</summary>
internal static class FishScript
{
    private const string Function = """
        function __epc_at
            set -l words (commandline -opc)
            set -l at epc
            set -l prev ''
            for word in $words[2..-1]
                if contains -- "$at $prev" $__epc_takers
                    set prev ''
                    continue
                end
                if contains -- "$at $word" $__epc_commands
                    set at "$at $word"
                end
                set prev $word
            end
            test "$at" = "$argv[1]"
        end
        complete -c epc -f

        """;

    public static void Write(TextWriter output, IReadOnlyList<CompletionCommand> commands)
    {
        output.WriteLine("# Completion of epc for fish: put it into ~/.config/fish/completions/epc.fish");
        output.WriteLine($"set -g __epc_commands {string.Join(' ', commands.Select(one => Quoted(one.Path)))}");
        IEnumerable<string> takers = commands.SelectMany(command => command.Options
            .Where(option => option.Value is not null)
            .Select(option => Quoted($"{command.Path} {option.Name}")));
        output.WriteLine($"set -g __epc_takers {string.Join(' ', takers)}");
        output.Write(Function.ReplaceLineEndings("\n"));
        foreach (CompletionCommand command in commands)
        {
            string line = $"complete -c epc -n {Quoted($"__epc_at {Quoted(command.Path)}")}";
            foreach ((string name, string description) in command.Subcommands)
            {
                output.WriteLine($"{line} -a {Quoted(name)} -d {Quoted(description)}");
            }

            if (command.Argument is { } argument)
            {
                output.WriteLine(line + Values(argument, isOption: false));
            }

            foreach (CompletionOption option in command.Options)
            {
                string value = option.Value is { } taken ? Values(taken, isOption: true) : "";
                output.WriteLine($"{line} -l {option.Name.TrimStart('-')} -d {Quoted(option.Description)}{value}");
            }
        }
    }

    private static string Values(CompletionValue value, bool isOption)
    {
        string words = value.Words.Count > 0 ? $" -a {Quoted(string.Join(' ', value.Words))}" : "";
        string files = value.IsFile ? " -F" : value.IsFolder ? " -a '(__fish_complete_directories)'" : "";
        return (isOption ? value.IsFile ? " -r" : " -x" : "") + words + files;
    }

    /// <summary>Fish reads a backslash within single quotes in front of a quote and of itself only.</summary>
    private static string Quoted(string text) => "'" + text
        .Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal) + "'";
}

namespace EpcActors.Cli.Commands.Completion;

/// <summary>Completion for PowerShell: an argument completer with the table in hashtables.</summary>
internal static class PwshScript
{
    private const string Completer = """
        Register-ArgumentCompleter -Native -CommandName epc -ScriptBlock {
            param($word, $ast, $position)
            $typed = @($ast.CommandElements | Select-Object -Skip 1 |
                Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { $_.ToString() })
            $at = 'epc'
            $prev = ''
            foreach ($one in $typed) {
                if ($EpcTakes.ContainsKey("$at $prev")) { $prev = ''; continue }
                if ($EpcArguments.ContainsKey("$at $one")) { $at = "$at $one" }
                $prev = $one
            }
            if ($EpcTakes.ContainsKey("$at $prev")) { $offers = $EpcTakes["$at $prev"] }
            elseif ($word -like '-*') { $offers = $EpcOptions[$at] }
            else { $offers = $EpcArguments[$at] }
            $list = if ($word -like '*,*') { $word.Substring(0, $word.LastIndexOf(',') + 1) } else { '' }
            $offers | Where-Object { "$list$_".StartsWith($word) } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new("$list$_", $_, 'ParameterValue', $_)
            }
        }

        """;

    public static void Write(TextWriter output, IReadOnlyList<CompletionCommand> commands)
    {
        output.WriteLine("# Completion of epc for PowerShell: dot-source it in $PROFILE.");
        output.WriteLine("# Without an answer PowerShell offers files.");
        Table(output, "EpcArguments", commands.Select(one => (one.Path, Arguments(one))));
        Table(output, "EpcOptions", commands.Select(one => (one.Path, one.Options.Select(option => option.Name))));
        Table(output, "EpcTakes", commands.SelectMany(command => command.Options
            .Where(option => option.Value is not null)
            .Select(option => ($"{command.Path} {option.Name}", (IEnumerable<string>)option.Value!.Words))));
        output.Write(Completer.ReplaceLineEndings("\n"));
    }

    private static IEnumerable<string> Arguments(CompletionCommand command) =>
        [.. command.Subcommands.Select(below => below.Name), .. command.Argument?.Words ?? []];

    private static void Table(TextWriter output, string name, IEnumerable<(string Key, IEnumerable<string> Words)> rows)
    {
        output.WriteLine($"$Global:{name} = @{{");
        foreach ((string key, IEnumerable<string> words) in rows)
        {
            output.WriteLine($"    {Quoted(key)} = @({string.Join(", ", words.Select(Quoted))})");
        }

        output.WriteLine("}");
    }

    private static string Quoted(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}

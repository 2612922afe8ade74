namespace EpcActors.Cli.Commands.Completion;

/// <summary>
/// The table as functions that bash and zsh read alike: whether a word is a command below, whether an option takes a
/// value, and what may stand somewhere, in the variables <c>offered</c> and <c>files</c>.
/// </summary>
internal static class ShellCases
{
    public static void Write(TextWriter output, IReadOnlyList<CompletionCommand> commands)
    {
        output.WriteLine("_epc_below() {");
        output.WriteLine("  case \"$1\" in");
        foreach (CompletionCommand command in commands.Where(one => one.Subcommands.Count > 0))
        {
            IEnumerable<string> below = command.Subcommands.Select(one => Quoted($"{command.Path} {one.Name}"));
            output.WriteLine($"    {string.Join('|', below)}) return 0 ;;");
        }

        output.WriteLine("  esac");
        output.WriteLine("  return 1");
        output.WriteLine("}");
        output.WriteLine("_epc_takes() {");
        output.WriteLine("  case \"$1 $2\" in");
        foreach (CompletionCommand command in commands)
        {
            string[] takers = [.. command.Options.Where(option => option.Value is not null)
                .Select(option => Quoted($"{command.Path} {option.Name}"))];
            if (takers.Length > 0)
            {
                output.WriteLine($"    {string.Join('|', takers)}) return 0 ;;");
            }
        }

        output.WriteLine("  esac");
        output.WriteLine("  return 1");
        output.WriteLine("}");
        output.WriteLine("_epc_values() {");
        output.WriteLine("  case \"$1 $2\" in");
        foreach (CompletionCommand command in commands)
        {
            foreach (CompletionOption option in command.Options.Where(one => one.Value is { IsEmpty: false }))
            {
                WriteCase(output, $"{command.Path} {option.Name}", option.Value!, []);
            }
        }

        output.WriteLine("  esac");
        output.WriteLine("}");
        output.WriteLine("_epc_options() {");
        output.WriteLine("  case \"$1\" in");
        foreach (CompletionCommand command in commands)
        {
            string[] names = [.. command.Options.Select(one => one.Name)];
            WriteCase(output, command.Path, new CompletionValue(names, false, false), []);
        }

        output.WriteLine("  esac");
        output.WriteLine("}");
        output.WriteLine("_epc_arguments() {");
        output.WriteLine("  case \"$1\" in");
        foreach (CompletionCommand command in commands)
        {
            WriteCase(
                output,
                command.Path,
                command.Argument ?? new CompletionValue([], false, false),
                command.Subcommands.Select(one => one.Name));
        }

        output.WriteLine("  esac");
        output.WriteLine("}");
    }

    private static void WriteCase(
        TextWriter output, string pattern, CompletionValue value, IEnumerable<string> more)
    {
        string words = string.Join(' ', [.. more, .. value.Words]);
        string files = (value.IsFile ? "f" : "") + (value.IsFolder ? "d" : "");
        output.WriteLine($"    {Quoted(pattern)}) offered={Quoted(words)} files={Quoted(files)} ;;");
    }

    private static string Quoted(string text) => "'" + text.Replace("'", @"'\''", StringComparison.Ordinal) + "'";
}

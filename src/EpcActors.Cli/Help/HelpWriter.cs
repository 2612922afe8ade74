using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;

namespace EpcActors.Cli.Help;

/// <summary>Prints the help of the command it was asked for.</summary>
internal sealed class HelpWriter(HelpPage rootPage) : SynchronousCommandLineAction
{
    private const int Width = 100;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult is { UnmatchedTokens.Count: > 0, CommandResult.Command.Subcommands.Count: > 0 })
        {
            // The help of 'epc race' is no answer to a question about 'epc race test'.
            ParseErrors.Write(parseResult, this, parseResult.InvocationConfiguration.Error);
            return (int)ExitCode.Usage;
        }

        Write(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
        return (int)ExitCode.Pass;
    }

    /// <summary>The whole help of <paramref name="command"/>.</summary>
    public void Write(Command command, TextWriter writer)
    {
        HelpPage page = command is DocumentedCommand documented ? documented.Page : rootPage;
        Paragraph(writer, "", command.Description ?? "");
        Heading(writer, "Usage");
        writer.WriteLine("  " + Usage(command));
        Table(
            writer,
            "Commands",
            command.Subcommands.Where(one => !one.Hidden).Select(one => (one.Name, one.Description ?? "")));
        Table(writer, "Arguments", command.Arguments.Select(one => (one.Name, one.Description ?? "")));
        Table(writer, "Options", Options(command).Select(one => (Label(one), one.Description ?? "")));
        foreach (string note in page.Notes)
        {
            writer.WriteLine();
            Paragraph(writer, "", note);
        }

        Heading(writer, "Examples");
        foreach (HelpExample example in page.Examples)
        {
            Paragraph(writer, "  # ", example.Purpose, "  # ");
            writer.WriteLine("  " + example.CommandLine);
        }

        Table(
            writer,
            "Exit codes",
            page.ExitCodes.Select(one => (((int)one.Code).ToString(CultureInfo.InvariantCulture), one.Meaning)));
        if (page.SeeAlso.Count > 0)
        {
            Heading(writer, "See also");
            foreach (string line in page.SeeAlso)
            {
                Paragraph(writer, "  ", line, "    ");
            }
        }
    }

    /// <summary>Name of the command with those above it, e.g. <c>epc config show</c>.</summary>
    public static string Path(Command command) => command.Parents.OfType<Command>().FirstOrDefault() is { } parent
        ? $"{Path(parent)} {command.Name}"
        : EpcCommand.Name;

    /// <summary>Options of the command and those that hold for all commands.</summary>
    public static IEnumerable<Option> Options(Command command)
    {
        IEnumerable<Option> own = command.Options.Where(one => !one.Hidden);
        for (Command? above = command.Parents.OfType<Command>().FirstOrDefault(); above is not null;
            above = above.Parents.OfType<Command>().FirstOrDefault())
        {
            own = own.Concat(above.Options.Where(one => one is { Recursive: true, Hidden: false }));
        }

        return own;
    }

    private static string Usage(Command command)
    {
        string usage = Path(command);
        if (command.Subcommands.Count > 0)
        {
            usage += " <command>";
        }

        foreach (Argument argument in command.Arguments)
        {
            usage += argument.Arity.MaximumNumberOfValues > 1 ? $" {argument.Name}…" : $" {argument.Name}";
        }

        return usage + " [options]";
    }

    private static string Label(Option option) =>
        option.HelpName is { Length: > 0 } value ? $"{option.Name} {value}" : option.Name;

    private static void Heading(TextWriter writer, string text)
    {
        writer.WriteLine();
        writer.WriteLine(text + ":");
    }

    private static void Table(TextWriter writer, string heading, IEnumerable<(string Name, string Text)> rows)
    {
        List<(string Name, string Text)> all = [.. rows];
        if (all.Count == 0)
        {
            return;
        }

        Heading(writer, heading);
        int width = all.Max(row => row.Name.Length);
        foreach ((string name, string text) in all)
        {
            Paragraph(writer, $"  {name.PadRight(width)}  ", text, new string(' ', width + 4));
        }
    }

    private static void Paragraph(TextWriter writer, string lead, string text, string indent = "") =>
        Columns.Paragraph(writer, lead, text, indent, Width);
}

using System.Text;
using EpcActors.Cli.Terminal;
using Spectre.Console;

namespace EpcActors.Cli.Running;

/// <summary>Where a document such as that of <c>--json</c> goes: nowhere, a file, or standard output.</summary>
internal sealed class DocumentTarget
{
    private readonly string _option;
    private readonly string? _name;

    private DocumentTarget(string option, string? name)
    {
        _option = option;
        _name = name;
    }

    /// <summary>The document was asked for.</summary>
    public bool IsWanted => _name is not null;

    /// <summary>Standard output belongs to the document: everything else goes to standard error.</summary>
    public bool TakesStandardOutput => _name == "-";

    /// <summary>Makes sure that the file can be written, before a long run is started for nothing.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="name">The file, <c>-</c> for standard output, null for nowhere.</param>
    /// <exception cref="CommandException">when it cannot.</exception>
    public static DocumentTarget Prepare(string option, string? name)
    {
        if (name is not (null or "-"))
        {
            OutputPath.RequireWritableFile(option, name);
        }

        return new DocumentTarget(option, name);
    }

    /// <summary>Where the report for people goes beside these documents.</summary>
    /// <exception cref="CommandException">when two of them want standard output.</exception>
    public static (TextWriter Text, IAnsiConsole Console) Beside(
        CommandShell shell, params IEnumerable<DocumentTarget> documents)
    {
        string[] taken = [.. documents.Where(one => one.TakesStandardOutput).Select(one => $"{one._option} -")];
        return taken.Length switch
        {
            0 => (shell.Out, shell.Console),
            1 => (shell.Error, shell.ErrorConsole),
            _ => throw CommandException.Usage(
                $"{string.Join(" and ", taken)}: standard output takes one document; write the other to a file"),
        };
    }

    /// <summary>Writes the document; returns the line that says so, or null.</summary>
    public string? Write(TextWriter standardOutput, string document)
    {
        if (_name is null)
        {
            return null;
        }

        if (TakesStandardOutput)
        {
            standardOutput.WriteLine(document);
            return null;
        }

        StagedFiles.Write(_name, stream => stream.Write(Encoding.UTF8.GetBytes(document + "\n")));
        return $"wrote {_name}";
    }
}

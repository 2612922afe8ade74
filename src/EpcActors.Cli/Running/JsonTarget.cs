using System.Text;

namespace EpcActors.Cli.Running;

/// <summary>Where <c>--json</c> goes: nowhere, a file, or standard output.</summary>
internal sealed class JsonTarget
{
    private readonly string? _name;

    private JsonTarget(string? name) => _name = name;

    /// <summary>Standard output belongs to the document: everything else goes to standard error.</summary>
    public bool TakesStandardOutput => _name == "-";

    /// <summary>Makes sure that the file can be written, before a long run is started for nothing.</summary>
    /// <exception cref="CommandException">when it cannot.</exception>
    public static JsonTarget Prepare(string? name)
    {
        if (name is null or "-")
        {
            return new JsonTarget(name);
        }

        OutputPath.RequireWritableFile("--json", name);
        return new JsonTarget(name);
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

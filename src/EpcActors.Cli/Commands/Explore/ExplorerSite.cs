using System.IO.Compression;

namespace EpcActors.Cli.Commands.Explore;

/// <summary>The explorer's site: the files that a build of the page has packed beside the command.</summary>
internal sealed class ExplorerSite
{
    private const string FileName = "explorer.zip";

    private readonly SortedDictionary<string, byte[]> _files;

    private ExplorerSite(SortedDictionary<string, byte[]> files) => _files = files;

    /// <summary>Names of the files below the root of the site.</summary>
    public IReadOnlyCollection<string> Names => _files.Keys;

    /// <summary>Reads the site.</summary>
    /// <exception cref="CommandException">It is not there.</exception>
    public static ExplorerSite Load() => Load(Path.Combine(AppContext.BaseDirectory, FileName));

    internal static ExplorerSite Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandException(
                ExitCode.NotSupported,
                $"the page is not beside this command ({path}); build it with "
                    + "'dotnet build -c Release src/EpcActors.Cli'");
        }

        SortedDictionary<string, byte[]> files = new(StringComparer.Ordinal);
        using ZipArchive archive = ZipFile.OpenRead(path);
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry => entry.Name.Length > 0))
        {
            using Stream stream = entry.Open();
            using MemoryStream content = new();
            stream.CopyTo(content);
            files.Add(entry.FullName.Replace('\\', '/'), content.ToArray());
        }

        return new ExplorerSite(files);
    }

    /// <summary>Content of a file; null when there is no such file.</summary>
    /// <param name="path">Path below the root; of a folder for the page in it.</param>
    public byte[]? Find(string path) =>
        _files.GetValueOrDefault(path.Length == 0 || path[^1] == '/' ? path + "index.html" : path);

    /// <summary>Writes all files below a directory.</summary>
    public void Write(string directory)
    {
        foreach ((string name, byte[] content) in _files)
        {
            string path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }
    }

    /// <summary>Media type of a file by its name.</summary>
    public static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        "" or ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".json" => "application/json",
        ".wasm" => "application/wasm",
        ".txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
}

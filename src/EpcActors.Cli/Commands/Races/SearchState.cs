using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EpcActors.Cli.Running;
using EpcActors.Hocon;
using EpcActors.Races;

namespace EpcActors.Cli.Commands.Races;

/// <summary>The file of <c>--resume</c>.</summary>
internal sealed class SearchState
{
    private readonly string _path;
    private readonly string _what;
    private readonly string _of;

    private SearchState(string path, string what, string of, HuntProgress? done)
    {
        _path = path;
        _what = what;
        _of = of;
        Done = done;
    }

    /// <summary>Earlier work; null for none.</summary>
    public HuntProgress? Done { get; }

    public static Option<string?> Option() =>
        new("--resume")
        {
            HelpName = "FILE",
            Description =
                "goes on where FILE says an earlier search stopped, and keeps FILE up to date; it is made when it is "
                    + "not there. A search of all schedules that is stopped keeps its states in FILE.states",
        };

    /// <exception cref="CommandException">when the file is of another search.</exception>
    public static SearchState? Load(string? path, string what, ulong seed, IReadOnlyList<string> strategies)
    {
        if (path is null)
        {
            return null;
        }

        OutputPath.RequireWritableFile("--resume", path);
        string of = string.Create(CultureInfo.InvariantCulture, $"{what} seed {seed} {string.Join(',', strategies)}")
            .TrimEnd();
        if (!File.Exists(path))
        {
            return new SearchState(path, what, of, null);
        }

        Saved? saved;
        try
        {
            saved = JsonSerializer.Deserialize<Saved>(TextFiles.Read(path) ?? "");
        }
        catch (Exception wrong) when (wrong is JsonException or IOException)
        {
            saved = null;
        }

        return saved is null
                ? throw CommandException.Usage(
                    $"--resume {path}: this is not a file of an earlier search; name another, or remove it")
            : saved.Of != of
                ? throw CommandException.Usage(
                    $"--resume {path}: it is of '{saved.Of}', and this is '{of}'; name another file")
            : new SearchState(path, what, of, saved.Done);
    }

    /// <summary>Where a search of all schedules keeps its states, as long as it is not over.</summary>
    /// <param name="text">The race file.</param>
    /// <param name="settings">Settings on top. Bounds do not count: a search may go on with wider ones.</param>
    public StatesFile States(string text, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        string path = _path + ".states";
        OutputPath.RequireWritableFile("--resume", path);
        IEnumerable<string> world = settings.Where(one => !one.Key.Contains("bound.", StringComparison.Ordinal))
            .Select(one => $"{one.Key}={one.Value}");
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [_what, text, .. world])));
        return new StatesFile(path, Convert.ToHexString(hash));
    }

    public void Save(HuntProgress done) =>
        StagedFiles.Write(_path, stream => JsonSerializer.Serialize(stream, new Saved(_of, done)));

    private sealed record Saved(string Of, HuntProgress Done);
}

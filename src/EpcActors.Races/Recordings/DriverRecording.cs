using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Results.Text;

namespace EpcActors.Races.Recordings;

/// <summary>Kind of one line of a recording, or of one moment of a run.</summary>
public enum DriverEventKind
{
    /// <summary>An ENCLS leaf: <c>EWB a 3 epc=0:5</c>.</summary>
    Leaf,

    /// <summary>The out-of-memory killer of the series v1 to v5 took an enclave: <c>killed a</c>.</summary>
    Kill,

    /// <summary>An operation of the script came to its end.</summary>
    OperationEnd,
}

/// <summary>One thing that the driver, or the emulator, did.</summary>
/// <param name="Kind">Kind of the event.</param>
/// <param name="Text">A leaf as the recordings write it; of an operation, its text.</param>
/// <param name="FreePages">At the end of an operation: pages on the free lists; -1 else.</param>
public readonly record struct DriverEvent(DriverEventKind Kind, string Text, long FreePages)
{
    /// <summary>Equal but for the words of an operation, which each side has of its own.</summary>
    public bool Matches(DriverEvent other) =>
        Kind == other.Kind
            && FreePages == other.FreePages
            && (Kind == DriverEventKind.OperationEnd || Text == other.Text);

    public override string ToString() => Kind switch
    {
        DriverEventKind.Leaf => Text,
        DriverEventKind.Kill => $"({Text})",
        DriverEventKind.OperationEnd => $"(end of {Text}; {Counted.Of(FreePages, "page")} free)",
    };
}

/// <summary>A recording that cannot be read.</summary>
public sealed class RecordingFormatException(string message) : Exception(message);

/// <summary>
/// Record of the real driver's run of one script: its ENCLS leaves with enclave page and EPC page, in order, and its
/// counters at the end. It contains the same script as a scenario of this project. docs/kernel-model.md describes how
/// such files are made, tests/EpcActors.Tests/Golden/README.md their contents.
/// </summary>
public sealed partial class DriverRecording
{
    private static readonly string[] Sections = ["scenario", "script", "leaves", "end"];

    /// <summary>
    /// Operations of the driver's script that set a stage or only look at it: no operation of a scenario stands for
    /// one.
    /// </summary>
    private static readonly HashSet<string> WithoutCounterpart =
        new(["node", "ksgxd", "cgroup", "proc", "sgx2", "out", "stat", "workers"], StringComparer.Ordinal);

    private readonly List<DriverEvent> _events = [];
    private readonly List<KeyValuePair<string, string>> _figures = [];
    private readonly List<string> _results = [];

    private DriverRecording(string name) => Name = name;

    /// <summary>Name of the file, as it was given.</summary>
    public string Name { get; }

    /// <summary>Version of the recorded code.</summary>
    public string Driver { get; private set; } = "";

    /// <summary>
    /// The scenario, on the lines that it has in the file: mistakes in it are told with their place there.
    /// </summary>
    public string Scenario { get; private set; } = "";

    /// <summary>Leaves, kills and ends of operations, in order.</summary>
    public IReadOnlyList<DriverEvent> Events => _events;

    /// <summary>
    /// Counters at the end by name: <c>free</c>, <c>leaves EWB</c>, <c>a: page_cnt</c>, <c>cg /p peak</c>.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Figures => _figures;

    /// <summary>Results of calls other than plain success, such as <c>create -12</c> or <c>oomkill 1</c>.</summary>
    public IReadOnlyList<string> Results => _results;

    /// <summary>The script did not come to its end: a loop without a way out.</summary>
    public bool Hangs { get; private set; }

    /// <summary>Reads a recording.</summary>
    /// <param name="text">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="RecordingFormatException">It is none.</exception>
    public static DriverRecording Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        DriverRecording recording = new(name);
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        string[] scenario = new string[lines.Length];
        string section = "";
        HashSet<string> seen = [];
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i];
            scenario[i] = "";
            if (Heading().Match(line) is { Success: true } heading && Sections.Contains(heading.Groups[1].Value))
            {
                section = heading.Groups[1].Value;
                seen.Add(section);
                continue;
            }

            switch (section)
            {
                case "":
                    recording.Driver = line.StartsWith("# driver: ", StringComparison.Ordinal)
                        ? line["# driver: ".Length..]
                        : recording.Driver;
                    break;
                case "scenario":
                    scenario[i] = line;
                    break;
                case "leaves" when line.Length > 0:
                    recording.ReadEvent(line, i + 1);
                    break;
                case "end" when line.Length > 0:
                    recording.ReadEnd(line);
                    break;
            }
        }

        foreach (string needed in Sections.Where(one => one != "script" && !seen.Contains(one)))
        {
            throw new RecordingFormatException(
                $"{name}: this is not a recording of the driver: it has no section [{needed}]");
        }

        recording.Scenario = string.Join('\n', scenario);
        return recording;
    }

    private void ReadEvent(string line, int number)
    {
        if (line.StartsWith("! ", StringComparison.Ordinal))
        {
            _events.Add(new DriverEvent(DriverEventKind.Kill, line[2..].Trim(), -1));
            return;
        }

        if (!line.StartsWith("= ", StringComparison.Ordinal))
        {
            if (!IsUncompared(line))
            {
                _events.Add(new DriverEvent(DriverEventKind.Leaf, line.Trim(), -1));
            }

            return;
        }

        Match end = Operation().Match(line);
        if (!end.Success)
        {
            throw new RecordingFormatException(
                $"{Name}:{number}: '{line}' is neither a leaf nor '= OPERATION | free=PAGES'");
        }

        string text = end.Groups[1].Value.Trim();
        if (!WithoutCounterpart.Contains(Verb(text)))
        {
            long free = long.Parse(end.Groups[2].Value, CultureInfo.InvariantCulture);
            _events.Add(new DriverEvent(DriverEventKind.OperationEnd, text, free));
        }
    }

    private void ReadEnd(string line)
    {
        Hangs |= line.Contains("HANG", StringComparison.Ordinal);
        if (line.Split(" -> ") is [string call, string result])
        {
            _results.Add($"{Verb(call)} {result}");
            return;
        }

        string prefix = "";
        string rest = line.Trim();
        if (line.StartsWith(' '))
        {
            int words = rest.StartsWith("cg ", StringComparison.Ordinal) ? 2 : 1;
            string[] parts = rest.Split(' ', words + 1);
            prefix = string.Join(' ', parts[..words]) + " ";
            rest = parts[words];
        }

        foreach (Match figure in Figure().Matches(rest))
        {
            _figures.Add(new KeyValuePair<string, string>(prefix + figure.Groups[1].Value, figure.Groups[2].Value));
        }
    }

    /// <summary>
    /// EREMOVE of a VA page, and of a SECS: the emulator tells them apart from no other way to free a page.
    /// </summary>
    private static bool IsUncompared(string line) => UncomparedRemoval().IsMatch(line);

    /// <summary>First word of an operation.</summary>
    internal static string Verb(string operation) => operation.Trim().Split(' ', 2)[0];

    [GeneratedRegex(@"^\[([a-z]+)\]\s*$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"^= (.*)\| free=(\d+)\s*$")]
    private static partial Regex Operation();

    [GeneratedRegex(@"(\S+?)=(\d+(?:\(err \d+\))?)")]
    private static partial Regex Figure();

    [GeneratedRegex(@"^EREMOVE (- va|\S+ (-\d+|secs)) ")]
    private static partial Regex UncomparedRemoval();
}

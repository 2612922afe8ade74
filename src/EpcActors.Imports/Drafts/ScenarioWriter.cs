using System.Text;
using EpcActors.Results.Text;

namespace EpcActors.Imports.Drafts;

/// <summary>Writes a draft as a scenario for people: a value a line, and behind it where it comes from.</summary>
internal sealed class ScenarioWriter
{
    private const int Columns = 120;
    private const int CommentColumn = 44;

    private readonly StringBuilder _text = new();
    private int _depth;

    public static string Write(ScenarioDraft draft)
    {
        ScenarioWriter writer = new();
        writer.WriteAll(draft);
        return writer._text.ToString();
    }

    private void WriteAll(ScenarioDraft draft)
    {
        foreach (string line in draft.Head)
        {
            Comment(line);
        }

        Blank();
        Open("epc");
        Value("title", new Sourced(HoconText.Quoted(OneLine(draft.Title)), ""));
        Value("kernel", draft.Kernel);
        Value("costs", draft.Costs);
        Value("machine", draft.Machine);
        if (draft.Cgroups.Count > 0)
        {
            Blank();
            Open("cgroups");
            WriteCgroups(draft.Cgroups);
            Close();
        }

        if (draft.Enclaves.Count > 0)
        {
            Blank();
            Open("enclaves");
            WriteEnclaves(draft.Enclaves);
            Close();
        }

        if (draft.Guests.Count > 0)
        {
            Blank();
            Open("virtual-machines");
            WriteGuests(draft.Guests);
            Close();
        }

        Blank();
        Value("run.duration", draft.Duration);
        Blank();
        Value("expect", new Sourced("[ \"verdict == pass\" ]", ""));
        Close();
    }

    /// <summary>Each by its full path: a tree of braces says no more, and a path can be found by a search.</summary>
    private void WriteCgroups(IReadOnlyList<CgroupDraft> cgroups)
    {
        foreach (CgroupDraft cgroup in cgroups)
        {
            Comment(cgroup.Comment);
            string path = HoconText.CgroupPath(cgroup.Path);
            List<(string Key, Sourced Value)> settings =
            [
                .. Settings(("max", cgroup.Max), ("memory-max", cgroup.MemoryMax)),
            ];
            if (settings is [])
            {
                Line($"{path} {{}}", "");
            }
            else if (settings is [(string key, Sourced value)])
            {
                Line($"{path} {{ {key} = {value.Text} }}", value.Why);
            }
            else
            {
                Block(path, settings);
            }
        }
    }

    private void WriteEnclaves(IReadOnlyList<EnclaveDraft> enclaves)
    {
        foreach (EnclaveDraft enclave in enclaves)
        {
            foreach (string comment in enclave.Comments)
            {
                Comment(comment);
            }

            Sourced? cgroup = enclave.Cgroup is { } path ? new Sourced(HoconText.CgroupPath(path), "") : null;
            Block(HoconText.Key(enclave.Name),
            [
                .. Settings(
                    ("cgroup", cgroup),
                    ("heap", enclave.Heap),
                    ("added", enclave.Added),
                    ("measured", enclave.Measured),
                    ("code-pages", enclave.CodePages),
                    ("threads", enclave.Threads),
                    ("instances", enclave.Instances),
                    ("start", enclave.Start),
                    ("allow-oom", enclave.AllowOom),
                    ("steps", enclave.Steps)),
            ]);
        }
    }

    private void WriteGuests(IReadOnlyList<GuestDraft> guests)
    {
        foreach (GuestDraft guest in guests)
        {
            foreach (string comment in guest.Comments)
            {
                Comment(comment);
            }

            Block(HoconText.Key(guest.Name), guest.Settings);
        }
    }

    private static IEnumerable<(string Key, Sourced Value)> Settings(params IEnumerable<(string, Sourced?)> settings)
    {
        foreach ((string key, Sourced? value) in settings)
        {
            if (value is { } set)
            {
                yield return (key, set);
            }
        }
    }

    private void Block(string key, IEnumerable<(string Key, Sourced Value)> settings)
    {
        Open(key);
        foreach ((string name, Sourced value) in settings)
        {
            Value(name, value);
        }

        Close();
    }

    private void Value(string key, Sourced? value)
    {
        if (value is { } set)
        {
            Line($"{key} = {set.Text}", set.Why);
        }
    }

    private void Open(string key)
    {
        Line($"{key} {{", "");
        _depth++;
    }

    private void Close()
    {
        _depth--;
        Line("}", "");
    }

    private void Blank() => _text.Append('\n');

    /// <summary>A comment of its own, broken where it is longer than a line.</summary>
    private void Comment(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        string begin = new string(' ', 2 * _depth) + "#";
        StringBuilder line = new(begin);
        foreach (string word in OneLine(text).Split(' '))
        {
            if (line.Length + 1 + word.Length > Columns && line.Length > begin.Length)
            {
                _text.Append(line).Append('\n');
                line.Clear().Append(begin);
            }

            line.Append(' ').Append(word);
        }

        _text.Append(line).Append('\n');
    }

    /// <summary>A line with its comment behind it, or above it where both do not fit.</summary>
    private void Line(string text, string comment)
    {
        string begin = new string(' ', 2 * _depth) + text;
        if (comment.Length == 0)
        {
            _text.Append(begin).Append('\n');
            return;
        }

        string behind = begin.PadRight(CommentColumn) + "  # " + OneLine(comment);
        if (behind.Length > Columns)
        {
            Comment(comment);
            _text.Append(begin).Append('\n');
        }
        else
        {
            _text.Append(behind).Append('\n');
        }
    }

    /// <summary>A line break would end the comment, and what follows would be configuration.</summary>
    private static string OneLine(string text) =>
        PrintableText.Escape(text.ReplaceLineEndings(" ").Replace('\t', ' '));
}

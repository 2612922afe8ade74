using System.Text.RegularExpressions;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// What config/reference.conf says of each key: the comment above a key with a default, and the lines
/// <c># full.key = KIND</c> of those without.
/// </summary>
internal sealed partial class ReferenceDocuments
{
    private readonly string[] _lines = BuiltInFiles.Read(BuiltInFiles.Reference)!.ReplaceLineEndings("\n").Split('\n');
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    public ReferenceDocuments()
    {
        Collect((HoconObject)LayeredConfiguration.Reference()["epc"], "epc");
        for (int i = 0; i < _lines.Length; i++)
        {
            if (WithoutDefault().Match(_lines[i]) is { Success: true } match)
            {
                _texts[match.Groups[1].Value] = TextOf(i, match.Groups[2].Value);
            }
        }
    }

    /// <summary>All keys that are documented.</summary>
    public IEnumerable<string> Keys => _texts.Keys;

    /// <summary>The words of a key; empty for none.</summary>
    public string Of(string key) => _texts.GetValueOrDefault(key, "");

    /// <summary>The default of a key; null for none.</summary>
    public static HoconValue? DefaultOf(string key) =>
        LayeredConfiguration.Reference().TryGetPath(key.Split('.'), out HoconValue? value) ? value : null;

    private void Collect(HoconObject block, string path)
    {
        foreach (string key in block.Keys)
        {
            string full = $"{path}.{key}";
            _texts[full] = Above(block.KeyOrigin(key).Line - 1);
            if (block[key] is HoconObject inner)
            {
                Collect(inner, full);
            }
        }
    }

    /// <summary>
    /// The comment above a line; that above the line before when both lines are keys without one between.
    /// </summary>
    private string Above(int line)
    {
        int end = line;
        while (end > 0 && KeyLine().IsMatch(_lines[end - 1]) && !Opens(end - 1))
        {
            end--;
        }

        if (end > 0 && KeyLine().IsMatch(_lines[end - 1]) && Opens(end - 1))
        {
            // The first of a block, whose comment speaks of all in it.
            return Above(end - 1);
        }

        int first = end;
        while (first > 0 && IsComment(first - 1))
        {
            first--;
        }

        IEnumerable<string> lines = _lines[first..end].TakeWhile(one => !WithoutDefault().IsMatch(one));
        return string.Join('\n', lines.Select(Bare)).Trim('\n');
    }

    /// <summary>
    /// The kind behind the equals sign, what goes on below it further in, and what stands right above.
    /// </summary>
    private string TextOf(int line, string kind)
    {
        int indent = Indent(line);
        List<string> lines = [];
        for (int i = line - 1; i >= 0 && IsWords(i) && Bare(_lines[i]).Length > 0 && Indent(i) <= indent; i--)
        {
            lines.Insert(0, Bare(_lines[i]));
        }

        lines.Add(kind);
        for (int i = line + 1; i < _lines.Length && IsWords(i) && Indent(i) > indent; i++)
        {
            lines.Add(Bare(_lines[i]).Trim());
        }

        return string.Join('\n', lines);
    }

    /// <summary>A comment that is not a key without a default.</summary>
    private bool IsWords(int line) => IsComment(line) && !WithoutDefault().IsMatch(_lines[line]);

    /// <summary>The line opens a block.</summary>
    private bool Opens(int line) => _lines[line].TrimEnd().EndsWith('{');

    private bool IsComment(int line) => _lines[line].TrimStart().StartsWith('#');

    /// <summary>Columns in front of the first word of a comment.</summary>
    private int Indent(int line)
    {
        string text = _lines[line].TrimStart()[1..];
        return text.Length - text.TrimStart().Length;
    }

    private static string Bare(string line)
    {
        string text = line.TrimStart()[1..];
        return (text.StartsWith(' ') ? text[1..] : text).TrimEnd();
    }

    [GeneratedRegex(@"^ *# (epc\.[a-z0-9.<>\[\]-]+) = (.*)$")]
    private static partial Regex WithoutDefault();

    [GeneratedRegex("^ *[a-z][a-z0-9-]* *([={])")]
    private static partial Regex KeyLine();
}

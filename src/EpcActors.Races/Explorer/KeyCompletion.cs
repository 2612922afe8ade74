using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Explorer;

/// <summary>Keys that can stand at a place of a text in HOCON that is being written, and need not be well-formed
/// yet.</summary>
public static class KeyCompletion
{
    private static readonly Lazy<IReadOnlySet<string>> Keys = new(ConfigurationSchema.Keys);

    /// <summary>Looks at the blocks around a place.</summary>
    /// <param name="text">The text.</param>
    /// <param name="offset">Characters before the place.</param>
    /// <returns>What stands of the key already, and the keys that begin with it, in alphabetical order.</returns>
    public static (string Begun, IReadOnlyList<string> Keys) At(string text, int offset)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)text.Length, nameof(offset));
        List<string> path = [];
        string key = Scan(text.AsSpan(0, offset), path, out bool isValue);
        int dot = key.LastIndexOf('.');
        string begun = key[(dot + 1)..];
        if (isValue)
        {
            return ("", []);
        }

        string[] parent = [.. path, .. dot < 0 ? [] : key[..dot].Split('.')];
        SortedSet<string> found = new(StringComparer.Ordinal);
        foreach (string one in Keys.Value)
        {
            string[] segments = one.Replace("[]", ".[]", StringComparison.Ordinal).Split('.');
            if (
                segments.Length > parent.Length
                && IsBelow(segments, parent)
                && segments[parent.Length].StartsWith(begun, StringComparison.Ordinal)
                && segments[parent.Length][0] is not ('<' or '['))
            {
                found.Add(segments[parent.Length]);
            }
        }

        return (begun, [.. found]);
    }

    private static bool IsBelow(string[] segments, string[] parent)
    {
        for (int i = 0; i < parent.Length; i++)
        {
            // A name of the user's stands where the key has a placeholder.
            if (segments[i] != parent[i] && segments[i][0] != '<')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Goes through the text up to the place.</summary>
    /// <param name="text">The text before the place.</param>
    /// <param name="path">Receives the keys of the blocks that are open there; <c>[]</c> for a list.</param>
    /// <param name="isValue">A value stands there and not a key.</param>
    /// <returns>The key that has begun.</returns>
    private static string Scan(ReadOnlySpan<char> text, List<string> path, out bool isValue)
    {
        Stack<int> depths = new();
        string key = "";
        isValue = false;
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '#':
                    i = EndOf(text, i, "\n") - 1;
                    break;
                case '"':
                    string quote = text[i..].StartsWith("\"\"\"") ? "\"\"\"" : "\"";
                    int end = EndOf(text, i + quote.Length, quote);
                    key += isValue ? "" : text[(i + quote.Length)..end].ToString();
                    isValue |= end == text.Length;
                    i = end + quote.Length - 1;
                    break;
                case '{' or '[':
                    depths.Push(path.Count);
                    path.AddRange(key.Length > 0 ? key.Split('.') : []);
                    path.AddRange(text[i] == '[' ? ["[]"] : []);
                    (key, isValue) = ("", false);
                    break;
                case '}' or ']':
                    int depth = depths.TryPop(out int before) ? before : 0;
                    path.RemoveRange(depth, path.Count - depth);
                    (key, isValue) = ("", true);
                    break;
                case '\n' or ',':
                    (key, isValue) = ("", false);
                    break;
                case '=' or ':':
                    isValue = true;
                    break;
                case ' ' or '\t' or '\r':
                    break;
                default:
                    key += isValue ? "" : text[i].ToString();
                    break;
            }
        }

        return key;
    }

    private static int EndOf(ReadOnlySpan<char> text, int from, string mark)
    {
        int at = from >= text.Length ? -1 : text[from..].IndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? text.Length : from + at;
    }
}

using System.Globalization;
using System.Text;

namespace EpcActors.Imports.Drafts;

/// <summary>Pieces of HOCON.</summary>
internal static class HoconText
{
    /// <summary>A key, between quotes where it needs them.</summary>
    public static string Key(string key) =>
        key.Length > 0 && key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? key : Quoted(key);

    /// <summary>A path of a cgroup as key or value: unquoted where HOCON allows it.</summary>
    public static string CgroupPath(string path) =>
        path.Length > 1 && !path.Contains("//", StringComparison.Ordinal)
        && path.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '/')
            ? path
            : Quoted(path);

    /// <summary>A text between quotes.</summary>
    public static string Quoted(string text)
    {
        StringBuilder quoted = new(text.Length + 2);
        quoted.Append('"');
        foreach (char c in text)
        {
            if (c is '"' or '\\')
            {
                quoted.Append('\\').Append(c);
            }
            else if (char.IsControl(c))
            {
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                quoted.Append(c);
            }
        }

        return quoted.Append('"').ToString();
    }

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whole pages, as a size where it is a round one.</summary>
    public static string Pages(long pages) => pages % 256 == 0
        ? pages % 262144 == 0 ? $"{Number(pages / 262144)} GiB" : $"{Number(pages / 256)} MiB"
        : pages == 1 ? "1 page" : $"{Number(pages)} pages";

    /// <summary>Bytes as misc.max takes them, as a size where it is a round one.</summary>
    public static string Bytes(long bytes) => bytes % 4096 == 0 && bytes / 4096 % 256 == 0 && bytes > 0
        ? Pages(bytes / 4096)
        : $"{Number(bytes)} B";
}

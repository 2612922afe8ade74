using System.Globalization;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Imports.Traces;

/// <summary>Pieces of a recorded line.</summary>
internal static class LineFields
{
    private const ulong WriteBit = 1 << 1;
    private const ulong FetchBit = 1 << 4;

    /// <summary>The kind of an access by the error code of its page fault: bit 4 a fetch, bit 1 a write.</summary>
    public static PageAccessKind KindOf(ulong errorCode) =>
        (errorCode & FetchBit) != 0 ? PageAccessKind.Execute
        : (errorCode & WriteBit) != 0 ? PageAccessKind.Write
        : PageAccessKind.Read;

    /// <summary>A hexadecimal number, with 0x or without.</summary>
    public static bool TryHex(ReadOnlySpan<char> text, out ulong value)
    {
        text = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    public static bool TryInt(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    public static bool TryLong(ReadOnlySpan<char> text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>Seconds with a fraction, such as <c>6288.896762</c>, in nanoseconds.</summary>
    public static bool TrySeconds(ReadOnlySpan<char> text, out long ns)
    {
        ns = 0;
        int point = text.IndexOf('.');
        if (point <= 0 || point == text.Length - 1 || text.Length - point > 10)
        {
            return false;
        }

        ReadOnlySpan<char> fraction = text[(point + 1)..];
        if (!TryLong(text[..point], out long seconds) || !TryLong(fraction, out long part) || seconds > 9_000_000_000)
        {
            return false;
        }

        for (int i = fraction.Length; i < 9; i++)
        {
            part *= 10;
        }

        ns = (seconds * 1_000_000_000) + part;
        return true;
    }

    /// <summary>The number behind <c>key=</c>, up to the next blank.</summary>
    public static bool TryKey(ReadOnlySpan<char> line, ReadOnlySpan<char> key, out ulong value)
    {
        int at = line.IndexOf(key, StringComparison.Ordinal);
        if (at < 0)
        {
            value = 0;
            return false;
        }

        ReadOnlySpan<char> rest = line[(at + key.Length)..];
        int end = rest.IndexOfAny(' ', ',', ')');
        return TryHex(end < 0 ? rest : rest[..end], out value);
    }

    /// <summary>Takes the next field, separated by blanks or tabs; empty behind the last.</summary>
    public static ReadOnlySpan<char> Next(scoped ref ReadOnlySpan<char> line)
    {
        line = line.TrimStart(" \t");
        int end = line.IndexOfAny(' ', '\t');
        ReadOnlySpan<char> field = end < 0 ? line : line[..end];
        line = end < 0 ? default : line[end..];
        return field;
    }
}

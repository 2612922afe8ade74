using System.Globalization;

namespace EpcActors.Imports.Reading;

/// <summary>Sizes as the files of enclaves and virtual machines write them; all units are powers of 1024.</summary>
internal static class ByteSize
{
    /// <summary>More than any file may mean: 4 TiB.</summary>
    public const long Most = 1L << 42;

    private const string Letters = "KMGT";

    /// <summary>A number with an optional letter K, M, G or T behind it, in either case: Gramine, QEMU.</summary>
    public static bool TryParseLetter(string text, out long bytes) =>
        TryParse(text.ToUpperInvariant(), withB: false, out bytes);

    /// <summary>A number with B, KB, MB, GB or TB behind it: Occlum.</summary>
    public static bool TryParseWithB(string text, out long bytes) =>
        TryParse(text.ToUpperInvariant(), withB: true, out bytes);

    /// <summary>A decimal number, or a hexadecimal one behind 0x: the SGX SDK.</summary>
    public static bool TryParseNumber(string text, out long value)
    {
        text = text.Trim();
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return long.TryParse(
                isHex ? text[2..] : text,
                isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
                CultureInfo.InvariantCulture,
                out value)
            && value is >= 0 and <= Most;
    }

    private static bool TryParse(string text, bool withB, out long bytes)
    {
        bytes = 0;
        if (withB)
        {
            if (!text.EndsWith('B'))
            {
                return false;
            }

            text = text[..^1];
        }

        int power = text.Length == 0 ? -1 : Letters.IndexOf(text[^1], StringComparison.Ordinal);
        string digits = power < 0 ? text : text[..^1];
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return false;
        }

        int shift = 10 * (power + 1);
        if (number > Most >> shift)
        {
            return false;
        }

        bytes = number << shift;
        return true;
    }
}

using System.Globalization;

namespace EpcActors.Results.Text;

/// <summary>A number with its noun, as messages for people have it.</summary>
public static class Counted
{
    /// <summary><c>1 page</c>, <c>2 pages</c>, <c>3 processes</c>, <c>4 leaves</c>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="noun">In the singular.</param>
    /// <param name="format">Of the number: digits alone, or <c>N0</c> with commas.</param>
    public static string Of(long count, string noun, string? format = null)
    {
        ArgumentNullException.ThrowIfNull(noun);
        return $"{count.ToString(format, CultureInfo.InvariantCulture)} {(count == 1 ? noun : Plural(noun))}";
    }

    /// <summary>The plural of a noun of this field.</summary>
    public static string Plural(string noun)
    {
        ArgumentNullException.ThrowIfNull(noun);
        return noun == "leaf" ? "leaves"
            : noun.EndsWith('y') ? $"{noun[..^1]}ies"
            : noun.EndsWith('s') || noun.EndsWith("ch", StringComparison.Ordinal) ? $"{noun}es"
            : $"{noun}s";
    }
}

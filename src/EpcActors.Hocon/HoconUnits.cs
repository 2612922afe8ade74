using System.Diagnostics.CodeAnalysis;
using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon;

/// <summary>A span of the calendar. Weeks are seven days; months and years are kept, as their lengths vary.</summary>
public readonly record struct HoconPeriod(int Years, int Months, int Days);

/// <summary>
/// Numbers with units (section "Units format"): optional white space around and between a number and a unit name of
/// letters. The arithmetic is exact; parts of the smallest unit are cut off.
/// </summary>
public static class HoconUnits
{
    private const string DurationHint = "ns, us, ms, s, m, h or d (or their long names)";
    private const string SizeHint =
        "B, kB, MB, GB … for powers of 1000, or K, KiB, M, MiB, G, GiB … for powers of 1024";
    private const string PeriodHint = "d, w, mo (or m), y (or their long names)";

    private static readonly string[] DecimalNames = ["kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta"];
    private static readonly string[] BinaryNames = ["kibi", "mebi", "gibi", "tebi", "pebi", "exbi", "zebi", "yobi"];

    /// <summary>A duration; a bare number is in milliseconds. Fractions and negative values are allowed.</summary>
    public static bool TryParseDuration(string text, out long nanoseconds, [NotNullWhen(false)] out string? error)
    {
        nanoseconds = 0;
        if (!TrySplit(text, "duration", out decimal number, out string unit, out error))
        {
            return false;
        }

        decimal? scale = unit switch
        {
            "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => 1m,
            "us" or "micro" or "micros" or "microsecond" or "microseconds" => 1_000m,
            "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => 1_000_000m,
            "s" or "second" or "seconds" => 1_000_000_000m,
            "m" or "minute" or "minutes" => 60_000_000_000m,
            "h" or "hour" or "hours" => 3_600_000_000_000m,
            "d" or "day" or "days" => 86_400_000_000_000m,
            _ => null,
        };
        return TryScale(text, "duration", number, unit, scale, DurationHint, out nanoseconds, out error);
    }

    /// <summary>
    /// A size in bytes; a bare number is in bytes. Fractions are allowed, negative values are not, and neither is what
    /// exceeds 63 bits.
    /// </summary>
    public static bool TryParseSize(string text, out long bytes, [NotNullWhen(false)] out string? error)
    {
        bytes = 0;
        if (!TrySplit(text, "size", out decimal number, out string unit, out error))
        {
            return false;
        }

        if (number < 0)
        {
            error = $"the size '{text}' is negative";
            return false;
        }

        return TryScale(text, "size", number, unit, SizeScale(unit), SizeHint, out bytes, out error);
    }

    /// <summary>A calendar period; a bare number is in days. Whole numbers only.</summary>
    public static bool TryParsePeriod(string text, out HoconPeriod period, [NotNullWhen(false)] out string? error)
    {
        period = default;
        if (!TrySplit(text, "period", out decimal number, out string unit, out error))
        {
            return false;
        }

        decimal scale = unit is "w" or "week" or "weeks" ? 7 : 1;
        if (number != decimal.Truncate(number) || number * scale is < int.MinValue or > int.MaxValue)
        {
            error = $"the period '{text}' is not a whole number of 32 bits";
            return false;
        }

        int count = (int)(number * scale);
        HoconPeriod? result = unit switch
        {
            "" or "d" or "day" or "days" or "w" or "week" or "weeks" => new HoconPeriod(0, 0, count),
            "m" or "mo" or "month" or "months" => new HoconPeriod(0, count, 0),
            "y" or "year" or "years" => new HoconPeriod(count, 0, 0),
            _ => null,
        };
        if (result is null)
        {
            error = UnknownUnit(text, "period", unit, PeriodHint);
            return false;
        }

        period = result.Value;
        return true;
    }

    private static decimal? SizeScale(string unit)
    {
        if (unit is "" or "B" or "b" or "byte" or "bytes")
        {
            return 1m;
        }

        decimal thousands = 1m;
        decimal binary = 1m;
        for (int i = 0; i < DecimalNames.Length; i++)
        {
            thousands *= 1000m;
            binary *= 1024m;
            char letter = "KMGTPEZY"[i];
            string two = i == 0 ? "kB" : letter + "B";
            if (unit == two || IsName(unit, DecimalNames[i]))
            {
                return thousands;
            }

            if (unit == letter.ToString() || unit == char.ToLowerInvariant(letter).ToString()
                || unit == letter + "i" || unit == letter + "iB" || IsName(unit, BinaryNames[i]))
            {
                return binary;
            }
        }

        return null;
    }

    private static bool IsName(string unit, string prefix) => unit == prefix + "byte" || unit == prefix + "bytes";

    private static bool TrySplit(
        string text,
        string what,
        out decimal number,
        out string unit,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = HoconCharacters.Trim(text);
        int unitStart = trimmed.Length;
        while (unitStart > 0 && char.IsLetter(trimmed[unitStart - 1]))
        {
            unitStart--;
        }

        unit = trimmed[unitStart..];
        string digits = HoconCharacters.Trim(trimmed[..unitStart]);
        number = 0;
        error = null;
        if (digits.Length == 0)
        {
            error = $"the {what} '{text}' has no number";
        }
        else if (!NumberText.IsJsonNumber(digits))
        {
            error = $"the {what} '{text}' does not start with a number: '{digits}' is not one";
        }
        else if (!NumberText.TryDecimal(digits, out number))
        {
            error = $"the {what} '{text}' is out of range";
        }

        return error is null;
    }

    private static bool TryScale(
        string text,
        string what,
        decimal number,
        string unit,
        decimal? scale,
        string hint,
        out long value,
        [NotNullWhen(false)] out string? error)
    {
        value = 0;
        error = null;
        if (scale is not { } factor)
        {
            error = UnknownUnit(text, what, unit, hint);
            return false;
        }

        // Compared before multiplying: a decimal ends at 28 digits. The scaled limit is only a coarse bound.
        if (Math.Abs(number) <= long.MaxValue / factor + 1)
        {
            decimal scaled = decimal.Truncate(number * factor);
            if (scaled is >= long.MinValue and <= long.MaxValue)
            {
                value = (long)scaled;
                return true;
            }
        }

        error = $"the {what} '{text}' does not fit 64 bits";
        return false;
    }

    private static string UnknownUnit(string text, string what, string unit, string hint) =>
        $"the {what} '{text}' has the unknown unit '{unit}'; write {hint}";
}

using System.Globalization;

namespace EpcActors.Hocon;

/// <summary>
/// Typed reading, with the conversions of section "Automatic type conversions" and no others: between strings, numbers
/// and booleans, and from an object with numeric keys to an array. Null converts to nothing. A value that does not
/// convert is a <see cref="HoconException"/> with the value's origin.
/// </summary>
public static class HoconConversions
{
    /// <summary>A string; a number as it was written; a boolean as <c>true</c> or <c>false</c>.</summary>
    public static string AsString(this HoconValue value) => value switch
    {
        HoconString s => s.Value,
        HoconNumber n => n.Text,
        HoconBoolean b => b.Value ? "true" : "false",
        _ => throw Wrong(value, "a string"),
    };

    /// <summary>A whole number, also written as <c>1e3</c> or <c>5.0</c>, or a string with such a number.</summary>
    public static long AsInt64(this HoconValue value)
    {
        string text = NumberOf(value, "a whole number");
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
            return whole;
        }

        if (!NumberText.TryDecimal(text, out decimal number))
        {
            throw Wrong(value, "a whole number of 64 bits");
        }

        if (number != decimal.Truncate(number))
        {
            throw Wrong(value, "a whole number");
        }

        return number is >= long.MinValue and <= long.MaxValue
            ? (long)number
            : throw Wrong(value, "a whole number of 64 bits");
    }

    /// <summary>A number, or a string with a number; an error when it is too large for a double.</summary>
    public static double AsDouble(this HoconValue value)
    {
        double number = NumberText.ToDouble(NumberOf(value, "a number"));
        return double.IsFinite(number) ? number : throw Wrong(value, "a number within the range of a double");
    }

    /// <summary>A boolean, or one of the strings true, yes, on, false, no, off.</summary>
    public static bool AsBoolean(this HoconValue value) => value switch
    {
        HoconBoolean b => b.Value,
        HoconString { Value: "true" or "yes" or "on" } => true,
        HoconString { Value: "false" or "no" or "off" } => false,
        _ => throw Wrong(value, "true or false (or yes, no, on, off)"),
    };

    /// <summary>A duration in nanoseconds: a string such as <c>10 ms</c>, or a number of milliseconds.</summary>
    public static long AsDurationNs(this HoconValue value) =>
        HoconUnits.TryParseDuration(
            UnitTextOf(value, "a duration such as 10 ms"),
            out long nanoseconds,
            out string? error)
            ? nanoseconds
            : throw new HoconException(value.Origin, error);

    /// <summary>A size in bytes: a string such as <c>512 KiB</c>, or a number of bytes.</summary>
    public static long AsSizeBytes(this HoconValue value) =>
        HoconUnits.TryParseSize(UnitTextOf(value, "a size such as 512 KiB"), out long bytes, out string? error)
            ? bytes
            : throw new HoconException(value.Origin, error);

    /// <summary>A calendar period: a string such as <c>2 weeks</c>, or a number of days.</summary>
    public static HoconPeriod AsPeriod(this HoconValue value) =>
        HoconUnits.TryParsePeriod(
            UnitTextOf(value, "a period such as 2 weeks"),
            out HoconPeriod period,
            out string? error)
            ? period
            : throw new HoconException(value.Origin, error);

    /// <summary>
    /// An array, or an object with at least one key that is a whole number: its values in the order of those keys,
    /// gaps closed, other keys ignored.
    /// </summary>
    public static HoconArray AsArray(this HoconValue value)
    {
        if (value is HoconArray array)
        {
            return array;
        }

        if (value is HoconObject o)
        {
            List<(int Index, HoconValue Value)> items = [];
            foreach (KeyValuePair<string, HoconValue> field in o)
            {
                if (int.TryParse(field.Key, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
                {
                    items.Add((index, field.Value));
                }
            }

            if (items.Count > 0)
            {
                return new HoconArray(o.Origin, [.. items.OrderBy(item => item.Index).Select(item => item.Value)]);
            }
        }

        throw Wrong(value, "an array");
    }

    /// <summary>An object; nothing converts to one.</summary>
    public static HoconObject AsObject(this HoconValue value) =>
        value as HoconObject ?? throw Wrong(value, "an object");

    private static string NumberOf(HoconValue value, string expected) => value switch
    {
        HoconNumber n => n.Text,
        HoconString s when NumberText.IsJsonNumber(s.Value) => s.Value,
        _ => throw Wrong(value, expected),
    };

    private static string UnitTextOf(HoconValue value, string expected) => value switch
    {
        HoconNumber n => n.Text,
        HoconString s => s.Value,
        _ => throw Wrong(value, expected),
    };

    private static HoconException Wrong(HoconValue value, string expected)
    {
        ArgumentNullException.ThrowIfNull(value);
        string found = value switch
        {
            HoconString s => $"the string {HoconRenderer.Quote(s.Value.Length <= 60 ? s.Value : s.Value[..60] + "…")}",
            HoconNumber n => $"the number {n.Text}",
            HoconBoolean b => b.Value ? "true" : "false",
            HoconNull => "null",
            HoconArray => "an array",
            _ => "an object",
        };
        return new HoconException(value.Origin, $"found {found}; expected {expected}");
    }
}

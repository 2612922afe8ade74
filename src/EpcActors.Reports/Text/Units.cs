using System.Globalization;

namespace EpcActors.Reports;

/// <summary>
/// Numbers as people read them: <c>63.2 MiB</c>, <c>1 234 567</c>, <c>12.4 µs</c>. Culture plays no part, so that two
/// reports of one run are equal on every machine.
/// </summary>
public static class Units
{
    /// <summary>Size of an EPC page, bytes.</summary>
    public const long PageBytes = 4096;

    private static readonly string[] ByteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    private static readonly string[] RateUnits = ["", "k", "M", "G", "T"];

    private static readonly (double Ns, string Name)[] TimeUnits = [(1e3, "µs"), (1e6, "ms"), (1e9, "s")];

    /// <summary>Bytes with a binary prefix and one decimal: <c>512 B</c>, <c>93.5 MiB</c>.</summary>
    public static string Bytes(long bytes) => Bytes(bytes, "0.0");

    /// <summary>
    /// As <see cref="Bytes(long)"/>, without a needless <c>.0</c>: for axes and limits (<c>64 MiB</c>).
    /// </summary>
    public static string BytesShort(long bytes) => Bytes(bytes, "0.#");

    /// <summary>
    /// A limit of a misc or memory file: bytes, or <c>max</c> for null. A limit that is not a whole number of pages is
    /// written out to the byte, as in misc.max.
    /// </summary>
    public static string Limit(long? bytes) =>
        bytes is not { } limit ? "max" : limit % PageBytes == 0 ? Bytes(limit) : $"{Count(limit)} B";

    /// <summary>Pages and the bytes they make: <c>23 936 pages (93.5 MiB)</c>.</summary>
    public static string Pages(long pages) =>
        Count(pages) + (pages == 1 ? " page (" : " pages (") + Bytes(pages * PageBytes) + ")";

    /// <summary>A whole number in groups of three digits: <c>1 234 567</c>.</summary>
    public static string Count(long count)
    {
        string digits = count.ToString(CultureInfo.InvariantCulture);
        int sign = count < 0 ? 1 : 0;
        int groups = (digits.Length - sign - 1) / 3;
        if (groups == 0)
        {
            return digits;
        }

        return string.Create(digits.Length + groups, digits, static (span, text) =>
        {
            int to = span.Length;
            int run = 0;
            for (int from = text.Length - 1; from >= 0; from--)
            {
                if (run == 3 && text[from] != '-')
                {
                    span[--to] = ' ';
                    run = 0;
                }

                span[--to] = text[from];
                run++;
            }
        });
    }

    /// <summary>
    /// A duration with three significant digits: <c>850 ns</c>, <c>12.4 µs</c>, <c>1.25 s</c>; from 1000 seconds on
    /// <c>16 min 40 s</c>, and from an hour on <c>2 h 46 min</c>.
    /// </summary>
    public static string Duration(long ns)
    {
        if (ns < 0)
        {
            // The one value without a positive twin would recurse for ever.
            return "-" + Duration(ns == long.MinValue ? long.MaxValue : -ns);
        }

        if (ns < 1000)
        {
            return ns.ToString(CultureInfo.InvariantCulture) + " ns";
        }

        foreach ((double unitNs, string name) in TimeUnits)
        {
            double value = ns / unitNs;
            // 999.6 would be printed as 1000: the next unit says it better.
            if (value < 999.5)
            {
                return Significant(value) + " " + name;
            }
        }

        long seconds = (long)Math.Round(ns / 1e9);
        return seconds < 3600
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60} min {seconds % 60:00} s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600} h {seconds % 3600 / 60:00} min");
    }

    /// <summary>A latency quantile: as <see cref="Duration"/>, or a dash when nothing was measured.</summary>
    public static string Latency(long ns, long count) => count == 0 ? "-" : Duration(ns);

    /// <summary>A share of one as percentage: <c>41.2 %</c>; what is not nought is never shown as nought.</summary>
    public static string Percent(double share)
    {
        double percent = share * 100;
        if (!double.IsFinite(percent))
        {
            return "-";
        }

        return percent switch
        {
            > 0 and < 0.05 => "<0.1 %",
            < 0 and > -0.05 => ">-0.1 %",
            _ => percent.ToString("0.0", CultureInfo.InvariantCulture) + " %",
        };
    }

    /// <summary>
    /// A change against a base: <c>+12.5 %</c>, <c>-3.0 %</c>; tenfold and more as a factor: <c>×25.0</c>, from a
    /// thousandfold on <c>&gt;×1000</c>; <c>=</c>
    /// for none and a dash where the base is nought.
    /// </summary>
    public static string Change(double from, double to)
    {
        if (from == 0 || !double.IsFinite(from) || !double.IsFinite(to))
        {
            return to.Equals(from) ? "=" : "-";
        }

        double ratio = to / from;
        if (ratio >= 10)
        {
            return ratio < 1000 ? "×" + Significant(ratio) : ">×1000";
        }

        double percent = (ratio - 1) * 100;
        return percent == 0 ? "="
            : Math.Abs(percent) < 0.05 ? "≈"
            : percent.ToString("+0.0;-0.0", CultureInfo.InvariantCulture) + " %";
    }

    /// <summary>A slowdown: <c>3.25×</c>, or a dash when it was not measured.</summary>
    public static string Slowdown(double? factor) =>
        factor is { } value && double.IsFinite(value) ? Significant(value, 2) + "×" : "-";

    /// <summary>Events per second: <c>845/s</c>, <c>12.4 k/s</c>.</summary>
    public static string Rate(double perSecond) => SiPrefixed(perSecond) + "/s";

    /// <summary>A number with a decimal prefix: <c>845</c>, <c>12.4 k</c>, <c>1.2 M</c>.</summary>
    public static string SiPrefixed(double number)
    {
        if (!double.IsFinite(number))
        {
            return "-";
        }

        string sign = number < 0 ? "-" : "";
        double value = Math.Abs(number);
        int unit = 0;
        while (value >= 999.5 && unit < RateUnits.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return unit == 0
            ? sign + (value == Math.Floor(value)
                ? value.ToString("0", CultureInfo.InvariantCulture)
                : Significant(value))
            : sign + Significant(value) + " " + RateUnits[unit];
    }

    /// <summary>For terminals and fonts that know ASCII only.</summary>
    public static string ToAscii(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Replace('µ', 'u').Replace('×', 'x').Replace('…', '~').Replace('≈', '~').Replace('·', '|')
            .Replace("✓", "ok", StringComparison.Ordinal).Replace("✗", "NO", StringComparison.Ordinal);
    }

    private static string Bytes(long bytes, string format)
    {
        double value = Math.Abs((double)bytes);
        string sign = bytes < 0 ? "-" : "";
        int unit = 0;
        // 1023.96 KiB would be printed as 1024.0 KiB.
        while (unit < ByteUnits.Length - 1 && (unit == 0 ? value >= 1024 : value >= 1023.95))
        {
            value /= 1024;
            unit++;
        }

        return sign + value.ToString(unit == 0 ? "0" : format, CultureInfo.InvariantCulture) + " " + ByteUnits[unit];
    }

    private static string Significant(double value, int leastDecimals = 0)
    {
        string format = value switch
        {
            < 9.995 => "0.00",
            < 99.95 => leastDecimals == 2 ? "0.00" : "0.0",
            _ => "0",
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}

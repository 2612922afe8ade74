using System.Globalization;

namespace EpcActors.Cli.Commands;

/// <summary>Times and clocks of measurements on the command line.</summary>
internal static class MeasuredTime
{
    private static readonly (string Name, double Ns)[] Units =
        [("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9)];

    /// <summary>Nanoseconds of a time such as <c>12us</c>, <c>12 us</c> or <c>34000 cycles</c>.</summary>
    /// <param name="option">For messages.</param>
    /// <param name="text">The time.</param>
    /// <param name="clockMhz">Clock for cycles; null when it is not known.</param>
    /// <exception cref="CommandException">It is none, or not above 0.</exception>
    public static double Parse(string option, string text, int? clockMhz)
    {
        (double number, string unit) = Split(option, text, "write for example 90ns, 12us or 34000cycles");
        if (number <= 0)
        {
            throw CommandException.Usage($"{option} {text}: a time is above 0");
        }

        if (unit is "cycles" or "cycle")
        {
            return clockMhz is { } clock
                ? number * 1000 / clock
                : throw CommandException.Usage(
                    $"{option} {text}: cycles of which clock? Add it: --clock 2.4GHz, or give a time");
        }

        foreach ((string name, double ns) in Units)
        {
            if (name == unit)
            {
                return number * ns;
            }
        }

        throw CommandException.Usage(unit.Length == 0
            ? $"{option} {text}: no unit; write {text}ns or {text}us"
            : $"{option} {text}: '{unit}' is not a unit of time; ns, us, ms, s or cycles");
    }

    /// <summary>MHz of a clock such as <c>2.4GHz</c>.</summary>
    /// <exception cref="CommandException">It is none, or below 100 MHz or above 10 GHz.</exception>
    public static int Clock(string text)
    {
        (double number, string unit) = Split("--clock", text, "write for example 2.4GHz or 2400MHz");
        double mhz = unit.ToUpperInvariant() switch
        {
            "GHZ" => number * 1000,
            "MHZ" => number,
            _ => throw CommandException.Usage($"--clock {text}: write for example 2.4GHz or 2400MHz"),
        };
        return mhz is >= 100 and <= 10_000
            ? (int)Math.Round(mhz)
            : throw CommandException.Usage($"--clock {text}: a clock is between 100 MHz and 10 GHz");
    }

    /// <summary>Three digits and a unit.</summary>
    public static string Text(double ns)
    {
        (double value, string unit) = ns switch
        {
            < 999.5 => (ns, "ns"),
            < 999.5e3 => (ns / 1e3, "us"),
            < 999.5e6 => (ns / 1e6, "ms"),
            _ => (ns / 1e9, "s"),
        };
        string format = value switch
        {
            < 9.995 => "0.00",
            < 99.95 => "0.0",
            _ => "0",
        };
        return value.ToString(format, CultureInfo.InvariantCulture) + " " + unit;
    }

    private static (double Number, string Unit) Split(string option, string text, string remedy)
    {
        string trimmed = text.Trim();
        int end = 0;
        while (end < trimmed.Length && (char.IsAsciiDigit(trimmed[end]) || trimmed[end] is '.' or '-' or '+'))
        {
            end++;
        }

        return double.TryParse(
            trimmed[..end],
            NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out double number)
            ? (number, trimmed[end..].Trim())
            : throw CommandException.Usage($"{option} {text}: it begins with no number; {remedy}");
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <content>What to write instead. A remedy is a text that this very setting would take, and never the one it
/// refused.</content>
internal sealed partial class Setting
{
    private const string LongestDuration = "the longest duration is 2562047 h, 292 years";
    private const string LargestSize = "the largest size is 8388607 TiB";

    [GeneratedRegex(@"^(?:\s*(?<number>\d+)\s*(?<unit>d|h|min|m|s|ms))+\s*$", RegexOptions.ExplicitCapture)]
    private static partial Regex CompoundDuration { get; }

    private static string DurationRemedy(string text, string unit)
    {
        if (CompoundDuration.Match(text) is { Success: true } parts && parts.Groups["unit"].Captures.Count > 1)
        {
            return $"write one number and one unit: '{Compound(parts)}'";
        }

        return MeantUnit(text, DurationUnits, static meant =>
            IsCount(meant, "cycle") || HoconUnits.TryParseDuration(meant, out _, out _))
            ?? (
                IsTooLarge(text, DurationUnits)
                    ? LongestDuration
                    : $"write for example 10 {unit} (units: ns, us, ms, s, m, h, cycles)");
    }

    private static string SizeRemedy(string text, string example) =>
        MeantUnit(text, SizeUnits, static meant =>
            IsCount(meant, "page") || HoconUnits.TryParseSize(meant, out _, out _))
        ?? (
            IsTooLarge(text, SizeUnits)
                ? LargestSize
                : $"write for example {example} (units: KiB, MiB, GiB, TiB, pages, % of the machine's EPC)");

    /// <summary>The same quantity as it is written here: with a digit before the point, and the unit's own capitals;
    /// null when that is not taken either.</summary>
    private static string? MeantUnit(string text, string[] units, Func<string, bool> isTaken)
    {
        (string number, string unit) = Split(text);
        string? meant = Array.Find(units, known => known.Equals(unit, StringComparison.OrdinalIgnoreCase));
        if (meant is null || number.Length == 0)
        {
            return null;
        }

        string whole =
            number.StartsWith('.') ? $"0{number}"
            : number.EndsWith('.') ? number[..^1]
            : number.TrimStart('+');
        string better = $"{whole} {meant}";
        return better != text && better != $"{number} {unit}" && isTaken(better) ? $"write '{better}'" : null;
    }

    /// <summary>Units that HOCON does not have: whole pages, and cycles.</summary>
    private static bool IsCount(string text, string unit)
    {
        (string number, string own) = Split(text);
        return own.TrimEnd('s') == unit && number.Length is > 0 and < 16 && number.All(char.IsAsciiDigit);
    }

    private static bool IsTooLarge(string text, string[] units)
    {
        (string number, string unit) = Split(text);
        return Array.Exists(units, known => known.Equals(unit, StringComparison.OrdinalIgnoreCase))
            && double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && value > 1_000_000;
    }

    private static (string Number, string Unit) Split(string text)
    {
        int end = text.Length;
        while (end > 0 && char.IsLetter(text[end - 1]))
        {
            end--;
        }

        return (text[..end].Trim(), text[end..]);
    }

    private static string Compound(Match parts)
    {
        long milliseconds = 0;
        for (int i = 0; i < parts.Groups["unit"].Captures.Count; i++)
        {
            long factor = parts.Groups["unit"].Captures[i].Value switch
            {
                "d" => 86_400_000,
                "h" => 3_600_000,
                "min" or "m" => 60_000,
                "s" => 1000,
                _ => 1,
            };
            _ = long.TryParse(
                parts.Groups["number"].Captures[i].ValueSpan,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out long number);
            milliseconds = unchecked(milliseconds + (number * factor));
        }

        return milliseconds % 60_000 == 0 ? $"{Number(milliseconds / 60_000)} m"
            : milliseconds % 1000 == 0 ? $"{Number(milliseconds / 1000)} s"
            : $"{Number(milliseconds)} ms";
    }
}

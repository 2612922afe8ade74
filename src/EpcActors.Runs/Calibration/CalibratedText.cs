using System.Globalization;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Runs.Calibration;

/// <summary>
/// The adjusted profile as a file: the profile that it began with, and the costs that were multiplied.
/// </summary>
internal static class CalibratedText
{
    public static string Write(CalibrationResult result, CostProfile before, bool hasClock, string command)
    {
        List<string> lines =
        [
            "# Costs of one machine, made by",
            $"#   {command}",
            "#",
            "# What is not here is as in the profile: no measurement says anything of it.",
            "",
            $"include required({Quoted(Include(result.Profile))})",
            "",
            $"title = {Quoted($"{Name(result.Profile)}, calibrated")}",
        ];
        if (hasClock)
        {
            lines.AddRange(["", "# From --clock.", $"clock = {before.ClockMhz} MHz"]);
        }

        foreach (CalibratedMeasurement one in result.Measurements)
        {
            string why = one.Costs.Count == 1 ? "" : "s, as how a fault divides is not measured";
            lines.AddRange(
            [
                "",
                $"# From --{one.Name} {Time(one.MeasuredNs)}: {one.What}.",
                $"# The model took {Time(one.ProfileNs)} and takes {Time(one.AdjustedNs)} now: {Times(one.Factor)} the "
                    + $"profile's cost{why}.",
            ]);
            lines.AddRange(one.Costs.Select(cost => $"{cost.Key} = {cost.After} # {cost.Before}, from --{one.Name}"));
        }

        return string.Join('\n', lines) + "\n";
    }

    /// <summary>A time with three digits and its unit, as the command line takes it.</summary>
    public static string Time(double ns)
    {
        (double value, string unit) = ns switch
        {
            < 999.5 => (ns, "ns"),
            < 999.5e3 => (ns / 1e3, "us"),
            < 999.5e6 => (ns / 1e6, "ms"),
            _ => (ns / 1e9, "s"),
        };
        return $"{Digits(value)} {unit}";
    }

    /// <summary><c>1.4 times</c>; below one a share, <c>0.71 times</c>.</summary>
    public static string Times(double factor) => $"{Digits(factor)} times";

    private static string Digits(double value) => value.ToString(
        value switch
        {
            < 9.995 => "0.##",
            < 99.95 => "0.#",
            _ => "0",
        },
        CultureInfo.InvariantCulture);

    private static string Include(string profile) =>
        IsFile(profile) ? profile : BuiltInFiles.FileName("costs", profile);

    private static string Name(string profile) => IsFile(profile) ? Path.GetFileNameWithoutExtension(profile) : profile;

    private static bool IsFile(string profile) => profile.EndsWith(".conf", StringComparison.Ordinal);

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EpcActors.Benchmarks;

/// <summary>
/// Whole commands as users give them: <c>epc run FILE</c> in a process of its own, start, compilation, report and end
/// included. Prints the median of the runs; the files alternate, so that a machine whose speed drifts treats them
/// alike.
/// </summary>
internal static class CommandSpeed
{
    private static readonly string[] Files =
    [
        "tests/EpcActors.Benchmarks/one-enclave.conf",
        "tests/EpcActors.Benchmarks/hundred-pods.conf",
        "config/quickstart.conf",
    ];

    /// <summary><c>commands [REPEATS] [options for epc run …]</c>.</summary>
    public static int Run(string[] args)
    {
        bool hasNumber =
            args.Length > 0 && int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        int repeats = hasNumber ? Math.Max(1, int.Parse(args[0], CultureInfo.InvariantCulture)) : 3;
        string[] more = [.. args.Skip(hasNumber ? 1 : 0)];
        Dictionary<string, List<Figures>> runs = Files.ToDictionary(file => file, _ => new List<Figures>());
        for (int i = 0; i < repeats; i++)
        {
            foreach (string file in Files)
            {
                runs[file].Add(Measure(file, more));
            }
        }

        Console.WriteLine("| file | steps | seconds (lowest to highest) | M steps/s | faults with reload/s |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach ((string file, List<Figures> all) in runs)
        {
            all.Sort((left, right) => left.Seconds.CompareTo(right.Seconds));
            Figures median = all[all.Count / 2];
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {file} | {median.Steps} | {median.Seconds:0.0} ({all[0].Seconds:0.0} to {all[^1].Seconds:0.0}) "
                        + $"| {median.Steps / median.Seconds / 1e6:0.0} | {median.Reloads / median.Seconds:0} |"));
        }

        return 0;
    }

    private static Figures Measure(string file, string[] more)
    {
        long started = Stopwatch.GetTimestamp();
        using JsonDocument report = ClusterSpeed.Execute(
            ClusterSpeed.FindEpc(), ["run", Path.Combine(ClusterSpeed.FindRoot(), file), "--no-slowdown", .. more]);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        JsonElement root = report.RootElement;
        return new Figures(
            root.GetProperty("steps").GetInt64(),
            seconds,
            root.GetProperty("cgroups")[0].GetProperty("reloads").GetInt64());
    }

    private sealed record Figures(long Steps, double Seconds, long Reloads);
}

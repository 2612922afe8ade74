using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// size.csv: a row per simulated limit of each cgroup. The slowdown of a limit at which an enclave dies is empty, and
/// <c>death</c> says why.
/// </summary>
public static class SizingCsv
{
    /// <summary>Writes the header and the rows.</summary>
    public static void Write(TextWriter writer, SizingReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        CsvReport.WriteRow(writer,
        [
            "cgroup", "limit_pages", "limit_bytes", "seed", "slowdown", "speed", "miss_ratio", "lru_miss_ratio",
            "backing_pages", "fault_p50_ns", "fault_p99_ns", "step_p50_ns", "step_p99_ns", "met", "death",
        ]);
        foreach (CgroupSizing one in report.Cgroups)
        {
            foreach (SizePoint point in one.Points)
            {
                CsvReport.WriteRow(writer,
                [
                    one.Path, Text(point.LimitPages), Text(point.LimitPages * Units.PageBytes),
                    point.Seed.ToString(CultureInfo.InvariantCulture), Text(point.Slowdown),
                    Text(point.Slowdown is { } slowdown ? 1 / slowdown : null), Text(point.MissRatio),
                    Text(SizingCurves.LruAt(one, point.LimitPages)), Text(point.BackingPages),
                    Text(point.FaultP50Ns), Text(point.FaultP99Ns), Text(point.StepP50Ns), Text(point.StepP99Ns),
                    point.IsMet ? "1" : "0", point.Death,
                ]);
            }
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(double? number) => number?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";
}

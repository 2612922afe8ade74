using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// steps.csv: a row per step of each enclave with its time, accesses, faults and slowdown. Times are nanoseconds. A
/// slowdown that was not measured is empty.
/// </summary>
public static class StepsCsv
{
    /// <summary>Writes the header and one row per step.</summary>
    public static void Write(TextWriter writer, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        CsvReport.WriteRow(writer,
        [
            "enclave", "cgroup", "role", "number", "step", "what", "time_ns", "unfinished", "accesses", "faults",
            "fault_ns", "reloads", "slowdown",
        ]);
        foreach (EnclaveReport e in report.Enclaves)
        {
            foreach (StepReport s in e.Steps)
            {
                CsvReport.WriteRow(writer,
                [
                    e.Name, e.Cgroup, StepTexts.Key(s.Role), Text(s.Number), s.Name, s.Text, Text(s.TimeNs),
                    s.IsUnfinished ? "1" : "0", Text(s.Accesses), Text(s.Faults), Text(s.FaultNs), Text(s.Reloads),
                    s.Slowdown?.ToString("0.######", CultureInfo.InvariantCulture) ?? "",
                ]);
            }
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

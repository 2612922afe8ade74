using System.Collections.Concurrent;
using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace EpcActors.Benchmarks;

/// <summary>Work of one invocation of a benchmark, counted by the benchmark itself: steps, faults, bytes.</summary>
internal static class Work
{
    public static ConcurrentDictionary<(string Benchmark, string Unit), double> Done { get; } = new();

    /// <summary>Says how much of something the benchmark of this name does in one invocation.</summary>
    public static void Count(string benchmark, string unit, double amount) => Done[(benchmark, unit)] = amount;
}

/// <summary>
/// Amount per second, from the mean time of an invocation; or the plain amount for units that are no rate.
/// </summary>
internal sealed class WorkPerSecondColumn(string unit, bool isRate) : IColumn
{
    public string Id => "Work." + unit;

    public string ColumnName => isRate ? unit + "/s" : unit;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => isRate ? $"{unit} in one second of host time" : unit;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        string name = Key(benchmarkCase);
        if (!Work.Done.TryGetValue((name, unit), out double amount))
        {
            return "-";
        }

        if (!isRate)
        {
            return amount.ToString("0.##", CultureInfo.InvariantCulture);
        }

        double? meanNs = summary[benchmarkCase]?.ResultStatistics?.Mean;
        return meanNs is null
            ? "?"
            : (amount / meanNs.Value * 1e9 / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + " M";
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
        GetValue(summary, benchmarkCase);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public bool IsAvailable(Summary summary) => true;

    public static string Key(BenchmarkCase benchmarkCase) =>
        benchmarkCase.Descriptor.WorkloadMethod.Name
        + string.Concat(benchmarkCase.Parameters.Items.Select(item => "|" + item.Value));
}

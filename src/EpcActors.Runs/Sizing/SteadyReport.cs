using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// The report of a run, with the figures of its steady state in the place of those that load, first touches and warm-up
/// have a part in: what an expectation is compared with.
/// </summary>
internal static class SteadyReport
{
    /// <param name="scenario">What ran.</param>
    /// <param name="run">The run.</param>
    /// <param name="slowdowns">By enclave; empty when not measured.</param>
    public static RunReport Of(Scenario scenario, SteadyRun run, IReadOnlyList<double> slowdowns)
    {
        RunReport report = new ReportBuilder(scenario, run, run.End, Slowdowns.None(scenario)).Build("", 0);
        EnclaveFigures?[] figures = [.. Enumerable.Range(0, scenario.Enclaves.Count).Select(run.Of)];
        return report with
        {
            FaultLatency = Latency(Enumerable.Range(0, figures.Length)),
            Enclaves = [.. report.Enclaves.Select((one, i) => OfEnclave(one, figures[i], Slowdown(i)))],
            Cgroups = [.. report.Cgroups.Select(OfCgroup)],
        };

        double? Slowdown(int enclave) => enclave < slowdowns.Count ? slowdowns[enclave] : null;

        LatencyReport Latency(IEnumerable<int> enclaves)
        {
            LatencyHistogram sum = new();
            foreach (EnclaveFigures one in enclaves.Select(i => figures[i]).OfType<EnclaveFigures>())
            {
                sum.Add(one.Latencies);
            }

            return sum.ToReport();
        }

        CgroupReport OfCgroup(CgroupReport cgroup)
        {
            int[] below = [.. Enumerable.Range(0, figures.Length).Where(i => IsBelow(i, cgroup.Path))];
            return cgroup with
            {
                Faults = below.Sum(i => figures[i]?.Faults ?? 0),
                Reloads = below.Sum(i => figures[i]?.Reloads ?? 0),
                Accesses = below.Sum(i => figures[i]?.Accesses ?? 0),
                FaultLatency = Latency(below),
                Slowdown = below.Length == 0 || slowdowns.Count == 0 ? null : below.Average(i => slowdowns[i]),
            };
        }

        bool IsBelow(int enclave, string path)
        {
            string own = scenario.Cgroups[scenario.Enclaves[enclave].Cgroup].Path;
            return path == "/" || own == path || own.StartsWith(path + "/", StringComparison.Ordinal);
        }

        static EnclaveReport OfEnclave(EnclaveReport enclave, EnclaveFigures? figures, double? slowdown) => enclave with
        {
            Slowdown = slowdown,
            Faults = figures?.Faults ?? 0,
            Reloads = figures?.Reloads ?? 0,
            Accesses = figures?.Accesses ?? 0,
        };
    }
}

using EpcActors.Results;

namespace EpcActors.Runs.Sizing;

/// <summary>Figures of one cgroup at one limit with one seed.</summary>
internal sealed record PodMeasure
{
    /// <summary>
    /// Slowdown of the slowest enclave against the same without a limit; infinite when one died or hangs.
    /// </summary>
    public required double Slowdown { get; init; }

    /// <summary>Largest relative difference between the halves of what was measured, its sign kept.</summary>
    public double Drift { get; init; }

    /// <summary>Drift that the number of misses explains.</summary>
    public double DriftByChance { get; init; }

    public required SizePoint Point { get; init; }

    /// <summary>Costs by stage and enclave, for those that are measured against this one.</summary>
    public IReadOnlyList<EnclaveFigures?[]> Stages { get; init; } = [];

    /// <summary>Enclaves by their slowdowns, in the order of the pod; empty when one died.</summary>
    public IReadOnlyList<double> ByEnclave { get; init; } = [];
}

/// <summary>Sums of figures.</summary>
internal static class Figures
{
    /// <summary>Slowdown of an enclave over the stages: each step by its weight.</summary>
    public static double Slowdown(
        SteadyProgram program, IReadOnlyList<EnclaveFigures?[]> here, IReadOnlyList<EnclaveFigures?[]> there,
            int enclave)
    {
        double cost = 0;
        double free = 0;
        for (int stage = 0; stage < program.Stages; stage++)
        {
            if (here[stage][enclave] is not { } one || there[stage][enclave] is not { } other)
            {
                return double.PositiveInfinity;
            }

            double weight = program.IsSteady ? program.Weights[stage] : 1;
            cost += weight * one.Cost;
            free += weight * other.Cost;
        }

        return free > 0 ? cost / free : 1;
    }

    /// <summary>The point that figures of all enclaves and stages make.</summary>
    public static SizePoint Point(
        long limitPages, ulong seed, IReadOnlyList<EnclaveFigures?[]> stages, double? slowdown, long backingPages)
    {
        LatencyHistogram faults = new();
        long accesses = 0;
        long faulted = 0;
        long reloads = 0;
        long quietNs = 0;
        foreach (EnclaveFigures one in stages.SelectMany(stage => stage).OfType<EnclaveFigures>())
        {
            faults.Add(one.Latencies);
            accesses += one.Accesses;
            faulted += one.Faults;
            reloads += one.Reloads;
            quietNs += one.TimeNs - one.FaultNs;
        }

        long stepNs = accesses == 0 ? 0 : quietNs / accesses;
        return new SizePoint
        {
            LimitPages = limitPages,
            Seed = seed,
            Slowdown = slowdown,
            MissRatio = accesses == 0 ? 0 : (double)reloads / accesses,
            BackingPages = backingPages,
            FaultP50Ns = faults.Percentile(500),
            FaultP99Ns = faults.Percentile(990),
            StepP50Ns = Step(0.5),
            StepP99Ns = Step(0.99),
        };

        // A step without a fault takes its work and a touch; the slowest steps are those with the slowest faults.
        long Step(double quantile)
        {
            double withFault = accesses == 0 ? 0 : Math.Min(1, (double)faulted / accesses);
            double amongFaults = withFault <= 1 - quantile ? 0 : 1 - ((1 - quantile) / withFault);
            return stepNs + (amongFaults <= 0 ? 0 : faults.Percentile((int)Math.Ceiling(amongFaults * 1000)));
        }
    }
}

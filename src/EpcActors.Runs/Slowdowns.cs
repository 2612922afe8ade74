using EpcActors.Kernel.Cgroups;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>
/// Slowdown of each enclave against the same program alone, with enough EPC on its own socket: no other enclave, no
/// limit, no script, no page of another node. It shows the cost of neighbours, limits and remote EPC, but not the cost
/// of its own threads to one another.
/// </summary>
internal sealed class Slowdowns
{
    private readonly IReadOnlyList<StepSum>?[] _alone;

    private Slowdowns(IReadOnlyList<StepSum>?[] alone) => _alone = alone;

    public static Slowdowns None(Scenario scenario) => new(new IReadOnlyList<StepSum>?[scenario.Enclaves.Count]);

    /// <param name="alone">By enclave: its steps when it ran alone; null where that was not measured.</param>
    public static Slowdowns Of(IReadOnlyList<StepSum>?[] alone) => new(alone);

    /// <summary>The slowdown of one step of an enclave.</summary>
    public double? Of(int enclave, int step, StepSum sum) =>
        _alone[enclave] is { } alone && step < alone.Count ? sum.Slowdown(alone[step]) : null;

    /// <summary>
    /// The slowdown of an enclave, over its run and trace steps, or over all its steps when it has none of them.
    /// </summary>
    public double? Of(int enclave, IReadOnlyList<StepSum> steps)
    {
        if (_alone[enclave] is not { } alone)
        {
            return null;
        }

        bool hasMainWork = steps.Any(step => step.IsMainWork);

        // A run that ended in a warm-up has nothing better to tell.
        bool isMeasured = steps.Any(step => step.IsMainWork && step.Accesses > 0);
        double here = 0;
        double there = 0;
        for (int i = 0; i < steps.Count; i++)
        {
            bool counts = isMeasured ? steps[i].IsMainWork
                : hasMainWork ? steps[i].Role == StepRole.WarmUp
                : steps[i].Role == StepRole.Step
                && steps[i].Name != "pause";
            if (counts && steps[i].HasBegun && steps[i].TimeAlone(alone[i]) is { } time)
            {
                here += steps[i].ThreadNs;
                there += time;
            }
        }

        return there > 0 ? here / there : null;
    }

    /// <summary>The scenario of one enclave alone.</summary>
    /// <param name="scenario">The whole scenario.</param>
    /// <param name="enclave">Index of the enclave.</param>
    /// <param name="steps">Its steps there: work without an end is done as far as it came.</param>
    public static Scenario Alone(Scenario scenario, int enclave, IReadOnlyList<StepSum> steps)
    {
        EnclaveSpec spec = scenario.Enclaves[enclave];
        long pages = (long)spec.HeapPages + spec.CodePages;
        long wanted = 4096 + pages + (pages / 256) + 8;
        int cpus = spec.Node >= 0
            ? scenario.Machine.Nodes[spec.Node].Cpus
            : scenario.Machine.Nodes.Sum(node => node.Cpus);
        return scenario with
        {
            // One socket, so that nothing is remote; pages that no thread touches cost nothing.
            Machine = scenario.Machine with
            {
                Nodes = [new NodeSpec(cpus, [(int)Math.Min(wanted, (1L << 29) - 2)])],
                SanitisesAtBoot = false,
            },
            Cgroups = [new CgroupSpec("/", -1, Limit.Max, Limit.Max)],
            Enclaves =
            [
                spec with
                {
                    Number = spec.Number < 0 ? enclave : spec.Number,
                    Cgroup = 0,
                    Node = 0,
                    StartNs = 0,
                    Steps = [.. spec.Steps.Select((step, phase) => Bounded(step, phase, spec, steps))],
                },
            ],
            VirtualMachines = [],
            Script = [],
            Expectations = [],
            Run = scenario.Run with { TraceEvents = 0, MeasuresSlowdown = false, AuditEverySamples = 0 },
        };
    }

    private static StepSpec Bounded(StepSpec step, int phase, EnclaveSpec spec, IReadOnlyList<StepSum> steps)
    {
        if (step is not StepSpec.Pattern { Accesses: < 0 } pattern)
        {
            return step;
        }

        StepSum? sum = steps.FirstOrDefault(one => one.Role == StepRole.Step && one.Number == phase + 1);
        return pattern with { Accesses = Math.Max(1, (sum?.Accesses ?? 0) / Math.Max(1, spec.Threads)) };
    }
}

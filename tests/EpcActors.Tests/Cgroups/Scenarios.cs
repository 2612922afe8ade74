using EpcActors.Kernel;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Cgroups;

/// <summary>Scenarios made in code.</summary>
internal static class Scenarios
{
    public static Scenario Of(
        KernelSwitches switches,
        IReadOnlyList<int> sectionPages,
        IReadOnlyList<CgroupSpec> cgroups,
        IReadOnlyList<EnclaveSpec> enclaves,
        IReadOnlyList<ScriptAction> script,
        ulong seed = 1,
        int jitterPercent = 0,
        long durationNs = 2_000_000_000,
        long livenessNs = 20_000_000,
        IReadOnlyList<VirtualMachineSpec>? guests = null,
        int atomicNs = 20) => new()
        {
            File = "test",
            Kernel = "test",
            Switches = switches,
            SwitchList = [],
            Seed = seed,
            Machine = new MachineSpec { Name = "test", Nodes = [new NodeSpec(32, sectionPages)] },
            Costs = new CostProfile
            {
                Name = "test",
                ClockMhz = 1000,
                Cycles = Costs(atomicNs),
                RemotePercent = 100,
                MutexSpinCycles = 2000,
            },
            Cgroups = cgroups,
            Enclaves = enclaves,
            VirtualMachines = guests ?? [],
            Script = script,
            Run = new RunSpec
            {
                DurationNs = durationNs,
                SampleNs = 10_000_000,
                QuantumNs = 0,
                JitterPercent = jitterPercent,
                MeasuresSlowdown = false,
                TraceEvents = 0,
                LivenessWindowNs = livenessNs,
                AuditEverySamples = 1,
            },
        };

    /// <summary>Everything takes time, so that tasks interleave; nothing takes long, so that tests do not.</summary>
    private static int[] Costs(int atomicNs)
    {
        int[] cycles = new int[Activities.Count];
        Array.Fill(cycles, 200);
        cycles[(int)Activity.Atomic] = atomicNs;
        cycles[(int)Activity.SpinLock] = 40;
        cycles[(int)Activity.Schedule] = 1000;
        cycles[(int)Activity.MutexWait] = 0;
        cycles[(int)Activity.SpinWait] = 0;
        return cycles;
    }
}

using EpcActors.Actors.Tasks;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Lab.Runs;

/// <summary>How many times slower each enclave was than in the same scenario with enough EPC, no limits and no script.</summary>
internal sealed class Slowdowns
{
    private readonly double?[] _byEnclave;

    private Slowdowns(double?[] byEnclave) => _byEnclave = byEnclave;

    public double? Of(int enclave) => _byEnclave[enclave];

    public static Slowdowns None(Scenario scenario) => new(new double?[scenario.Enclaves.Count]);

    /// <summary>The scenario with EPC for every page that could ever be wanted, on the same nodes.</summary>
    public static Scenario Baseline(Scenario scenario)
    {
        long wanted = 4096;
        foreach (EnclaveSpec enclave in scenario.Enclaves)
        {
            long pages = (long)enclave.HeapPages + enclave.CodePages;
            wanted += pages + (pages / 256) + 8;
        }

        foreach (VirtualMachineSpec guest in scenario.VirtualMachines)
        {
            wanted += guest.Pages;
        }

        int owners = 0;
        foreach (NodeSpec node in scenario.Machine.Nodes)
        {
            owners += node.SectionPages.Count > 0 ? 1 : 0;
        }

        List<NodeSpec> nodes = [];
        foreach (NodeSpec node in scenario.Machine.Nodes)
        {
            // Each node gets all of it, so that nothing is remote for want of room; pages that nobody touches cost nothing.
            int share = (int)Math.Min(wanted, ((1L << 29) - 2) / owners);
            nodes.Add(node.SectionPages.Count == 0 ? node : node with { SectionPages = [share] });
        }

        List<CgroupSpec> cgroups = [];
        foreach (CgroupSpec cgroup in scenario.Cgroups)
        {
            cgroups.Add(cgroup with { MaxBytes = long.MaxValue, MemoryMaxBytes = long.MaxValue });
        }

        return scenario with
        {
            Machine = scenario.Machine with { Nodes = nodes, SanitisesAtBoot = false },
            Cgroups = cgroups,
            Script = [],
            Run = scenario.Run with { TraceEvents = 0, MeasuresSlowdown = false, AuditEverySamples = 0 },
        };
    }

    /// <summary>Virtual time per access, scenario over baseline, of enclaves that ran their program in both.</summary>
    public static Slowdowns Compare(Topology run, Topology baseline, long runEndNs, long baselineEndNs)
    {
        double?[] slowdowns = new double?[run.Enclaves.Count];
        for (int i = 0; i < slowdowns.Length; i++)
        {
            double? here = TimePerAccess(run.Enclaves[i].Threads, runEndNs);
            double? there = TimePerAccess(baseline.Enclaves[i].Threads, baselineEndNs);
            slowdowns[i] = here / there;
        }

        return new Slowdowns(slowdowns);
    }

    private static double? TimePerAccess(IReadOnlyList<EnclaveThread> threads, long runEndNs)
    {
        long accesses = 0;
        long ns = 0;
        foreach (EnclaveThread thread in threads)
        {
            if (thread.ProgramStartNs >= 0)
            {
                accesses += thread.Accesses;
                ns += (thread.ProgramEndNs >= 0 ? thread.ProgramEndNs : runEndNs) - thread.ProgramStartNs;
            }
        }

        return accesses == 0 || ns <= 0 ? null : (double)ns / accesses;
    }
}

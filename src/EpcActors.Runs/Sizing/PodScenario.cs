using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// The part of a scenario that one cgroup is: its enclaves and guests, the cgroups above and below it, and one socket
/// with more EPC than they need, so that nothing but limits makes them slower.
/// </summary>
internal sealed class PodScenario
{
    /// <summary>Free pages that keep ksgxd asleep.</summary>
    private const int FreePages = 4096;

    /// <summary>CPUs for ksgxd and a worker.</summary>
    public const int SpareCpus = 2;

    /// <summary>Longer than any run: what ends one is what it has shown.</summary>
    public const long Year = 31_536_000_000_000_000;

    private readonly Scenario _whole;
    private readonly IReadOnlyList<SteadyProgram> _programs;

    /// <param name="whole">The scenario.</param>
    /// <param name="cgroup">Index of the cgroup in it.</param>
    public PodScenario(Scenario whole, int cgroup)
    {
        _whole = whole;
        Cgroup = cgroup;
        Enclaves = [.. Enumerable.Range(0, whole.Enclaves.Count).Where(i => IsBelow(whole.Enclaves[i].Cgroup))];
        Guests = [.. Enumerable.Range(0, whole.VirtualMachines.Count)
            .Where(i => IsBelow(whole.VirtualMachines[i].Cgroup))];
        _programs = [.. Enclaves.Select(i => new SteadyProgram(whole.Enclaves[i]))];
    }

    public int Cgroup { get; }

    public string Path => _whole.Cgroups[Cgroup].Path;

    /// <summary>Indices of the enclaves in the whole scenario.</summary>
    public IReadOnlyList<int> Enclaves { get; }

    public IReadOnlyList<int> Guests { get; }

    public IReadOnlyList<EnclaveSpec> EnclaveSpecs => [.. Enclaves.Select(i => _whole.Enclaves[i])];

    public IReadOnlyList<VirtualMachineSpec> GuestSpecs => [.. Guests.Select(i => _whole.VirtualMachines[i])];

    public IReadOnlyList<SteadyProgram> Programs => _programs;

    /// <summary>Threads that want a CPU at the same time.</summary>
    public int Threads => EnclaveSpecs.Sum(one => one.Threads + one.Steps.OfType<StepSpec.Fork>().Count())
        + Guests.Count;

    public int Stages => _programs.Select(one => one.Stages).DefaultIfEmpty(1).Max();

    /// <summary>vEPC that its guests touch, pages.</summary>
    public long GuestPages => GuestSpecs.Sum(guest => (long)guest.TouchedPages);

    /// <summary>Everything resident, pages.</summary>
    public long WholePages => GuestPages
        + EnclaveSpecs.Sum(one => (long)one.CodePages + one.HeapPages + LeastPages.ToRun(one).Kept);

    /// <summary>Alone, at a limit.</summary>
    /// <param name="limitPages">The limit, pages; null for none.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="steps">The program of an enclave, by its place in <see cref="Enclaves"/>.</param>
    public Scenario At(long? limitPages, ulong seed, Func<int, IReadOnlyList<StepSpec>> steps)
    {
        (IReadOnlyList<CgroupSpec> cgroups, int[] places) = Tree(limitPages);
        long firstNs = EnclaveSpecs.Select(one => one.StartNs).Concat(GuestSpecs.Select(one => one.StartNs)).Min();
        return OnMachine(Machine()) with
        {
            Seed = seed,
            Cgroups = cgroups,
            Enclaves =
            [
                .. Enclaves.Select((enclave, i) => _whole.Enclaves[enclave] with
                {
                    Number = enclave,
                    Cgroup = places[_whole.Enclaves[enclave].Cgroup],
                    Node = 0,
                    StartNs = _whole.Enclaves[enclave].StartNs - firstNs,
                    Steps = steps(i),
                }),
            ],
            VirtualMachines =
            [
                .. GuestSpecs.Select(guest => guest with
                {
                    Cgroup = places[guest.Cgroup], Node = 0, StartNs = guest.StartNs - firstNs, HoldNs = -1,
                }),
            ],
        };
    }

    /// <summary>A scenario of the same kernel and costs without what a sizing leaves out.</summary>
    private Scenario OnMachine(MachineSpec machine) => ForSizing(_whole) with { Machine = machine };

    /// <summary>A scenario without script and expectations, that ends when it has shown what it is for.</summary>
    public static Scenario ForSizing(Scenario scenario) => scenario with
    {
        Script = [],
        Expectations = [],
        Run = scenario.Run with
        {
            DurationNs = Year,
            SampleNs = 50_000,
            TraceEvents = 0,
            MeasuresSlowdown = false,
            AuditEverySamples = 0,
        },
    };

    private MachineSpec Machine() => _whole.Machine with
    {
        Nodes =
        [
            new NodeSpec(
                Math.Max(_whole.Machine.Nodes.Sum(node => node.Cpus), Threads + SpareCpus),
                [(int)Math.Min(WholePages + FreePages, (1L << 29) - 2)]),
        ],
        SanitisesAtBoot = false,
    };

    /// <summary>The cgroups that stay, and their places by their old ones. Only the limits below stay.</summary>
    private (IReadOnlyList<CgroupSpec> Cgroups, int[] Places) Tree(long? limitPages)
    {
        List<CgroupSpec> cgroups = [];
        int[] places = new int[_whole.Cgroups.Count];
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = -1;
            bool isBelow = IsBelow(i);
            if (!isBelow && !IsAbove(i))
            {
                continue;
            }

            places[i] = cgroups.Count;
            CgroupSpec spec = _whole.Cgroups[i];
            cgroups.Add(spec with
            {
                Parent = spec.Parent < 0 ? -1 : places[spec.Parent],
                Max = i != Cgroup ? (isBelow ? spec.Max : Limit.Max)
                    : limitPages is { } pages ? Limit.OfPages(pages)
                    : Limit.Max,
            });
        }

        return (cgroups, places);
    }

    private bool IsBelow(int cgroup)
    {
        for (int at = cgroup; at >= 0; at = _whole.Cgroups[at].Parent)
        {
            if (at == Cgroup)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsAbove(int cgroup)
    {
        for (int at = Cgroup; at >= 0; at = _whole.Cgroups[at].Parent)
        {
            if (at == cgroup)
            {
                return true;
            }
        }

        return false;
    }
}

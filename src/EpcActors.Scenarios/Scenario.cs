using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Expectations;

namespace EpcActors.Scenarios;

/// <summary>
/// A scenario, parsed, checked and with every name resolved: it has all that a run needs, so that the run reads no
/// file. config/reference.conf describes the keys of a configuration file and their meaning.
/// </summary>
public sealed record Scenario
{
    /// <summary>The file, as given.</summary>
    public required string File { get; init; }

    public string Title { get; init; } = "";

    public string Description { get; init; } = "";

    /// <summary>Name of the kernel.</summary>
    public required string Kernel { get; init; }

    public required KernelSwitches Switches { get; init; }

    /// <summary>
    /// Every switch by its key with its effective value, in the order of the reference; overridden: not what the
    /// kernel's file says.
    /// </summary>
    public required IReadOnlyList<Results.SwitchReport> SwitchList { get; init; }

    public required ulong Seed { get; init; }

    public required MachineSpec Machine { get; init; }

    public required CostProfile Costs { get; init; }

    /// <summary>
    /// Cgroups, parents before children; 0 is the root. The memory controller's tree has the same shape.
    /// </summary>
    public required IReadOnlyList<CgroupSpec> Cgroups { get; init; }

    public IReadOnlyList<EnclaveSpec> Enclaves { get; init; } = [];

    public IReadOnlyList<VirtualMachineSpec> VirtualMachines { get; init; } = [];

    /// <summary>Actions of the administrator, in ascending order of time.</summary>
    public IReadOnlyList<ScriptAction> Script { get; init; } = [];

    public required RunSpec Run { get; init; }

    /// <summary>Settings of a live engine.</summary>
    public LiveSpec Live { get; init; } = new();

    /// <summary>Settings of a run over several processes.</summary>
    public ClusterSpec Cluster { get; init; } = new();

    /// <summary>Metrics and spans that a live run offers to others.</summary>
    public TelemetrySpec Telemetry { get; init; } = new();

    /// <summary>
    /// Race that the laboratory runs instead of the enclaves' programs; null for a scenario on the timed engine.
    /// </summary>
    public RaceSpec? Race { get; init; }

    /// <summary>
    /// Expectations of the scenario that apply to this kernel, in the words of
    /// <see cref="Expectation"/>.
    /// </summary>
    public IReadOnlyList<string> Expectations { get; init; } = [];

    /// <summary>
    /// The <c>akka</c> block of the file over that of the reference, <c>akka {…}</c> as Akka.NET's own reader
    /// understands it, for the ActorSystem of a live run.
    /// </summary>
    public string AkkaBlock { get; init; } = "";

    /// <summary>
    /// The user's part of it alone, in the same form: for the ActorSystem that joins a cluster, which is not a run and
    /// has defaults of its own. Empty when there is none.
    /// </summary>
    public string OwnAkkaBlock { get; init; } = "";

    /// <summary>
    /// Position of the user's part of it, as <c>file:line:column</c>, for errors that Akka finds in it.
    /// </summary>
    public string AkkaOrigin { get; init; } = "";
}

/// <summary>The machine.</summary>
public sealed record MachineSpec
{
    public required string Name { get; init; }

    /// <summary>By id, 0 upward.</summary>
    public required IReadOnlyList<NodeSpec> Nodes { get; init; }

    /// <summary>
    /// True: the EPC is dirty at boot and ksgxd sanitises it while the scenario runs; false: all of it is free from the
    /// start.
    /// </summary>
    public bool SanitisesAtBoot { get; init; }

    /// <summary>Nodes that have EPC: over as many processes the machine can be spread.</summary>
    public int NodesWithEpc => Enumerable.Range(0, Nodes.Count).Count(HasEpc);

    /// <summary>True for a node with EPC.</summary>
    public bool HasEpc(int node) => Nodes[node].SectionPages.Any(pages => pages > 0);

    /// <summary>EPC of the whole machine, pages.</summary>
    public long EpcPages
    {
        get
        {
            long pages = 0;
            foreach (NodeSpec node in Nodes)
            {
                foreach (int section in node.SectionPages)
                {
                    pages += section;
                }
            }

            return pages;
        }
    }
}

/// <summary>A NUMA node.</summary>
/// <param name="Cpus">Hardware threads; 0 is allowed (EPC without CPUs).</param>
/// <param name="SectionPages">Pages of each of its EPC sections; empty for a node without EPC. At most 8 sections on a
/// machine.</param>
public sealed record NodeSpec(int Cpus, IReadOnlyList<int> SectionPages);

/// <summary>Costs of activities.</summary>
public sealed record CostProfile
{
    public required string Name { get; init; }

    /// <summary>Clock of the CPUs, MHz: turns cycles into time.</summary>
    public required int ClockMhz { get; init; }

    /// <summary>Cycles by <see cref="Activity"/>.</summary>
    public required IReadOnlyList<int> Cycles { get; init; }

    /// <summary>Cost of EPC work on a page of another node, percent of the local cost.</summary>
    public required int RemotePercent { get; init; }

    /// <summary>Time that a waiter of a mutex spins before it sleeps, cycles.</summary>
    public required int MutexSpinCycles { get; init; }
}

/// <summary>A cgroup.</summary>
/// <param name="Path">Path below the root; <c>/</c> for the root itself.</param>
/// <param name="Parent">Index of its parent; -1 for the root.</param>
/// <param name="Max">misc.max of sgx_epc.</param>
/// <param name="MemoryMax">memory.max.</param>
public sealed record CgroupSpec(string Path, int Parent, Limit Max, Limit MemoryMax)
{
    /// <summary>It is not there at the start: an action of the script, or an operation of a race, makes it.</summary>
    public bool IsMadeLater { get; init; }
}

/// <summary>An enclave in a process of its own.</summary>
public sealed record EnclaveSpec
{
    public required string Name { get; init; }

    /// <summary>
    /// Its place in the whole scenario when this is a part of it: what is random in it hangs on that. -1: its place in
    /// the list.
    /// </summary>
    public int Number { get; init; } = -1;

    /// <summary>Index of its process's cgroup.</summary>
    public required int Cgroup { get; init; }

    /// <summary>
    /// Node whose CPUs run its threads; -1: threads are dealt out over all nodes with CPUs, one after the other.
    /// </summary>
    public int Node { get; init; } = -1;

    public int Threads { get; init; } = 1;

    /// <summary>Start of its process, nanoseconds.</summary>
    public long StartNs { get; init; }

    /// <summary>Pages of code, data and TCS.</summary>
    public int CodePages { get; init; } = 10;

    public required int HeapPages { get; init; }

    /// <summary>Heap pages added at build; the rest comes by EAUG on first touch.</summary>
    public required int AddedHeapPages { get; init; }

    public bool IsHeapMeasured { get; init; }

    public IReadOnlyList<StepSpec> Steps { get; init; } = [];
}

/// <summary>Makes the pattern of one thread.</summary>
/// <param name="heapPages">Pages of the heap.</param>
/// <param name="prng">The thread's own stream.</param>
public delegate AccessPattern PatternFactory(int heapPages, Prng prng);

/// <summary>One step of an enclave's program.</summary>
public abstract record StepSpec
{
    private StepSpec()
    {
    }

    /// <summary>Touches the whole heap once.</summary>
    /// <param name="Kind">Kind of the accesses.</param>
    /// <param name="WorkNs">User code between two touches, nanoseconds.</param>
    /// <param name="ByOne">True: thread 0 touches all of it while the others wait; false: each thread its part.</param>
    public sealed record Touch(AccessKind Kind, long WorkNs, bool ByOne = false) : StepSpec;

    /// <summary>Accesses by a pattern.</summary>
    /// <param name="Factory">Makes a thread's pattern.</param>
    /// <param name="Accesses">Per thread, behind the warm-up; -1: until the end of the run.</param>
    /// <param name="WorkNs">User code between two accesses, nanoseconds.</param>
    /// <param name="Text">For people.</param>
    /// <param name="DividesHeap">True: each thread has a pattern over its own part of the heap; false: over the
    /// whole.</param>
    /// <param name="WarmUp">Accesses of each thread before those that count in the step's figures.</param>
    public sealed record Pattern(
        PatternFactory Factory, long Accesses, long WorkNs, string Text, bool DividesHeap = false, long WarmUp = 0)
        : StepSpec;

    /// <summary>Replays the accesses of one enclave of a trace.</summary>
    /// <param name="Accesses">The trace.</param>
    /// <param name="TraceEnclave">Whose.</param>
    /// <param name="GapsAreArrivals">
    /// The times of the trace are moments to wait for; false: the time between two accesses is work.
    /// </param>
    public sealed record Trace(AccessTrace Accesses, int TraceEnclave, bool GapsAreArrivals = false) : StepSpec;

    /// <summary>EACCEPT over the heap.</summary>
    public sealed record Accept : StepSpec;

    /// <summary>MODIFY_TYPES to TRIM over the heap.</summary>
    public sealed record ChangeType : StepSpec;

    /// <summary>RESTRICT_PERMISSIONS over the heap.</summary>
    public sealed record Restrict : StepSpec;

    /// <summary>REMOVE_PAGES over the heap.</summary>
    public sealed record Remove : StepSpec;

    /// <summary>Sleeps.</summary>
    public sealed record Pause(long Ns) : StepSpec;

    /// <summary>
    /// fork(): a child process of one thread runs steps of its own in the same enclave (no fork among them).
    /// </summary>
    public sealed record Fork(IReadOnlyList<StepSpec> Steps) : StepSpec;
}

/// <summary>A guest with virtual EPC.</summary>
public sealed record VirtualMachineSpec
{
    public required string Name { get; init; }

    public required int Cgroup { get; init; }

    public int Node { get; init; } = -1;

    public long StartNs { get; init; }

    /// <summary>
    /// Index of the guest whose VMM has this instance, too: another section of the same guest, in the same process.
    /// -1: its VMM is its own.
    /// </summary>
    public int Vmm { get; init; } = -1;

    /// <summary>Pages of its vEPC.</summary>
    public required int Pages { get; init; }

    /// <summary>Pages that the guest touches, in ascending order.</summary>
    public required int TouchedPages { get; init; }

    /// <summary>Guest code between two touches, nanoseconds.</summary>
    public long WorkNs { get; init; }

    /// <summary>Time that it runs on after that, nanoseconds; -1: until the end of the run.</summary>
    public long HoldNs { get; init; }
}

/// <summary>Reason of the loss of all EPC contents. For people: the driver does not learn it.</summary>
public enum EpcLoss
{
    /// <summary>Suspend to RAM or to disk.</summary>
    Suspend,

    /// <summary>The virtual machine whose EPC this is moves to another host.</summary>
    Migration,
}

/// <summary>Something done to the system at a moment of virtual time, nanoseconds.</summary>
public abstract record ScriptAction(long AtNs)
{
    /// <summary>Writes misc.max.</summary>
    public sealed record SetMax(long AtNs, int Cgroup, Limit Max) : ScriptAction(AtNs);

    /// <summary>Writes memory.max.</summary>
    public sealed record SetMemoryMax(long AtNs, int Cgroup, Limit Max) : ScriptAction(AtNs);

    /// <summary>kill -9 of the process of an enclave.</summary>
    public sealed record KillEnclave(long AtNs, int Enclave) : ScriptAction(AtNs);

    /// <summary>kill -9 of a virtual machine.</summary>
    public sealed record KillVirtualMachine(long AtNs, int VirtualMachine) : ScriptAction(AtNs);

    /// <summary>Moves the process of an enclave to another cgroup.</summary>
    public sealed record Migrate(long AtNs, int Enclave, int Cgroup) : ScriptAction(AtNs);

    /// <summary>mkdir: a cgroup that is not there begins, without limits.</summary>
    public sealed record CreateCgroup(long AtNs, int Cgroup) : ScriptAction(AtNs);

    /// <summary>rmdir.</summary>
    public sealed record RemoveCgroup(long AtNs, int Cgroup) : ScriptAction(AtNs);

    /// <summary>
    /// A memory failure hits <paramref name="Count"/> pages of a node, from page <paramref name="First"/> of the node
    /// on.
    /// </summary>
    public sealed record Poison(long AtNs, int Node, int First, int Count) : ScriptAction(AtNs);

    /// <summary>A memory failure in pages of a guest, counted from the first of its EPC.</summary>
    public sealed record PoisonGuest(long AtNs, int VirtualMachine, int First, int Count) : ScriptAction(AtNs);

    /// <summary>The whole EPC is lost.</summary>
    public sealed record LoseEpc(long AtNs, EpcLoss Cause) : ScriptAction(AtNs);
}

/// <summary>Settings of the run.</summary>
public sealed record RunSpec
{
    /// <summary>Longest virtual time, nanoseconds; the run ends earlier when all work is done.</summary>
    public required long DurationNs { get; init; }

    /// <summary>Time between two samples, nanoseconds.</summary>
    public required long SampleNs { get; init; }

    /// <summary>Lead that one CPU's clock may have over the others', nanoseconds.</summary>
    public required long QuantumNs { get; init; }

    /// <summary>Costs vary by up to this share in both directions, percent.</summary>
    public required int JitterPercent { get; init; }

    /// <summary>Also run each enclave alone with enough EPC, to measure slowdowns.</summary>
    public required bool MeasuresSlowdown { get; init; }

    /// <summary>Most events kept for the Chrome trace.</summary>
    public required int TraceEvents { get; init; }

    /// <summary>
    /// Threads that fault this long without progress, while something could be reclaimed, are a violation of liveness;
    /// nanoseconds.
    /// </summary>
    public required long LivenessWindowNs { get; init; }

    /// <summary>The full audit runs at every n-th sample; 0: at the end only.</summary>
    public required int AuditEverySamples { get; init; }
}

/// <summary>Settings of a live engine; its times are real.</summary>
public sealed record LiveSpec
{
    /// <summary>More threads than this on one machine are a slip of the pen.</summary>
    public const int MostWorkers = 4096;

    /// <summary>Threads that run the actors; 0: one per core.</summary>
    public int Workers { get; init; }

    /// <summary>Requests that a task makes in a row before others get their turn.</summary>
    public int TaskBatch { get; init; } = 32;

    /// <summary>Queued requests that are handled in a row before a resource goes to the back of the line.</summary>
    public int MailboxBatch { get; init; } = 64;

    /// <summary>Time between two samples, nanoseconds.</summary>
    public long SampleNs { get; init; } = 5_000_000;

    /// <summary>Longest time between two audits while the run goes on, nanoseconds; 0: at the end only.</summary>
    public long AuditEveryNs { get; init; } = 1_000_000_000;

    /// <summary>As <see cref="RunSpec.LivenessWindowNs"/>, in real time.</summary>
    public long LivenessWindowNs { get; init; } = 5_000_000_000;

    /// <summary>
    /// Virtual time that passes in a unit of real time; 0: activities take only what the emulator needs for them.
    /// </summary>
    public double Pace { get; init; }

    /// <summary>Threads on this machine.</summary>
    public int WorkersOrCores => Workers > 0 ? Workers : Environment.ProcessorCount;
}

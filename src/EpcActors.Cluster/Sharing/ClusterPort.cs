using EpcActors.Engine;
using EpcActors.Kernel;

namespace EpcActors.Cluster.Sharing;

/// <summary>The cluster as the actors of one member process see it. Nothing in it changes during a run.</summary>
[Constant]
public sealed class ClusterPort
{
    /// <param name="self">Number of this member.</param>
    /// <param name="incarnation">Its incarnation, from 1; a member that comes back has a higher one.</param>
    /// <param name="memberOfNode">By NUMA node: the member that has it.</param>
    /// <param name="cgroups">Number of cgroups.</param>
    public ClusterPort(int self, int incarnation, IReadOnlyList<int> memberOfNode, int cgroups)
    {
        Self = self;
        Incarnation = incarnation;
        MemberOfNode = memberOfNode;
        Members = memberOfNode.Max() + 1;
        Cgroups = cgroups;
    }

    public int Self { get; }

    public int Incarnation { get; }

    /// <summary>Number of members of the complete cluster.</summary>
    public int Members { get; }

    public IReadOnlyList<int> MemberOfNode { get; }

    public int Cgroups { get; }

    /// <summary>By cgroup: its parent, -1 for the root's.</summary>
    public IReadOnlyList<int> CgroupParents { get; set; } = [];

    /// <summary>
    /// Pages that a charge takes from its owner at once, the first time (see <see cref="Gateway"/>); 1: every page is
    /// charged at the owner, as the kernel does.
    /// </summary>
    public int ChargeBatch { get; init; } = 1;

    /// <summary>
    /// Pages of the free-page counter that a process takes from its owner at once, as percpu_counter does; 1: every
    /// page is counted at the owner. Near the watermarks every page is counted at the owner, whatever the batch
    /// (<see cref="CounterFloor"/>).
    /// </summary>
    public int CounterBatch { get; init; } = 1;

    /// <summary>
    /// The owner of the free-page counter gives no pages in advance that would take it below this: ksgxd wakes below 32
    /// pages and works up to 64, and there the counter has to be exact.
    /// </summary>
    public const long CounterFloor = 2 * KernelConstants.NrHighPages;

    /// <summary>Calls to one other member that may be outstanding; more wait until one is answered.</summary>
    public int Window { get; init; } = 256;

    /// <summary>Ticks after which an unanswered call is sent again.</summary>
    public int ResendTicks { get; init; } = 4;

    /// <summary>For tests: a rule of the protocol to leave out.</summary>
    public ClusterDefect Defect { get; init; }

    /// <summary>
    /// First id of this process. In frames a task has its number within its own process, the same in every incarnation.
    /// </summary>
    public int FirstId { get; set; }

    /// <summary>The gateway of this process.</summary>
    public ActorId Gateway { get; set; } = ActorId.None;

    /// <summary>Shared counters: one for each cgroup, by its index, and behind them the free-page counter.</summary>
    public int CounterCount => Cgroups + 1;

    /// <summary>The counter of the free-page counter.</summary>
    public int FreePageCounter => Cgroups;

    /// <summary>True for a NUMA node of another process.</summary>
    public bool IsForeign(int node) => MemberOfNode[node] != Self;
}

/// <summary>
/// The views of one process. The receiver of a view puts it here, and then tells the gateway its number.
/// </summary>
public interface IViewHistory
{
    /// <summary>The newest view.</summary>
    ClusterView Last { get; }

    /// <summary>The view of an epoch; views are immutable and stay.</summary>
    ClusterView this[int epoch] { get; }
}

/// <summary>
/// A rule of the protocol that is left out, to check that the simulation finds it. On only in tests and in <c>epc
/// cluster --simulate --defect</c>.
/// </summary>
public enum ClusterDefect
{
    None,

    /// <summary>Requests of the dead are executed like those of the living.</summary>
    LostFence,

    /// <summary>
    /// The part of a dead process stays recorded after it was released, so that the next death of the same member
    /// releases it again.
    /// </summary>
    DoubleRelease,

    /// <summary>A report to a new owner leaves out the amount taken in advance.</summary>
    ForgottenStock,

    /// <summary>A request that comes twice is executed twice.</summary>
    NoMemory,

    /// <summary>Pages that were lent to a dead process do not come back.</summary>
    LostLoan,

    /// <summary>An answer is accepted for the open call, whichever call it answers.</summary>
    LateReply,

    /// <summary>A new owner serves before all members have reported.</summary>
    EarlyOwner,

    /// <summary>An incarnation that ends and the next one that begins with the same view count as one.</summary>
    QuickReturn,

    /// <summary>A refused charge does not make the others give back what they do not use.</summary>
    LazyDrain,

    /// <summary>
    /// The coordinator gives two views one number: a change that comes before all members have the last view is put
    /// into that one.
    /// </summary>
    ViewTwice,

    /// <summary>
    /// The coordinator forgets a death that comes before all members have the last view: the dead incarnation stays in
    /// the next one.
    /// </summary>
    ForgottenDeath,

    /// <summary>The coordinator gives a process that comes back the number of its dead incarnation.</summary>
    ReusedIncarnation,
}

using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;

namespace EpcActors.Cluster.Sharing;

/// <summary>Result of a call to another process.</summary>
public enum CallStatus
{
    /// <summary>It happened, once.</summary>
    Ok,

    /// <summary>
    /// The called process is dead. It does not matter whether it executed the call: all its state is gone.
    /// </summary>
    Gone,
}

/// <summary>Result of a charge at its owner.</summary>
public enum CounterCharge
{
    /// <summary>Added, and within the limits.</summary>
    Fits,

    /// <summary>
    /// Above the limit. Without a batch the amount was added all the same, as misc_cg_try_charge does, and has to be
    /// taken back; with a batch nothing is added.
    /// </summary>
    Over,
}

/// <summary>Work that a request worker does for a task of another process.</summary>
public enum ReclaimPurpose
{
    /// <summary>One round over the LRUs of the cgroups below a root.</summary>
    Reclaim,

    /// <summary>Only look whether a list has a page.</summary>
    Look,

    /// <summary>Series v1 to v5: find an enclave to kill.</summary>
    OomKill,
}

/// <summary>
/// Requests of tasks to the gateway of their process. Those that are an <see cref="IFrameMessage"/> travel to other
/// processes.
/// </summary>
public static partial class ClusterProtocol
{
    /// <summary>
    /// One level of misc_cg_try_charge at the counter's owner, or out of the stock that this process has taken in
    /// advance.
    /// </summary>
    public struct ChargeCounter : IOwnerMessage
    {
        public static ushort Code => 0x0E01;

        public static MessageKind Kind => MessageKind.Charge;

        public long Bytes;

        /// <summary>
        /// On the wire: bytes that the owner may add beyond <see cref="Bytes"/>, as far as they fit. The answer has the
        /// bytes that it added.
        /// </summary>
        public long ExtraBytes;

        public int Counter;

        /// <summary>Out.</summary>
        public CounterCharge Result;

        readonly int IOwnerMessage.CounterNumber => Counter;
    }

    /// <summary>Uncharges an amount: into the stock of this process, or at the owner.</summary>
    public struct UnchargeCounter : IOwnerMessage
    {
        public static ushort Code => 0x0E02;

        public static MessageKind Kind => MessageKind.Uncharge;

        public long Bytes;

        public int Counter;

        /// <summary>The amount was just refused, but added all the same: the owner gets it back at once.</summary>
        public YesNo IsRollBack;

        readonly int IOwnerMessage.CounterNumber => Counter;
    }

    /// <summary>
    /// atomic_long_add on a number without a limit: the free-page counter. With a batch it is percpu_counter_add: out
    /// of the pages that this process has taken in advance, or at the owner.
    /// </summary>
    public struct AddToCounter : IOwnerMessage
    {
        public static ushort Code => 0x0E03;

        public static MessageKind Kind => MessageKind.Counter;

        public long Amount;

        /// <summary>
        /// On the wire: pages that the owner may take off in advance, all of them or none. The answer has the pages
        /// that it took off.
        /// </summary>
        public long Advance;

        /// <summary>Out: the number afterwards, at the owner or as this process last saw it.</summary>
        public long Value;

        public int Counter;

        /// <summary>The amount is the stock of this process: it goes to the owner at once.</summary>
        public YesNo IsGivenBack;

        readonly int IOwnerMessage.CounterNumber => Counter;
    }

    /// <summary>First half of an unprotected <c>+=</c>.</summary>
    public struct LoadCounter : IOwnerMessage
    {
        public static ushort Code => 0x0E04;

        public static MessageKind Kind => MessageKind.Counter;

        public long Counter;

        /// <summary>Out.</summary>
        public long Value;

        readonly int IOwnerMessage.CounterNumber => (int)Counter;
    }

    /// <summary>Second half of an unprotected <c>+=</c>: changes by others since the load are lost.</summary>
    public struct StoreCounter : IOwnerMessage
    {
        public static ushort Code => 0x0E05;

        public static MessageKind Kind => MessageKind.Counter;

        public long Value;

        /// <summary>
        /// Amount that the store was meant to add: for the owner's record, which the kernel does not have.
        /// </summary>
        public long Amount;

        public long Counter;

        readonly int IOwnerMessage.CounterNumber => (int)Counter;
    }

    /// <summary>Reads value and limit, without a lock.</summary>
    public struct ReadCounter : IOwnerMessage
    {
        public static ushort Code => 0x0E06;

        public static MessageKind Kind => MessageKind.Limit;

        public long Counter;

        /// <summary>
        /// Out: the number as its owner has it. Pages that processes have taken in advance are missing in the free-page
        /// counter, so it is never more than there is.
        /// </summary>
        public long Value;

        /// <summary>Out: what the limit allows (<see cref="Limit.Bytes"/>).</summary>
        public long MaxBytes;

        /// <summary>
        /// In: number of the advance up to which the caller had all others give back, 0 for none. Out: number of
        /// advances that the owner has made.
        /// </summary>
        public long Advances;

        /// <summary>
        /// The caller only needs to know whether there are at least so many; 0: it needs the number. A process that has
        /// pages in advance knows it without a call.
        /// </summary>
        public int Enough;

        /// <summary>
        /// Out: other processes may have pages in advance that were not asked back since; the number may be too small
        /// by these.
        /// </summary>
        public YesNo IsLowerBound;

        readonly int IOwnerMessage.CounterNumber => (int)Counter;
    }

    /// <summary>Writes the limit.</summary>
    public struct WriteCounterMax : IOwnerMessage
    {
        public static ushort Code => 0x0E07;

        public static MessageKind Kind => MessageKind.Limit;

        public Limit Max;

        public long Counter;

        /// <summary>
        /// Out: number of the write, ascending: an owner that rebuilds the counter takes the last one.
        /// </summary>
        public long Version;

        readonly int IOwnerMessage.CounterNumber => (int)Counter;
    }

    /// <summary>To a new owner: a process's part of a shared counter whose old owner is dead.</summary>
    public struct ReportCounter : IOwnerMessage
    {
        public static ushort Code => 0x0E08;

        public static MessageKind Kind => MessageKind.Cluster;

        public long Counter;

        /// <summary>Amount that this process was granted and did not give back.</summary>
        public long Amount;

        /// <summary>The last write of the limit that it knows of.</summary>
        public Limit Max;

        public long MaxVersion;

        /// <summary>The epoch since which the receiver is the owner.</summary>
        public long Since;

        readonly int IOwnerMessage.CounterNumber => (int)Counter;
    }

    /// <summary>A page of a node of another process: off its free list, for this process to use.</summary>
    public struct BorrowPage : IWorkerMessage
    {
        public static ushort Code => 0x0E09;

        public static MessageKind Kind => MessageKind.Allocate;

        public int Node;

        /// <summary>Out: none when the node has no free page, or its process is dead.</summary>
        public EpcPageIndex Page;

        /// <summary>Out: the incarnation of the process that lent it.</summary>
        public int Incarnation;

        /// <summary>Out.</summary>
        public CallStatus Status;

        readonly int IWorkerMessage.WorkerKind => 0;
    }

    /// <summary>Gives a borrowed page back.</summary>
    public struct ReturnPage : IWorkerMessage
    {
        public static ushort Code => 0x0E0A;

        public static MessageKind Kind => MessageKind.Free;

        public int Node;

        public EpcPageIndex Page;

        /// <summary>The incarnation that lent it: no later one has it.</summary>
        public int Incarnation;

        /// <summary>Out.</summary>
        public CallStatus Status;

        readonly int IWorkerMessage.WorkerKind => 0;
    }

    /// <summary>A round of reclaim over the lists of another process, by a request worker there.</summary>
    public struct ReclaimAt : IWorkerMessage
    {
        public static ushort Code => 0x0E0B;

        public static MessageKind Kind => MessageKind.Reclaim;

        public int Member;

        /// <summary>Index of the root cgroup of the round.</summary>
        public int Root;

        public int Wanted;

        public YesNo IgnoreAge;

        public ReclaimPurpose Purpose;

        /// <summary>Out: result of the routine that runs there; for a look or a kill 1 or 0.</summary>
        public int Result;

        /// <summary>Out.</summary>
        public CallStatus Status;

        readonly int IWorkerMessage.WorkerKind => Purpose == ReclaimPurpose.Look ? 0 : 1;
    }

    /// <summary>Wakes the ksgxd that works: at the owner of the free-page counter.</summary>
    public struct WakeKsgxd : IWorkerMessage
    {
        public static ushort Code => 0x0E0C;

        public static MessageKind Kind => MessageKind.Wait;

        public int Member;

        /// <summary>Out.</summary>
        public CallStatus Status;

        readonly int IWorkerMessage.WorkerKind => 0;
    }

    /// <summary>Queues the reclaim work of a cgroup at its worker: at the owner of the cgroup's counter.</summary>
    public struct QueueWorkAt : IWorkerMessage
    {
        public static ushort Code => 0x0E0D;

        public static MessageKind Kind => MessageKind.Wait;

        public int Member;

        public int Cgroup;

        public long Reserved;

        /// <summary>Out.</summary>
        public CallStatus Status;

        public int Reserved2;

        readonly int IWorkerMessage.WorkerKind => 0;
    }

    /// <summary>Reads the free-page counter of a node of another process.</summary>
    public struct ReadNodeAt : IWorkerMessage
    {
        public static ushort Code => 0x0E0E;

        public static MessageKind Kind => MessageKind.Counter;

        public int Node;

        /// <summary>Out.</summary>
        public CallStatus Status;

        /// <summary>Out: 0 when its process is dead.</summary>
        public long FreePages;

        readonly int IWorkerMessage.WorkerKind => 0;
    }

    /// <summary>
    /// Makes another process give back the stock of a shared counter that it does not use (drain_all_stock).
    /// </summary>
    public struct DrainStock : IWorkerMessage
    {
        public static ushort Code => 0x0E0F;

        public static MessageKind Kind => MessageKind.Uncharge;

        public int Member;

        public int Counter;

        /// <summary>Out: bytes that the owner got back.</summary>
        public long Bytes;

        /// <summary>Out.</summary>
        public CallStatus Status;

        public int Reserved;

        readonly int IWorkerMessage.WorkerKind => 0;
    }

    /// <summary>
    /// Tells another process of a written limit. The write is over when all processes know: then no new owner forgets
    /// it, whichever process dies.
    /// </summary>
    public struct ShareMax : INewsMessage
    {
        public static ushort Code => 0x0E10;

        public static MessageKind Kind => MessageKind.Limit;

        public long Counter;

        public Limit Max;

        public long Version;

        public int Member;

        /// <summary>Out.</summary>
        public CallStatus Status;
    }
}

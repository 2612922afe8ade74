using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Cluster.Sharing;

/// <content>
/// Messages that stay inside a process: between its gateway, its owner of counters, its tasks and the engine.
/// </content>
public static partial class ClusterProtocol
{
    /// <summary>A frame came from another process. The task that reads the wire asks it.</summary>
    public struct Arrive : IMessage
    {
        public static ushort Code => 0x0E20;

        public static MessageKind Kind => MessageKind.Cluster;

        public Frame Frame;
    }

    /// <summary>
    /// Frames came from other processes, and lie in the process's <see cref="IInbox"/>: the same as an
    /// <see cref="Arrive"/> for each of them, in their order, with no other request in between. For live engines, where
    /// a request and its answer cost more than most frames.
    /// </summary>
    public struct ArriveTogether : IMessage
    {
        public static ushort Code => 0x0E30;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Number of frames there; the inbox is not changed before the answer.</summary>
        public int Count;
    }

    /// <summary>A tick: calls that were not answered for a while are sent again.</summary>
    public struct Tick : IMessage
    {
        public static ushort Code => 0x0E21;

        public static MessageKind Kind => MessageKind.Cluster;
    }

    /// <summary>The coordinator made a new view; it is on the board of the process.</summary>
    public struct InstallView : IMessage
    {
        public static ushort Code => 0x0E22;

        public static MessageKind Kind => MessageKind.Cluster;

        public int Epoch;
    }

    /// <summary>Waits for a view that is newer.</summary>
    public struct AwaitView : IMessage
    {
        public static ushort Code => 0x0E23;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>In: the last one that the caller knows. Out: the one that is installed.</summary>
        public int Epoch;

        /// <summary>Out: this process is dead for the others.</summary>
        public YesNo IsFenced;
    }

    /// <summary>The next counter whose new owner has no report of this process yet.</summary>
    public struct NextReport : IMessage
    {
        public static ushort Code => 0x0E24;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Out: -1 for none.</summary>
        public int Counter;
    }

    /// <summary>Waits for a request of another process.</summary>
    public struct TakeRequest : IMessage
    {
        public static ushort Code => 0x0E25;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Kind of request worker that asks (see <see cref="IWorkerMessage.WorkerKind"/>).</summary>
        public int WorkerKind;

        /// <summary>Out: to be given back with the answer.</summary>
        public int Ticket;

        /// <summary>Out: the request.</summary>
        public Frame Request;
    }

    /// <summary>The answer to such a request.</summary>
    public struct FinishRequest : IMessage
    {
        public static ushort Code => 0x0E26;

        public static MessageKind Kind => MessageKind.Cluster;

        public int Ticket;

        public int Reserved;

        /// <summary>The request with the message answered.</summary>
        public Frame Request;
    }

    /// <summary>
    /// misc_cg_try_charge out of the stock of this process: all levels from a cgroup to the root at once, when each of
    /// them has stock or its owner here. Otherwise nothing is charged, and the levels are charged one after the other.
    /// </summary>
    public struct ChargeLevels : IMessage
    {
        public static ushort Code => 0x0E2C;

        public static MessageKind Kind => MessageKind.Charge;

        public long Bytes;

        public int Cgroup;

        /// <summary>Out.</summary>
        public YesNo IsCharged;
    }

    /// <summary>
    /// misc_cg_uncharge into the stock of this process: the counterpart of <see cref="ChargeLevels"/>.
    /// </summary>
    public struct UnchargeLevels : IMessage
    {
        public static ushort Code => 0x0E2D;

        public static MessageKind Kind => MessageKind.Uncharge;

        public long Bytes;

        public int Cgroup;

        /// <summary>Out.</summary>
        public YesNo IsUncharged;
    }

    /// <summary>Takes the stock of a shared counter, to give it back at its owner.</summary>
    public struct TakeStock : IMessage
    {
        public static ushort Code => 0x0E27;

        public static MessageKind Kind => MessageKind.Uncharge;

        public long Counter;

        /// <summary>Out.</summary>
        public long Bytes;
    }

    /// <summary>
    /// Process whose lists are next in a reclaim below a root: every process in turn, as
    /// mem_cgroup_select_victim_node() took the nodes.
    /// </summary>
    public struct NextVictim : IMessage
    {
        public static ushort Code => 0x0E28;

        public static MessageKind Kind => MessageKind.Reclaim;

        public int Root;

        /// <summary>Out.</summary>
        public int Member;
    }

    /// <summary>Asks for the present owner of a shared counter.</summary>
    public struct FindOwner : IMessage
    {
        public static ushort Code => 0x0E29;

        public static MessageKind Kind => MessageKind.Cluster;

        public int Counter;

        /// <summary>Out.</summary>
        public int Member;
    }

    /// <summary>Is a member alive, and in which incarnation.</summary>
    public struct FindMember : IMessage
    {
        public static ushort Code => 0x0E2A;

        public static MessageKind Kind => MessageKind.Cluster;

        public int Member;

        /// <summary>Out: 0 when it is dead.</summary>
        public int Incarnation;

        /// <summary>Out: the highest incarnation of it that died while this process was there; 0 for none.</summary>
        public int Dead;

        public int Reserved;
    }

    /// <summary>The last write of a limit that this process knows of.</summary>
    public struct FindMax : IMessage
    {
        public static ushort Code => 0x0E2B;

        public static MessageKind Kind => MessageKind.Limit;

        public long Counter;

        /// <summary>Out: the limit.</summary>
        public Limit Max;

        /// <summary>Out: number of the write; 0: it was never written.</summary>
        public long Version;
    }
}

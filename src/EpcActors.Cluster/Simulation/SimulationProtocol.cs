using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Exploration;

namespace EpcActors.Cluster.Simulation;

/// <summary>Requests of the simulated network's and coordinator's tasks to its resources.</summary>
public static class SimulationProtocol
{
    /// <summary>Takes the first frame off a link.</summary>
    public struct TakeFrame : IMessage
    {
        public static ushort Code => 0x0F41;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Out: frames that are left behind it.</summary>
        public long Left;

        /// <summary>Out: of kind <see cref="FrameKind.None"/> when there is none.</summary>
        public Frame Frame;
    }

    /// <summary>Puts a frame at the end of a link: a second copy, or one that others overtake.</summary>
    public struct PutFrame : IMessage
    {
        public static ushort Code => 0x0F42;

        public static MessageKind Kind => MessageKind.Cluster;

        public Frame Frame;
    }

    /// <summary>The coordinator tells a process that there is a new view.</summary>
    public struct PostView : IMessage
    {
        public static ushort Code => 0x0F43;

        public static MessageKind Kind => MessageKind.Cluster;

        public int Epoch;
    }

    /// <summary>The keeper of a process waits for a view that is newer than the last one that it saw.</summary>
    public struct AwaitPost : IMessage
    {
        public static ushort Code => 0x0F44;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>In: the last one that was seen.</summary>
        public int Seen;

        /// <summary>Out: the next one that was posted.</summary>
        public int Next;

        /// <summary>Out: the newest one.</summary>
        public int Newest;
    }

    /// <summary>
    /// Takes the first control message off a line; the message itself is the line's, as it is not plain bytes.
    /// </summary>
    public struct TakeControl : IMessage
    {
        public static ushort Code => 0x0F45;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Out: which control message, 0 for none; for the hash of the run.</summary>
        public long Control;

        /// <summary>Out: something that tells it from others of its kind.</summary>
        public long Number;

        /// <summary>Out: messages that were there.</summary>
        public long Left;
    }
}

/// <summary>
/// Choices of the world outside, numbered as choices are (see <see cref="Decision"/>). The numbers are far from those
/// of the kernel's actors.
/// </summary>
public enum NetworkChoice
{
    /// <summary>A frame is lost.</summary>
    Lose = 41,

    /// <summary>A frame arrives twice.</summary>
    Double = 42,

    /// <summary>A frame goes to the end of its link: those behind it overtake it.</summary>
    Overtake = 43,

    /// <summary>A process does not see a view, as a newer one is there.</summary>
    SkipView = 44,
}

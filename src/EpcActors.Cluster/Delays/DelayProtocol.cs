using EpcActors.Engine;

namespace EpcActors.Cluster.Delays;

/// <summary>Requests between network and wires of a cluster in virtual time.</summary>
public static class DelayProtocol
{
    /// <summary>The network has put a write into the inbox: wakes the task that waits there.</summary>
    public struct Ring : IMessage
    {
        public static ushort Code => 0x0F46;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Frames in the write.</summary>
        public long Frames;
    }

    /// <summary>The wire of a process takes frames out of its inbox; waits until there are some.</summary>
    public struct TakeArrived : IMessage
    {
        public static ushort Code => 0x0F47;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Out: frames that were taken.</summary>
        public int Frames;

        /// <summary>Out: writes that begin with one of them.</summary>
        public int Writes;
    }
}

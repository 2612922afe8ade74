using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Epc;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// What a <see cref="SharedNode"/> understands beside the requests to a NUMA node: each is one section of node->lock.
/// </summary>
public static class SharedNodeProtocol
{
    /// <summary>At the process that has the node: a page off the free list for another process.</summary>
    public struct LendPage : IMessage
    {
        public static ushort Code => 0x0107;

        public static MessageKind Kind => MessageKind.Allocate;

        public int Member;

        /// <summary>Incarnation of that process.</summary>
        public int Incarnation;

        /// <summary>Out: none when the list is empty, or that incarnation is dead.</summary>
        public EpcPageIndex Page;
    }

    /// <summary>
    /// At the process that has the node: a page that was lent comes back. A page that is not lent to that
    /// incarnation of the process is ignored.
    /// </summary>
    public struct TakeBackPage : IMessage
    {
        public static ushort Code => 0x0108;

        public static MessageKind Kind => MessageKind.Free;

        public int Member;

        public int Incarnation;

        public EpcPageIndex Page;
    }

    /// <summary>
    /// At the process that has the node: a process is dead. Its loans come back, and no more pages are
    /// lent to that incarnation.
    /// </summary>
    public struct CloseLoans : IMessage
    {
        public static ushort Code => 0x0109;

        public static MessageKind Kind => MessageKind.Cluster;

        public int Member;

        /// <summary>The highest incarnation that is dead.</summary>
        public int Incarnation;

        /// <summary>Out: pages that came back.</summary>
        public int Pages;
    }

    /// <summary>
    /// At a process that borrowed a page of a node elsewhere: onto the list of its stand-in.
    /// </summary>
    public struct ImportPage : IMessage
    {
        public static ushort Code => 0x010A;

        public static MessageKind Kind => MessageKind.Cluster;

        public EpcPageIndex Page;

        /// <summary>The life of the process that lent it.</summary>
        public int Incarnation;

        /// <summary>
        /// Out: that incarnation is dead, or pages of an earlier one are still in use here; the same numbers mean other
        /// memory now.
        /// </summary>
        public YesNo IsRefused;
    }

    /// <summary>
    /// At a process that borrowed pages: takes a free one off the list of the stand-in, to give it back.
    /// </summary>
    public struct ExportPage : IMessage
    {
        public static ushort Code => 0x010B;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>Out: none when none is free.</summary>
        public EpcPageIndex Page;

        /// <summary>Out: the life of the process that lent it.</summary>
        public int Incarnation;
    }

    /// <summary>
    /// At a process that borrowed pages: an incarnation of the lender is dead, and no page of it may come
    /// in any more. Counts its pages that are still here.
    /// </summary>
    public struct ReadBorrowed : IMessage
    {
        public static ushort Code => 0x010C;

        public static MessageKind Kind => MessageKind.Cluster;

        /// <summary>The highest incarnation that is dead.</summary>
        public int Dead;

        /// <summary>Out.</summary>
        public int Pages;

        /// <summary>Out: the life of the process that lent them.</summary>
        public int Incarnation;
    }
}

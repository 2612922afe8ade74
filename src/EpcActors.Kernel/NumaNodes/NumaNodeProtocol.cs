using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.NumaNodes;

/// <summary>Requests to a NUMA node: one critical section of <c>node->lock</c> each.</summary>
public static class NumaNodeProtocol
{
    /// <summary>Takes the head of the free list, flags = 0 (__sgx_alloc_epc_page_from_node, main.c).</summary>
    public struct TakePage : IMessage
    {
        public static ushort Code => 0x0101;

        public static MessageKind Kind => MessageKind.Allocate;

        /// <summary>
        /// The node's lock stays held when a page was found: before ac5d272a0ad0 the free-page counter was changed
        /// under it, so two CPUs lost an update only when they came from different nodes.
        /// </summary>
        public YesNo KeepLocked;

        /// <summary>Out: the page, now the caller's; none when the list is empty.</summary>
        public EpcPageIndex Page;
    }

    /// <summary>
    /// Reads page->poison: under the node's lock, which then stays held unless the page is poisoned, or without it
    /// (switch poison-check).
    /// </summary>
    public struct ReadPoison : IMessage
    {
        public static ushort Code => 0x010E;

        public static MessageKind Kind => MessageKind.Evict;

        public EpcPageIndex Page;

        /// <summary>Takes the lock and keeps it for the EWB that follows.</summary>
        public YesNo KeepLocked;

        /// <summary>Out.</summary>
        public YesNo IsPoisoned;
    }

    /// <summary>Releases the node's lock after the counter was changed under it.</summary>
    public struct UnlockNode : IMessage
    {
        public static ushort Code => 0x0106;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>
    /// Gives a page back: to the tail of the free list, or to the poison list (sgx_free_epc_page, main.c).
    /// </summary>
    public struct FreePage : IMessage
    {
        public static ushort Code => 0x0102;

        public static MessageKind Kind => MessageKind.Free;

        public EpcPageIndex Page;

        /// <summary>As in <see cref="TakePage"/>.</summary>
        public YesNo KeepLocked;

        /// <summary>R17: the reclaimer's own free did not look at the poison mark.</summary>
        public YesNo IgnorePoison;

        /// <summary>The node's own counter leaves a poisoned page out (switch poison-uncounts).</summary>
        public YesNo UncountsPoison;

        /// <summary>Out: it is on the poison list, and the caller leaves it out of the count.</summary>
        public YesNo IsPoisoned;
    }

    /// <summary>A memory failure hits a page (arch_memory_failure, main.c).</summary>
    public struct PoisonPage : IMessage
    {
        public static ushort Code => 0x0103;

        public static MessageKind Kind => MessageKind.Fault;

        public EpcPageIndex Page;

        /// <summary>
        /// In: the lock shall stay held over sgx_unmark_page_reclaimable (since ed16618c380c). Out: it is held, as the
        /// page is in use and was not poisoned before.
        /// </summary>
        public YesNo KeepLocked;

        /// <summary>Out: it was on the free list and is on the poison list now.</summary>
        public YesNo WasFree;

        /// <summary>Out: it was poisoned before.</summary>
        public YesNo WasPoisoned;

        /// <summary>As in <see cref="FreePage"/>.</summary>
        public YesNo UncountsPoison;
    }

    /// <summary>
    /// EREMOVEs the next dirty page and frees it (__sgx_sanitize_pages and its sgx_free_epc_page, main.c): one hold of
    /// the node's lock for each page.
    /// </summary>
    /// <remarks>
    /// EREMOVE runs before the lock is taken; only the sanitiser touches a dirty page, so nothing can come between the
    /// two.
    /// </remarks>
    public struct SanitisePage : IMessage
    {
        public static ushort Code => 0x0104;

        public static MessageKind Kind => MessageKind.Free;

        /// <summary>
        /// As in <see cref="TakePage"/>: with a page, the lock stays held until the counter was changed.
        /// </summary>
        public YesNo KeepLocked;

        /// <summary>Out: the page, free now; none when no page of this node is dirty any more.</summary>
        public EpcPageIndex Page;
    }

    /// <summary>
    /// Suspend to RAM, or the move of a virtual machine: the whole EPC, that of every node, loses its contents, and no
    /// EPCM entry is valid any more.
    /// </summary>
    /// <remarks>
    /// All CPUs stand still for it, so it is one message, to any of the nodes. The processor does it, and changes
    /// entries of pages of others, as EACCEPT does.
    /// </remarks>
    public struct LoseEpc : IMessage
    {
        public static ushort Code => 0x010D;

        public static MessageKind Kind => MessageKind.Fault;
    }

    /// <summary>Reads the node's own free-page counter (free-page-counter = per-node).</summary>
    public struct ReadFreePages : IMessage
    {
        public static ushort Code => 0x0105;

        public static MessageKind Kind => MessageKind.Counter;

        /// <summary>Out.</summary>
        public long FreePages;
    }
}

using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.AddressSpaces;

/// <summary>Kind of an access to a page of the enclave.</summary>
public enum AccessKind
{
    Read,
    Write,
    Execute,

    /// <summary>
    /// The EACCEPT instruction: needs a present translation like any access, accepts a pending, modified or restricted
    /// page.
    /// </summary>
    Eaccept,
}

/// <summary>Result of a user access.</summary>
public enum AccessResult
{
    Hit,

    /// <summary>#PF, no translation.</summary>
    NotPresent,

    /// <summary>
    /// #PF with the SGX bit: the EPCM does not allow it (pending, modified, not this enclave's page).
    /// </summary>
    EpcmFault,
}

/// <summary>Result of the reclaimer's look at the accessed bit of a page.</summary>
public enum AgeResult
{
    Old,
    Young,

    /// <summary>The process has given its address space up.</summary>
    Gone,
}

/// <summary>Requests to an address space: its page tables and its mmap_lock.</summary>
public static class AddressSpaceProtocol
{
    /// <summary>The processor walks the page table for a user access and, on a hit, sets the accessed bit.</summary>
    public struct Access : IMessage
    {
        public static ushort Code => 0x0601;

        static MessageKind IMessage.Kind => MessageKind.Access;

        /// <summary>Page of the enclave.</summary>
        public int Page;

        public AccessKind Kind;

        /// <summary>Out.</summary>
        public AccessResult Result;
    }

    /// <summary>
    /// Page-fault entry: mmap_lock for reading, VMA look-up. The lock is held until <see cref="EndFault"/>.
    /// </summary>
    public struct BeginFault : IMessage
    {
        public static ushort Code => 0x0602;

        public static MessageKind Kind => MessageKind.Fault;

        /// <summary>Out: there is no VMA: SIGSEGV.</summary>
        public YesNo IsUnmapped;

        /// <summary>
        /// Out: there is a VMA whose vm_private_data is NULL, as fork had no memory for its entry: SIGBUS.
        /// </summary>
        public YesNo HasNoEnclave;
    }

    /// <summary>Page-fault exit: gives mmap_lock back.</summary>
    public struct EndFault : IMessage
    {
        public static ushort Code => 0x0603;

        public static MessageKind Kind => MessageKind.Fault;
    }

    /// <summary>vmf_insert_pfn().</summary>
    /// <remarks>Stands for the insertion and, after a load, the clearing of the accessed bit right behind it: an access
    /// between the two would only lose its accessed bit, which costs the page one round on the LRU.</remarks>
    public struct InsertPte : IMessage
    {
        public static ushort Code => 0x0604;

        public static MessageKind Kind => MessageKind.Map;

        public int Page;

        public EpcPageIndex EpcPage;

        public YesNo IsAccessed;
    }

    /// <summary>
    /// Test and clear the accessed bit of one page (sgx_encl_test_and_clear_young): mmget_not_zero, mmap_lock for
    /// reading. Queues behind a waiting writer.
    /// </summary>
    public struct AgePage : IMessage
    {
        public static ushort Code => 0x0605;

        public static MessageKind Kind => MessageKind.Age;

        public int Page;

        /// <summary>Out.</summary>
        public AgeResult Result;
    }

    /// <summary>
    /// zap_vma_ptes() of a range, under mmap_lock for reading (sgx_zap_enclave_ptes). Queues behind a waiting writer.
    /// </summary>
    public struct ZapPtes : IMessage
    {
        public static ushort Code => 0x0606;

        public static MessageKind Kind => MessageKind.Map;

        public int FirstPage;

        public int PageCount;
    }

    /// <summary>mmap(): the range of the enclave gets its VMA.</summary>
    public struct MapEnclave : IMessage
    {
        public static ushort Code => 0x0607;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>
    /// mmap() or munmap() of something else than the enclave: mmap_lock for writing, and nothing of SGX.
    /// </summary>
    public struct MapOther : IMessage
    {
        public static ushort Code => 0x060E;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>exit_mmap(): no page-table entry survives, and no task gets a reference any more.</summary>
    public struct ExitMm : IMessage
    {
        public static ushort Code => 0x0608;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>
    /// sgx_vma_open() without memory for an mm_list entry: the VMA loses its enclave, every touch is SIGBUS.
    /// </summary>
    public struct LoseEnclave : IMessage
    {
        public static ushort Code => 0x0609;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>
    /// mmput() with the last user: mmget_not_zero() fails from here on, the page tables are still there.
    /// </summary>
    public struct BeginExit : IMessage
    {
        public static ushort Code => 0x060A;

        public static MessageKind Kind => MessageKind.Lifetime;
    }

    /// <summary>dup_mmap(): takes the mmap_lock of the parent, and of the child, for writing and keeps it.</summary>
    public struct BeginFork : IMessage
    {
        public static ushort Code => 0x060B;

        public static MessageKind Kind => MessageKind.Map;

        /// <summary>The child: it gets the VMA.</summary>
        public YesNo IsChild;
    }

    /// <summary>Gives mmap_lock back.</summary>
    public struct EndFork : IMessage
    {
        public static ushort Code => 0x060C;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>copy_page_range() reads the next translation. mmap_lock held for writing.</summary>
    public struct ReadPte : IMessage
    {
        public static ushort Code => 0x060D;

        public static MessageKind Kind => MessageKind.Map;

        /// <summary>In: where to look from. Out: the page found.</summary>
        public int Page;

        /// <summary>Out: none at the end.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>
    /// Fault-around: vmf_insert_pfn() for a page that did not fault. A translation that is there stays as it is; a new
    /// one is old.
    /// </summary>
    public struct MapNeighbour : IMessage
    {
        public static ushort Code => 0x060F;

        public static MessageKind Kind => MessageKind.Map;

        public int Page;

        public EpcPageIndex EpcPage;

        /// <summary>Out: there was no translation.</summary>
        public YesNo IsNew;
    }

    /// <summary>mm_alloc(): the place of an address space that is gone becomes a new one, without a mapping.</summary>
    public struct CreateMm : IMessage
    {
        public static ushort Code => 0x0610;

        public static MessageKind Kind => MessageKind.Lifetime;
    }
}

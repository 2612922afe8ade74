using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <content>Pages on their way out of the EPC and back: EBLOCK, ETRACK, EWB, ELDU.</content>
public static partial class EnclaveProtocol
{
    /// <summary>
    /// ELDU into a page that the caller has allocated, and on success the entry's new state. Mutex held.
    /// </summary>
    public struct Eldu : IMessage
    {
        public static ushort Code => 0x070E;

        public static MessageKind Kind => MessageKind.Load;

        /// <summary>Page of the enclave; its page count means the SECS.</summary>
        public int Page;

        public EpcPageIndex EpcPage;

        /// <summary>Contents that the backing store held.</summary>
        public uint ContentsVersion;

        public uint PcmdVersion;

        /// <summary>Out: the version that the VA slot asked for.</summary>
        public uint SlotVersion;

        /// <summary>Out: MAC or version mismatch, or no PCMD (#GP).</summary>
        public YesNo HasFailed;

        /// <summary>Out: another page of the same PCMD page is BEING_RECLAIMED (reclaimer_writing_to_pcmd).</summary>
        public YesNo IsPcmdPageInUse;
    }

    /// <summary>Sets BEING_RECLAIMED and releases the mutex (sgx_reclaim_pages, after the backing is pinned).</summary>
    public struct MarkReclaimedAndUnlock : IMessage
    {
        public static ushort Code => 0x0717;

        public static MessageKind Kind => MessageKind.Reclaim;

        public int Page;
    }

    /// <summary>sgx_reclaimer_block's critical section: EBLOCK.</summary>
    public struct BlockPage : IMessage
    {
        public static ushort Code => 0x0718;

        public static MessageKind Kind => MessageKind.Evict;

        public int Page;

        public EpcPageIndex EpcPage;
    }

    /// <summary>sgx_reclaimer_write: mutex, clears BEING_RECLAIMED, takes a VA slot.</summary>
    public struct LockForWrite : IMessage
    {
        public static ushort Code => 0x0719;

        public static MessageKind Kind => MessageKind.Evict;

        public int Page;

        /// <summary>Out: -1 when no VA page has a free slot.</summary>
        public int Slot;
    }

    /// <summary>EWB. Mutex held.</summary>
    public struct Ewb : IMessage
    {
        public static ushort Code => 0x071A;

        public static MessageKind Kind => MessageKind.Evict;

        /// <summary>Page of the enclave; its page count means the SECS.</summary>
        public int Page;

        public EpcPageIndex EpcPage;

        /// <summary>
        /// In: the VA slot of a child. Out: that of the SECS, which takes it here; -1 when EWB failed.
        /// </summary>
        public int Slot;

        /// <summary>In: the instruction fails with another error than SGX_NOT_TRACKED (D3).</summary>
        public YesNo MustFail;

        /// <summary>Out: it failed, and the child's slot was given back (sgx_free_va_slot).</summary>
        public YesNo HasFreedSlot;

        /// <summary>Out.</summary>
        public LeafResult Result;

        /// <summary>Out: the version that went into slot and PCMD.</summary>
        public uint Version;
    }

    /// <summary>ETRACK. Mutex held.</summary>
    public struct Etrack : IMessage
    {
        public static ushort Code => 0x071B;

        public static MessageKind Kind => MessageKind.Evict;

        /// <summary>Out.</summary>
        public LeafResult Result;
    }

    /// <summary>
    /// The IPI wave (sgx_encl_cpumask, on_each_cpu_mask): to every CPU that runs a thread of a process with the
    /// enclave, inside or not. All that were inside leave and come back.
    /// </summary>
    public struct SendIpi : IMessage
    {
        public static ushort Code => 0x071C;

        public static MessageKind Kind => MessageKind.Evict;

        /// <summary>Out: CPUs hit, inside the enclave or not; without the sender's own.</summary>
        public int Cpus;
    }

    /// <summary>After EWB: slot into the entry, epc_page = NULL, secs_child_cnt--. Mutex held.</summary>
    public struct FinishWrite : IMessage
    {
        public static ushort Code => 0x071D;

        public static MessageKind Kind => MessageKind.Evict;

        public int Page;

        public int Slot;

        /// <summary>Out: the EPC page that held it, the caller's now.</summary>
        public EpcPageIndex EpcPage;

        /// <summary>Out: no resident child is left and the enclave is initialised: the SECS goes too.</summary>
        public YesNo CanWriteSecs;

        /// <summary>Out: the SECS's EPC page.</summary>
        public EpcPageIndex SecsPage;
    }

    /// <summary>
    /// A write-out is given up before or behind a failed EWB, and the page stays where it is (switches ewb-failure,
    /// poison-check). Mutex held.
    /// </summary>
    public struct AbandonWrite : IMessage
    {
        public static ushort Code => 0x0735;

        public static MessageKind Kind => MessageKind.Evict;

        public int Page;

        /// <summary>The VA slot that was taken for it and not used; -1 when EWB gave it back.</summary>
        public int Slot;

        /// <summary>
        /// It stays BEING_RECLAIMED: EBLOCK cannot be undone, so faults wait until EWB is tried again.
        /// </summary>
        public YesNo StaysReclaimed;

        /// <summary>Out: as with <see cref="Eldu"/>.</summary>
        public YesNo IsPcmdPageInUse;
    }

    /// <summary>Whether the SECS can be written out (switch secs-reclaim = on-lru). Mutex held.</summary>
    public struct TestSecs : IMessage
    {
        public static ushort Code => 0x0736;

        public static MessageKind Kind => MessageKind.Evict;

        /// <summary>
        /// Out: its EPC page; none when it has resident children, is not resident, or the enclave is not initialised.
        /// </summary>
        public EpcPageIndex SecsPage;
    }

    /// <summary>secs.epc_page = NULL after its EWB. Mutex held.</summary>
    public struct FinishWriteSecs : IMessage
    {
        public static ushort Code => 0x071F;

        public static MessageKind Kind => MessageKind.Evict;

        public int Slot;

        /// <summary>Out: the EPC page that held it, the caller's now.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>A thread enters: its CPU counts for ETRACK.</summary>
    public struct EnterEnclave : IMessage
    {
        public static ushort Code => 0x0723;

        public static MessageKind Kind => MessageKind.Access;

        /// <summary>Number of the thread within the enclave.</summary>
        public int Thread;

        /// <summary>Out: epoch of the entry.</summary>
        public int Epoch;
    }

    /// <summary>A thread leaves, by EEXIT or an asynchronous exit.</summary>
    public struct ExitEnclave : IMessage
    {
        public static ushort Code => 0x0724;

        public static MessageKind Kind => MessageKind.Access;

        public int Thread;

        /// <summary>The answer of <see cref="EnterEnclave"/>.</summary>
        public int Epoch;

        /// <summary>The thread sleeps now, or ends: its CPU is no more in the mm_cpumask of its process.</summary>
        public YesNo LeavesCpu;
    }
}

using EpcActors.Domain.Enclaves;
using EpcActors.Domain.Epc;
using EpcActors.Engine;

namespace EpcActors.Actors.Enclaves;

/// <summary>What EWB, ETRACK, EAUG and their kin answered.</summary>
public enum LeafResult
{
    Done,

    /// <summary>EWB: SGX_NOT_TRACKED.</summary>
    NotTracked,

    /// <summary>ETRACK: a CPU that entered before the last ETRACK is still inside.</summary>
    PreviousTrackingIncomplete,

    /// <summary>A fault or an error code that should not happen.</summary>
    Failed,
}

/// <summary>Type of an enclave page that the ioctls tell apart.</summary>
public enum EnclavePageType
{
    Reg,
    Tcs,
    Trim,
}

/// <summary>
/// What tasks ask of an enclave. The names say what they do to <c>encl->lock</c>: <c>Lock…</c> takes it,
/// <c>…AndUnlock</c> gives it back, both in one message where the kernel's critical section does nothing else; the
/// others say in their text whether the caller holds it.
/// </summary>
/// <remarks>
/// Taking the mutex and the first thing done under it stand in one message, as do the last thing and the release:
/// taking a lock commutes to the right and releasing it to the left of what others do (Lipton, Reduction, 1975), and
/// what is touched there is touched under the mutex only.
/// </remarks>
public static partial class EnclaveProtocol
{
    /// <summary>Sets SGX_ENCL_IOCTL; one ioctl at a time.</summary>
    public struct BeginIoctl : IMessage
    {
        public static ushort Code => 0x0701;

        public static MessageKind Kind => MessageKind.Build;

        /// <summary>Out: EBUSY.</summary>
        public YesNo IsBusy;

        /// <summary>Out.</summary>
        public YesNo IsCreated;

        /// <summary>Out.</summary>
        public YesNo IsInitialised;

        /// <summary>Out: killed for memory (series v1 to v5); every ioctl fails with ENOMEM.</summary>
        public YesNo IsOutOfMemory;
    }

    public struct EndIoctl : IMessage
    {
        public static ushort Code => 0x0702;

        public static MessageKind Kind => MessageKind.Build;
    }

    /// <summary>sgx_encl_grow's test: does the next page need a VA page? Under the mutex or the ioctl bit.</summary>
    public struct TestGrow : IMessage
    {
        public static ushort Code => 0x0703;

        public static MessageKind Kind => MessageKind.Build;

        /// <summary>Out: page_cnt is a multiple of 512.</summary>
        public YesNo NeedsVaPage;
    }

    /// <summary>sgx_encl_grow's page_cnt++.</summary>
    public struct CountGrow : IMessage
    {
        public static ushort Code => 0x0704;

        public static MessageKind Kind => MessageKind.Build;
    }

    /// <summary>sgx_encl_shrink: page_cnt--, and takes the VA page that was just grown out again.</summary>
    public struct Shrink : IMessage
    {
        public static ushort Code => 0x0705;

        public static MessageKind Kind => MessageKind.Build;
    }

    /// <summary>Links a VA page at the head of va_pages. The caller had it from the node; EPA was run.</summary>
    public struct LinkVaPage : IMessage
    {
        public static ushort Code => 0x0706;

        public static MessageKind Kind => MessageKind.Build;

        public EpcPageIndex VaPage;
    }

    /// <summary>ECREATE: the SECS comes to be.</summary>
    public struct Ecreate : IMessage
    {
        public static ushort Code => 0x0707;

        public static MessageKind Kind => MessageKind.Build;

        public EpcPageIndex EpcPage;

        /// <summary>In: the instruction faults, whatever for.</summary>
        public YesNo MustFail;

        /// <summary>Out: it faulted; the page is the caller's still.</summary>
        public YesNo HasFailed;
    }

    /// <summary>ADD_PAGES under the mutex: insert, EADD, EEXTEND, secs_child_cnt++. The mutex stays held.</summary>
    public struct LockAndAddPage : IMessage
    {
        public static ushort Code => 0x0708;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        public EpcPageIndex EpcPage;

        /// <summary>VA page that grew with it, or none.</summary>
        public EpcPageIndex VaPage;

        /// <summary>EEXTEND it.</summary>
        public YesNo IsMeasured;

        /// <summary>A TCS, else REG.</summary>
        public YesNo IsTcs;

        /// <summary>In: EEXTEND fails, behind EADD (D14).</summary>
        public YesNo MustFailToExtend;

        /// <summary>Out: EBUSY, the entry exists.</summary>
        public YesNo Exists;

        /// <summary>
        /// Out: EADD faulted, as the SECS is not there or the EPCM has the EPC page as valid already (D3), or
        /// EEXTEND failed. The entry is gone again (xa_erase); behind EEXTEND the child stays counted.
        /// </summary>
        public YesNo HasFailed;
    }

    /// <summary>EINIT; SGX_ENCL_INITIALIZED. The mutex stays held: an EINIT takes so long that others see it.</summary>
    public struct LockAndEinit : IMessage
    {
        public static ushort Code => 0x0709;

        public static MessageKind Kind => MessageKind.Build;

        /// <summary>Out: it faulted: the processor has no SECS there any more.</summary>
        public YesNo HasFailed;
    }

    /// <summary>xa_load() and the flags, without the mutex.</summary>
    /// <remarks>
    /// One message for three looks. The flags only ever go up: a task that sees them a moment later takes the other
    /// way, which the same order of steps with this look a moment later takes too.
    /// </remarks>
    public struct LookUpPage : IMessage
    {
        public static ushort Code => 0x070A;

        public static MessageKind Kind => MessageKind.Fault;

        public int Page;

        /// <summary>Out.</summary>
        public YesNo Exists;

        /// <summary>Out: marked out of memory (series v1 to v5): SIGBUS.</summary>
        public YesNo IsOutOfMemory;

        /// <summary>Out: SGX_ENCL_INITIALIZED, which EAUG wants before it takes the mutex.</summary>
        public YesNo IsInitialised;
    }

    /// <summary>mutex_lock() alone.</summary>
    public struct Lock : IMessage
    {
        public static ushort Code => 0x070B;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>mutex_unlock() alone.</summary>
    public struct Unlock : IMessage
    {
        public static ushort Code => 0x070C;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>Takes the mutex and reads an entry (sgx_encl_load_page).</summary>
    public struct LockAndReadPage : IMessage
    {
        public static ushort Code => 0x070D;

        public static MessageKind Kind => MessageKind.Fault;

        public int Page;

        /// <summary>Out.</summary>
        public EnclavePageState State;

        /// <summary>Out: of a resident page.</summary>
        public EpcPageIndex EpcPage;

        /// <summary>Out.</summary>
        public YesNo IsSecsResident;
    }

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

        /// <summary>What the backing store held.</summary>
        public uint ContentsVersion;

        public uint PcmdVersion;

        /// <summary>Out: the version that the VA slot asked for.</summary>
        public uint SlotVersion;

        /// <summary>Out: MAC or version mismatch, or no PCMD (#GP).</summary>
        public YesNo HasFailed;

        /// <summary>Out: another page of the same PCMD page is BEING_RECLAIMED (reclaimer_writing_to_pcmd).</summary>
        public YesNo IsPcmdPageInUse;
    }

    /// <summary>
    /// EAUG: inserts the entry (xa_insert), which look-ups without the mutex see from here on. Mutex held.
    /// </summary>
    public struct InsertEntry : IMessage
    {
        public static ushort Code => 0x070F;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        /// <summary>Out: EBUSY, another thread was quicker (R9).</summary>
        public YesNo Exists;

        /// <summary>Out: EPC page of the quicker one's entry.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>EAUG leaf, type REG, secs_child_cnt++; when it fails xa_erase(). Mutex held.</summary>
    public struct Eaug : IMessage
    {
        public static ushort Code => 0x0710;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        public EpcPageIndex EpcPage;

        /// <summary>Out: the SECS is not resident: the kernel runs EAUG with a null SECS (R7).</summary>
        public YesNo HasNoSecs;

        /// <summary>Out: it faulted: no SECS, or the EPCM has the EPC page as valid already (D3).</summary>
        public YesNo HasFailed;
    }

    /// <summary>kref_get_unless_zero().</summary>
    public struct TryGetRef : IMessage
    {
        public static ushort Code => 0x0711;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out.</summary>
        public YesNo Got;
    }

    /// <summary>kref_put().</summary>
    public struct PutRef : IMessage
    {
        public static ushort Code => 0x0712;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: that was the last one: the caller runs sgx_encl_release.</summary>
        public YesNo WasLast;
    }

    /// <summary>The next entry of mm_list, in an SRCU read section.</summary>
    /// <remarks>
    /// New entries go to the head, so a walk goes from the youngest to the oldest. An entry that leaves while a walk
    /// stands on it does not make the walk skip the one behind it, and one that comes is not met any more:
    /// list_add_rcu() and list_del_rcu().
    /// </remarks>
    public struct ReadMm : IMessage
    {
        public static ushort Code => 0x0713;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>In: 0 for the first entry, else what the answer before said. Out: where the entry stands.</summary>
        public int Position;

        /// <summary>Out: none at the end.</summary>
        public ActorId Mm;

        /// <summary>Out: mm_list_version.</summary>
        public int Version;
    }

    /// <summary>sgx_encl_mm_add(): mm_lock, mm_list_version++.</summary>
    public struct AddMm : IMessage
    {
        public static ushort Code => 0x0714;

        public static MessageKind Kind => MessageKind.Lifetime;

        public ActorId Mm;
    }

    /// <summary>Takes an entry off mm_list under mm_lock (sgx_mmu_notifier_release).</summary>
    public struct RemoveMm : IMessage
    {
        public static ushort Code => 0x0715;

        public static MessageKind Kind => MessageKind.Lifetime;

        public ActorId Mm;

        /// <summary>Out: it was still there.</summary>
        public YesNo WasFound;
    }

    /// <summary>
    /// synchronize_srcu() on the enclave's SRCU, after an entry went off mm_list: a use of the enclave, which costs no
    /// time here.
    /// </summary>
    public struct SynchronizeSrcu : IMessage
    {
        public static ushort Code => 0x072E;

        public static MessageKind Kind => MessageKind.Lifetime;
    }

    /// <summary>
    /// The end of sgx_encl_release: cleanup_srcu_struct() and kfree(). No task may use the enclave any more.
    /// </summary>
    public struct FreeEnclave : IMessage
    {
        public static ushort Code => 0x072F;

        public static MessageKind Kind => MessageKind.Lifetime;
    }

    /// <summary>Takes the first entry off mm_list (sgx_release).</summary>
    public struct TakeFirstMm : IMessage
    {
        public static ushort Code => 0x0716;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: none when the list is empty.</summary>
        public ActorId Mm;
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

    /// <summary>secs.epc_page = NULL after its EWB. Mutex held.</summary>
    public struct FinishWriteSecs : IMessage
    {
        public static ushort Code => 0x071F;

        public static MessageKind Kind => MessageKind.Evict;

        public int Slot;

        /// <summary>Out: the EPC page that held it, the caller's now.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>fork() and the VMAs that it copies: one more process holds the file open.</summary>
    public struct GetFile : IMessage
    {
        public static ushort Code => 0x072B;

        public static MessageKind Kind => MessageKind.Lifetime;
    }

    /// <summary>A process has unmapped and closed the device (fput).</summary>
    public struct PutFile : IMessage
    {
        public static ushort Code => 0x072C;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: no process has it open any more: the caller runs sgx_release.</summary>
        public YesNo WasLast;
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

        /// <summary>What <see cref="EnterEnclave"/> answered.</summary>
        public int Epoch;

        /// <summary>The thread sleeps now, or ends: its CPU is no more in the mm_cpumask of its process.</summary>
        public YesNo LeavesCpu;
    }

    /// <summary>sgx_encl_release: takes the next entry out of the page array.</summary>
    public struct TakeEntry : IMessage
    {
        public static ushort Code => 0x0725;

        public static MessageKind Kind => MessageKind.Free;

        /// <summary>Where to go on.</summary>
        public int From;

        /// <summary>Out: -1 at the end.</summary>
        public int Page;

        /// <summary>Out: none when it was swapped out.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>sgx_encl_release: takes the SECS.</summary>
    public struct TakeSecs : IMessage
    {
        public static ushort Code => 0x0726;

        public static MessageKind Kind => MessageKind.Free;

        /// <summary>Out: none when it is swapped out.</summary>
        public EpcPageIndex EpcPage;

        /// <summary>Out: secs_child_cnt is not nought, so the kernel does not free it: it is lost (D14).</summary>
        public YesNo HasChildren;
    }

    /// <summary>sgx_encl_release: takes the next VA page.</summary>
    public struct TakeVaPage : IMessage
    {
        public static ushort Code => 0x0727;

        public static MessageKind Kind => MessageKind.Free;

        /// <summary>Out: none at the end.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>Series v1 to v5: SGX_ENCL_NO_MEMORY.</summary>
    public struct MarkOutOfMemory : IMessage
    {
        public static ushort Code => 0x0728;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: it was marked before.</summary>
        public YesNo WasMarked;

        /// <summary>Out: not created yet; no victim.</summary>
        public YesNo IsNotCreated;
    }

    /// <summary>An EAUG that lost or failed takes the VA page out again that it had grown. Mutex held.</summary>
    public struct UnlinkVaPage : IMessage
    {
        public static ushort Code => 0x0729;

        public static MessageKind Kind => MessageKind.Build;

        public EpcPageIndex VaPage;
    }
    /// <summary>
    /// Where a page is at this moment, for those outside: hardware that fails, an administrator with a
    /// debugger. No lock.
    /// </summary>
    public struct FindPage : IMessage
    {
        public static ushort Code => 0x0732;

        public static MessageKind Kind => MessageKind.Fault;

        /// <summary>Page of the enclave; the number of its pages for the SECS.</summary>
        public int Page;

        /// <summary>Out.</summary>
        public EnclavePageState State;

        /// <summary>Out: none when it is not resident.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>
    /// The memory of a node is gone: has the enclave a page of it? No lock, as <see cref="FindPage"/>.
    /// </summary>
    public struct HoldsNode : IMessage
    {
        public static ushort Code => 0x0733;

        public static MessageKind Kind => MessageKind.Fault;

        public int Node;

        /// <summary>Out.</summary>
        public YesNo Holds;
    }
}

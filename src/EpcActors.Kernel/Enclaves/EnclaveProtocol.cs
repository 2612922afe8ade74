using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <summary>Answer of EWB, ETRACK, EAUG and their kin.</summary>
public enum LeafResult
{
    Done,

    /// <summary>EWB: SGX_NOT_TRACKED.</summary>
    NotTracked,

    /// <summary>ETRACK: a CPU that entered before the last ETRACK is still inside.</summary>
    PreviousTrackingIncomplete,

    /// <summary>A fault or an error code that should not happen.</summary>
    Failed,

    /// <summary>EWB: it was not run, as the page is poisoned (switch poison-check).</summary>
    NotRun,
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

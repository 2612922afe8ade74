using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <content>References, mm_list, the open file, and what sgx_encl_release takes apart.</content>
public static partial class EnclaveProtocol
{
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

    /// <summary>
    /// sgx_open(): the place of an enclave that was released becomes a new one, with an open file and nothing else.
    /// </summary>
    public struct OpenDevice : IMessage
    {
        public static ushort Code => 0x0740;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: the enclave before it still has a reference, a reclaimer's; nothing happened.</summary>
        public YesNo IsBusy;
    }
}

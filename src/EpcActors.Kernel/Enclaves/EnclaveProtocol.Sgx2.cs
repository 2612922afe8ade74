using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <content>SGX2: permissions and types that change, pages that are removed.</content>
public static partial class EnclaveProtocol
{
    /// <summary>
    /// MODIFY_TYPES after its ETRACK: the entry gets the new type, and the mutex goes. When ETRACK failed it keeps the
    /// old one (D10).
    /// </summary>
    public struct RecordTypeAndUnlock : IMessage
    {
        public static ushort Code => 0x0730;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        /// <summary>REG stands for RESTRICT_PERMISSIONS, which changes none.</summary>
        public EnclavePageType To;
    }

    /// <summary>
    /// MODIFY_TYPES before its ETRACK (switch type-before-etrack): the entry has the type that the processor has.
    /// </summary>
    public struct RecordType : IMessage
    {
        public static ushort Code => 0x0737;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        /// <summary>As in <see cref="RecordTypeAndUnlock"/>.</summary>
        public EnclavePageType To;
    }

    /// <summary>
    /// The end of REMOVE_PAGES gives a VA page back (switch remove-frees-va-page): page_cnt has come down to a multiple
    /// of 512, and one is empty. Mutex held.
    /// </summary>
    public struct TakeEmptyVaPage : IMessage
    {
        public static ushort Code => 0x0738;

        public static MessageKind Kind => MessageKind.Free;

        /// <summary>Out: the caller's now; none when all are in use or the count is another.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>Type of a resident page, as the ioctls test it before they change it. Mutex held.</summary>
    public struct ReadType : IMessage
    {
        public static ushort Code => 0x071E;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        /// <summary>Out.</summary>
        public EnclavePageType Type;
    }

    /// <summary>
    /// EMODPR or EMODT. Behind EMODT the page waits for its EACCEPT; behind EMODPR it is as accessible as before,
    /// within what is left of its permissions. Mutex held.
    /// </summary>
    public struct ModifyPage : IMessage
    {
        public static ushort Code => 0x0720;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        /// <summary>EMODT to this type; REG stands for EMODPR, which changes none.</summary>
        public EnclavePageType To;

        /// <summary>Out: SGX_PAGE_NOT_MODIFIABLE, the page waits for an EACCEPT already.</summary>
        public YesNo IsNotModifiable;

        /// <summary>
        /// Out: #PF, the processor has the page as a type that cannot be changed so. The kernel's entry says otherwise
        /// then (D10).
        /// </summary>
        public YesNo HasFaulted;
    }

    /// <summary>REMOVE_PAGES' tests: type TRIM, and EACCEPT was run (EMODPR would fault). Mutex held.</summary>
    public struct BeginRemove : IMessage
    {
        public static ushort Code => 0x0721;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;

        /// <summary>Out: EPERM.</summary>
        public YesNo IsRefused;
    }

    /// <summary>
    /// REMOVE_PAGES lets the mutex go to zap translations; with the proposed fix of R10 the page is BEING_REMOVED
    /// meanwhile.
    /// </summary>
    public struct UnlockForRemoval : IMessage
    {
        public static ushort Code => 0x072A;

        public static MessageKind Kind => MessageKind.Build;

        public int Page;
    }

    /// <summary>
    /// REMOVE_PAGES' second hold of the mutex: takes the page out of its entry. The mutex stays held.
    /// </summary>
    public struct LockAndErase : IMessage
    {
        public static ushort Code => 0x0722;

        public static MessageKind Kind => MessageKind.Free;

        public int Page;

        /// <summary>Out: the EPC page, the caller's now.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>REMOVE_PAGES' end: xa_erase(). Until here a look-up without the mutex finds the entry (D7).</summary>
    public struct EraseAndUnlock : IMessage
    {
        public static ushort Code => 0x072D;

        public static MessageKind Kind => MessageKind.Build;
    }

    /// <summary>
    /// xa_for_each_range(): the next page of a range without an entry, or the next one that is resident and not about
    /// to be reclaimed or removed. Mutex held.
    /// </summary>
    public struct FindNext : IMessage
    {
        public static ushort Code => 0x0734;

        public static MessageKind Kind => MessageKind.Fault;

        /// <summary>First page of the range.</summary>
        public int From;

        /// <summary>The page behind its last.</summary>
        public int End;

        /// <summary>Looks for a resident page; else for one without an entry.</summary>
        public YesNo IsResident;

        /// <summary>Out: -1 at the end.</summary>
        public int Page;

        /// <summary>Out: none for a page without an entry.</summary>
        public EpcPageIndex EpcPage;
    }
}

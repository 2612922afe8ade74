using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Cgroups;

/// <summary>Result of a charge at one level.</summary>
public enum LevelCharge
{
    /// <summary>Added, and within the limits.</summary>
    Fits,

    /// <summary>Above max or capacity; the amount was added all the same.</summary>
    Over,

    /// <summary>
    /// The last reference is gone; nothing was added, and the caller has to look up its process's cgroup again.
    /// </summary>
    Gone,
}

/// <summary>What is proposed for a charge, and in no kernel.</summary>
[Flags]
public enum ChargeTerms
{
    /// <summary>As posted.</summary>
    None = 0,

    /// <summary>The caller wants to know what refused (switch reclaim-root).</summary>
    TellsCapacity = 1,

    /// <summary>
    /// The caller may not wait, and is refused while a task waits at this level (switch waiters-first).
    /// </summary>
    GivesWay = 2,
}

/// <summary>Requests to one cgroup: atomics of the misc controller, and critical sections of its LRU's lock.</summary>
public static class CgroupProtocol
{
    /// <summary>One level of misc_cg_try_charge (misc.c): adds, then checks against max and capacity.</summary>
    /// <remarks>Addition and check stand in one message. Between the two in the kernel only a write of misc.max could
    /// matter, and it has the same effect as a write before the addition, as nothing else reads max. The transient
    /// overrun stays visible: a refused amount is taken back by further messages.</remarks>
    public struct Charge : IMessage
    {
        public static ushort Code => 0x0301;

        public static MessageKind Kind => MessageKind.Charge;

        public long Bytes;

        /// <summary>
        /// css_tryget() first: the reference of get_current_misc_cg(), which becomes the page's when the charge
        /// succeeds. It stays when the amount is refused: the caller holds it over all its attempts, so the cgroup that
        /// it reclaims from is not freed.
        /// </summary>
        public YesNo TakeReference;

        /// <summary>Out.</summary>
        public LevelCharge Result;

        /// <summary>What the switches of a kernel add.</summary>
        public ChargeTerms Terms;

        /// <summary>
        /// Out: it is over, and by the machine's capacity alone, which misc compares at every level.
        /// </summary>
        public YesNo IsOverCapacity;
    }

    /// <summary>One level of misc_cg_uncharge, or of the roll-back of a refused charge.</summary>
    public struct Uncharge : IMessage
    {
        public static ushort Code => 0x0302;

        public static MessageKind Kind => MessageKind.Uncharge;

        public long Bytes;

        /// <summary>
        /// Gives the reference of a page back, unless it may be the last one (see <see cref="MustPut"/>).
        /// </summary>
        public YesNo PutReference;

        /// <summary>
        /// Out: the directory is gone, so this may be the last reference. The kernel puts it when all levels are
        /// uncharged, and so must the caller. While a cgroup has its directory, the moment of the put is not visible.
        /// </summary>
        public YesNo MustPut;
    }

    /// <summary>
    /// A charge was refused (misc_cg_event): misc.events.local where the limit stands, misc.events there and above.
    /// </summary>
    public struct CountMaxEvent : IMessage
    {
        public static ushort Code => 0x0303;

        public static MessageKind Kind => MessageKind.Limit;

        /// <summary>Count in misc.events.local.</summary>
        public YesNo IsLocal;

        /// <summary>Count in misc.events.</summary>
        public YesNo IsHierarchical;
    }

    /// <summary>
    /// A task begins to reclaim for a charge that was refused here, or ends it (switch waiters-first): an atomic.
    /// </summary>
    public struct CountWaiter : IMessage
    {
        public static ushort Code => 0x0314;

        public static MessageKind Kind => MessageKind.Limit;

        /// <summary>1 or -1.</summary>
        public int Change;
    }

    /// <summary>css_tryget(): a reference, unless the last one is gone.</summary>
    public struct TryGetCss : IMessage
    {
        public static ushort Code => 0x0304;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out.</summary>
        public YesNo Got;
    }

    /// <summary>css_put().</summary>
    public struct PutCss : IMessage
    {
        public static ushort Code => 0x0305;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: that was the last reference; the caller frees the cgroup.</summary>
        public YesNo WasLast;
    }

    /// <summary>list_empty() of the reclaimable LRU.</summary>
    public struct ReadLru : IMessage
    {
        public static ushort Code => 0x0306;

        public static MessageKind Kind => MessageKind.Reclaim;

        /// <summary>
        /// Under the LRU's lock, as every version of the series does. Upstream reads its one list without the lock
        /// (D5).
        /// </summary>
        public YesNo TakeLock;

        /// <summary>Out.</summary>
        public YesNo IsEmpty;

        /// <summary>
        /// Pages that reclaimers have isolated count as if they were listed (switch isolated-reclaimable): under the
        /// lock, as the two numbers must be of one moment.
        /// </summary>
        public YesNo CountIsolated;
    }

    /// <summary>
    /// sgx_mark_page_reclaimable: TRACKED, to the tail of the LRU. Also puts a page back that reclaim skipped.
    /// </summary>
    public struct AddToLru : IMessage
    {
        public static ushort Code => 0x0307;

        public static MessageKind Kind => MessageKind.Lru;

        public EpcPageIndex Page;
    }

    /// <summary>sgx_unmark_page_reclaimable.</summary>
    public struct Unmark : IMessage
    {
        public static ushort Code => 0x0308;

        public static MessageKind Kind => MessageKind.Lru;

        public EpcPageIndex Page;

        /// <summary>Out: EBUSY, the reclaimer has isolated it.</summary>
        public YesNo IsBusy;
    }

    /// <summary>sgx_isolate_epc_pages: takes the LRU's lock and pops the first page.</summary>
    public struct BeginIsolate : IMessage
    {
        public static ushort Code => 0x0309;

        public static MessageKind Kind => MessageKind.Reclaim;

        /// <summary>Out: none when the list is empty.</summary>
        public EpcPageIndex Page;

        /// <summary>Out: the enclave page it holds.</summary>
        public int Owner;
    }

    /// <summary>Still under the LRU's lock: pops the next page.</summary>
    public struct NextIsolate : IMessage
    {
        public static ushort Code => 0x030A;

        public static MessageKind Kind => MessageKind.Reclaim;

        /// <summary>
        /// A page popped before whose enclave is going away: TRACKED is cleared and the release frees it; or none.
        /// </summary>
        public EpcPageIndex Forget;

        /// <summary>Out: none when the list is empty.</summary>
        public EpcPageIndex Page;

        /// <summary>Out: the enclave page it holds.</summary>
        public int Owner;
    }

    /// <summary>Releases the LRU's lock.</summary>
    public struct EndIsolate : IMessage
    {
        public static ushort Code => 0x030B;

        public static MessageKind Kind => MessageKind.Reclaim;

        /// <summary>As in <see cref="NextIsolate"/>.</summary>
        public EpcPageIndex Forget;
    }

    /// <summary>
    /// A reclaimer lets go of a page that it has isolated: it is neither written out nor listed again (a SECS that has
    /// children by now, a poisoned page). Clears TRACKED under the LRU's lock.
    /// </summary>
    public struct DropIsolated : IMessage
    {
        public static ushort Code => 0x0313;

        public static MessageKind Kind => MessageKind.Reclaim;

        public EpcPageIndex Page;
    }

    /// <summary>
    /// A reclaimer has freed pages that it had isolated (switch isolated-reclaimable): they no longer count as
    /// reclaimable. Behind the free, so that a page is always either listed, isolated or free to those who look in
    /// that order.
    /// </summary>
    public struct PutIsolated : IMessage
    {
        public static ushort Code => 0x0312;

        public static MessageKind Kind => MessageKind.Reclaim;

        public int Pages;
    }

    /// <summary>Reads usage and limit, without a lock.</summary>
    public struct ReadUsage : IMessage
    {
        public static ushort Code => 0x030C;

        public static MessageKind Kind => MessageKind.Limit;

        /// <summary>Out: misc.current, bytes.</summary>
        public long Usage;

        /// <summary>Out: bytes that misc.max allows (<see cref="Limit.Bytes"/>).</summary>
        public long MaxBytes;
    }

    /// <summary>Writes misc.max: a pure store, of any number of 64 bits.</summary>
    public struct WriteMax : IMessage
    {
        public static ushort Code => 0x030D;

        public static MessageKind Kind => MessageKind.Limit;

        public Limit Max;
    }

    /// <summary>Series v1 to v5: sgx_record_epc_page with an unreclaimable page (SECS, VA).</summary>
    public struct AddUnreclaimable : IMessage
    {
        public static ushort Code => 0x030E;

        public static MessageKind Kind => MessageKind.Lru;

        public EpcPageIndex Page;

        /// <summary>Index of the enclave it belongs to.</summary>
        public int Enclave;
    }

    /// <summary>Series v1 to v5: sgx_drop_epc_page of an unreclaimable page.</summary>
    public struct DropUnreclaimable : IMessage
    {
        public static ushort Code => 0x030F;

        public static MessageKind Kind => MessageKind.Lru;

        public EpcPageIndex Page;
    }

    /// <summary>
    /// Series v1 to v5: takes the oldest unreclaimable page off its list, to find a victim. It is not put back.
    /// </summary>
    public struct PopVictimPage : IMessage
    {
        public static ushort Code => 0x0310;

        public static MessageKind Kind => MessageKind.Reclaim;

        /// <summary>Out: index of its enclave, -1 when the list is empty.</summary>
        public int Enclave;
    }

    /// <summary>rmdir: no new processes; the reference of the directory goes.</summary>
    public struct KillCss : IMessage
    {
        public static ushort Code => 0x0311;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: that was the last reference; the caller frees the cgroup.</summary>
        public YesNo WasLast;
    }

    /// <summary>css_create and misc_cg_alloc: a free place in the table of cgroups becomes a new cgroup.</summary>
    /// <remarks>The caller has the hierarchy's mutex, and no other task knows the place yet.</remarks>
    public struct CreateCss : IMessage
    {
        public static ushort Code => 0x0320;

        public static MessageKind Kind => MessageKind.Lifetime;
    }
}

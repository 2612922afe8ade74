using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.VirtualEpcs.VirtualEpcProtocol;

namespace EpcActors.Kernel.VirtualEpcs;

/// <summary>Requests to a vEPC instance and to the list of zombie SECS pages.</summary>
public static class VirtualEpcProtocol
{
    /// <summary>Takes vepc->lock and looks an index up (__sgx_vepc_fault).</summary>
    public struct LockAndLookUp : IMessage
    {
        public static ushort Code => 0x0B01;

        public static MessageKind Kind => MessageKind.Fault;

        public int Index;

        /// <summary>The mapping that faults: 0 for the VMM's, 1 for a second mmap() of the same file.</summary>
        public int Mapping;

        /// <summary>Out: none when the guest has not touched it yet.</summary>
        public EpcPageIndex EpcPage;

        /// <summary>Out: the mapping has a translation for it.</summary>
        public YesNo IsMapped;
    }

    /// <summary>Stores a fresh page, or only releases the lock when the page is none.</summary>
    public struct StoreAndUnlock : IMessage
    {
        public static ushort Code => 0x0B02;

        public static MessageKind Kind => MessageKind.Fault;

        public int Index;

        /// <summary>The mapping that gets the translation.</summary>
        public int Mapping;

        public EpcPageIndex EpcPage;

        /// <summary>Inserts a translation to the page that is there already (switch vepc-maps-existing, D8).</summary>
        public YesNo Maps;
    }

    /// <summary>
    /// The guest makes a page an enclave page: a SECS, or a child of one (ECREATE, EADD in the guest). The processor
    /// counts a SECS's children in all instances.
    /// </summary>
    public struct GuestUse : IMessage
    {
        public static ushort Code => 0x0B03;

        public static MessageKind Kind => MessageKind.Access;

        public int Index;

        /// <summary>
        /// Index of its SECS page in this instance; itself for a SECS; -1 when <see cref="ForeignSecs"/> names it.
        /// </summary>
        public int Secs;

        /// <summary>The EPC page of a SECS that is in another instance (a guest with two vEPC sections).</summary>
        public EpcPageIndex ForeignSecs;
    }

    /// <summary>EREMOVE of one page in place.</summary>
    public struct EremoveGuestPage : IMessage
    {
        public static ushort Code => 0x0B04;

        public static MessageKind Kind => MessageKind.Free;

        public int Index;

        /// <summary>In: the instruction fails, if there is such a page.</summary>
        public YesNo MustFail;

        /// <summary>Out: SGX_CHILD_PRESENT, a SECS with children.</summary>
        public YesNo HasChildren;

        /// <summary>Out: it failed otherwise.</summary>
        public YesNo HasFailed;

        /// <summary>Out: there was such a page.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>Takes a page out of the array, to be freed.</summary>
    public struct TakeGuestPage : IMessage
    {
        public static ushort Code => 0x0B05;

        public static MessageKind Kind => MessageKind.Free;

        public int Index;

        /// <summary>Out.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>Where a page is at this moment, for hardware that fails. No lock.</summary>
    public struct FindGuestPage : IMessage
    {
        public static ushort Code => 0x0B0B;

        public static MessageKind Kind => MessageKind.Fault;

        public int Index;

        /// <summary>Out: none when the guest has not touched it.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>The memory of a node is gone: has the guest a page of it?</summary>
    public struct HoldsNode : IMessage
    {
        public static ushort Code => 0x0B0A;

        public static MessageKind Kind => MessageKind.Fault;

        public int Node;

        /// <summary>Out.</summary>
        public YesNo Holds;
    }

    /// <summary>Takes zombie_secs_pages_lock.</summary>
    public struct LockZombies : IMessage
    {
        public static ushort Code => 0x0B08;

        public static MessageKind Kind => MessageKind.Lock;

        /// <summary>Out: pages on the list.</summary>
        public int Count;
    }

    public struct UnlockZombies : IMessage
    {
        public static ushort Code => 0x0B09;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>
    /// Puts a SECS at the tail of the list whose children live in another instance. zombie_secs_pages_lock held.
    /// </summary>
    public struct AddZombie : IMessage
    {
        public static ushort Code => 0x0B06;

        public static MessageKind Kind => MessageKind.Free;

        public EpcPageIndex EpcPage;
    }

    /// <summary>Takes the next zombie and tries EREMOVE again. zombie_secs_pages_lock held.</summary>
    public struct TakeZombie : IMessage
    {
        public static ushort Code => 0x0B07;

        public static MessageKind Kind => MessageKind.Free;

        /// <summary>Out: none when the list is empty.</summary>
        public EpcPageIndex EpcPage;

        /// <summary>Out: SGX_CHILD_PRESENT still.</summary>
        public YesNo HasChildren;
    }
}

/// <summary>
/// <c>struct sgx_vepc</c> (virt.c): EPC pages of a guest by index, behind a mutex. Charged, never listed, never
/// reclaimed.
/// </summary>
public sealed class VirtualEpc
    : Resource,
        IHandle<LockAndLookUp>,
        IHandle<StoreAndUnlock>,
        IHandle<GuestUse>,
        IHandle<EremoveGuestPage>,
        IHandle<TakeGuestPage>,
        IHandle<FindGuestPage>,
        IHandle<HoldsNode>
{
    private readonly Machine _machine;
    private readonly EpcPageTable _epc;
    private readonly int[] _pages;
    private readonly byte[] _mapped;
    private Mutex _lock;

    public VirtualEpc(ActorId id, string name, Machine machine, int pageCount)
        : base(id, $"vepc:{name}")
    {
        ArgumentNullException.ThrowIfNull(machine);
        _machine = machine;
        _epc = machine.Pages;
        _pages = new int[pageCount];
        _mapped = new byte[pageCount];
        Array.Fill(_pages, -1);
    }

    public override ActorKind ActorKind => ActorKind.VirtualEpc;

    /// <summary>Pages allocated.</summary>
    public int PageCount { get; private set; }

    public int Size => _pages.Length;

    public void Handle(ref LockAndLookUp message, Turn turn)
    {
        if (_lock.Acquire(turn))
        {
            message.EpcPage = new EpcPageIndex(_pages[message.Index]);
            message.IsMapped = (_mapped[message.Index] & (1 << message.Mapping)) != 0;
        }
    }

    public void Handle(ref StoreAndUnlock message, Turn turn)
    {
        if (!message.EpcPage.IsNone)
        {
            turn.Spend(Activity.Pte);
            _pages[message.Index] = message.EpcPage.Value;
            _mapped[message.Index] = (byte)(1 << message.Mapping);
            PageCount++;
        }
        else if (message.Maps && _pages[message.Index] >= 0)
        {
            turn.Spend(Activity.Pte);
            _mapped[message.Index] |= (byte)(1 << message.Mapping);
        }

        _lock.Release(turn);
    }

    public void Handle(ref GuestUse message, Turn turn)
    {
        int own = _pages[message.Index];
        int secs = message.Secs >= 0 ? _pages[message.Secs] : message.ForeignSecs.Value;
        if (own >= 0 && secs >= 0)
        {
            GuestEnclaves.Make(_epc, own, secs);
        }
    }

    public void Handle(ref EremoveGuestPage message, Turn turn)
    {
        message.EpcPage = new EpcPageIndex(_pages[message.Index]);
        if (message.EpcPage.IsNone)
        {
            return;
        }

        turn.Spend(Activity.Eremove);
        message.HasFailed = message.MustFail;
        message.HasChildren = !message.MustFail && !GuestEnclaves.TryRemove(_epc, message.EpcPage);
    }

    public void Handle(ref FindGuestPage message, Turn turn) =>
        message.EpcPage = new EpcPageIndex(_pages[message.Index]);

    public void Handle(ref HoldsNode message, Turn turn)
    {
        foreach (int page in _pages)
        {
            message.Holds = message.Holds || (page >= 0 && _machine.NodeOf(new EpcPageIndex(page)) == message.Node);
        }
    }

    public void Handle(ref TakeGuestPage message, Turn turn)
    {
        message.EpcPage = new EpcPageIndex(_pages[message.Index]);
        if (!message.EpcPage.IsNone)
        {
            _pages[message.Index] = -1;
            _mapped[message.Index] = 0;
            PageCount--;
        }
    }

    /// <summary>For audits.</summary>
    public void ForEachPage(Action<int> page)
    {
        ArgumentNullException.ThrowIfNull(page);
        foreach (int one in _pages)
        {
            if (one >= 0)
            {
                page(one);
            }
        }
    }
}

/// <summary>
/// <c>zombie_secs_pages</c>: SECS pages that EREMOVE refused at release because children live in another instance.
/// </summary>
public sealed class ZombieSecsList : Resource,
    IHandle<LockZombies>, IHandle<UnlockZombies>, IHandle<AddZombie>, IHandle<TakeZombie>
{
    private readonly EpcPageTable _epc;
    private readonly Queue<int> _pages = new();
    private Mutex _lock;

    public ZombieSecsList(ActorId id, EpcPageTable epc)
        : base(id, "zombie-secs-pages") => _epc = epc;

    public override ActorKind ActorKind => ActorKind.ZombieSecsList;

    public int Count => _pages.Count;

    public void Handle(ref LockZombies message, Turn turn)
    {
        if (_lock.Acquire(turn))
        {
            message.Count = _pages.Count;
        }
    }

    public void Handle(ref UnlockZombies message, Turn turn) => _lock.Release(turn);

    public void Handle(ref AddZombie message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        _pages.Enqueue(message.EpcPage.Value);
    }

    public void Handle(ref TakeZombie message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        message.EpcPage = EpcPageIndex.None;
        if (_pages.Count > 0)
        {
            turn.Spend(Activity.Eremove);
            message.EpcPage = new EpcPageIndex(_pages.Dequeue());
            message.HasChildren = !GuestEnclaves.TryRemove(_epc, message.EpcPage);
        }
    }

    /// <summary>For audits.</summary>
    public void ForEachPage(Action<int> page)
    {
        ArgumentNullException.ThrowIfNull(page);
        foreach (int one in _pages)
        {
            page(one);
        }
    }
}

/// <summary>
/// The processor's record of a guest's enclaves: the parent of each page and the number of children of each SECS. It
/// has no lock and no owner.
/// </summary>
/// <remarks>
/// The instances of one guest and the list of zombies use each other's SECS pages here, each on a thread of its own.
/// Only the owner of a page, an instance or the list, changes it, but for the count of a SECS. The count and the state
/// of a SECS change together, so a SECS with children is not removed, and one that is being removed gets no child. A
/// new child is counted before it is valid, and a removed one is uncounted after it is invalid.
/// </remarks>
internal static class GuestEnclaves
{
    /// <summary>Below -1, so it is never the page of an enclave of the host.</summary>
    private static int Encode(int value) => -2 - value;

    /// <summary>
    /// ECREATE, or EADD to a SECS; nothing happens to a page that is valid already, or without such a SECS.
    /// </summary>
    public static void Make(EpcPageTable epc, int index, int secs)
    {
        ref EpcPage page = ref epc[index];
        EpcmEntry seen = EpcmEntry.Read(ref page);
        if (seen.IsValid || (index != secs && !TryAddChildren(epc, secs, 1)))
        {
            return;
        }

        bool isMade = index == secs
            ? EpcmEntry.TryChange(ref page, seen, Encode(0), Epcm.Valid | Epcm.Secs)
            : EpcmEntry.TryChange(ref page, seen, Encode(secs), Epcm.Valid);
        Invariant.That(isMade, "a guest's page that is not in use is changed by two");
    }

    /// <summary>EREMOVE. False: SGX_CHILD_PRESENT. A page that is not valid any more is a success.</summary>
    public static bool TryRemove(EpcPageTable epc, EpcPageIndex index)
    {
        ref EpcPage page = ref epc[index];
        while (true)
        {
            EpcmEntry seen = EpcmEntry.Read(ref page);
            int value = Encode(seen.Owner);
            if (!seen.IsValid)
            {
                return true;
            }

            if (seen.Type == Epcm.Secs && value > 0)
            {
                return false;
            }

            if (!EpcmEntry.TryChange(ref page, seen, -1, Epcm.None))
            {
                continue;
            }

            // A page that a failed EWB left valid (D3) belongs to no guest and is not a child.
            if (seen.Type != Epcm.Secs && value >= 0)
            {
                bool hadParent = TryAddChildren(epc, value, -1);
                Invariant.That(hadParent, "a SECS went before its children");
            }

            return true;
        }
    }

    /// <summary>False: the page is not a SECS of a guest.</summary>
    private static bool TryAddChildren(EpcPageTable epc, int secs, int children)
    {
        ref EpcPage page = ref epc[secs];
        while (true)
        {
            EpcmEntry seen = EpcmEntry.Read(ref page);
            if (seen.Type != Epcm.Secs || seen.Owner > Encode(0))
            {
                return false;
            }

            if (EpcmEntry.TryChange(ref page, seen, seen.Owner - children, seen.State))
            {
                return true;
            }
        }
    }
}

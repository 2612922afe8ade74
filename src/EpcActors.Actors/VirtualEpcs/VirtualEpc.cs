using EpcActors.Domain.Epc;
using EpcActors.Engine;
using static EpcActors.Actors.VirtualEpcs.VirtualEpcProtocol;

namespace EpcActors.Actors.VirtualEpcs;

/// <summary>What tasks ask of a vEPC instance and of the list of zombie SECS pages.</summary>
public static class VirtualEpcProtocol
{
    /// <summary>Takes vepc->lock and looks an index up (__sgx_vepc_fault).</summary>
    public struct LockAndLookUp : IMessage
    {
        public static ushort Code => 0x0B01;

        public int Index;

        /// <summary>Out: none when the guest has not touched it yet.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>Stores a fresh page, or only releases the lock when the page is none.</summary>
    public struct StoreAndUnlock : IMessage
    {
        public static ushort Code => 0x0B02;

        public int Index;

        public EpcPageIndex EpcPage;
    }

    /// <summary>The guest makes a page an enclave page: a SECS, or a child of one (ECREATE, EADD in the guest).</summary>
    public struct GuestUse : IMessage
    {
        public static ushort Code => 0x0B03;

        public int Index;

        /// <summary>Index of its SECS page in this instance; itself for a SECS.</summary>
        public int Secs;
    }

    /// <summary>EREMOVE of one page in place.</summary>
    public struct EremoveGuestPage : IMessage
    {
        public static ushort Code => 0x0B04;

        public int Index;

        /// <summary>Out: SGX_CHILD_PRESENT, a SECS with children.</summary>
        public YesNo HasChildren;

        /// <summary>Out: there was such a page.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>Takes a page out of the array, to be freed.</summary>
    public struct TakeGuestPage : IMessage
    {
        public static ushort Code => 0x0B05;

        public int Index;

        /// <summary>Out.</summary>
        public EpcPageIndex EpcPage;
    }

    /// <summary>zombie_secs_pages_lock: puts a SECS on the list whose children live in another instance.</summary>
    public struct AddZombie : IMessage
    {
        public static ushort Code => 0x0B06;

        public EpcPageIndex EpcPage;
    }

    /// <summary>Takes the next zombie to try again; none at the end.</summary>
    public struct TakeZombie : IMessage
    {
        public static ushort Code => 0x0B07;

        /// <summary>Out.</summary>
        public EpcPageIndex EpcPage;
    }
}

/// <summary><c>struct sgx_vepc</c> (virt.c): EPC pages of a guest by index, behind a mutex. Charged, never listed, never reclaimed.</summary>
public sealed class VirtualEpc : Resource,
    IHandle<LockAndLookUp>, IHandle<StoreAndUnlock>, IHandle<GuestUse>, IHandle<EremoveGuestPage>, IHandle<TakeGuestPage>
{
    private readonly EpcPageTable _epc;
    private readonly int[] _pages;
    private readonly int[] _secsOf;
    private readonly int[] _children;
    private Mutex _lock;

    public VirtualEpc(ActorId id, string name, EpcPageTable epc, int pageCount)
        : base(id, $"vepc:{name}")
    {
        _epc = epc;
        _pages = new int[pageCount];
        _secsOf = new int[pageCount];
        _children = new int[pageCount];
        Array.Fill(_pages, -1);
        Array.Fill(_secsOf, -1);
    }

    /// <summary>Pages allocated.</summary>
    public int PageCount { get; private set; }

    public int Size => _pages.Length;

    public void Handle(ref LockAndLookUp message, Turn turn)
    {
        if (_lock.Acquire(turn))
        {
            message.EpcPage = new EpcPageIndex(_pages[message.Index]);
        }
    }

    public void Handle(ref StoreAndUnlock message, Turn turn)
    {
        if (!message.EpcPage.IsNone)
        {
            turn.Spend(Activity.Pte);
            _pages[message.Index] = message.EpcPage.Value;
            PageCount++;
        }

        _lock.Release(turn);
    }

    public void Handle(ref GuestUse message, Turn turn)
    {
        if (_pages[message.Index] < 0 || _pages[message.Secs] < 0)
        {
            return;
        }

        ref EpcPage page = ref _epc[_pages[message.Index]];
        page.Epcm = Epcm.Valid | (message.Index == message.Secs ? Epcm.Secs : Epcm.None);
        _secsOf[message.Index] = message.Secs;
        if (message.Index != message.Secs)
        {
            _children[message.Secs]++;
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
        if (_children[message.Index] > 0)
        {
            message.HasChildren = true;
            return;
        }

        ref EpcPage page = ref _epc[message.EpcPage];
        page.Epcm = Epcm.None;
        int secs = _secsOf[message.Index];
        if (secs >= 0 && secs != message.Index)
        {
            _children[secs]--;
        }

        _secsOf[message.Index] = -1;
    }

    public void Handle(ref TakeGuestPage message, Turn turn)
    {
        message.EpcPage = new EpcPageIndex(_pages[message.Index]);
        if (!message.EpcPage.IsNone)
        {
            _pages[message.Index] = -1;
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

/// <summary><c>zombie_secs_pages</c>: SECS pages that EREMOVE refused at release because children live in another instance.</summary>
public sealed class ZombieSecsList : Resource, IHandle<AddZombie>, IHandle<TakeZombie>
{
    private readonly Queue<int> _pages = new();

    public ZombieSecsList(ActorId id)
        : base(id, "zombie-secs-pages")
    {
    }

    public int Count => _pages.Count;

    public void Handle(ref AddZombie message, Turn turn) => _pages.Enqueue(message.EpcPage.Value);

    public void Handle(ref TakeZombie message, Turn turn) =>
        message.EpcPage = _pages.Count > 0 ? new EpcPageIndex(_pages.Dequeue()) : EpcPageIndex.None;

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

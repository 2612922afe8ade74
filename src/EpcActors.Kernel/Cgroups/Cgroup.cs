using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.Cgroups.CgroupProtocol;

namespace EpcActors.Kernel.Cgroups;

/// <summary>
/// One cgroup of the misc hierarchy: the counters of <c>sgx_epc</c> (misc.c) and the LRU of its pages (<c>struct
/// sgx_epc_lru_list</c>). Without an EPC cgroup only the root's LRU is used: it is then the machine's
/// <c>sgx_active_page_list</c>.
/// </summary>
public sealed class Cgroup
    : Resource,
        IHandle<Charge>,
        IHandle<Uncharge>,
        IHandle<CountMaxEvent>,
        IHandle<CountWaiter>,
        IHandle<TryGetCss>,
        IHandle<PutCss>,
        IHandle<ReadLru>,
        IHandle<AddToLru>,
        IHandle<Unmark>,
        IHandle<BeginIsolate>,
        IHandle<NextIsolate>,
        IHandle<EndIsolate>,
        IHandle<PutIsolated>,
        IHandle<DropIsolated>,
        IHandle<ReadUsage>,
        IHandle<WriteMax>,
        IHandle<AddUnreclaimable>,
        IHandle<DropUnreclaimable>,
        IHandle<PopVictimPage>,
        IHandle<KillCss>,
        IHandle<CreateCss>
{
    private readonly EpcPageTable _pages;
    private readonly bool _wideUsage;
    private readonly bool _countsIsolated;
    private readonly Dictionary<int, int> _enclaveOfUnreclaimable = [];
    private EpcPageList _unreclaimable = new();
    private EpcPageList _lru = new();
    private Mutex _lruLock = new(isSpinLock: true);
    private long _references = 1;
    private int _isolated;
    private int _waiters;

    /// <param name="id">Address.</param>
    /// <param name="index">Number of the cgroup, as in the pages charged to it.</param>
    /// <param name="path">Path below the root; <c>/</c> for the root.</param>
    /// <param name="pages">The machine's descriptors; this actor touches those of listed pages only.</param>
    /// <param name="max">misc.max.</param>
    /// <param name="capacityBytes">misc.capacity.</param>
    /// <param name="wideUsage">False: the sum that is checked is a 32-bit integer (C1).</param>
    /// <param name="countsIsolated">The LRU counts the pages that reclaimers have isolated (D5, C15).</param>
    public Cgroup(
        ActorId id,
        int index,
        string path,
        EpcPageTable pages,
        Limit max,
        long capacityBytes,
        bool wideUsage,
        bool countsIsolated = false)
        : base(id, $"cgroup:{path}")
    {
        Index = index;
        Path = path;
        _pages = pages;
        Max = max;
        CapacityBytes = capacityBytes;
        _wideUsage = wideUsage;
        _countsIsolated = countsIsolated;
    }

    public override ActorKind ActorKind => ActorKind.Cgroup;

    public int Index { get; }

    /// <summary>Path below the root; <c>/</c> for the root. A place that is used again has the newest.</summary>
    [NotState]
    public string Path { get; private set; }

    /// <summary>misc.max as it is stored and shown: unrounded.</summary>
    public Limit Max { get; private set; }

    public long CapacityBytes { get; }

    /// <summary>misc.current, bytes.</summary>
    public long UsageBytes { get; private set; }

    /// <summary>misc.peak, bytes; refused charges raise it on the levels below the one that refused.</summary>
    [NotState]
    public long PeakBytes { get; private set; }

    /// <summary>misc.events.</summary>
    [NotState]
    public long Events { get; private set; }

    /// <summary>misc.events.local.</summary>
    [NotState]
    public long EventsLocal { get; private set; }

    /// <summary>rmdir was done; pages may still be charged (a zombie).</summary>
    public bool IsDying { get; private set; }

    /// <summary>The last reference is gone.</summary>
    public bool IsFreed => _references == 0;

    /// <summary>
    /// References: one for the directory, each charged page, each child that is not freed, and each task that looks.
    /// </summary>
    public long References => _references;

    /// <summary>Tasks that reclaim for a charge which this level refused (switch waiters-first).</summary>
    public int Waiters => _waiters;

    /// <summary>Length of the LRU.</summary>
    public int LruPages => _lru.Count;

    /// <summary>Length of the list of unreclaimable pages (series v1 to v5).</summary>
    public int UnreclaimablePages => _unreclaimable.Count;

    public void Handle(ref Charge message, Turn turn)
    {
        turn.Hold(Activity.Atomic);
        if (message.TakeReference)
        {
            if (_references == 0)
            {
                message.Result = LevelCharge.Gone;
                return;
            }

            _references++;
        }

        UsageBytes += message.Bytes;

        // C1: the counter was a long, but what atomic_long_add_return() gave was kept in an int. From 2 GiB on it is
        // negative, which the comparison with an unsigned long turns into a number above every limit: no cgroup is
        // charged for more than 2 GiB, the root included.
        ulong sum = unchecked(_wideUsage ? (ulong)UsageBytes : (ulong)(int)UsageBytes);
        if (!Max.Allows(sum) || sum > (ulong)CapacityBytes)
        {
            message.Result = LevelCharge.Over;
            message.IsOverCapacity = (message.Terms & ChargeTerms.TellsCapacity) != 0 && Max.Allows(sum);
            return;
        }

        if ((message.Terms & ChargeTerms.GivesWay) != 0 && _waiters > 0)
        {
            message.Result = LevelCharge.Over;
            return;
        }

        PeakBytes = Math.Max(PeakBytes, UsageBytes);
    }

    public void Handle(ref Uncharge message, Turn turn)
    {
        turn.Hold(Activity.Atomic);
        UsageBytes -= message.Bytes;
        if (!message.PutReference)
        {
            return;
        }

        if (IsDying)
        {
            message.MustPut = true;
        }
        else
        {
            _references--;
        }
    }

    public void Handle(ref CountMaxEvent message, Turn turn)
    {
        EventsLocal += message.IsLocal ? 1 : 0;
        Events += message.IsHierarchical ? 1 : 0;
    }

    public void Handle(ref CountWaiter message, Turn turn)
    {
        turn.Hold(Activity.Atomic);
        _waiters += message.Change;
    }

    public void Handle(ref TryGetCss message, Turn turn)
    {
        if (_references > 0)
        {
            _references++;
            message.Got = true;
        }
    }

    public void Handle(ref PutCss message, Turn turn) => message.WasLast = --_references == 0;

    public void Handle(ref ReadLru message, Turn turn)
    {
        if (!message.TakeLock || LockShortly(turn))
        {
            message.IsEmpty = _lru.IsEmpty && !(message.CountIsolated && _isolated > 0);
        }
    }

    public void Handle(ref AddToLru message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        Invariant.That(!_lru.Contains(_pages, message.Page), $"{Name}: {message.Page} is listed twice");
        if (_pages[message.Page].IsTracked)
        {
            // A reclaimer puts back what it has isolated; every other page comes untracked.
            CountIsolated(-1);
        }

        _pages[message.Page].Flags |= EpcPageFlags.ReclaimerTracked;
        _lru.AddTail(_pages, message.Page);
    }

    public void Handle(ref Unmark message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        // A memory failure hits a page that the failing task does not own. The owner may free it, and other tasks may
        // charge and link it, while we look: read the links first, then the rest at one moment. Only this cgroup tracks
        // pages that are charged to it, so a page that is tracked now was tracked all the time.
        ref EpcPage page = ref _pages[message.Page];
        bool isLinked = _lru.Contains(_pages, message.Page);
        EpcmEntry entry = EpcmEntry.ReadLast(ref page);
        if (!entry.IsTracked || Machine.LruOf(entry.Cgroup) != Index)
        {
            return;
        }

        if (!isLinked)
        {
            message.IsBusy = true;
            return;
        }

        _lru.Remove(_pages, message.Page);
        page.Flags &= ~EpcPageFlags.ReclaimerTracked;
    }

    public void Handle(ref BeginIsolate message, Turn turn)
    {
        if (!_lruLock.Acquire(turn))
        {
            return;
        }

        turn.Spend(Activity.SpinLock);
        message.Page = Pop(out message.Owner);
    }

    public void Handle(ref NextIsolate message, Turn turn)
    {
        _lruLock.AssertHeldBy(turn);
        Forget(message.Forget);
        message.Page = Pop(out message.Owner);
    }

    public void Handle(ref EndIsolate message, Turn turn)
    {
        Forget(message.Forget);
        _lruLock.Release(turn);
    }

    public void Handle(ref PutIsolated message, Turn turn)
    {
        if (LockShortly(turn))
        {
            CountIsolated(-message.Pages);
        }
    }

    public void Handle(ref DropIsolated message, Turn turn)
    {
        if (LockShortly(turn))
        {
            Forget(message.Page);
        }
    }

    public void Handle(ref ReadUsage message, Turn turn)
    {
        message.Usage = UsageBytes;
        message.MaxBytes = Max.Bytes;
    }

    public void Handle(ref WriteMax message, Turn turn) => Max = message.Max;

    public void Handle(ref AddUnreclaimable message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        _pages[message.Page].Flags |= EpcPageFlags.Unreclaimable;
        _unreclaimable.AddTail(_pages, message.Page);
        _enclaveOfUnreclaimable[message.Page.Value] = message.Enclave;
    }

    public void Handle(ref DropUnreclaimable message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        // The flag stays on a page that the search for a victim took off the list: then there is nothing to unlink.
        _pages[message.Page].Flags &= ~EpcPageFlags.Unreclaimable;
        if (_enclaveOfUnreclaimable.Remove(message.Page.Value))
        {
            _unreclaimable.Remove(_pages, message.Page);
        }
    }

    public void Handle(ref PopVictimPage message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        EpcPageIndex page = _unreclaimable.PopHead(_pages);
        message.Enclave = -1;
        if (!page.IsNone)
        {
            _enclaveOfUnreclaimable.Remove(page.Value, out message.Enclave);
        }
    }

    public void Handle(ref KillCss message, Turn turn)
    {
        Invariant.That(!IsDying, $"{Name} is removed twice");
        IsDying = true;
        message.WasLast = --_references == 0;
    }

    public void Handle(ref CreateCss message, Turn turn)
    {
        Invariant.That(IsFreed && UsageBytes == 0, $"{Name} is made anew before it was freed");
        _references = 1;
        IsDying = false;
        Max = Limit.Max;
        PeakBytes = 0;
        Events = 0;
        EventsLocal = 0;
    }

    /// <summary>Before the run: a place without a cgroup, for one that is made later (mkdir).</summary>
    public void LeaveFree()
    {
        _references = 0;
        IsDying = true;
    }

    /// <summary>Gives a free place the path of the cgroup that it is about to become.</summary>
    public void Rename(string path)
    {
        Invariant.That(IsFreed, $"{Name} is renamed while it is in use");
        Path = path;
        Name = $"cgroup:{path}";
    }

    /// <summary>
    /// Before the run: a cgroup below this one, which holds a reference to it until it is freed itself.
    /// </summary>
    public void AddChild() => _references++;

    /// <summary>For audits: every page on the LRU.</summary>
    public void ForEachLruPage(Action<int> page)
    {
        ArgumentNullException.ThrowIfNull(page);
        for (int at = _lru.Head.Value; at >= 0; at = _pages[at].Next)
        {
            page(at);
        }
    }

    /// <summary>A section of the LRU's spin lock that begins and ends in this message.</summary>
    private bool LockShortly(Turn turn)
    {
        if (!_lruLock.Acquire(turn))
        {
            return false;
        }

        turn.Hold(Activity.SpinLock);
        _lruLock.Release(turn);
        return true;
    }

    private EpcPageIndex Pop(out int owner)
    {
        EpcPageIndex page = _lru.PopHead(_pages);
        owner = page.IsNone ? -1 : _pages[page].Owner;
        CountIsolated(page.IsNone ? 0 : 1);
        return page;
    }

    /// <summary>Counts only where a kernel looks at it.</summary>
    private void CountIsolated(int pages) => _isolated += _countsIsolated ? pages : 0;

    private void Forget(EpcPageIndex page)
    {
        if (!page.IsNone)
        {
            _pages[page].Flags &= ~EpcPageFlags.ReclaimerTracked;
            CountIsolated(-1);
        }
    }
}

/// <summary>Names that a kernel's switches give to the parts of a cgroup.</summary>
internal static class CgroupRules
{
    /// <summary>True when pages are listed by the cgroup that is charged for them.</summary>
    public static bool ListsByCgroup(this KernelSwitches switches) => switches.EpcCgroup == EpcCgroupMode.On;
}

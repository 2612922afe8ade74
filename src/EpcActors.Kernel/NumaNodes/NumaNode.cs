using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.NumaNodes.NumaNodeProtocol;

namespace EpcActors.Kernel.NumaNodes;

/// <summary>
/// <c>struct sgx_numa_node</c>: the EPC of one node behind its spin lock, with its free list, its poison list and, at
/// boot, its dirty pages.
/// </summary>
public class NumaNode
    : Resource,
        IHandle<TakePage>,
        IHandle<FreePage>,
        IHandle<ReadPoison>,
        IHandle<UnlockNode>,
        IHandle<PoisonPage>,
        IHandle<SanitisePage>,
        IHandle<ReadFreePages>,
        IHandle<LoseEpc>
{
    private readonly EpcPageTable _pages;
    private readonly FreeList _free;
    private readonly List<(int First, int End)> _dirty = [];
    private readonly PageSet _poison;
    private EpcPageList _poisoned = new();
    private Mutex _lock = new(isSpinLock: true);

    /// <param name="id">Address.</param>
    /// <param name="nodeId">Number of the node.</param>
    /// <param name="pages">The machine's descriptors; this actor touches those of free and poisoned pages only.</param>
    /// <param name="sections">First page and page count of each EPC section on this node.</param>
    /// <param name="isSanitised">True: all pages are free from the start; false: dirty until ksgxd has sanitised
    /// them.</param>
    public NumaNode(
        ActorId id,
        int nodeId,
        EpcPageTable pages,
        IReadOnlyList<(int First, int Count)> sections,
        bool isSanitised)
        : base(id, $"node-{nodeId}")
    {
        ArgumentNullException.ThrowIfNull(sections);
        NodeId = nodeId;
        _pages = pages;
        _free = new FreeList(pages);
        _poison = new PageSet(pages.PageCount);
        foreach ((int first, int count) in sections)
        {
            CapacityPages += count;
            if (isSanitised)
            {
                _free.AddFresh(first, first + count);
            }
            else
            {
                _dirty.Add((first, first + count));
            }
        }
    }

    public override ActorKind ActorKind => ActorKind.NumaNode;

    public int NodeId { get; }

    /// <summary>Pages of its sections (sgx_total_bytes / 4096).</summary>
    public int CapacityPages { get; }

    /// <summary>Pages that are on its lists or in use: all of them, unless some are lent or borrowed.</summary>
    public virtual int PresentPages => CapacityPages;

    /// <summary>Length of the free list.</summary>
    public int FreePages => _free.Count;

    /// <summary>Length of the poison list.</summary>
    public int PoisonedPages => _poisoned.Count;

    /// <summary>
    /// Of those, pages that were poisoned before they were sanitised: the free-page counter never knew them.
    /// </summary>
    [NotState]
    public int PoisonedBeforeBootPages { get; private set; }

    /// <summary>Pages that were freed with their tracked flag set: sgx_encl_free_epc_page warns of them.</summary>
    [NotState]
    public int TrackedWhenFreed { get; private set; }

    /// <summary>
    /// <c>page->poison</c>: set once by a memory failure, also on a page in use, and never cleared. Any
    /// thread may call it.
    /// </summary>
    public bool IsPoisoned(EpcPageIndex page) => _poison.Contains(page);

    /// <summary>Pages not sanitised yet.</summary>
    public int DirtyPages
    {
        get
        {
            int count = 0;
            foreach ((int first, int end) in _dirty)
            {
                count += end - first;
            }

            return count;
        }
    }

    /// <summary>
    /// The node's own counter, for the per-node mode: changed in the same critical section as the list.
    /// </summary>
    public long OwnCounter { get; private set; }

    public void Handle(ref TakePage message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        turn.Hold(Activity.SpinLock);
        EpcPageIndex page = _free.PopHead();
        message.Page = page;
        if (!page.IsNone)
        {
            _pages[page].Flags = EpcPageFlags.None;
            OwnCounter--;
        }

        if (page.IsNone || !message.KeepLocked)
        {
            _lock.Release(turn);
        }
    }

    public void Handle(ref FreePage message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        turn.Hold(Activity.SpinLock);
        ref EpcPage page = ref _pages[message.Page];
        page.Owner = -1;
        page.Cgroup = EpcPage.NoCgroup;
        bool poisoned = !message.IgnorePoison && IsPoisoned(message.Page);
        TrackedWhenFreed += page.IsTracked ? 1 : 0;
        page.Flags = EpcPageFlags.IsFree;
        if (poisoned)
        {
            _poisoned.AddHead(_pages, message.Page);
        }
        else
        {
            _free.AddTail(message.Page);
        }

        // As upstream, a poisoned page is counted as free, unless its repair is on (D2 of the race catalogue).
        message.IsPoisoned = poisoned && message.UncountsPoison;
        OwnCounter += poisoned && message.UncountsPoison ? 0 : 1;
        if (!message.KeepLocked)
        {
            _lock.Release(turn);
        }
    }

    public void Handle(ref ReadPoison message, Turn turn)
    {
        if (message.KeepLocked && !_lock.Acquire(turn))
        {
            return;
        }

        message.IsPoisoned = IsPoisoned(message.Page);
        if (message.KeepLocked && message.IsPoisoned)
        {
            _lock.Release(turn);
        }
    }

    public void Handle(ref UnlockNode message, Turn turn) => _lock.Release(turn);

    public void Handle(ref PoisonPage message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        turn.Hold(Activity.SpinLock);
        bool isInUse = false;
        if (!_poison.Add(message.Page))
        {
            message.WasPoisoned = true;
        }
        else if (TakeFromDirty(message.Page.Value))
        {
            // The kernel leaves it to the sanitiser to move the page; only the sanitiser can tell the difference.
            PoisonedBeforeBootPages++;
            _poisoned.AddHead(_pages, message.Page);
        }
        else if (_pages[message.Page].IsFree)
        {
            // Another task may own the page and its flags, but only the node changes this flag.
            _free.Remove(message.Page);
            _poisoned.AddHead(_pages, message.Page);
            message.WasFree = true;
            OwnCounter -= message.UncountsPoison ? 1 : 0;
        }
        else
        {
            isInUse = true;
        }

        message.KeepLocked = message.KeepLocked && isInUse;
        if (!message.KeepLocked)
        {
            _lock.Release(turn);
        }
    }

    public void Handle(ref SanitisePage message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        message.Page = EpcPageIndex.None;
        if (_dirty.Count > 0)
        {
            (int first, int end) = _dirty[0];
            message.Page = new EpcPageIndex(first);
            if (first + 1 == end)
            {
                _dirty.RemoveAt(0);
            }
            else
            {
                _dirty[0] = (first + 1, end);
            }

            turn.Spend(Activity.Eremove);
            turn.Hold(Activity.SpinLock);
            _free.AddFresh(first, first + 1);
            OwnCounter++;
        }

        if (message.Page.IsNone || !message.KeepLocked)
        {
            _lock.Release(turn);
        }
    }

    public void Handle(ref LoseEpc message, Turn turn) => _pages.LoseAll();

    private bool TakeFromDirty(int page)
    {
        for (int i = 0; i < _dirty.Count; i++)
        {
            (int first, int end) = _dirty[i];
            if (page < first || page >= end)
            {
                continue;
            }

            _dirty.RemoveAt(i);
            if (page + 1 < end)
            {
                _dirty.Insert(i, (page + 1, end));
            }

            if (first < page)
            {
                _dirty.Insert(i, (first, page));
            }

            return true;
        }

        return false;
    }

    public void Handle(ref ReadFreePages message, Turn turn) => message.FreePages = OwnCounter;

    /// <summary>A section of the node's spin lock that begins and ends in this message.</summary>
    /// <returns>False: the request was parked.</returns>
    protected bool LockShortly(Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return false;
        }

        turn.Hold(Activity.SpinLock);
        _lock.Release(turn);
        return true;
    }

    /// <summary>Takes the first page off the free list; none when it is empty. Lock held.</summary>
    protected EpcPageIndex TakeFree()
    {
        EpcPageIndex page = _free.PopHead();
        if (!page.IsNone)
        {
            _pages[page].Flags = EpcPageFlags.None;
            OwnCounter--;
        }

        return page;
    }

    /// <summary>Puts a page onto the free list, or the list of poisoned ones, and resets its descriptor. Lock
    /// held.</summary>
    protected void PutFree(EpcPageIndex index)
    {
        ref EpcPage page = ref _pages[index];
        page.Owner = -1;
        page.Cgroup = EpcPage.NoCgroup;
        page.Epcm = Epcm.None;
        page.Flags = EpcPageFlags.IsFree;
        if (IsPoisoned(index))
        {
            _poisoned.AddHead(_pages, index);
        }
        else
        {
            _free.AddTail(index);
        }

        OwnCounter++;
    }

    /// <summary>Boot without sanitising: the counter starts at the number of free pages.</summary>
    public void CountBootPages() => OwnCounter = FreePages;

    /// <summary>For audits: every run of free pages.</summary>
    public void ForEachFreeRun(Action<int, int> run) => _free.ForEachRun(run);

    /// <summary>For audits: every poisoned page that was taken out of circulation.</summary>
    public void ForEachPoisoned(Action<int> page)
    {
        ArgumentNullException.ThrowIfNull(page);
        for (int at = _poisoned.Head.Value; at >= 0; at = _pages[at].Next)
        {
            page(at);
        }
    }

    /// <summary>For audits: every run of dirty pages.</summary>
    public void ForEachDirtyRun(Action<int, int> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        foreach ((int first, int end) in _dirty)
        {
            run(first, end);
        }
    }
}

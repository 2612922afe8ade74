using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using static EpcActors.Cluster.Sharing.SharedNodeProtocol;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// A NUMA node of a machine over processes. The process that has the node lends pages of it; each other process has a
/// stand-in, whose pages are all borrowed.
/// </summary>
public sealed class SharedNode
    : NumaNode,
        IHandle<LendPage>,
        IHandle<TakeBackPage>,
        IHandle<CloseLoans>,
        IHandle<ImportPage>,
        IHandle<ExportPage>,
        IHandle<ReadBorrowed>
{
    private readonly Dictionary<int, (int Member, int Incarnation)> _lent = [];
    private readonly Dictionary<int, int> _closed = [];
    private int _foreignPages;
    private int _foreignIncarnation;
    private int _deadLender;
    private bool _isLosing;
    private long _lentSum;
    private long _foreignSum;

    /// <param name="id">Address.</param>
    /// <param name="nodeId">Number of the node.</param>
    /// <param name="pages">The machine's descriptors; this actor touches those of free and poisoned pages only.</param>
    /// <param name="sections">First page and page count of each EPC section on this node; none for a stand-in.</param>
    /// <param name="isSanitised">True: all pages are free from the start; false: dirty until ksgxd has sanitised
    /// them.</param>
    public SharedNode(
        ActorId id,
        int nodeId,
        EpcPageTable pages,
        IReadOnlyList<(int First, int Count)> sections,
        bool isSanitised)
        : base(id, nodeId, pages, sections, isSanitised)
    {
    }

    /// <summary>Pages lent to others are missing, pages borrowed from others are there.</summary>
    public override int PresentPages => CapacityPages - _lent.Count + _foreignPages;

    /// <summary>Pages lent to other processes.</summary>
    public int LentPages => _lent.Count;

    /// <summary>Sum of their numbers: when one is lost, the difference is its number.</summary>
    public long LentSum => _lentSum;

    /// <summary>Sum of the numbers of <see cref="BorrowedPages"/>.</summary>
    public long BorrowedSum => _foreignSum;

    /// <summary>Pages borrowed from the process that has this node.</summary>
    public int BorrowedPages => _foreignPages;

    public void Handle(ref LendPage message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        message.Page = EpcPageIndex.None;
        if (_closed.TryGetValue(message.Member, out int closed) && message.Incarnation <= closed)
        {
            // The borrower died while its request was on the way, and its loans were taken back: this page would never
            // come back.
            return;
        }

        message.Page = TakeFree();
        if (!message.Page.IsNone)
        {
            _lent.Add(message.Page.Value, (message.Member, message.Incarnation));
            _lentSum += message.Page.Value;
        }
    }

    public void Handle(ref TakeBackPage message, Turn turn)
    {
        if (LockShortly(turn) && _lent.TryGetValue(message.Page.Value, out (int Member, int Incarnation) lent)
            && lent == (message.Member, message.Incarnation))
        {
            _lent.Remove(message.Page.Value);
            _lentSum -= message.Page.Value;
            PutFree(message.Page);
        }
    }

    public void Handle(ref CloseLoans message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        _closed[message.Member] = Math.Max(_closed.GetValueOrDefault(message.Member), message.Incarnation);
        List<int> back = [];
        foreach ((int page, (int Member, int Incarnation) lent) in _lent)
        {
            if (lent.Member == message.Member && lent.Incarnation <= message.Incarnation)
            {
                back.Add(page);
            }
        }

        back.Sort();
        foreach (int page in back)
        {
            _lent.Remove(page);
            _lentSum -= page;
            PutFree(new EpcPageIndex(page));
        }

        message.Pages = back.Count;
    }

    public void Handle(ref ImportPage message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        // During the search for pages of a dead incarnation, a page of the next one would look like one of them.
        if (
            _isLosing
            || message.Incarnation <= _deadLender
            || (_foreignPages > 0 && _foreignIncarnation != message.Incarnation))
        {
            message.IsRefused = true;
            return;
        }

        _foreignIncarnation = message.Incarnation;
        _foreignPages++;
        _foreignSum += message.Page.Value;
        PutFree(message.Page);
    }

    public void Handle(ref ExportPage message, Turn turn)
    {
        if (!LockShortly(turn))
        {
            return;
        }

        message.Page = TakeFree();
        message.Incarnation = _foreignIncarnation;
        if (!message.Page.IsNone)
        {
            _foreignPages--;
            _foreignSum -= message.Page.Value;
        }
    }

    public void Handle(ref ReadBorrowed message, Turn turn)
    {
        _deadLender = Math.Max(_deadLender, message.Dead);
        message.Pages = _foreignPages;
        message.Incarnation = _foreignIncarnation;
        _isLosing = _foreignPages > 0 && _foreignIncarnation <= _deadLender;
    }
}

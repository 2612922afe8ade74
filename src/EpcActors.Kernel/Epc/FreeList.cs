namespace EpcActors.Kernel.Epc;

/// <summary>
/// Free pages of a node, first in, first out: allocation takes the head, free adds at the tail (main.c). Pages that
/// were never allocated since boot stand at the front as plain ranges and have no descriptor yet.
/// </summary>
public sealed class FreeList
{
    private readonly EpcPageTable _table;
    private readonly List<(int First, int End)> _fresh = [];
    private EpcPageList _list = new();

    public FreeList(EpcPageTable table) => _table = table;

    public int Count { get; private set; }

    /// <summary>
    /// Adds pages that were never used: <paramref name="first"/> up to and without <paramref name="end"/>.
    /// </summary>
    public void AddFresh(int first, int end)
    {
        if (_list.IsEmpty)
        {
            if (_fresh.Count > 0 && _fresh[^1].End == first)
            {
                _fresh[^1] = (_fresh[^1].First, end);
            }
            else if (first < end)
            {
                _fresh.Add((first, end));
            }

            Count += end - first;
            return;
        }

        // Pages already freed stand in front: keep the order, page by page.
        for (int page = first; page < end; page++)
        {
            AddTail(new EpcPageIndex(page));
        }
    }

    /// <summary>Takes the page that is free longest, or none.</summary>
    public EpcPageIndex PopHead()
    {
        if (_fresh.Count > 0)
        {
            (int first, int end) = _fresh[0];
            Replace(0, first + 1, end);
            Count--;
            return new EpcPageIndex(first);
        }

        EpcPageIndex page = _list.PopHead(_table);
        if (!page.IsNone)
        {
            Count--;
        }

        return page;
    }

    public void AddTail(EpcPageIndex page)
    {
        _list.AddTail(_table, page);
        Count++;
    }

    /// <summary>Takes a free page out of the middle, for the poison list.</summary>
    public void Remove(EpcPageIndex page)
    {
        Count--;
        for (int i = 0; i < _fresh.Count; i++)
        {
            (int first, int end) = _fresh[i];
            if (page.Value >= first && page.Value < end)
            {
                if (page.Value + 1 < end)
                {
                    _fresh.Insert(i + 1, (page.Value + 1, end));
                }

                Replace(i, first, page.Value);
                return;
            }
        }

        _list.Remove(_table, page);
    }

    /// <summary>Calls back for every run of free pages, for audits.</summary>
    public void ForEachRun(Action<int, int> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        foreach ((int first, int end) in _fresh)
        {
            run(first, end);
        }

        for (int page = _list.Head.Value; page >= 0; page = _table[page].Next)
        {
            run(page, page + 1);
        }
    }

    /// <summary>
    /// A range becomes shorter; an empty one goes, so that the same free pages are always the same ranges.
    /// </summary>
    private void Replace(int range, int first, int end)
    {
        if (first < end)
        {
            _fresh[range] = (first, end);
        }
        else
        {
            _fresh.RemoveAt(range);
        }
    }
}

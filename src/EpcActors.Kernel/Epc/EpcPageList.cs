namespace EpcActors.Kernel.Epc;

/// <summary>
/// Doubly linked list of EPC pages through the links in their descriptors: an LRU of the reclaimer, a poison list. Pop
/// at the head, add at the tail.
/// </summary>
public struct EpcPageList
{
    private int _head;
    private int _tail;

    public EpcPageList()
    {
        _head = -1;
        _tail = -1;
    }

    public int Count { get; private set; }

    public readonly bool IsEmpty => Count == 0;

    /// <summary>First page, or none.</summary>
    public readonly EpcPageIndex Head => new(_head);

    public void AddTail(EpcPageTable table, EpcPageIndex page)
    {
        ref EpcPage entry = ref table[page];
        entry.Next = -1;
        entry.Previous = _tail;
        if (_tail < 0)
        {
            _head = page.Value;
        }
        else
        {
            table[_tail].Next = page.Value;
        }

        _tail = page.Value;
        Count++;
    }

    public void AddHead(EpcPageTable table, EpcPageIndex page)
    {
        ref EpcPage entry = ref table[page];
        entry.Previous = -1;
        entry.Next = _head;
        if (_head < 0)
        {
            _tail = page.Value;
        }
        else
        {
            table[_head].Previous = page.Value;
        }

        _head = page.Value;
        Count++;
    }

    /// <summary>
    /// Takes the first page off (list_del_init: it then links to nothing); none when the list is empty.
    /// </summary>
    public EpcPageIndex PopHead(EpcPageTable table)
    {
        if (_head < 0)
        {
            return EpcPageIndex.None;
        }

        EpcPageIndex page = new(_head);
        Remove(table, page);
        return page;
    }

    /// <summary>Takes a page out of the middle. The page must be on this list.</summary>
    public void Remove(EpcPageTable table, EpcPageIndex page)
    {
        ref EpcPage entry = ref table[page];
        if (entry.Previous < 0)
        {
            _head = entry.Next;
        }
        else
        {
            table[entry.Previous].Next = entry.Next;
        }

        if (entry.Next < 0)
        {
            _tail = entry.Previous;
        }
        else
        {
            table[entry.Next].Previous = entry.Previous;
        }

        entry.Next = -1;
        entry.Previous = -1;
        Count--;
    }

    /// <summary>True when the page is linked into this list: the kernel's "list node not empty".</summary>
    public readonly bool Contains(EpcPageTable table, EpcPageIndex page)
    {
        ref EpcPage entry = ref table[page];
        return entry.Previous >= 0 || entry.Next >= 0 || _head == page.Value;
    }
}

namespace EpcActors.Lab.Oracles;

/// <summary>
/// Who has which page in its hands, for a simulation. A page is in hands for a few steps only, so there are few of them
/// at a time, whatever the size of the EPC: a table with open addressing that stays in the cache. Every fault looks
/// here four times.
/// </summary>
internal sealed class HandTable
{
    private const int SmallestBits = 4;

    private Slot[] _slots = new Slot[1 << SmallestBits];
    private int _shift = 32 - SmallestBits;

    /// <summary>Pages that are in hands.</summary>
    public int Count { get; private set; }

    /// <summary>Puts a page into the hands of a task.</summary>
    /// <returns>-1, or the task that has it already: then nothing is changed.</returns>
    public int TryHold(int page, int task, ushort cgroup, bool mayBeListed)
    {
        if (Count > _slots.Length >> 1)
        {
            Grow();
        }

        ref Slot slot = ref _slots[Find(page)];
        if (slot.PagePlusOne != 0)
        {
            return slot.Task;
        }

        slot = new Slot(page + 1, task, cgroup, mayBeListed);
        Count++;
        return -1;
    }

    /// <summary>Takes a page out of whose hands it is in.</summary>
    /// <returns>The task that had it, or -1.</returns>
    public int Release(int page, out ushort cgroup)
    {
        int place = Find(page);
        (int pagePlusOne, int task, cgroup, _) = _slots[place];
        if (pagePlusOne == 0)
        {
            return -1;
        }

        Count--;
        Close(place);
        return task;
    }

    /// <summary>Every page that is in hands.</summary>
    public IEnumerable<(int Page, int Task, ushort Cgroup, bool MayBeListed)> All()
    {
        foreach (Slot slot in _slots)
        {
            if (slot.PagePlusOne != 0)
            {
                yield return (slot.PagePlusOne - 1, slot.Task, slot.Cgroup, slot.MayBeListed);
            }
        }
    }

    /// <summary>Where a page is, or would come.</summary>
    private int Find(int page)
    {
        Slot[] slots = _slots;
        int place = Home(page);
        while (slots[place].PagePlusOne != page + 1 && slots[place].PagePlusOne != 0)
        {
            place = (place + 1) & (slots.Length - 1);
        }

        return place;
    }

    private int Home(int page) => (int)(((uint)page * 2_654_435_769) >> _shift);

    /// <summary>
    /// Empties a place. Who stands behind it because it was taken moves up, so that a look that begins at his own place
    /// finds him.
    /// </summary>
    private void Close(int hole)
    {
        Slot[] slots = _slots;
        int mask = slots.Length - 1;
        for (int place = (hole + 1) & mask; slots[place].PagePlusOne != 0; place = (place + 1) & mask)
        {
            int fromHome = (place - Home(slots[place].PagePlusOne - 1)) & mask;
            if (fromHome >= ((place - hole) & mask))
            {
                slots[hole] = slots[place];
                hole = place;
            }
        }

        slots[hole] = default;
    }

    private void Grow()
    {
        Slot[] before = _slots;
        _slots = new Slot[before.Length * 2];
        _shift--;
        foreach (Slot slot in before)
        {
            if (slot.PagePlusOne != 0)
            {
                _slots[Find(slot.PagePlusOne - 1)] = slot;
            }
        }
    }

    /// <summary>A page, its holder, and the cgroup that is charged for it; a page number of 0 is a free slot.</summary>
    private readonly record struct Slot(int PagePlusOne, int Task, ushort Cgroup, bool MayBeListed);
}

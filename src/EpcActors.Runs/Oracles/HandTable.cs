using System.Runtime.CompilerServices;

namespace EpcActors.Runs.Oracles;

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
    private int _mostBeforeGrowth = 1 << (SmallestBits - 1);

    /// <summary>Pages that are in hands.</summary>
    public int Count { get; private set; }

    /// <summary>Puts a page into the hands of a task.</summary>
    /// <returns>-1, or the task that has it already: then nothing is changed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TryHold(int page, int task, ushort cgroup, bool mayBeListed)
    {
        ref Slot home = ref _slots[Home(page)];
        if (home.PagePlusOne != 0 || Count > _mostBeforeGrowth)
        {
            return TryHoldElsewhere(page, task, cgroup, mayBeListed);
        }

        home.PagePlusOne = page + 1;
        home.Task = task;
        home.Cgroup = cgroup;
        home.MayBeListed = mayBeListed;
        Count++;
        return -1;
    }

    /// <summary>Takes a page out of whose hands it is in.</summary>
    /// <returns>The task that had it, or -1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Release(int page)
    {
        // Mostly the page is at its own place, and the next place is free: then no entry has to move up.
        Slot[] slots = _slots;
        int place = Home(page);
        ref Slot home = ref slots[place];
        if (home.PagePlusOne != page + 1 || slots[(place + 1) & (slots.Length - 1)].PagePlusOne != 0)
        {
            return ReleaseElsewhere(page);
        }

        home.PagePlusOne = 0;
        Count--;
        return home.Task;
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int TryHoldElsewhere(int page, int task, ushort cgroup, bool mayBeListed)
    {
        if (Count > _mostBeforeGrowth)
        {
            Grow();
        }

        ref Slot slot = ref _slots[Find(page)];
        if (slot.PagePlusOne != 0)
        {
            return slot.Task;
        }

        slot = new Slot { PagePlusOne = page + 1, Task = task, Cgroup = cgroup, MayBeListed = mayBeListed };
        Count++;
        return -1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ReleaseElsewhere(int page)
    {
        int place = Find(page);
        if (_slots[place].PagePlusOne == 0)
        {
            return -1;
        }

        int task = _slots[place].Task;
        Count--;
        Close(place);
        return task;
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
        _mostBeforeGrowth = before.Length;
        foreach (Slot slot in before)
        {
            if (slot.PagePlusOne != 0)
            {
                _slots[Find(slot.PagePlusOne - 1)] = slot;
            }
        }
    }

    /// <summary>A page, its holder, and the cgroup that is charged for it; a page number of 0 is a free slot.</summary>
    private struct Slot
    {
        public int PagePlusOne;
        public int Task;
        public ushort Cgroup;
        public bool MayBeListed;
    }
}

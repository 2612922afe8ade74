using System.Numerics;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <summary>
/// The VA pages of an enclave: each an EPC page with 512 slots of 8 bytes, in which the processor keeps the version of
/// a page that was written out.
/// </summary>
/// <remarks>
/// Order as in encl.c: a new VA page goes to the head of the list; a slot is taken from the first page, lowest free
/// bit; the page goes to the tail when that fills it, and to the head when a slot of it is freed by a load. So a page
/// that is not full is in front, unless a write-out failed.
/// Beside the version stands what the hardware keeps in the PCMD record: type and state of the page, which come back
/// with it.
/// </remarks>
public sealed class VaPages
{
    /// <summary>SGX_VA_SLOT_COUNT.</summary>
    public const int SlotsPerPage = 512;

    private readonly List<VaPage> _pages = [];
    private readonly List<int> _removed = [];
    private int _head = -1;
    private int _tail = -1;

    /// <summary>VA pages held.</summary>
    public int Count { get; private set; }

    /// <summary>Slots in use.</summary>
    public int UsedSlots { get; private set; }

    /// <summary>Adds a page at the head.</summary>
    public void AddHead(EpcPageIndex page)
    {
        int index = _pages.Count;
        if (_removed.Count > 0)
        {
            // A grow that is undone again and again (R9) must not use memory up.
            index = _removed[^1];
            _removed.RemoveAt(_removed.Count - 1);
            _pages[index].Use(page);
        }
        else
        {
            _pages.Add(new VaPage(page));
        }

        LinkHead(index);
        Count++;
    }

    /// <summary>
    /// Takes a slot for a version that is to be written, out of the first page; -1 when that is full. The kernel does
    /// not notice, and goes on with the offset behind the page's last slot.
    /// </summary>
    public int TakeSlot()
    {
        if (_head < 0)
        {
            return -1;
        }

        int index = _head;
        VaPage page = _pages[index];
        int slot = page.TakeLowest();
        if (slot < 0)
        {
            return -1;
        }

        UsedSlots++;
        if (page.Used == SlotsPerPage)
        {
            Unlink(index);
            LinkTail(index);
        }

        return (index * SlotsPerPage) + slot;
    }

    /// <summary>
    /// Gives a slot back whose write-out failed (sgx_free_va_slot alone): its page stays where it is in the list. When
    /// the slot was its last, that is at the tail, behind pages that are full.
    /// </summary>
    public void ReturnSlot(int slot)
    {
        _pages[slot / SlotsPerPage].Free(slot % SlotsPerPage);
        UsedSlots--;
    }

    /// <summary>Frees a slot whose page was loaded; its VA page goes to the head.</summary>
    public void FreeSlot(int slot)
    {
        ReturnSlot(slot);
        int index = slot / SlotsPerPage;
        Unlink(index);
        LinkHead(index);
    }

    /// <summary>The VA page of a slot.</summary>
    public EpcPageIndex PageOf(int slot) => _pages[slot / SlotsPerPage].EpcPage;

    /// <summary>The version that the processor holds in a slot: 0 for none.</summary>
    public ref uint Version(int slot) => ref _pages[slot / SlotsPerPage].Slots[slot % SlotsPerPage].Version;

    /// <summary>
    /// Type and state that the page had in the EPCM when it was written out (SECINFO of its PCMD record).
    /// </summary>
    public ref uint Attributes(int slot) => ref _pages[slot / SlotsPerPage].Slots[slot % SlotsPerPage].Attributes;

    /// <summary>The processor holds this version in some slot.</summary>
    public bool HoldsVersion(uint version)
    {
        for (int i = _head; i >= 0; i = _pages[i].Next)
        {
            foreach (VaSlot slot in _pages[i].Slots)
            {
                if (slot.Version == version)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Removes a VA page (only one just grown, or at release).</summary>
    public void Remove(EpcPageIndex page)
    {
        for (int i = _head; i >= 0; i = _pages[i].Next)
        {
            if (_pages[i].EpcPage == page)
            {
                Unlink(i);
                Count--;
                UsedSlots -= _pages[i].Used;
                _pages[i].Reset();
                _removed.Add(i);
                return;
            }
        }
    }

    /// <summary>Removes a VA page without a slot in use, unless it is the only one; none when there is none.</summary>
    public EpcPageIndex TakeEmpty()
    {
        for (int i = _head; i >= 0 && Count > 1; i = _pages[i].Next)
        {
            if (_pages[i].Used == 0)
            {
                EpcPageIndex page = _pages[i].EpcPage;
                Remove(page);
                return page;
            }
        }

        return EpcPageIndex.None;
    }

    /// <summary>First VA page, or none when all are gone.</summary>
    public EpcPageIndex First => _head < 0 ? EpcPageIndex.None : _pages[_head].EpcPage;

    /// <summary>Calls back for every VA page, for audits.</summary>
    public void ForEach(Action<EpcPageIndex> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        for (int i = _head; i >= 0; i = _pages[i].Next)
        {
            action(_pages[i].EpcPage);
        }
    }

    private void LinkHead(int index)
    {
        VaPage page = _pages[index];
        page.Previous = -1;
        page.Next = _head;
        if (_head >= 0)
        {
            _pages[_head].Previous = index;
        }
        else
        {
            _tail = index;
        }

        _head = index;
    }

    private void LinkTail(int index)
    {
        VaPage page = _pages[index];
        page.Next = -1;
        page.Previous = _tail;
        if (_tail >= 0)
        {
            _pages[_tail].Next = index;
        }
        else
        {
            _head = index;
        }

        _tail = index;
    }

    private void Unlink(int index)
    {
        VaPage page = _pages[index];
        if (page.Previous >= 0)
        {
            _pages[page.Previous].Next = page.Next;
        }
        else
        {
            _head = page.Next;
        }

        if (page.Next >= 0)
        {
            _pages[page.Next].Previous = page.Previous;
        }
        else
        {
            _tail = page.Previous;
        }
    }

    private struct VaSlot
    {
        public uint Version;
        public uint Attributes;
    }

    private sealed class VaPage(EpcPageIndex epcPage)
    {
        private readonly ulong[] _bitmap = new ulong[SlotsPerPage / 64];

        public readonly VaSlot[] Slots = new VaSlot[SlotsPerPage];

        public EpcPageIndex EpcPage { get; private set; } = epcPage;

        public int Used { get; private set; }

        public int Next { get; set; } = -1;

        public int Previous { get; set; } = -1;

        public void Use(EpcPageIndex epcPage) => EpcPage = epcPage;

        /// <summary>Nothing is left of what it held: places that are out of use all look the same.</summary>
        public void Reset()
        {
            EpcPage = EpcPageIndex.None;
            Next = -1;
            Previous = -1;
            Used = 0;
            Array.Clear(_bitmap);
            Array.Clear(Slots);
        }

        public int TakeLowest()
        {
            for (int word = 0; word < _bitmap.Length; word++)
            {
                ulong free = ~_bitmap[word];
                if (free != 0)
                {
                    int bit = BitOperations.TrailingZeroCount(free);
                    _bitmap[word] |= 1UL << bit;
                    Used++;
                    return (word * 64) + bit;
                }
            }

            return -1;
        }

        public void Free(int slot)
        {
            _bitmap[slot >> 6] &= ~(1UL << (slot & 63));
            Slots[slot] = default;
            Used--;
        }
    }
}

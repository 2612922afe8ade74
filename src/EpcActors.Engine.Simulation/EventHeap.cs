using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Simulation;

/// <summary>
/// Who is due when: in the order of time and, where times are equal, of the smaller number. So the order of events
/// depends on what they are and never on who was put in first. A four-ary heap: flatter than a binary one, and the four
/// children share a cache line.
/// </summary>
/// <remarks>
/// Most events are followed by another of the same task. So the place of the one that was taken stays open until the
/// next is put in or taken: the next one mostly stays near the top, where one that is put in at the end would have to
/// climb.
/// </remarks>
internal sealed class EventHeap
{
    private Entry[] _entries = new Entry[64];
    private int _size;
    private bool _isFirstOpen;

    /// <summary>Time of the first event, or <see cref="long.MaxValue"/>.</summary>
    public long FirstNs { get; private set; } = long.MaxValue;

    /// <param name="atNs">Virtual time, nanoseconds.</param>
    /// <param name="id">Who; has one event at a time.</param>
    public void Push(long atNs, int id)
    {
        Entry entry = new(atNs, id);
        if (_isFirstOpen)
        {
            _isFirstOpen = false;
            SiftDown(entry);
        }
        else
        {
            SiftUp(entry);
        }

        FirstNs = _entries[0].AtNs;
    }

    /// <summary>Takes the first event; there must be one.</summary>
    public int Pop(out long atNs)
    {
        if (_isFirstOpen)
        {
            SiftDown(_entries[--_size]);
        }

        Invariant.That(_size > 0, "there is no event");
        Entry first = _entries[0];
        atNs = first.AtNs;
        _isFirstOpen = _size > 1;
        if (!_isFirstOpen)
        {
            _size = 0;
        }

        FirstNs = FirstChildNs();
        return first.Id;
    }

    private long FirstChildNs()
    {
        long firstNs = long.MaxValue;
        int end = Math.Min(_size, 5);
        for (int child = 1; child < end; child++)
        {
            firstNs = Math.Min(firstNs, _entries[child].AtNs);
        }

        return firstNs;
    }

    private void SiftUp(Entry entry)
    {
        if (_size == _entries.Length)
        {
            Array.Resize(ref _entries, _size * 2);
        }

        Entry[] entries = _entries;
        int at = _size++;
        while (at > 0)
        {
            int parent = (at - 1) >> 2;
            if (!entry.IsBefore(in entries[parent]))
            {
                break;
            }

            entries[at] = entries[parent];
            at = parent;
        }

        entries[at] = entry;
    }

    private void SiftDown(Entry entry)
    {
        Entry[] entries = _entries;
        int size = _size;
        int at = 0;
        while (true)
        {
            int child = (at << 2) + 1;
            if (child >= size)
            {
                break;
            }

            int best = child + 4 <= size ? FirstOfFour(entries, child) : FirstOfLast(entries, child, size);
            if (!entries[best].IsBefore(in entry))
            {
                break;
            }

            entries[at] = entries[best];
            at = best;
        }

        entries[at] = entry;
    }

    /// <summary>
    /// The first of four: which one it is cannot be foreseen, so two rounds of selections without a branch.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FirstOfFour(Entry[] entries, int child)
    {
        ReadOnlySpan<Entry> four = entries.AsSpan(child, 4);
        int left = four[1].Precedes(in four[0]);
        int right = 2 + four[3].Precedes(in four[2]);
        int isRight = four[right].Precedes(in four[left]);
        return child + left + ((right - left) & -isRight);
    }

    private static int FirstOfLast(Entry[] entries, int child, int size)
    {
        int best = child;
        for (int i = child + 1; i < size; i++)
        {
            if (entries[i].IsBefore(in entries[best]))
            {
                best = i;
            }
        }

        return best;
    }

    private readonly struct Entry(long atNs, int id)
    {
        public readonly long AtNs = atNs;
        public readonly int Id = id;

        public bool IsBefore(in Entry other) => AtNs < other.AtNs || (AtNs == other.AtNs && Id < other.Id);

        /// <summary><see cref="IsBefore"/> as 1 or 0, computed without a branch.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Precedes(in Entry other) =>
            (AtNs < other.AtNs ? 1 : 0) | ((AtNs == other.AtNs ? 1 : 0) & (Id < other.Id ? 1 : 0));
    }
}

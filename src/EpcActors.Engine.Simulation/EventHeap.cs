namespace EpcActors.Engine.Simulation;

/// <summary>
/// Events in the order of their time, and of their sequence number where times are equal: never of an address or a hash. A four-ary heap:
/// flatter than a binary one, and the four children share a cache line.
/// </summary>
internal sealed class EventHeap
{
    private Entry[] _entries = new Entry[64];
    private long _sequence;

    public int Count { get; private set; }

    /// <summary>Time of the first event, or <see cref="long.MaxValue"/>.</summary>
    public long FirstNs => Count == 0 ? long.MaxValue : _entries[0].AtNs;

    public void Push(long atNs, object target)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
        }

        Entry entry = new(atNs, _sequence++, target);
        Entry[] entries = _entries;
        int at = Count++;
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

    public object Pop(out long atNs)
    {
        Entry[] entries = _entries;
        Entry first = entries[0];
        atNs = first.AtNs;
        int count = --Count;
        Entry last = entries[count];
        entries[count] = default;
        int at = 0;
        while (true)
        {
            int child = (at << 2) + 1;
            if (child >= count)
            {
                break;
            }

            int best = child;
            int end = Math.Min(child + 4, count);
            for (int i = child + 1; i < end; i++)
            {
                if (entries[i].IsBefore(in entries[best]))
                {
                    best = i;
                }
            }

            if (!entries[best].IsBefore(in last))
            {
                break;
            }

            entries[at] = entries[best];
            at = best;
        }

        if (count > 0)
        {
            entries[at] = last;
        }

        return first.Target;
    }

    private readonly struct Entry(long atNs, long sequence, object target)
    {
        public readonly long AtNs = atNs;
        public readonly object Target = target;
        private readonly long _sequence = sequence;

        public bool IsBefore(in Entry other) =>
            AtNs < other.AtNs || (AtNs == other.AtNs && _sequence < other._sequence);
    }
}

namespace EpcActors.Exploration;

/// <summary>
/// The fingerprints of the states that a search met, numbered in the order in which they were met. Twelve bytes a state
/// and what arrays have to spare: a state's number stands in an open-addressed table of slots, its fingerprint beside
/// that of the next state.
/// </summary>
internal sealed class StateTable
{
    private ulong[] _fingerprints = new ulong[1024];

    // Number of the state and 1; 0 for a free slot. At most half of them are taken.
    private int[] _slots = new int[4096];

    /// <summary>Number of states.</summary>
    public int Count { get; private set; }

    /// <summary>Finds a state, or gives it the next number.</summary>
    /// <param name="fingerprint">Its fingerprint: a hash already.</param>
    /// <param name="number">Its number.</param>
    /// <returns>True when it was not there.</returns>
    public bool Add(ulong fingerprint, out int number)
    {
        int mask = _slots.Length - 1;
        int at = SlotOf(fingerprint, mask);
        while (_slots[at] != 0)
        {
            number = _slots[at] - 1;
            if (_fingerprints[number] == fingerprint)
            {
                return false;
            }

            at = (at + 1) & mask;
        }

        number = Count;
        if (number == _fingerprints.Length)
        {
            Array.Resize(ref _fingerprints, number * 2);
        }

        _fingerprints[number] = fingerprint;
        _slots[at] = ++Count;
        if (Count * 2 > _slots.Length)
        {
            Grow();
        }

        return true;
    }

    /// <summary>The fingerprints by number.</summary>
    public ReadOnlySpan<ulong> Fingerprints => _fingerprints.AsSpan(0, Count);

    private static int SlotOf(ulong fingerprint, int mask) => (int)(fingerprint >> 24) & mask;

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        int mask = _slots.Length - 1;
        for (int number = 0; number < Count; number++)
        {
            int at = SlotOf(_fingerprints[number], mask);
            while (_slots[at] != 0)
            {
                at = (at + 1) & mask;
            }

            _slots[at] = number + 1;
        }
    }
}

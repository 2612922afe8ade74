namespace EpcActors.Kernel.Tasks;

/// <summary>
/// Times of one thread in one step of its program. Times are virtual, or real in a live run; nanoseconds.
/// </summary>
public struct StepTime
{
    /// <summary>Begin of the step; -1 before.</summary>
    public long StartNs;

    /// <summary>End of the step; -1 before, and for good when the thread died in it.</summary>
    public long EndNs;

    /// <summary>Death of the thread in this step; -1 if it did not die here.</summary>
    public long DiedNs;

    /// <summary>Page accesses made in it.</summary>
    public long Accesses;

    /// <summary>Page faults served in it.</summary>
    public long Faults;

    /// <summary>Time spent in these faults, nanoseconds.</summary>
    public long FaultNs;

    /// <summary>Pages loaded back by the thread in it.</summary>
    public long Reloads;

    public readonly bool HasBegun => StartNs >= 0;

    public readonly bool HasEnded => EndNs >= 0;
}

/// <summary>
/// Measures a thread step by step: the load (CREATE to INIT), each step of the program with its warm-up apart, and the
/// exit. Only the thread writes it; a reader in a live run sees a little less than there is.
/// </summary>
public sealed class StepTimes
{
    private readonly StepTime[] _slots;
    private int _current = -1;
    private long _accessesBefore;

    /// <param name="phases">Steps of the program.</param>
    public StepTimes(int phases)
    {
        _slots = new StepTime[(2 * phases) + 2];
        for (int i = 0; i < _slots.Length; i++)
        {
            _slots[i].StartNs = -1;
            _slots[i].EndNs = -1;
            _slots[i].DiedNs = -1;
        }
    }

    /// <summary>The slot of the load.</summary>
    public static int Load => 0;

    /// <summary>The slot of the exit.</summary>
    public int Exit => _slots.Length - 1;

    /// <summary>The slot of the warm-up of a step.</summary>
    public static int WarmUpOf(int phase) => 1 + (2 * phase);

    /// <summary>The slot of a step without its warm-up.</summary>
    public static int StepOf(int phase) => 2 + (2 * phase);

    /// <summary>The slot under way; -1 between two of them.</summary>
    public int Current => _current;

    /// <summary>Reads the measurements of a slot.</summary>
    /// <param name="slot">One of the slots.</param>
    /// <param name="accessesNow">Accesses of the thread so far: those of the slot under way count, too.</param>
    public StepTime Read(int slot, long accessesNow)
    {
        StepTime time = _slots[slot];
        if (slot == _current)
        {
            time.Accesses = accessesNow - _accessesBefore;
        }

        return time;
    }

    /// <summary>Begins a slot; the one under way ends.</summary>
    internal void Begin(int slot, long nowNs, long accesses)
    {
        End(nowNs, accesses);
        _slots[slot].StartNs = nowNs;
        _accessesBefore = accesses;
        _current = slot;
    }

    /// <summary>The slot under way is through.</summary>
    internal void End(long nowNs, long accesses)
    {
        if (_current >= 0)
        {
            _slots[_current].EndNs = nowNs;
            _slots[_current].Accesses = accesses - _accessesBefore;
            _current = -1;
        }
    }

    /// <summary>The thread dies in the slot under way, which keeps no end.</summary>
    internal void Abandon(long nowNs, long accesses)
    {
        if (_current >= 0)
        {
            _slots[_current].DiedNs = nowNs;
            _slots[_current].Accesses = accesses - _accessesBefore;
            _current = -1;
        }
    }

    /// <summary>Counts a page fault that was served.</summary>
    public void CountFault(long ns)
    {
        if (_current >= 0)
        {
            _slots[_current].Faults++;
            _slots[_current].FaultNs += ns;
        }
    }

    /// <summary>Counts a page that was loaded back.</summary>
    public void CountReload()
    {
        if (_current >= 0)
        {
            _slots[_current].Reloads++;
        }
    }
}

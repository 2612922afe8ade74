using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// A working set that moves: the accesses of a smaller pattern, shifted over the heap, at another place every so many
/// accesses. The heap is a ring: what runs over its end goes on at its start.
/// </summary>
public sealed class PhasedPattern : AccessPattern
{
    private readonly long _accessesPerPhase;
    private readonly int _stepPages;
    private AccessPattern _workingSet;
    private long _leftInPhase;
    private int _offset;

    /// <param name="pages">Pages of the heap.</param>
    /// <param name="workingSet">Accesses within one phase; a copy is used, with a stream split off <paramref
    /// name="prng"/>.</param>
    /// <param name="accessesPerPhase">Accesses before the set moves.</param>
    /// <param name="stepPages">How far it moves, pages; 0 for a random place.</param>
    /// <param name="prng">Stream of this pattern.</param>
    public PhasedPattern(int pages, AccessPattern workingSet, long accessesPerPhase, int stepPages, Prng prng)
        : base(pages, LengthOf(workingSet), prng)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workingSet.PageCount, pages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(accessesPerPhase);
        ArgumentOutOfRangeException.ThrowIfNegative(stepPages);
        _accessesPerPhase = accessesPerPhase;
        _stepPages = stepPages;
        _workingSet = workingSet.Clone();
        OnReset();
    }

    private protected override PageAccess Draw()
    {
        if (_leftInPhase == 0)
        {
            _offset = _stepPages == 0
                ? _pages.NextBelow(PageCount)
                : (int)(((long)_offset + _stepPages) % PageCount);
            _leftInPhase = _accessesPerPhase;
        }

        _leftInPhase--;
        PageAccess access = _workingSet.Next();
        long page = (long)access.Page + _offset;
        return access with { Page = (int)(page < PageCount ? page : page - PageCount) };
    }

    private protected override void OnReset()
    {
        _workingSet.Reset(Origin.Split("working set"));
        _leftInPhase = _accessesPerPhase;
        _offset = 0;
    }

    private protected override void OnCloned() => _workingSet = _workingSet.Clone();

    private static long LengthOf(AccessPattern workingSet)
    {
        ArgumentNullException.ThrowIfNull(workingSet);
        return workingSet.Length;
    }
}

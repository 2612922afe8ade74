namespace EpcActors.Exploration;

/// <summary>
/// A state from which something is still to be tried, and the way there: where a searcher stopped for now.
/// </summary>
/// <remarks>
/// Ways share what they have in common, so that thousands of places that lie deep take no more memory than shallow
/// ones: a place has what its searcher decided behind the place that it had begun at.
/// </remarks>
internal sealed class SearchPlace
{
    private readonly SearchPlace? _origin;
    private readonly ushort[] _decisions;
    private readonly int _length;

    /// <param name="origin">Place at which the searcher had begun; null for the beginning of the world.</param>
    /// <param name="decisions">What was decided behind it.</param>
    public SearchPlace(SearchPlace? origin, ReadOnlySpan<ushort> decisions)
    {
        _origin = origin;
        _decisions = decisions.ToArray();
        _length = (origin?._length ?? 0) + decisions.Length;
    }

    /// <summary>Number of the state.</summary>
    public required int State { get; init; }

    /// <summary>Tasks whose steps are still to be tried, a bit for each.</summary>
    public ulong ToDo { get; init; } = ulong.MaxValue;

    /// <summary>Tasks whose steps are tried elsewhere, a bit for each.</summary>
    public ulong Sleep { get; init; }

    /// <summary>Preemptions on the way.</summary>
    public int Preemptions { get; init; }

    /// <summary>Progress made on the way.</summary>
    public long Progress { get; init; }

    /// <summary>Number of decisions from the beginning of the world.</summary>
    public int Length => _length;

    /// <summary>Decisions that lead from the beginning of the world to the state.</summary>
    public ushort[] Way()
    {
        ushort[] way = new ushort[_length];
        for (SearchPlace? at = this; at is not null; at = at._origin)
        {
            at._decisions.CopyTo(way, at._length - at._decisions.Length);
        }

        return way;
    }
}

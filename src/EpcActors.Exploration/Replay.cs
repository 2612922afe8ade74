namespace EpcActors.Exploration;

/// <summary>
/// Follows a record. Strict: the first decision that cannot be followed ends the run. Lenient: what cannot be followed
/// is left out, so that a schedule of one kernel can be carried over to another; after its last decision the run goes
/// on with another strategy, or ends.
/// </summary>
public sealed class Replay : IReplay
{
    private readonly bool _isStrict;
    private readonly IStrategy? _then;
    private ReadOnlyMemory<ushort> _decisions;
    private int _next;
    private bool _isPast;

    /// <param name="decisions">The record (see <see cref="Decision"/>).</param>
    /// <param name="isStrict">Ends at the first decision that cannot be followed.</param>
    /// <param name="then">Goes on after the last decision; null to end there.</param>
    public Replay(ReadOnlyMemory<ushort> decisions, bool isStrict, IStrategy? then = null)
    {
        _decisions = decisions;
        _isStrict = isStrict;
        _then = then;
    }

    public override string ToString() => _isStrict ? "replay" : "replay-leniently";

    /// <summary>Index of the first decision that could not be followed, -1 for none; strict replays only.</summary>
    public int DivergedAt { get; private set; } = -1;

    /// <summary>Decisions left out by a lenient replay.</summary>
    public int Skipped { get; private set; }

    /// <summary>Decisions taken from the record so far, those left out included.</summary>
    public int Followed => _next;

    public int RecordedSteps => _decisions.Length;

    public bool IsAtEndOfRecord => DivergedAt < 0;

    public bool HasLap => false;

    public bool IsInLap => false;

    public bool AsksExecutionOnly => _then?.AsksExecutionOnly ?? true;

    /// <summary>Follows another record from the next <see cref="Begin"/> on.</summary>
    public void Load(ReadOnlyMemory<ushort> decisions) => _decisions = decisions;

    public void Begin(Execution execution, ulong seed)
    {
        _next = 0;
        _isPast = false;
        DivergedAt = -1;
        Skipped = 0;
        _then?.Begin(execution, seed);
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        ReadOnlySpan<ushort> decisions = _decisions.Span;
        while (_next < decisions.Length)
        {
            ushort decision = decisions[_next];
            if (!Decision.IsChoice(decision) && decision < execution.TaskCount && execution.IsEnabled(decision))
            {
                _next++;
                return decision;
            }

            if (_isStrict)
            {
                DivergedAt = _next;
                return -1;
            }

            _next++;
            Skipped++;
        }

        _isPast = true;
        return _then?.Next(execution) ?? -1;
    }

    public bool Choose(Execution execution, int task, int point)
    {
        ReadOnlySpan<ushort> decisions = _decisions.Span;
        if (_isPast)
        {
            return _then?.Choose(execution, task, point) ?? false;
        }

        if (
            _next < decisions.Length
            && Decision.IsChoice(decisions[_next])
            && Decision.PointOf(decisions[_next]) == point)
        {
            return Decision.ValueOf(decisions[_next++]);
        }

        if (_isStrict)
        {
            DivergedAt = DivergedAt < 0 ? _next : DivergedAt;
        }

        return false;
    }
}

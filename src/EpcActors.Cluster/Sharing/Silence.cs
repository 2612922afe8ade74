using EpcActors.Engine;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// Counts, for each other member, the ticks for which it has owed an answer and given no sign: from the oldest call
/// that it has not answered, or from its last sign after that. A sign is a reply, or a notice that a request has
/// arrived and its answer takes longer (<see cref="FrameKind.Pending"/>).
/// </summary>
/// <remarks>
/// Ticks and not nanoseconds: a process that was stopped or starved has no ticks meanwhile, so it blames no other for
/// the time in which it did not listen itself. A message that a member sends unasked is not a sign: where frames get
/// lost one way only, it is heard and does not hear. Whether a member is silent changes nothing that a gateway does, so
/// none of this is state.
/// </remarks>
internal sealed class Silence(int members)
{
    [NotState]
    private readonly int[] _ticks = new int[members];

    [NotState]
    private readonly bool[] _isAsked = new bool[members];

    /// <summary>
    /// Ticks of silence of a member; 0 when it owes nothing. Another thread may read it: the number was right a moment
    /// ago.
    /// </summary>
    public int Of(int member) => _ticks[member];

    /// <summary>Resets a member that gave a sign, has a new incarnation, or owes no answer any more.</summary>
    public void End(int member) => _ticks[member] = 0;

    /// <summary>In a tick: a call to a member is not answered.</summary>
    public void Asked(int member) => _isAsked[member] = true;

    /// <summary>A tick is over: all calls that are not answered were named.</summary>
    public void EndTick()
    {
        for (int member = 0; member < _ticks.Length; member++)
        {
            _ticks[member] = _isAsked[member] ? _ticks[member] + 1 : 0;
            _isAsked[member] = false;
        }
    }
}

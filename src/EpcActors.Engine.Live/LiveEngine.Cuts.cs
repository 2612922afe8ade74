namespace EpcActors.Engine.Live;

/// <content>
/// Consistent cuts: every resource is visited at a moment of its own, and none sees a message from behind the cut.
/// </content>
public abstract partial class LiveEngine
{
    /// <summary>
    /// Visits every resource once, each at a moment when it handles nothing, so that all visits together are a state
    /// that the run could have been in. Returns when the last was visited. On the thread of <see cref="Run"/> only
    /// (from a timer).
    /// </summary>
    /// <param name="visit">Called on any thread, for several resources at the same time. Must be short: the resource
    /// waits, others do not.</param>
    /// <returns>False when the run is to end, or failed meanwhile: then some resources were not visited, as no request
    /// may enter them any more.</returns>
    public bool Cut(Action<Resource> visit) => Cut(visit, _cut + 1);

    /// <summary>
    /// The same as a part of a cut of several processes, whose number comes from elsewhere. A request from another
    /// process that was sent behind the cut must not be handled here before <see cref="CutNumber"/> has come to that
    /// number.
    /// </summary>
    /// <param name="visit">See there.</param>
    /// <param name="number">Higher than that of any cut before.</param>
    public bool Cut(Action<Resource> visit, int number)
    {
        ArgumentNullException.ThrowIfNull(visit);
        Invariant.That(number > _cut, "cuts are numbered upward");
        if (IsStopping)
        {
            return false;
        }

        _visit = visit;
        _visitsLeft = Cells.Count();
        if (_visitsLeft == 0)
        {
            return true;
        }

        _cutIsDone.Reset();
        Interlocked.Exchange(ref _cut, number);
        AskForVisits();
        while (!_cutIsDone.Wait(Tick))
        {
            if (IsStopping)
            {
                return false;
            }

            Volatile.Write(ref _coarseNowNs, ClockNs);
            AskForVisits();
        }

        return true;
    }

    private void Visit(ResourceCell cell)
    {
        cell.Cut = _cut;
        _visit!(cell.Resource);
        if (Interlocked.Decrement(ref _visitsLeft) == 0)
        {
            _cutIsDone.Set();
        }
    }
}

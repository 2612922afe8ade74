using EpcActors.Engine;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// An audit at a consistent cut of a live run: every resource is visited once, at a moment of its own, and the world
/// goes on meanwhile.
/// </summary>
/// <remarks>
/// The moments are chosen by the engine, so that no effect is in the cut without its cause: a resource is visited
/// before it handles the first request of a task that was answered by, or started from, behind the cut. What a task did
/// is then in the cut up to one of its requests and not from there on, wherever its requests went; so the sum of the
/// books of all resources is exactly what tasks have between two places at the cut.
/// </remarks>
public sealed class CutAudit
{
    private readonly Oracle _oracle;
    private readonly bool[] _isVisited;
    private readonly int _resources;
    private int _left;
    private bool _isFinished;

    internal CutAudit(Oracle oracle, int resources, int ids, Books open)
    {
        _oracle = oracle;
        _resources = resources;
        _left = resources;
        _isVisited = new bool[ids];
        Open = open;
    }

    /// <summary>Every resource was visited: the cut can be finished.</summary>
    public bool IsComplete => Volatile.Read(ref _left) == 0;

    internal Books Open { get; }

    /// <summary>
    /// True when the resource is behind the cut already. For the thread that has the resource to itself.
    /// </summary>
    public bool HasVisited(Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return _isVisited[resource.Id.Index];
    }

    /// <summary>
    /// Records what a resource holds. Called once for each, by the thread that has the resource to itself: before a
    /// request is handled, or after its <see cref="Oracle.OnStep"/>, never between. Several threads may be here at
    /// once, each with a resource of its own.
    /// </summary>
    /// <exception cref="InvariantViolation">when it was visited before, or the cut is finished.</exception>
    public void Visit(Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        Invariant.That(
            !_isFinished && !_isVisited[resource.Id.Index],
            $"{resource.Name} is visited twice by a cut, or after its end");
        _isVisited[resource.Id.Index] = true;
        _oracle.VisitForCut(this, resource);
        Interlocked.Decrement(ref _left);
    }

    /// <summary>
    /// Compares what was recorded, on any thread, and reports to the oracle. After it the next cut may begin.
    /// </summary>
    /// <exception cref="InvariantViolation">when a resource was not visited.</exception>
    public void Finish(long nowNs)
    {
        Invariant.That(IsComplete, $"a cut is finished with {_left} of {_resources} resources missing");
        Invariant.That(!_isFinished, "a cut is finished twice");
        _isFinished = true;
        _oracle.FinishCut(this, nowNs);
    }
}

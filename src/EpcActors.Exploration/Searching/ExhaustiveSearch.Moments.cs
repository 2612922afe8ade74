namespace EpcActors.Exploration;

/// <content>Moments of the present schedule, to go back to.</content>
public sealed partial class ExhaustiveSearch
{
    private const int OnTheWay = -1;

    private readonly List<Moment> _moments = [];
    private bool _keepsNone;
    private long _resets;

    /// <summary>
    /// Keeps a state that is come through again, when the last one that was kept lies some steps back. Most states are
    /// come through once.
    /// </summary>
    /// <param name="execution">The run, between two steps.</param>
    /// <param name="node">Node of the state; or on the way.</param>
    private void KeepNowAndThen(Execution execution, int node)
    {
        int last = _moments.Count > 0 ? _moments[^1].Steps : _firstStep;
        if (_keepsNone || _bounds.KeepEvery == 0 || execution.Steps - last < _bounds.KeepEvery)
        {
            return;
        }

        if (_world.TryKeep())
        {
            _moments.Add(new Moment(node, execution.Log.Length, execution.Steps));
        }
        else
        {
            _keepsNone = true;
        }
    }

    /// <summary>
    /// Goes back to the last moment at or above the node from which something else is tried. False: none was kept, or
    /// the world was reset since by others.
    /// </summary>
    private bool TryReturn()
    {
        ForgetThoseOfOthers();
        while (_moments.Count > 0 && _moments[^1].Node >= _depth)
        {
            _moments.RemoveAt(_moments.Count - 1);
        }

        if (_moments.Count == 0)
        {
            return false;
        }

        Moment last = _moments[^1];
        _world.ReturnTo(_moments.Count - 1);
        _cursor = Math.Max(last.Node, 0);
        _followed = last.Node == OnTheWay ? last.Decisions - _firstDecision : _way.Length;
        return true;
    }

    /// <summary>
    /// Another way begins as the last schedule did: the moments of what both have in common are on it, the others are
    /// of no use.
    /// </summary>
    private void KeepCommonMoments()
    {
        ForgetThoseOfOthers();
        ReadOnlySpan<ushort> log = _world.Execution.Log;
        int common = log.Length < _firstDecision ? 0 : log[_firstDecision..].CommonPrefixLength(_way);
        while (_moments.Count > 0 && _moments[^1].Decisions - _firstDecision > common)
        {
            _moments.RemoveAt(_moments.Count - 1);
        }

        for (int i = 0; i < _moments.Count; i++)
        {
            _moments[i] = _moments[i] with { Node = OnTheWay };
        }
    }

    /// <summary>The world forgets its moments when it is reset, and others may use it between two schedules.</summary>
    private void ForgetThoseOfOthers()
    {
        if (_resets != _world.Resets)
        {
            _moments.Clear();
        }
    }

    /// <summary>A moment that the world keeps.</summary>
    /// <param name="Node">Index of the node whose state it is, or on the way to the place.</param>
    /// <param name="Decisions">Decisions that lead there.</param>
    /// <param name="Steps">Steps that lead there.</param>
    private readonly record struct Moment(int Node, int Decisions, int Steps);
}

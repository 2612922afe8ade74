namespace EpcActors.Exploration;

/// <content>Moments of the present schedule, to go back to.</content>
public sealed partial class ExhaustiveSearch
{
    private readonly List<Moment> _moments = [];
    private bool _keepsNone;

    /// <summary>The state of the last node is reached, and nothing was tried from it in this schedule.</summary>
    private void KeepNowAndThen(Execution execution)
    {
        int last = _moments.Count > 0 ? _moments[^1].Steps : _firstStep;
        if (_keepsNone || _bounds.KeepEvery == 0 || execution.Steps - last < _bounds.KeepEvery)
        {
            return;
        }

        if (_world.TryKeep())
        {
            _moments.Add(new Moment(_stack.Count - 1, execution.Steps));
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
        if (_moments.Count != _world.Moments)
        {
            _moments.Clear();
        }

        while (_moments.Count > 0 && _moments[^1].Node >= _stack.Count)
        {
            _moments.RemoveAt(_moments.Count - 1);
        }

        if (_moments.Count == 0)
        {
            return false;
        }

        _world.ReturnTo(_moments.Count - 1);
        _cursor = _moments[^1].Node;
        return true;
    }

    /// <summary>A moment that the world keeps.</summary>
    /// <param name="Node">Index of the node whose state it is.</param>
    /// <param name="Steps">Steps that lead there.</param>
    private readonly record struct Moment(int Node, int Steps);
}

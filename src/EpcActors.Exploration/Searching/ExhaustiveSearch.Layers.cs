namespace EpcActors.Exploration;

/// <content>Layers of steps, one after the other.</content>
public sealed partial class ExhaustiveSearch
{
    private const int LayerSteps = 64;

    private readonly Queue<Place> _places = [];
    private readonly List<Place> _placesOfNextLayer = [];
    private Place? _place;
    private int _followed;
    private int _firstStep;
    private int _firstDecision;
    private int _layerEnd = LayerSteps;

    /// <summary>States below the present layer, or in it, from which nothing was tried yet.</summary>
    private bool HasPlacesLeft => _places.Count > 0 || _placesOfNextLayer.Count > 0;

    /// <summary>
    /// Goes to the next state of the layer, or of the next one when this is done. False: there is none.
    /// </summary>
    private bool BeginNextPlace()
    {
        if (_places.Count == 0)
        {
            foreach (Place place in _placesOfNextLayer)
            {
                _places.Enqueue(place);
            }

            _placesOfNextLayer.Clear();
            _layerEnd += LayerSteps;
        }

        _place = _places.TryDequeue(out Place? next) ? next : null;
        return _place is not null;
    }

    /// <summary>The next decision on the way to the place from which is searched; false when it is reached.</summary>
    private bool TryFollow(out ushort decision)
    {
        bool isOnTheWay = _place is not null && _followed < _place.Log.Length;
        decision = isOnTheWay ? _place!.Log[_followed++] : (ushort)0;
        return isOnTheWay;
    }

    private bool TryPushPlace(Execution execution)
    {
        // The table has this state, and all that can be done in it is still to do.
        _world.Fingerprint();
        int last = execution.LastTask;
        bool mayStay = last >= 0 && execution.IsEnabled(last) && execution.ConflictKey(last) != 0;
        return Push(execution, _place!.State, ulong.MaxValue, 0, _place.Preemptions, mayStay);
    }

    /// <summary>A state at the end of a layer, and the way there.</summary>
    /// <param name="Log">Decisions that lead there from where the world begins.</param>
    /// <param name="State">Its number.</param>
    /// <param name="Preemptions">Preemptions on the way.</param>
    /// <param name="Progress">Progress made on the way.</param>
    private sealed record Place(ushort[] Log, int State, int Preemptions, long Progress);
}

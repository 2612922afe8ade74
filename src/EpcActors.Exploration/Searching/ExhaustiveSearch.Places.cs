namespace EpcActors.Exploration;

/// <content>Where the searcher begins, and what it leaves for later or for others.</content>
public sealed partial class ExhaustiveSearch
{
    private const int LayerSteps = 64;

    private SearchPlace? _place;
    private ushort[] _way = [];
    private int _followed;
    private int _firstStep;
    private int _firstDecision;
    private int _layerEnd = LayerSteps;

    /// <summary>Gives back what is left to try, for another day or another searcher.</summary>
    public void Suspend()
    {
        if (!_isBusy)
        {
            return;
        }

        _space.Enter();
        for (int i = 0; i < _depth; i++)
        {
            if (!_stack[i].IsChoice && LeftIn(i) is var left && left != 0)
            {
                _space.GiveAway(PlaceOf(_stack[i], left, Tried(_stack[i])));
            }
        }

        _space.Done();
        _space.Leave();
        _depth = 0;
        _alternativesEnd = 0;
        _isBusy = false;
    }

    /// <summary>Takes a place from which something is to be tried. False: there is none.</summary>
    private bool TryBegin()
    {
        _space.Enter();
        _isBusy = _space.TryTake(out _place);
        _space.Leave();
        if (!_isBusy)
        {
            return false;
        }

        _way = _place?.Way() ?? [];
        _layerEnd = ((Decision.StepsOf(_way) / LayerSteps) + 1) * LayerSteps;
        KeepCommonMoments();
        return true;
    }

    /// <summary>
    /// Another searcher has nothing to do: it gets what was not begun from the state nearest to the start, below which
    /// most is left.
    /// </summary>
    private void GiveAway()
    {
        for (int i = 0; i < _depth; i++)
        {
            ref Node node = ref _stack[i];
            if (!node.IsChoice && node.Next + 1 < node.Count)
            {
                // What is being tried here counts as tried: its subtree is looked at in any case.
                ulong present = Tasks(node, node.Next, node.Next + 1);
                SearchPlace rest = PlaceOf(node, Tasks(node, node.Next + 1, node.Count), Tried(node) | present);
                node.Count = node.Next + 1;
                _space.Enter();
                _space.GiveAway(rest);
                _space.Leave();
                return;
            }
        }
    }

    private SearchPlace PlaceOf(in Node node, ulong toDo, ulong tried)
    {
        ReadOnlySpan<ushort> log = _world.Execution.Log;
        return new SearchPlace(_place, log[(_firstDecision + _way.Length)..node.LogLength])
        {
            State = node.State,
            ToDo = toDo,
            Sleep = _usesSleepSets ? node.Sleep | tried : 0,
            Preemptions = node.Preemptions,
            Progress = node.Progress,
        };
    }

    /// <summary>
    /// Tasks whose steps from a node's state were not tried in full. A step in which a choice is left is tried again,
    /// and ends in states that are known where it was decided before.
    /// </summary>
    private ulong LeftIn(int position)
    {
        ref Node node = ref _stack[position];
        bool isLast = true;
        bool hasChoiceLeft = false;
        for (int i = position + 1; i < _depth; i++)
        {
            if (!_stack[i].IsChoice)
            {
                isLast = false;
                break;
            }

            // The last node of all has its next alternative still before it.
            hasChoiceLeft |= i == _depth - 1 || _stack[i].Next + 1 < _stack[i].Count;
        }

        bool isPresentLeft = hasChoiceLeft || (isLast && position == _depth - 1);
        return Tasks(node, isPresentLeft ? node.Next : node.Next + 1, node.Count);
    }

    private bool TryPushPlace(Execution execution)
    {
        SearchPlace place = _place!;
        return Push(
            execution, place.State, place.ToDo, place.Sleep, place.Preemptions, MayStay(execution));
    }
}

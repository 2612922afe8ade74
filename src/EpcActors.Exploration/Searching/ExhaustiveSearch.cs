using System.Numerics;

namespace EpcActors.Exploration;

/// <summary>
/// Depth-first search over all schedules, with a table of the states met. Finite also where tasks loop for ever, which
/// nearly all of this subsystem does (fault, EBUSY, fault again).
/// </summary>
/// <remarks>
/// <para>The table cuts a schedule off where a known state is reached. The next one begins at the last moment of it
/// that was kept, or at the start where a world keeps none. The search goes down by layers of steps: what lies below a
/// layer waits until all above it is done. So each state is met not much deeper than it lies, also where tasks can take
/// turns for thousands of steps. States are told apart by 64-bit fingerprints: among n states the chance that any two
/// share one is about n^2 / 2^65.</para>
/// <para>Reduction by sleep sets (Godefroid 1996, with the state table of his chapter 5), for steps of which the world
/// says that they commute (<see cref="Explorable.CommutesWithLast"/>). Sleep sets leave out edges, never states, so
/// every rule that is judged by a state or by what one step answers is judged everywhere.</para>
/// <para>Bounded preemptions (Musuvathi, Qadeer 2007): a state counts as known when it was met before with as few
/// preemptions and the same task going on.</para>
/// </remarks>
public sealed partial class ExhaustiveSearch : IStrategy
{
    private const int MaxTasks = 64;

    private readonly Explorable _world;
    private readonly SearchBounds _bounds;
    private readonly bool _usesSleepSets;
    private readonly Dictionary<ulong, int> _known = [];
    private readonly List<Node> _stack = [];
    private readonly List<int> _alternatives = [];
    private readonly StateGraph? _graph;
    private ulong[] _sleepOf = new ulong[1024];
    private byte[] _preemptionsOf = new byte[1024];
    private int _cursor;
    private int _states;
    private long _edges;
    private long _steps;
    private long _schedules;
    private long _ends;
    private int _depth;
    private bool _isCut;
    private bool _isOver;
    private ushort[]? _counterexample;

    public ExhaustiveSearch(Explorable world, SearchBounds bounds)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(bounds);
        if (world.Execution.TaskCount > MaxTasks)
        {
            throw new ArgumentException($"an exhaustive search takes at most {MaxTasks} tasks", nameof(world));
        }

        _world = world;
        _bounds = bounds;
        _usesSleepSets = bounds.Reduces && !bounds.FindsHangs && bounds.Preemptions < 0 && !world.Execution.HasChoices;
        _graph = bounds.FindsHangs ? new StateGraph() : null;
    }

    public override string ToString() => "exhaustive";

    /// <summary>States met so far, for those who wait.</summary>
    public int States => _states;

    /// <summary>Schedules that came to an end of their own, so far.</summary>
    public long Ends => _ends;

    /// <summary>Every schedule within the bounds was covered; known once the search is over.</summary>
    public bool IsComplete => _isOver && !_isCut && _stack.Count == 0 && !HasPlacesLeft;

    /// <summary>Searches to the end, the bounds, or the first broken rule.</summary>
    public SearchResult Search(Action<ExhaustiveSearch>? progress, CancellationToken cancellationToken)
    {
        do
        {
            if (((_schedules + 1) & 1023) == 0)
            {
                progress?.Invoke(this);
            }
        }
        while (!cancellationToken.IsCancellationRequested && Advance());

        int cycleStart = -1;
        if (_counterexample is null && !cancellationToken.IsCancellationRequested)
        {
            // A cycle that was seen is a hang, whether or not the rest was searched.
            (_counterexample, cycleStart) = FindHang();
        }

        return new SearchResult
        {
            IsComplete = IsComplete,
            IsBoundless = _bounds.Preemptions < 0,
            States = _states,
            Edges = _edges,
            Schedules = _schedules,
            Ends = _ends,
            Steps = _steps,
            Depth = _depth,
            Counterexample = _counterexample,
            CycleStart = cycleStart,
        };
    }

    /// <summary>Runs the next schedule, for callers that do something else in between.</summary>
    /// <returns>False when the search is over.</returns>
    public bool Advance()
    {
        if (_isOver)
        {
            return false;
        }

        _schedules++;
        ExploredEnd end = RunOnce();
        bool isFound = _world.IsBroken;
        if (isFound)
        {
            _counterexample ??= _world.Execution.Log.ToArray();
        }
        else if (end == ExploredEnd.StepLimit)
        {
            _isCut = true;
        }

        _isOver = (isFound && _bounds.StopsAtFirst) || _states >= _bounds.MaxStates
            || !(Backtrack() || BeginNextPlace());
        return !_isOver;
    }

    /// <summary>
    /// A hang among the states met so far: a fair cycle without progress, up to the end of its first lap; null for
    /// none, or where hangs are not looked for.
    /// </summary>
    public (ushort[]? Decisions, int CycleStart) FindHang() => _graph?.FindFairCycle() ?? (null, -1);

    public void Begin(Execution execution, ulong seed)
    {
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        if (TryFollow(out ushort decision))
        {
            return decision;
        }

        if (_cursor < _stack.Count)
        {
            return Take(_cursor++);
        }

        bool isPushed = _place is not null && _stack.Count == 0 ? TryPushPlace(execution) : TryPush(execution);
        if (!isPushed)
        {
            return -1;
        }

        KeepNowAndThen(execution);
        return Take(_cursor++);
    }

    public bool Choose(Execution execution, int task, int point)
    {
        if (TryFollow(out ushort decision))
        {
            return Decision.ValueOf(decision);
        }

        if (_cursor == _stack.Count)
        {
            int first = _alternatives.Count;
            _alternatives.Add(0);
            _alternatives.Add(1);
            _stack.Add(new Node { IsChoice = true, Point = point, First = first, Count = 2 });
        }

        Node node = _stack[_cursor++];
        return _alternatives[node.First + node.Next] != 0;
    }

    private ExploredEnd RunOnce()
    {
        Execution execution = _world.Execution;
        if (!TryReturn())
        {
            _world.Reset();
            _cursor = 0;
            _followed = 0;

            // A world may begin behind steps of its own, which it makes again at each reset.
            _firstStep = execution.Steps;
            _firstDecision = execution.Log.Length;
        }

        int startSteps = execution.Steps;
        ExploredEnd end = execution.Run(this, _bounds.MaxSteps);
        _steps += execution.Steps - startSteps;
        _depth = Math.Max(_depth, execution.Steps);
        if (end is not (ExploredEnd.Abandoned or ExploredEnd.StepLimit))
        {
            _ends++;
        }

        _world.Judge(end);
        return end;
    }

    private int Take(int position)
    {
        Node node = _stack[position];
        if (position == _stack.Count - 1)
        {
            _edges++;
        }

        return _alternatives[node.First + node.Next];
    }

    /// <summary>
    /// The state is new, or known with more to do in it: pushes a node for what is to be done. False: nothing.
    /// </summary>
    private bool TryPush(Execution execution)
    {
        int last = execution.LastTask;

        // A task whose next step is time that passes has given way by itself.
        bool mayStay = last >= 0 && execution.IsEnabled(last) && execution.ConflictKey(last) != 0;
        bool hasParent = TryGetParent(out Node parent);
        int preemptions = 0;
        if (_bounds.Preemptions >= 0 && hasParent)
        {
            preemptions = parent.Preemptions + (parent.Stay >= 0 && last != parent.Stay ? 1 : 0);
        }

        ulong fingerprint = _world.Fingerprint();
        if (_bounds.Preemptions >= 0)
        {
            fingerprint = SplitMix.Mix(fingerprint + (ulong)(mayStay ? last + 1 : 0));
        }

        ulong sleep = _usesSleepSets && hasParent ? StillAsleep(execution, parent) : 0;
        bool isKnown = _known.TryGetValue(fingerprint, out int state);
        if (!isKnown)
        {
            state = NewState(fingerprint, sleep, preemptions);
        }

        _graph?.AddStep(
            hasParent ? parent.State : -1,
            state,
            !isKnown,
            execution,
            hasParent && _world.Progress != parent.Progress);
        ulong todo = isKnown ? LeftToDo(state, sleep, preemptions) : ~sleep;
        if (todo == 0)
        {
            return false;
        }

        if (execution.Steps - _firstStep >= _layerEnd && !_usesSleepSets)
        {
            ushort[] way = execution.Log[_firstDecision..].ToArray();
            _placesOfNextLayer.Add(new Place(way, state, preemptions, _world.Progress));
            return false;
        }

        return Push(execution, state, todo, sleep, preemptions, mayStay);
    }

    private bool Push(Execution execution, int state, ulong todo, ulong sleep, int preemptions, bool mayStay)
    {
        int last = execution.LastTask;
        int first = _alternatives.Count;
        bool isBound = _bounds.Preemptions >= 0 && preemptions == _bounds.Preemptions && mayStay;
        int stays = -1;
        if (mayStay && ((todo >> last) & 1) != 0)
        {
            stays = last;
            _alternatives.Add(last);
        }

        if (!isBound)
        {
            AddOthers(execution, stays, todo);
        }

        if (_alternatives.Count == first)
        {
            return false;
        }

        _stack.Add(new Node
        {
            First = first,
            Count = _alternatives.Count - first,
            State = state,
            Sleep = sleep,
            Preemptions = preemptions,
            Stay = mayStay ? last : -1,
            Progress = _world.Progress,
        });
        return true;
    }

    /// <summary>
    /// Tasks whose steps were not looked at yet in a state that was reached before; notes that they are from now on.
    /// </summary>
    private ulong LeftToDo(int state, ulong sleep, int preemptions)
    {
        if (_bounds.Preemptions < 0)
        {
            // Done before except for what slept then; of that, what sleeps now is done elsewhere.
            ulong left = _sleepOf[state] & ~sleep;
            _sleepOf[state] &= sleep;
            return left;
        }

        if (_preemptionsOf[state] <= preemptions)
        {
            return 0;
        }

        // With more preemptions left, more schedules go on from here.
        _preemptionsOf[state] = (byte)preemptions;
        return ~sleep;
    }

    private void AddOthers(Execution execution, int but, ulong todo)
    {
        ulong enabled = 0;
        foreach (int task in execution.Enabled)
        {
            enabled |= 1UL << task;
        }

        enabled &= todo;
        while (enabled != 0)
        {
            int task = BitOperations.TrailingZeroCount(enabled);
            enabled &= enabled - 1;
            if (task != but)
            {
                _alternatives.Add(task);
            }
        }
    }

    /// <summary>
    /// Tasks that slept in the parent, or were tried there before, and whose pending request commutes with the step
    /// that was made.
    /// </summary>
    private ulong StillAsleep(Execution execution, in Node parent)
    {
        ulong sleep = parent.Sleep;
        for (int i = 0; i < parent.Next; i++)
        {
            sleep |= 1UL << _alternatives[parent.First + i];
        }

        if (sleep == 0)
        {
            return 0;
        }

        ulong still = 0;
        while (sleep != 0)
        {
            int task = BitOperations.TrailingZeroCount(sleep);
            sleep &= sleep - 1;
            if (_world.CommutesWithLast(task) && execution.IsEnabled(task))
            {
                still |= 1UL << task;
            }
        }

        return still;
    }

    /// <summary>The node of the state before the last step.</summary>
    private bool TryGetParent(out Node parent)
    {
        for (int i = _stack.Count - 1; i >= 0; i--)
        {
            if (!_stack[i].IsChoice)
            {
                parent = _stack[i];
                return true;
            }
        }

        parent = default;
        return false;
    }

    private int NewState(ulong fingerprint, ulong sleep, int preemptions)
    {
        if (_states == _sleepOf.Length)
        {
            Array.Resize(ref _sleepOf, _states * 2);
            Array.Resize(ref _preemptionsOf, _states * 2);
        }

        _sleepOf[_states] = sleep;
        _preemptionsOf[_states] = (byte)preemptions;
        _known.Add(fingerprint, _states);
        return _states++;
    }

    /// <summary>Goes back to the deepest node with something left to try.</summary>
    private bool Backtrack()
    {
        while (_stack.Count > 0)
        {
            Node top = _stack[^1];
            if (++top.Next < top.Count)
            {
                _stack[^1] = top;
                return true;
            }

            _alternatives.RemoveRange(top.First, top.Count);
            _stack.RemoveAt(_stack.Count - 1);
        }

        return false;
    }

    private struct Node
    {
        public int First;
        public int Count;
        public int Next;
        public int State;
        public ulong Sleep;
        public int Preemptions;

        /// <summary>
        /// The task that could go on here, -1 when the last one waits or has ended: leaving it is a preemption.
        /// </summary>
        public int Stay;
        public long Progress;
        public bool IsChoice;
        public int Point;
    }
}

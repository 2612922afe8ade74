namespace EpcActors.Exploration;

/// <summary>
/// What the searchers of one search have in common: the states that were met, the edges between them, and the places
/// from which something is still to be tried.
/// </summary>
/// <remarks>
/// Members are called by a searcher that is inside the gate, or when no searcher is at work.
/// </remarks>
public sealed partial class SearchSpace
{
    private ISearchGate? _gate;
    private readonly StateTable _table = new();
    private readonly Queue<SearchPlace> _places = [];
    private readonly List<SearchPlace> _placesOfNextLayer = [];
    private ulong[] _sleepOf = [];
    private byte[] _preemptionsOf = [];
    private bool _hasBegun;
    private int _busy;

    /// <param name="bounds">How far the search goes.</param>
    public SearchSpace(SearchBounds bounds)
    {
        ArgumentNullException.ThrowIfNull(bounds);
        Bounds = bounds;
        Graph = bounds.FindsHangs ? new StateGraph() : null;
    }

    /// <summary>How far the search goes.</summary>
    public SearchBounds Bounds { get; }

    /// <summary>States met so far.</summary>
    public int States => _table.Count;

    /// <summary>Places that wait for a searcher.</summary>
    public int Places => _places.Count + _placesOfNextLayer.Count;

    /// <summary>Some searcher has nothing to do, and no place waits for it.</summary>
    public bool IsHungry => _gate is not null && _hasBegun && Places == 0 && Searchers > _busy;

    /// <summary>Searchers that take part.</summary>
    public int Searchers { get; internal set; }

    /// <summary>A searcher is at work.</summary>
    public bool IsBusy => _busy > 0;

    /// <summary>A rule was broken and that ends the search, or there are as many states as it may have.</summary>
    public bool IsStopped => (Counterexample is not null && Bounds.StopsAtFirst) || States >= Bounds.MaxStates;

    /// <summary>A rule was broken.</summary>
    public bool IsBroken => Counterexample is not null;

    /// <summary>Nothing is left to try within the bounds.</summary>
    public bool IsExhausted => _hasBegun && !IsBusy && Places == 0;

    /// <summary>Every schedule within the bounds was covered.</summary>
    public bool IsComplete => IsExhausted && !IsCut && !IsStopped;

    /// <summary>Before the first searcher comes: they will be on threads of their own.</summary>
    /// <param name="gate">Lets one of them in at a time.</param>
    public void Share(ISearchGate gate) => _gate = gate;

    internal StateGraph? Graph { get; }

    /// <summary>Steps that were left out because they commute with others.</summary>
    internal bool LeavesOutSteps { get; set; }

    internal bool IsCut { get; private set; }

    internal ushort[]? Counterexample { get; private set; }

    internal SearchCounts Counts { get; private set; }

    internal void Enter() => _gate?.Enter();

    internal void Leave() => _gate?.Leave();

    /// <summary>
    /// The first searcher begins where the world begins, and each later one at a place. A searcher that got true is
    /// busy until it says that it is done.
    /// </summary>
    internal bool TryTake(out SearchPlace? place)
    {
        place = null;
        if (IsStopped)
        {
            return false;
        }

        if (_hasBegun)
        {
            if (_places.Count == 0)
            {
                foreach (SearchPlace one in _placesOfNextLayer)
                {
                    _places.Enqueue(one);
                }

                _placesOfNextLayer.Clear();
            }

            if (!_places.TryDequeue(out place))
            {
                return false;
            }
        }

        _hasBegun = true;
        _busy++;
        return true;
    }

    /// <summary>A searcher has nothing to do any more.</summary>
    internal void Done() => _busy--;

    /// <summary>What lies below is for later.</summary>
    internal void Add(SearchPlace place) => _placesOfNextLayer.Add(place);

    /// <summary>What is left here is for a searcher that is free.</summary>
    internal void GiveAway(SearchPlace place) => _places.Enqueue(place);

    /// <summary>A state is met.</summary>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="sleep">Tasks whose steps from there need not be tried, since others cover them.</param>
    /// <param name="preemptions">Preemptions on the way.</param>
    /// <param name="state">Its number.</param>
    /// <param name="toDo">Tasks whose steps from there were not tried yet.</param>
    /// <returns>True when it is new.</returns>
    internal bool Meet(ulong fingerprint, ulong sleep, int preemptions, out int state, out ulong toDo)
    {
        bool isNew = _table.Add(fingerprint, out state);
        if (isNew)
        {
            Note(state, sleep, preemptions);
            toDo = ~sleep;
        }
        else
        {
            toDo = LeftToDo(state, sleep, preemptions);
        }

        return isNew;
    }

    /// <summary>A schedule is over.</summary>
    internal void Count(in SearchCounts more, bool isCut, ushort[]? broken)
    {
        Counts = Counts.With(more);
        IsCut |= isCut;
        Counterexample ??= broken;
    }

    /// <summary>What was found out so far; no searcher is at work.</summary>
    /// <param name="looksForHangs">Looks for a cycle too, where the bounds say so. One that was seen is a hang, whether
    /// or not the rest was searched.</param>
    public SearchResult ToResult(bool looksForHangs)
    {
        (ushort[]? counterexample, int cycleStart) = (Counterexample, -1);
        if (counterexample is null && looksForHangs)
        {
            (counterexample, cycleStart) = FindHang();
        }

        return new SearchResult
        {
            IsComplete = IsComplete && Graph is not { HasGaps: true },
            IsBoundless = Bounds.Preemptions < 0,
            States = States,
            Edges = Counts.Edges,
            Schedules = Counts.Schedules,
            Ends = Counts.Ends,
            Steps = Counts.Steps,
            Depth = Counts.Depth,
            Counterexample = counterexample,
            CycleStart = cycleStart,
        };
    }

    /// <summary>For tests: the steps between states, told apart by their fingerprints, with those that were left
    /// out.</summary>
    internal IEnumerable<(ulong From, ulong To, int Task, bool IsProgress)> StepsBetweenStates()
    {
        ulong[] states = _table.Fingerprints.ToArray();
        return Graph!.Steps().Select(step => (states[step.From], states[step.To], step.Task, step.IsProgress));
    }

    internal (ushort[]? Decisions, int CycleStart) FindHang() => Graph?.FindFairCycle() ?? (null, -1);

    /// <summary>
    /// Tasks whose steps were not looked at yet in a state that was reached before; notes that they are from now on.
    /// </summary>
    private ulong LeftToDo(int state, ulong sleep, int preemptions)
    {
        if (Bounds.Preemptions >= 0)
        {
            if (_preemptionsOf[state] <= preemptions)
            {
                return 0;
            }

            // With more preemptions left, more schedules go on from here.
            _preemptionsOf[state] = (byte)preemptions;
            return ~sleep;
        }

        if (!LeavesOutSteps)
        {
            return 0;
        }

        // Done before except for what slept then; of that, what sleeps now is done elsewhere.
        ulong left = _sleepOf[state] & ~sleep;
        _sleepOf[state] &= sleep;
        return left;
    }

    private void Note(int state, ulong sleep, int preemptions)
    {
        if (LeavesOutSteps)
        {
            Reserve(ref _sleepOf, state);
            _sleepOf[state] = sleep;
        }

        if (Bounds.Preemptions >= 0)
        {
            Reserve(ref _preemptionsOf, state);
            _preemptionsOf[state] = (byte)preemptions;
        }
    }

    private static void Reserve<T>(ref T[] array, int index)
    {
        if (index >= array.Length)
        {
            Array.Resize(ref array, Math.Max(1024, array.Length * 2));
        }
    }
}

/// <summary>Numbers of a search.</summary>
/// <param name="Schedules">Schedules executed.</param>
/// <param name="Ends">Those that came to an end of their own.</param>
/// <param name="Edges">Steps from a state from which that task had not stepped before.</param>
/// <param name="Steps">Steps executed.</param>
/// <param name="Depth">Steps of the longest schedule.</param>
internal readonly record struct SearchCounts(long Schedules, long Ends, long Edges, long Steps, int Depth)
{
    public SearchCounts With(in SearchCounts more) => new(
        Schedules + more.Schedules,
        Ends + more.Ends,
        Edges + more.Edges,
        Steps + more.Steps,
        Math.Max(Depth, more.Depth));
}

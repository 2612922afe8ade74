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
/// every rule that is judged by a state or by what one step answers is judged everywhere. A hang is a cycle of edges:
/// those that were left out are put in before one is looked for (<see cref="StateGraph"/>).</para>
/// <para>Bounded preemptions (Musuvathi, Qadeer 2007): a state counts as known when it was met before with as few
/// preemptions and the same task going on.</para>
/// <para>Several searchers, each with a world of its own, may share a <see cref="SearchSpace"/>. Which of them meets a
/// state first is up to their threads. The states, the edges and the verdict are the same; the schedule that is told
/// may be another.</para>
/// </remarks>
public sealed partial class ExhaustiveSearch : IStrategy
{
    private const int MaxTasks = 64;

    private readonly Explorable _world;
    private readonly SearchSpace _space;
    private readonly SearchBounds _bounds;
    private readonly bool _usesSleepSets;
    private Node[] _stack = new Node[256];
    private int _depth;
    private int[] _alternatives = new int[1024];
    private int _alternativesEnd;
    private int _cursor;
    private long _edges;
    private bool _isBusy;

    /// <param name="world">The world.</param>
    /// <param name="bounds">How far to go.</param>
    public ExhaustiveSearch(Explorable world, SearchBounds bounds)
        : this(world, new SearchSpace(bounds))
    {
    }

    /// <param name="world">The world; each searcher of a space has one of its own, and all are alike.</param>
    /// <param name="space">What the searchers have in common.</param>
    public ExhaustiveSearch(Explorable world, SearchSpace space)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(space);
        if (world.Execution.TaskCount > MaxTasks)
        {
            throw new ArgumentException($"an exhaustive search takes at most {MaxTasks} tasks", nameof(world));
        }

        _world = world;
        _space = space;
        _bounds = space.Bounds;
        _usesSleepSets = _bounds.Reduces && _bounds.Preemptions < 0 && !world.Execution.HasChoices;
        space.Enter();
        space.LeavesOutSteps |= _usesSleepSets;
        space.Searchers++;
        space.Leave();
    }

    public override string ToString() => "exhaustive";

    /// <summary>States met so far, for those who wait.</summary>
    public int States => _space.States;

    /// <summary>Schedules that this searcher ran.</summary>
    public long Schedules { get; private set; }

    /// <summary>Schedules that came to an end of their own, so far.</summary>
    public long Ends => _space.Counts.Ends;

    /// <summary>Every schedule within the bounds was covered; known once the search is over.</summary>
    public bool IsComplete => _space.IsComplete;

    /// <summary>Searches to the end, the bounds, or the first broken rule.</summary>
    public SearchResult Search(Action<ExhaustiveSearch>? progress, CancellationToken cancellationToken)
    {
        long schedules = 0;
        do
        {
            if ((++schedules & 1023) == 0)
            {
                progress?.Invoke(this);
            }
        }
        while (!cancellationToken.IsCancellationRequested && Advance());

        Suspend();
        return _space.ToResult(looksForHangs: !cancellationToken.IsCancellationRequested);
    }

    /// <summary>Runs the next schedule, for callers that do something else in between.</summary>
    /// <returns>False when there is nothing for this searcher to do: with one searcher, the search is over.</returns>
    public bool Advance()
    {
        if (!_isBusy && !TryBegin())
        {
            return false;
        }

        Schedules++;
        ExploredEnd end = RunOnce(out int before);
        bool isFound = _world.IsBroken;
        Execution execution = _world.Execution;
        bool isOver = end is not (ExploredEnd.Abandoned or ExploredEnd.StepLimit);
        _space.Enter();
        if (isOver && Parent() is >= 0 and int parent)
        {
            _space.Graph?.AddEnd(_stack[parent].State, execution.LastTask);
            _stack[parent].Ended |= 1UL << execution.LastTask;
        }

        _space.Count(
            new SearchCounts(
                1,
                isOver ? 1 : 0,
                _edges,
                execution.Steps - before,
                execution.Steps),
            isCut: !isFound && end == ExploredEnd.StepLimit,
            isFound ? execution.Log.ToArray() : null);
        bool isStopped = _space.IsStopped;
        bool isHungry = _space.IsHungry;
        _space.Leave();
        _edges = 0;
        bool hasMore = Backtrack();
        if (isStopped || !hasMore)
        {
            Suspend();
            return !isStopped && TryBegin();
        }

        if (isHungry)
        {
            GiveAway();
        }

        return true;
    }

    /// <summary>
    /// A hang among the states met so far: a fair cycle without progress, up to the end of its first lap; null for
    /// none, or where hangs are not looked for.
    /// </summary>
    public (ushort[]? Decisions, int CycleStart) FindHang() => _space.FindHang();

    public void Begin(Execution execution, ulong seed)
    {
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        if (_followed < _way.Length)
        {
            KeepNowAndThen(execution, OnTheWay);
            return _way[_followed++];
        }

        if (_cursor < _depth)
        {
            KeepNowAndThen(execution, _cursor);
            return Take(_cursor++);
        }

        bool isPushed = _place is not null && _depth == 0 ? TryPushPlace(execution) : TryPush(execution);
        return isPushed ? Take(_cursor++) : -1;
    }

    public bool Choose(Execution execution, int task, int point)
    {
        ArgumentNullException.ThrowIfNull(execution);
        if (_followed < _way.Length)
        {
            return Decision.ValueOf(_way[_followed++]);
        }

        if (_cursor == _depth)
        {
            int first = _alternativesEnd;
            AddAlternative(0);
            AddAlternative(1);
            AddNode(new Node { IsChoice = true, First = first, Count = 2 });
        }

        ref Node node = ref _stack[_cursor++];
        return _alternatives[node.First + node.Next] != 0;
    }

    /// <param name="before">Steps of the schedule that were not made again.</param>
    private ExploredEnd RunOnce(out int before)
    {
        Execution execution = _world.Execution;
        if (!TryReturn())
        {
            _world.Reset();
            _resets = _world.Resets;
            _cursor = 0;
            _followed = 0;

            // A world may begin behind steps of its own, which it makes again at each reset.
            _firstStep = execution.Steps;
            _firstDecision = execution.Log.Length;
        }

        before = execution.Steps;
        ExploredEnd end = execution.Run(this, _bounds.MaxSteps);
        _world.Judge(end);
        return end;
    }

    private int Take(int position)
    {
        if (position == _depth - 1)
        {
            _edges++;
        }

        ref Node node = ref _stack[position];
        return _alternatives[node.First + node.Next];
    }

    /// <summary>
    /// The state is new, or known with more to do in it: pushes a node for what is to be done. False: nothing.
    /// </summary>
    private bool TryPush(Execution execution)
    {
        int last = execution.LastTask;
        bool mayStay = MayStay(execution);
        int parent = Parent();
        int preemptions = 0;
        if (_bounds.Preemptions >= 0 && parent >= 0)
        {
            ref Node before = ref _stack[parent];
            preemptions = before.Preemptions + (before.Stay >= 0 && last != before.Stay ? 1 : 0);
        }

        ulong fingerprint = _world.Fingerprint();
        if (_bounds.Preemptions >= 0)
        {
            fingerprint = SplitMix.Mix(fingerprint + (ulong)(mayStay ? last + 1 : 0));
        }

        ulong sleep = _usesSleepSets && parent >= 0 ? StillAsleep(execution, _stack[parent]) : 0;
        _space.Enter();
        bool isNew = _space.Meet(fingerprint, sleep, preemptions, out int state, out ulong toDo);
        _space.Graph?.AddStep(
            parent >= 0 ? _stack[parent].State : -1,
            state,
            isNew,
            execution,
            parent >= 0 && _world.Progress != _stack[parent].Progress);
        if (isNew && sleep != 0)
        {
            _space.Graph?.AddLeftOut(state, sleep, _stack[parent].State, last);
        }

        bool isBelow = toDo != 0 && execution.Steps - _firstStep >= _layerEnd;
        if (isBelow)
        {
            _space.Add(new SearchPlace(_place, execution.Log[(_firstDecision + _way.Length)..])
            {
                State = state,
                ToDo = toDo,
                Sleep = sleep,
                Preemptions = preemptions,
                Progress = _world.Progress,
            });
        }

        _space.Leave();
        return toDo != 0 && !isBelow && Push(execution, state, toDo, sleep, preemptions, mayStay);
    }

    /// <summary>A task whose next step is time that passes has given way by itself.</summary>
    private static bool MayStay(Execution execution)
    {
        int last = execution.LastTask;
        return last >= 0 && execution.IsEnabled(last) && execution.ConflictKey(last) != 0;
    }

    private bool Push(Execution execution, int state, ulong toDo, ulong sleep, int preemptions, bool mayStay)
    {
        int last = execution.LastTask;
        int first = _alternativesEnd;
        bool isBound = _bounds.Preemptions >= 0 && preemptions == _bounds.Preemptions && mayStay;
        int stays = -1;
        if (mayStay && ((toDo >> last) & 1) != 0)
        {
            stays = last;
            AddAlternative(last);
        }

        if (!isBound)
        {
            AddOthers(execution, stays, toDo);
        }

        if (_alternativesEnd == first)
        {
            return false;
        }

        AddNode(new Node
        {
            First = first,
            Count = _alternativesEnd - first,
            State = state,
            Sleep = sleep,
            Preemptions = preemptions,
            Stay = mayStay ? last : -1,
            Progress = _world.Progress,
            LogLength = execution.Log.Length,
        });
        return true;
    }

    private void AddOthers(Execution execution, int but, ulong toDo)
    {
        ulong enabled = 0;
        foreach (int task in execution.Enabled)
        {
            enabled |= 1UL << task;
        }

        enabled &= toDo;
        while (enabled != 0)
        {
            int task = BitOperations.TrailingZeroCount(enabled);
            enabled &= enabled - 1;
            if (task != but)
            {
                AddAlternative(task);
            }
        }
    }

    /// <summary>
    /// Tasks that slept in the parent, or were tried there before, and whose pending request commutes with the step
    /// that was made.
    /// </summary>
    private ulong StillAsleep(Execution execution, in Node parent)
    {
        ulong sleep = parent.Sleep | Tried(parent);
        ulong still = 0;
        while (sleep != 0)
        {
            int task = BitOperations.TrailingZeroCount(sleep);
            sleep &= sleep - 1;
            if (execution.IsEnabled(task) && _world.CommutesWithLast(task))
            {
                still |= 1UL << task;
            }
        }

        return still;
    }

    /// <summary>
    /// Tasks whose steps were tried from here before the present one, and what may follow was tried with them. Behind a
    /// step that ended the run nothing was: another step before it leads to another end.
    /// </summary>
    private ulong Tried(in Node node) => Tasks(node, 0, node.Next) & ~node.Ended;

    private ulong Tasks(in Node node, int from, int to)
    {
        ulong tasks = 0;
        for (int i = from; i < to; i++)
        {
            tasks |= 1UL << _alternatives[node.First + i];
        }

        return tasks;
    }

    /// <summary>The node of the state before the last step; -1 for none.</summary>
    private int Parent()
    {
        int at = _depth - 1;
        while (at >= 0 && _stack[at].IsChoice)
        {
            at--;
        }

        return at;
    }

    private void AddAlternative(int alternative)
    {
        if (_alternativesEnd == _alternatives.Length)
        {
            Array.Resize(ref _alternatives, _alternativesEnd * 2);
        }

        _alternatives[_alternativesEnd++] = alternative;
    }

    private void AddNode(in Node node)
    {
        if (_depth == _stack.Length)
        {
            Array.Resize(ref _stack, _depth * 2);
        }

        _stack[_depth++] = node;
    }

    /// <summary>Goes back to the deepest node with something left to try.</summary>
    private bool Backtrack()
    {
        while (_depth > 0)
        {
            ref Node top = ref _stack[_depth - 1];
            if (++top.Next < top.Count)
            {
                return true;
            }

            _alternativesEnd = top.First;
            _depth--;
        }

        return false;
    }

    /// <summary>A state on the present schedule, or a choice within a step.</summary>
    private struct Node
    {
        /// <summary>Where its alternatives stand: tasks, or values of a choice.</summary>
        public int First;
        public int Count;

        /// <summary>Alternative that is being tried.</summary>
        public int Next;
        public int State;
        public ulong Sleep;

        /// <summary>Tasks whose step from here ended the run.</summary>
        public ulong Ended;
        public int Preemptions;

        /// <summary>
        /// The task that could go on here, -1 when the last one waits or has ended: leaving it is a preemption.
        /// </summary>
        public int Stay;
        public long Progress;
        public bool IsChoice;

        /// <summary>Decisions that lead here.</summary>
        public int LogLength;
    }
}

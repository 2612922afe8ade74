using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Races;

/// <summary>
/// Runs one schedule with everything written down that a reader may want: requests, answers, locks, stacks, counters.
/// Slow; for one schedule, not for a search.
/// </summary>
public sealed class TraceRecorder : IStepWatcher
{
    private readonly LabWorld _world;
    private readonly List<RaceStep> _steps = [];
    private readonly List<Quantity> _quantities = [];
    private readonly Dictionary<ActorId, int> _lanes = [];
    private readonly List<RaceLane> _resources = [];
    private readonly IReadOnlyList<string> _show;
    private Dictionary<ActorId, Resource> _byId = [];
    private List<long> _initially = [];
    private readonly List<string> _events = [];
    private readonly List<string> _choices = [];
    private readonly List<int> _wakes = [];
    private readonly List<RoutineMethod> _stack = [];
    private Envelope? _request;
    private ActorId _target;
    private object? _asked;
    private string _operation = "";
    private ulong _before;
    private object[] _locks = [];
    private readonly List<ulong> _changed = [];
    private int _from;
    private int _step;

    private TraceRecorder(LabWorld world, IReadOnlyList<string> show)
    {
        _world = world;
        _show = show;
    }

    private bool IsSkipping => _step <= _from;

    /// <summary>Runs a strategy, usually a replay, and writes down what happens.</summary>
    /// <param name="world">The world; its rules are checked after every step meanwhile.</param>
    /// <param name="strategy">Strategy that decides.</param>
    /// <param name="header">Header of the trace; its quantities are those to show. Its steps and lanes are
    /// empty.</param>
    /// <param name="cycleStart">For a hang: index of the decision at which its cycle begins, -1 else.</param>
    public static (RaceTrace Trace, ScheduleOutcome Outcome) Record(
        LabWorld world,
        IStrategy strategy,
        RaceTrace header,
        int cycleStart = -1)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(header);
        TraceRecorder recorder = new(world, header.Quantities);
        bool audits = world.AuditsEveryStep;
        world.Recorder = recorder;
        ScheduleOutcome outcome;
        try
        {
            outcome = world.Run(strategy, 0);
        }
        finally
        {
            world.Recorder = null;
            world.Engine.Watcher = null;
            world.AuditsEveryStep = audits;
        }

        RaceTrace trace = recorder.Build(header, outcome, cycleStart >= 0 ? cycleStart : outcome.CycleStart);
        return (
            outcome.Finding is { } finding ? trace with { Conflict = ConflictOf(world, trace, finding.Rule) } : trace,
            outcome);
    }

    /// <summary>
    /// Runs a strategy and writes down its steps behind the first <paramref name="from"/>. The lanes are all tasks by
    /// their ordinals and all resources of the topology in its order, so that tails of one run fit together.
    /// </summary>
    internal static (IReadOnlyList<RaceStep> Steps, IReadOnlyList<long> Initially, ScheduleOutcome Outcome) RecordTail(
        LabWorld world, IStrategy strategy, IReadOnlyList<string> show, int from)
    {
        TraceRecorder recorder = new(world, show) { _from = from };
        foreach (Resource resource in world.Topology.Resources)
        {
            recorder._lanes[resource.Id] = recorder._lanes.Count;
        }

        world.Recorder = recorder;
        try
        {
            ScheduleOutcome outcome = world.Follow(strategy);
            return (recorder._steps, recorder._initially, outcome);
        }
        finally
        {
            world.Recorder = null;
            world.Engine.Watcher = null;
        }
    }

    /// <summary>
    /// The pair of steps that decided. The search for it makes hundreds of runs and shows none of them, so they need no
    /// live actors: on those a switch of threads for each half of a step would cost a minute.
    /// </summary>
    internal static (int First, int Second) ConflictOf(LabWorld world, RaceTrace trace, string rule)
    {
        IStepHost? host = world.Engine.Host;
        world.Engine.Host = null;
        try
        {
            return CriticalPair.Find(world, trace, rule);
        }
        finally
        {
            world.Engine.Host = host;
        }
    }

    /// <summary>The run begins: its actors may be new ones.</summary>
    internal void OnReset()
    {
        _world.Engine.Watcher = this;
        _byId = _world.Topology.Resources.ToDictionary(resource => resource.Id);
        _quantities.Clear();
        foreach (string name in _show)
        {
            _quantities.Add(new Quantity(name, _world.Quantities.Get(name)));
        }

        _initially = Values();
    }

    /// <summary>Something that a task reports, for the margin.</summary>
    internal void OnEvent(TaskActor task, RunEvent what, long detail)
    {
        // A failed allocation is in the listing as the errno that it leads to.
        if (what != RunEvent.AllocationFailed && !IsSkipping)
        {
            _events.Add(Describe(task, what, detail));
        }
    }

    void IStepWatcher.BeforeStep(TaskActor task, Envelope? request)
    {
        _step++;
        if (IsSkipping)
        {
            return;
        }

        _events.Clear();
        _choices.Clear();
        _wakes.Clear();
        _stack.Clear();
        StateImage.DescribeStack(task, _stack);
        _request = request;
        _target = request?.Target ?? ActorId.None;
        _asked = request?.Describe();
        _operation = (task as OperationTask)?.Current?.Text ?? "";
        _before = request is null ? 0 : _world.FingerprintOf(_byId[request.Target]);
        _locks = request is null ? [] : LockFields.Of(_byId[request.Target]);
    }

    /// <summary>A method of a task without a kernel function is user space: not in the kernel's stack.</summary>
    private static RaceFrame FrameOf(RoutineMethod method) => new(
        method.Name,
        method.Linux is { } linux
            ? new KernelFunction(linux.Function, linux.File, linux.IsPart)
            : new KernelFunction(method.Name, "", method.IsOfTask));

    /// <summary>
    /// A step that only takes a lock, or gives it back, has looked at what the lock protects and changed nothing.
    /// </summary>
    private bool HasWritten()
    {
        if (_changed[^1] == 0)
        {
            return false;
        }

        Resource resource = _byId[_target];
        object[] locks = LockFields.Of(resource);
        LockFields.Set(resource, _locks);
        bool hasWritten = _before != _world.FingerprintOf(resource);
        LockFields.Set(resource, locks);
        return hasWritten;
    }

    void IStepWatcher.AfterStep(TaskActor task, bool isParked)
    {
        if (IsSkipping)
        {
            return;
        }

        _changed.Add(_request is null ? 0 : _before ^ _world.FingerprintOf(_byId[_target]));
        Dictionary<ActorId, string> held = HeldLocks.ByOwner(_world.Topology.Resources);
        if (task.HasStopped)
        {
            _events.Add($"{task.Name} ends");
        }

        _steps.Add(new RaceStep
        {
            Number = _step,
            Task = ExploredEngine.OrdinalOf(task),
            Resource = _request is null ? -1 : LaneOf(_target),
            Message = _asked?.GetType().Name ?? MessageNames.Time,
            Request = _asked is null ? [] : Fields(_asked, null),
            Answer = _asked is null || isParked ? [] : Fields(_answered ?? _asked, _asked),
            Stack = [.. _stack.Select(FrameOf)],
            Operation = _operation,
            Locks = held.TryGetValue(task.Id, out string? locks) ? locks.Split(" and ") : [],
            IsParked = isParked,
            IsWrite = _request is not null && (!_world.ProvesHangs || HasWritten()),
            Wakes = [.. _wakes],
            Choices = [.. _choices],
            Events = [.. _events],
            Values = Values(),
        });
        _answered = null;
    }

    void IStepWatcher.OnChoice(TaskActor task, int point, bool value)
    {
        if (value)
        {
            _choices.Add(ChoicePoints.Name((ChoicePoint)point));
        }
    }

    void IStepWatcher.OnReady(TaskActor task) => _wakes.Add(ExploredEngine.OrdinalOf(task));

    private object? _answered;

    /// <summary>The request as answered: the task may use its envelope again before the step is over.</summary>
    internal void OnAnswered(Envelope envelope) => _answered = IsSkipping ? null : envelope.Describe();

    private RaceTrace Build(RaceTrace header, ScheduleOutcome outcome, int cycleStart)
    {
        int cycleStep =
            cycleStart < 0
                ? -1
                : Decision.StepsOf(_world.Engine.Log[..Math.Min(cycleStart, _world.Engine.Log.Length)]) + 1;
        KeepOneLap(cycleStep);

        // A task that neither acts nor is woken has no lane, above all those that only set up the state.
        int[] acting = [.. _steps.SelectMany(step => step.Wakes.Append(step.Task)).Distinct().Order()];
        int[] laneOf = new int[_world.Engine.TaskCount];
        for (int i = 0; i < acting.Length; i++)
        {
            laneOf[acting[i]] = i;
        }

        int violatedAt =
            outcome.Finding is { } finding && outcome.End is ExploredEnd.Stopped or ExploredEnd.Failed
                ? _steps.Count
                : -1;
        return header with
        {
            Rule = outcome.Finding?.Rule ?? "",
            Detail = outcome.Finding?.Detail ?? "",
            ViolatedAtStep = violatedAt,
            CycleStart = cycleStep,
            Tasks = [.. acting.Select(Lane)],
            Resources = _resources,
            Before = _initially,
            Programs = Programs(),
            Steps =
            [
                .. _steps.Select(step =>
                    step with
                    {
                        Task = laneOf[step.Task],
                        Wakes = [.. step.Wakes.Select(woken => laneOf[woken])],
                    }),
            ],
        };
    }

    /// <summary>Keeps one lap of the cycle: the record holds as many laps as were needed to be certain.</summary>
    private void KeepOneLap(int cycleStep)
    {
        int first = cycleStep - 1;
        if (first < 0)
        {
            return;
        }

        for (int lap = 1; lap <= (_steps.Count - first) / 2; lap++)
        {
            bool repeats = true;
            for (int i = first; repeats && i + lap < _steps.Count; i++)
            {
                repeats =
                    _steps[i].Task == _steps[i + lap].Task
                    && _steps[i].Resource == _steps[i + lap].Resource
                    && _steps[i].Message == _steps[i + lap].Message
                    && _steps[i].Request.SequenceEqual(_steps[i + lap].Request);
            }

            if (repeats)
            {
                _steps.RemoveRange(first + lap, _steps.Count - first - lap);
                return;
            }
        }
    }

    private List<string> Programs()
    {
        List<string> programs = [];
        for (int i = 0; i < _world.Engine.TaskCount; i++)
        {
            if (_world.Engine.Task(i) is OperationTask { IsSetup: false, Operations.Count: > 0 } task)
            {
                programs.Add(
                    $"{task.Name} (node {task.Node}{(task.IsOptional ? ", optional" : "")}): "
                        + $"{string.Join(", ", task.Operations.Select(one => one.Text))}");
            }
        }

        return programs;
    }

    private RaceLane Lane(int ordinal)
    {
        TaskActor task = _world.Engine.Task(ordinal);
        return new RaceLane(task.Name, task.Cpu >= 0 ? $"node {task.Node}" : "");
    }

    private int LaneOf(ActorId id)
    {
        if (!_lanes.TryGetValue(id, out int lane))
        {
            _lanes[id] = lane = _resources.Count;
            _resources.Add(new RaceLane(_byId[id].Name, ""));
        }

        return lane;
    }

    private List<long> Values() => [.. _quantities.Select(quantity => quantity.Value())];

    private IReadOnlyList<KeyValuePair<string, string>> Fields(object message, object? before) =>
        MessageFields.Of(message, before, NameOf);

    private string NameOf(ActorId id)
    {
        if (id.IsNone)
        {
            return "none";
        }

        if (_byId.TryGetValue(id, out Resource? resource))
        {
            return resource.Name;
        }

        for (int i = 0; i < _world.Engine.TaskCount; i++)
        {
            if (_world.Engine.Task(i).Id == id)
            {
                return _world.Engine.Task(i).Name;
            }
        }

        return id.ToString();
    }

    private static string Describe(TaskActor task, RunEvent what, long detail) => what switch
    {
        RunEvent.Fault => $"fault on page {detail} served",
        RunEvent.FaultRetry => $"NOPAGE: page {detail} faults again",
        RunEvent.Evicted => "a page was written out",
        RunEvent.Reloaded => "a page was loaded back",
        RunEvent.Augmented => "a page was added by EAUG",
        RunEvent.ReclaimBatch => $"a batch of reclaim freed {detail}",
        RunEvent.Allocated => $"a page of node {detail >> 1} allocated",
        RunEvent.Ioctl => $"{(Ioctl)(detail & 0xff)} returns {(Kernel.Errno)(detail >> 8)}",
        RunEvent.Phase => "the operation is done",
        RunEvent.Young => "a young page is spared",
        RunEvent.BackingFailed => "no backing to be had",
        RunEvent.IpiWave => $"IPIs to {detail} CPUs",
        RunEvent.EnclaveOomKill => $"the EPC killer takes enclave {detail}",
        RunEvent.MemoryOomKill => $"the memory killer takes process {detail}",
        RunEvent.PageLeaked => $"EPC page {detail} is leaked",
        RunEvent.LoadFailed => $"ELDU of page {detail} fails",
        RunEvent.Release => $"{task.Name} released the enclave",
        RunEvent.NodeWalkLap => $"the node walk goes round, lap {detail}",
        RunEvent.CursorLap => $"the walk asks for the same dying cgroup again, lap {detail}",
        RunEvent.AllocationFailed => "no EPC page",
        RunEvent.Script => $"action {detail} of the script is done",
    };

    private sealed record Quantity(string Name, Func<long> Value);
}

namespace EpcActors.Engine.Simulation;

/// <summary>
/// The simulation engine in virtual time: one thread, seeded, the same run for the same seed on every machine.
/// </summary>
/// <remarks>
/// <para>Every task has a clock of its own: the engine's, and what the task has spent since. A request is handled when
/// no other task can ask anything before it: in the order of the askers' clocks and, where these are equal, of the
/// tasks' numbers. What the task asks within <see cref="GroupNs"/> after that follows at once, as one group. So what a
/// run does depends on its costs and its seed, and on nothing else. When no other event comes before a task's clock,
/// the engine's just moves on and the task goes on without any queue.</para>
/// <para>Between two groups a task may run ahead by up to <c>quantum</c>: what it does there only itself and the
/// reports can see. No request of anybody is handled earlier or later because of it.</para>
/// <para>A resource that is held until later than the caller's clock makes the caller spin for the difference; a mutex
/// queues its waiters. A CPU that several tasks share serves them in the order in which they ask for it.</para>
/// </remarks>
public sealed partial class TimedEngine : IEngineDriver
{
    private const int CancellationInterval = 4096;

    /// <summary>
    /// Requests of a task that follow one within this time follow it at once: the order of time is kept to that,
    /// nanoseconds.
    /// </summary>
    private const long GroupNs = 128;

    private Resource[] _resources = [];
    private readonly List<TaskState> _tasks = [];
    private readonly EventHeap _events = new();
    private readonly CostTable _costs;
    private readonly long _quantumNs;
    private readonly long[] _timeByActivity;
    private readonly long[] _countByActivity;
    private readonly uint _jitterShift;
    private readonly bool _hasJitter;
    private readonly Dictionary<int, Action<long>> _timers = [];
    private readonly Dictionary<ActorKind, EnvelopeSet> _envelopes = [];
    private readonly ulong _seed;
    private TaskState?[] _taskById = [];
    private TaskState?[] _firstOnCpu = [];
    private long[] _cpuFreeAtNs = [];
    private long _limitNs = long.MaxValue;
    private int _stepsUntilEvent = CancellationInterval;
    private int _untilCheck = CancellationInterval;
    private int _pendingTaskEvents;
    private int _sleepingDaemons;
    private int _nextTimer = int.MinValue;
    private long _lastEndNs;
    private TraceHash _hash;
    private IRunObserver? _observer;
    private readonly StepWatcher _findWatcher;
    private StepWatcher?[] _watchers = [];
    private long _nowNs;
    private long _steps;
    private int _runningTasks;
    private RunEnd? _end;
    private Exception? _failure;
    private TaskActor? _failedTask;
    private TaskState? _dispatched;
    private InvariantViolation? _reported;

    /// <param name="costs">Price of each activity.</param>
    /// <param name="quantumNs">How far a task may run ahead of the others between two requests, nanoseconds. No result
    /// depends on it.</param>
    /// <param name="seed">Seed of the jitter.</param>
    /// <param name="jitterPercent">Every cost varies by up to this share in both directions: 0, or a power of two below
    /// 100 is met best.</param>
    public TimedEngine(CostTable costs, long quantumNs, ulong seed, int jitterPercent)
    {
        ArgumentNullException.ThrowIfNull(costs);
        _costs = costs;
        _quantumNs = quantumNs;
        _timeByActivity = new long[costs.Count];
        _countByActivity = new long[costs.Count];
        _seed = seed;
        _hasJitter = jitterPercent > 0;
        _jitterShift = (uint)jitterPercent;
        _hash.Add(seed);
        _findWatcher = FindWatcher;
    }

    /// <summary>Time of the engine's clock, nanoseconds.</summary>
    public long ClockNs => _nowNs;

    /// <summary>Critical sections executed.</summary>
    public long Steps => _steps;

    public ulong HashValue => _hash.Value;

    /// <summary>The same by message and by kinds of both ends.</summary>
    public IReadOnlyList<MessageCount> Messages => MessageCounts.Of(_tasks.Select(static state => state.Task));

    /// <summary>CPU time spent on an activity by all tasks, nanoseconds.</summary>
    public long TimeNs(int activity) => _timeByActivity[activity];

    /// <summary>How often an activity was paid for.</summary>
    public long Count(int activity) => _countByActivity[activity];

    /// <summary>The watcher; at most one.</summary>
    public void Observe(IRunObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        _observer = observer;
        _watchers = [];
    }

    /// <summary>Adds a resource under its id.</summary>
    public void Add(Resource resource)
    {
        ResourceTable.Add(ref _resources, resource);
    }

    /// <summary>Adds a task; it runs once started.</summary>
    public void Add(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        TaskState state = new(task, this);
        task.Attach(this, state);
        if (!_envelopes.TryGetValue(task.ActorKind, out EnvelopeSet? envelopes))
        {
            _envelopes.Add(task.ActorKind, envelopes = new EnvelopeSet());
        }

        task.Envelopes = envelopes;
        _tasks.Add(state);
        if (task.Id.Index >= _taskById.Length)
        {
            Array.Resize(ref _taskById, Math.Max(task.Id.Index + 1, _taskById.Length * 2));
        }

        _taskById[task.Id.Index] = state;
        if (task.Cpu >= 0)
        {
            ShareCpu(state);
        }
    }

    /// <summary>
    /// A task that has company on its CPU asks for it piece by piece: how its work is cut must not depend on the
    /// quantum.
    /// </summary>
    private void ShareCpu(TaskState state)
    {
        int cpu = state.Task.Cpu;
        if (cpu >= _cpuFreeAtNs.Length)
        {
            Array.Resize(ref _cpuFreeAtNs, cpu + 1);
            Array.Resize(ref _firstOnCpu, cpu + 1);
        }

        if (_firstOnCpu[cpu] is { } first)
        {
            first.Share();
            state.Share();
        }
        else
        {
            _firstOnCpu[cpu] = state;
        }
    }

    /// <summary>Calls back at a moment of virtual time, outside of all tasks.</summary>
    public void AddTimer(long atNs, Action<long> callback)
    {
        // Below every task's number: at one moment timers come first, in the order in which they were set.
        _timers.Add(_nextTimer, callback);
        _events.Push(atNs, _nextTimer++);
    }

    /// <summary>Starts a task at a moment of virtual time, before or during the run.</summary>
    public void Start(TaskActor task, long afterNs) => ((IEngineDriver)this).Start(task, afterNs);

    /// <summary>CPU time that a task has used, nanoseconds.</summary>
    public static long BusyNs(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return ((TaskState)task.EngineState!).BusyNs;
    }

    /// <summary>Ends the run after the current step.</summary>
    public void RequestStop(RunEnd end) => _end ??= end;

    /// <summary>
    /// Runs until every task that is not a daemon has ended and the daemons sleep, or until the limit.
    /// </summary>
    /// <exception cref="InvariantViolation">when an actor failed; the message names it.</exception>
    public RunEnd Run(long limitNs, CancellationToken cancellationToken)
    {
        RunEnd? end;
        do
        {
            end = Advance(limitNs, cancellationToken);
        }
        while (end is null);
        return end.Value;
    }

    /// <summary>
    /// Goes on for a few thousand events, for callers that have one thread and something else to do in between. A run
    /// in pieces takes the same steps as one in one go.
    /// </summary>
    /// <param name="limitNs">As for <see cref="Run"/>, and the same for every piece.</param>
    /// <param name="cancellationToken">Ends the run; a later piece would go on from there.</param>
    /// <returns>How the run ended; null while there is more to do.</returns>
    /// <exception cref="InvariantViolation">when an actor failed.</exception>
    public RunEnd? Advance(long limitNs, CancellationToken cancellationToken)
    {
        _limitNs = limitNs;
        try
        {
            return Loop(limitNs, cancellationToken);
        }
        catch (InvariantViolation failure) when (_dispatched is not null && failure != _reported)
        {
            // A critical section that the event loop ran failed: no routine was there to carry the failure up.
            throw Failed(_dispatched.Task, failure);
        }
    }

    /// <summary>
    /// Tasks that can never go on: what a deadlock or a stop leaves behind. A daemon counts when it waits for a lock,
    /// not when it sleeps.
    /// </summary>
    public IEnumerable<TaskActor> Waiting()
    {
        foreach (TaskState state in _tasks)
        {
            if (state.Task is { HasStarted: true, HasStopped: false, IsDaemon: false } || IsStuck(state))
            {
                yield return state.Task;
            }
        }
    }

    private RunEnd? Loop(long limitNs, CancellationToken cancellationToken)
    {
        while (_end is null)
        {
            if (--_untilCheck <= 0)
            {
                _untilCheck = CancellationInterval;
                return cancellationToken.IsCancellationRequested ? RunEnd.Cancelled : null;
            }

            if (_pendingTaskEvents == _sleepingDaemons && (_runningTasks == 0 || _pendingTaskEvents == 0))
            {
                _nowNs = Math.Max(_nowNs, Math.Min(_lastEndNs, limitNs));
                return _runningTasks == 0 && !IsAnyDaemonStuck() ? RunEnd.Finished : RunEnd.Deadlock;
            }

            if (_events.FirstNs > limitNs)
            {
                _nowNs = limitNs;
                return RunEnd.TimeLimit;
            }

            int id = _events.Pop(out _nowNs);
            if (id >= 0)
            {
                _pendingTaskEvents--;
                TaskState state = _taskById[id]!;
                if (state.InterruptNs != 0)
                {
                    // What it did took longer: interrupts hit it meanwhile.
                    PushTask(state, Occupy(state));
                    continue;
                }

                _dispatched = state;
                Dispatch(state);
                _dispatched = null;
            }
            else
            {
                _timers.Remove(id, out Action<long>? callback);
                callback!(_nowNs);
            }

            if (_failure is not null)
            {
                throw Failed(_failedTask!, _failure);
            }
        }

        return _end;
    }

    private InvariantViolation Failed(TaskActor task, Exception failure) =>
        _reported = new InvariantViolation(
            $"{task.Name} failed at {_nowNs} ns, step {_steps}: {failure.Message}",
            failure);

    private bool IsAnyDaemonStuck()
    {
        foreach (TaskState state in _tasks)
        {
            if (IsStuck(state))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits for a lock; a wait queue in which one sleeps is none.</summary>
    private static bool IsStuck(TaskState state) =>
        state.Task.Outstanding is { IsParked: true } && state.SpinActivity >= 0;
}

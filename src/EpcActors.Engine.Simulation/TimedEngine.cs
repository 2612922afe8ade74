using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Simulation;

/// <summary>
/// The simulation engine in virtual time: one thread, seeded, the same run for the same seed on every machine.
/// </summary>
/// <remarks>
/// <para>Every task has a clock of its own that runs ahead of the engine's by what it has spent since it was last scheduled, at most
/// by <c>quantum</c>: then it goes back into the event queue and waits its turn. So requests are handled in the order of time up to the
/// quantum (temporal decoupling, as in loosely timed transaction models), and most steps need no event at all. With a quantum of 0 the
/// order is exact. A handler that must not be answered in the same instant calls <see cref="Turn.Yield"/>.</para>
/// <para>A resource that is held until later than the caller's clock makes the caller spin for the difference; a mutex queues its waiters. A
/// CPU that several tasks share serves them in the order in which they ask for it.</para>
/// </remarks>
public sealed class TimedEngine : IEngineDriver
{
    private const int CancellationInterval = 4096;

    private Resource[] _resources = [];
    private readonly List<TaskState> _tasks = [];
    private readonly EventHeap _events = new();
    private readonly CostTable _costs;
    private readonly long _quantumNs;
    private readonly long[] _timeByActivity;
    private readonly long[] _countByActivity;
    private readonly uint _jitterShift;
    private readonly bool _hasJitter;
    private TaskState?[] _taskById = [];
    private long[] _cpuFreeAtNs = [];
    private long _limitNs = long.MaxValue;
    private int _stepsUntilEvent = CancellationInterval;
    private int _untilCheck = CancellationInterval;
    private int _pendingTaskEvents;
    private int _sleepingDaemons;
    private ulong _jitterState;
    private TraceHash _hash;
    private IRunObserver? _observer;
    private long _nowNs;
    private long _steps;
    private int _runningTasks;
    private RunEnd? _end;
    private Exception? _failure;
    private TaskActor? _failedTask;
    private TaskState? _dispatched;
    private InvariantViolation? _reported;

    /// <param name="costs">Price of each activity.</param>
    /// <param name="quantumNs">How far a task's clock may run ahead of the others', nanoseconds.</param>
    /// <param name="seed">Seed of the jitter.</param>
    /// <param name="jitterPercent">Every cost varies by up to this share in both directions: 0, or a power of two below 100 is met best.</param>
    public TimedEngine(CostTable costs, long quantumNs, ulong seed, int jitterPercent)
    {
        ArgumentNullException.ThrowIfNull(costs);
        _costs = costs;
        _quantumNs = quantumNs;
        _timeByActivity = new long[costs.Count];
        _countByActivity = new long[costs.Count];
        _jitterState = seed;
        _hasJitter = jitterPercent > 0;
        _jitterShift = (uint)jitterPercent;
        _hash.Add(seed);
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

    /// <summary>Who watches; at most one.</summary>
    public void Observe(IRunObserver observer) => _observer = observer;

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
        _tasks.Add(state);
        if (task.Id.Index >= _taskById.Length)
        {
            Array.Resize(ref _taskById, Math.Max(task.Id.Index + 1, _taskById.Length * 2));
        }

        _taskById[task.Id.Index] = state;
        if (task.Cpu >= _cpuFreeAtNs.Length)
        {
            Array.Resize(ref _cpuFreeAtNs, task.Cpu + 1);
        }
    }

    /// <summary>Calls back at a moment of virtual time, outside of all tasks.</summary>
    public void AddTimer(long atNs, Action<long> callback) => _events.Push(atNs, new EngineTimer(callback));

    /// <summary>CPU time that a task has used, nanoseconds.</summary>
    public static long BusyNs(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return ((TaskState)task.EngineState!).BusyNs;
    }

    /// <summary>Ends the run after the current step.</summary>
    public void RequestStop(RunEnd end) => _end ??= end;

    /// <summary>Runs until every task that is no daemon has ended and the daemons sleep, or until the limit.</summary>
    /// <exception cref="InvariantViolation">when an actor failed; the message names it.</exception>
    public RunEnd Run(long limitNs, CancellationToken cancellationToken)
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

    /// <summary>Tasks that can never go on: what a deadlock or a stop leaves behind. A daemon counts when it waits for a lock, not when it sleeps.</summary>
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

    private RunEnd Loop(long limitNs, CancellationToken cancellationToken)
    {
        while (_end is null)
        {
            if (--_untilCheck <= 0)
            {
                _untilCheck = CancellationInterval;
                if (cancellationToken.IsCancellationRequested)
                {
                    return RunEnd.Cancelled;
                }
            }

            if (_pendingTaskEvents == _sleepingDaemons && (_runningTasks == 0 || _pendingTaskEvents == 0))
            {
                return _runningTasks == 0 && !IsAnyDaemonStuck() ? RunEnd.Finished : RunEnd.Deadlock;
            }

            if (_events.FirstNs > limitNs)
            {
                _nowNs = limitNs;
                return RunEnd.TimeLimit;
            }

            object target = _events.Pop(out _nowNs);
            if (target is TaskState state)
            {
                _pendingTaskEvents--;
                _dispatched = state;
                Dispatch(state);
                _dispatched = null;
            }
            else
            {
                ((EngineTimer)target).Callback(_nowNs);
            }

            if (_failure is not null)
            {
                throw Failed(_failedTask!, _failure);
            }
        }

        return _end.Value;
    }

    private InvariantViolation Failed(TaskActor task, Exception failure) =>
        _reported = new InvariantViolation($"{task.Name} failed at {_nowNs} ns, step {_steps}: {failure.Message}", failure);

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
    private static bool IsStuck(TaskState state) => state.Task.Outstanding is { IsParked: true } && state.SpinActivity >= 0;

    void IEngineDriver.Post(Envelope envelope)
    {
        TaskState state = Unsafe.As<TaskState>(envelope.Caller.EngineState!);
        if (state.DebtNs > _quantumNs && !TryAdvance(state))
        {
            state.Next = NextAction.Deliver;
            state.Envelope = envelope;
            envelope.Caller.Outstanding = envelope;
            return;
        }

        Handle(envelope, state);
    }

    bool IEngineDriver.Spend(TaskActor task, int activity, long ns)
    {
        TaskState state = Unsafe.As<TaskState>(task.EngineState!);
        Account(state, activity, 1, ns);
        return Elapse(state);
    }

    bool IEngineDriver.SpendCost(TaskActor task, int activity, int count, bool remote)
    {
        TaskState state = Unsafe.As<TaskState>(task.EngineState!);
        Account(state, activity, count, Price(activity, count, remote));
        return Elapse(state);
    }

    bool IEngineDriver.Sleep(TaskActor task, long ns)
    {
        TaskState state = Unsafe.As<TaskState>(task.EngineState!);
        long wakeNs = Occupy(state) + Math.Max(ns, 0);
        state.Next = NextAction.ResumeTime;
        if (task.IsDaemon)
        {
            // Work that is done does not wait for it.
            state.IsSleepingDaemon = true;
            _sleepingDaemons++;
        }

        PushTask(state, wakeNs);
        return false;
    }

    long IEngineDriver.NowNs(TaskActor task) => _nowNs + Unsafe.As<TaskState>(task.EngineState!).DebtNs;

    void IEngineDriver.Start(TaskActor task, long afterNs)
    {
        Invariant.That(!task.HasStarted, $"{task.Name} is started twice");
        TaskState state = (TaskState)task.EngineState!;
        Invariant.That(state.Next == NextAction.None, $"{task.Name} is started twice");
        state.Next = NextAction.Begin;
        if (!task.IsDaemon)
        {
            _runningTasks++;
        }

        PushTask(state, _nowNs + Math.Max(afterNs, 0));
    }

    /// <summary>Starts a task at a moment of virtual time, before or during the run.</summary>
    public void Start(TaskActor task, long afterNs) => ((IEngineDriver)this).Start(task, afterNs);

    bool IEngineDriver.Choose(TaskActor task, int point) => false;

    void IEngineDriver.Report(TaskActor task, int what, long startNs, long detail) =>
        _observer?.OnReport(task, what, startNs, _nowNs + Unsafe.As<TaskState>(task.EngineState!).DebtNs, detail);

    void IEngineDriver.Stopped(TaskActor task, Exception? error)
    {
        TaskState state = (TaskState)task.EngineState!;
        state.Next = NextAction.None;
        Occupy(state);
        if (!task.IsDaemon)
        {
            _runningTasks--;
        }

        if (error is not null)
        {
            _failure = error;
            _failedTask = task;
        }
    }

    private void Dispatch(TaskState state)
    {
        NextAction next = state.Next;
        state.Next = NextAction.None;
        switch (next)
        {
            case NextAction.Begin:
                state.Task.Begin();
                break;
            case NextAction.ResumeTime:
                if (state.IsSleepingDaemon)
                {
                    state.IsSleepingDaemon = false;
                    _sleepingDaemons--;
                }

                state.Task.ResumeFromTime();
                break;
            case NextAction.ResumeEnvelope:
                state.Envelope!.MarkAnswered();
                state.Task.Outstanding = null;
                state.Envelope.Resume();
                break;
            case NextAction.Deliver:
                Envelope envelope = state.Envelope!;
                Handle(envelope, state);
                if (envelope.IsCompleted)
                {
                    state.Task.Outstanding = null;
                    envelope.Resume();
                }

                break;
            case NextAction.None:
                throw new InvariantViolation($"an event for {state.Task.Name}, which waits for none");
        }
    }

    private void Handle(Envelope envelope, TaskState state)
    {
        Resource resource = _resources[envelope.Target.Index];
        if (resource.BusyUntilNs > _nowNs + state.DebtNs)
        {
            Account(state, EngineActivity.SpinWait, 1, resource.BusyUntilNs - _nowNs - state.DebtNs);
        }

        TimedTurn turn = state.Turn;
        turn.Enter(envelope);
        envelope.Deliver(resource, turn);
        if (turn.HasParked)
        {
            state.Envelope = envelope;
            state.Task.Outstanding = envelope;
            state.ParkedAtNs = Occupy(state);
            state.SpinActivity = turn.SpinActivity;
            return;
        }

        _steps++;
        envelope.CountHandled();
        ulong who = ((ulong)(uint)state.Task.Id.Index << 40) ^ ((ulong)(uint)envelope.Target.Index << 16) ^ envelope.Code;
        _hash.Add((ulong)(_nowNs + state.DebtNs), who, envelope.Fold());
        _observer?.OnStep(envelope, resource, _nowNs + state.DebtNs);
        if ((turn.MustYield || state.DebtNs > _quantumNs) && !TryAdvance(state))
        {
            state.Next = NextAction.ResumeEnvelope;
            state.Envelope = envelope;
            envelope.Caller.Outstanding = envelope;
            return;
        }

        envelope.MarkAnswered();
    }

    private bool Elapse(TaskState state)
    {
        if (state.DebtNs <= _quantumNs || TryAdvance(state))
        {
            return true;
        }

        state.Next = NextAction.ResumeTime;
        return false;
    }

    /// <summary>
    /// Lets the task's debt pass. True: nothing else happens before its end, so the clock was moved and the task goes on at once; false: the
    /// task was put into the event queue.
    /// </summary>
    private bool TryAdvance(TaskState state)
    {
        long endNs = Occupy(state);

        // A task that is alone with its work must still come by the event loop now and then: that is where a run ends.
        if (_events.FirstNs > endNs && endNs <= _limitNs && _end is null && --_stepsUntilEvent > 0)
        {
            _nowNs = endNs;
            return true;
        }

        if (_stepsUntilEvent <= 0)
        {
            _untilCheck = 0;
        }

        _stepsUntilEvent = CancellationInterval;
        PushTask(state, endNs);
        return false;
    }

    /// <summary>Has the task's CPU serve its debt; the time at which it will have done so.</summary>
    private long Occupy(TaskState state)
    {
        long debtNs = state.DebtNs + state.InterruptNs;
        state.DebtNs = 0;
        state.InterruptNs = 0;
        int cpu = state.Task.Cpu;
        if (cpu < 0)
        {
            return _nowNs + debtNs;
        }

        long endNs = Math.Max(_nowNs, _cpuFreeAtNs[cpu]) + debtNs;
        if (debtNs > 0)
        {
            _cpuFreeAtNs[cpu] = endNs;
        }

        return debtNs > 0 ? endNs : _nowNs;
    }

    private void PushTask(TaskState state, long atNs)
    {
        _pendingTaskEvents++;
        _events.Push(atNs, state);
    }

    private void Account(TaskState state, int activity, int count, long ns)
    {
        state.DebtNs += ns;
        state.BusyNs += ns;
        _timeByActivity[activity] += ns;
        _countByActivity[activity] += count;
    }

    private long Price(int activity, int count, bool remote)
    {
        long ns = _costs.Ns(activity, remote) * count;
        if (!_hasJitter || ns < 8)
        {
            return ns;
        }

        // SplitMix64, one draw a price: an integer share of the cost, so no rounding differs between machines.
        ulong z = _jitterState += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z ^= z >> 27;
        long span = ns * _jitterShift / 100;
        return span == 0 ? ns : ns - span + (long)(((z & 0xFFFFFFFF) * (ulong)((2 * span) + 1)) >> 32);
    }

    private enum NextAction
    {
        None,
        Begin,
        Deliver,
        ResumeEnvelope,
        ResumeTime,
    }

    private sealed class EngineTimer(Action<long> callback)
    {
        public Action<long> Callback { get; } = callback;
    }

    private sealed class TaskState
    {
        public readonly TaskActor Task;
        public readonly TimedTurn Turn;
        public long DebtNs;
        public long InterruptNs;
        public long BusyNs;
        public long ParkedAtNs;
        public int SpinActivity;
        public bool IsSleepingDaemon;
        public NextAction Next;
        public Envelope? Envelope;

        public TaskState(TaskActor task, TimedEngine engine)
        {
            Task = task;
            Turn = new TimedTurn(engine, this);
        }
    }

    /// <summary>The turn of one task: made once, so that a step stores no references but that of its envelope.</summary>
    private sealed class TimedTurn : Turn
    {
        private readonly TimedEngine _engine;
        private readonly TaskState _state;
        private Envelope _envelope = null!;

        public TimedTurn(TimedEngine engine, TaskState state)
        {
            _engine = engine;
            _state = state;
            Caller = state.Task.Id;
            CallerNode = state.Task.Node;
        }

        public bool HasParked { get; private set; }

        public bool MustYield { get; private set; }

        public int SpinActivity { get; private set; }

        public override long NowNs => _engine._nowNs + _state.DebtNs;

        public void Enter(Envelope envelope)
        {
            _envelope = envelope;
            HasParked = false;
            MustYield = false;
            WasParked = envelope.IsParked;
            if (WasParked)
            {
                envelope.IsParked = false;
            }
        }

        public override void Park(ref WaitQueue queue, int spinActivity = -1)
        {
            queue.Enqueue(_envelope);
            HasParked = true;
            SpinActivity = spinActivity;
        }

        public override void Ready(ref WaitQueue queue, int activity = -1, int count = 1)
        {
            Envelope envelope = queue.Dequeue();
            TaskState waiter = (TaskState)envelope.Caller.EngineState!;
            long atNs = Math.Max(NowNs, waiter.ParkedAtNs);
            if (waiter.SpinActivity >= 0)
            {
                long waitedNs = atNs - waiter.ParkedAtNs;
                waiter.BusyNs += waitedNs;
                _engine._timeByActivity[waiter.SpinActivity] += waitedNs;
                _engine._countByActivity[waiter.SpinActivity]++;
            }

            if (activity >= 0)
            {
                long ns = Math.Min(_engine.Price(activity, count, false), _engine._costs.HandOverCapNs);
                waiter.BusyNs += ns;
                _engine._timeByActivity[activity] += ns;
                _engine._countByActivity[activity] += count;
                atNs += ns;
            }

            waiter.Next = NextAction.Deliver;
            waiter.Envelope = envelope;
            _engine.PushTask(waiter, atNs);
        }

        public override void Spend(int activity, int count, bool remote) =>
            _engine.Account(_state, activity, count, _engine.Price(activity, count, remote));

        public override void Hold(int activity, int count, bool remote)
        {
            Spend(activity, count, remote);
            _engine._resources[_envelope.Target.Index].BusyUntilNs = NowNs;
        }

        public override void Yield() => MustYield = true;

        public override void Interrupt(ActorId task, int activity)
        {
            TaskState hit = _engine._taskById[task.Index] ?? throw new InvariantViolation($"{task} is not a task");
            long ns = _engine.Price(activity, 1, false);
            hit.InterruptNs += ns;
            hit.BusyNs += ns;
            _engine._timeByActivity[activity] += ns;
            _engine._countByActivity[activity]++;
        }
    }
}

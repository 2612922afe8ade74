using System.Diagnostics;

namespace EpcActors.Engine.Live;

/// <summary>
/// Base of the live engines: real time, real parallelism, the end of a run, and cuts. The derived engine carries a
/// request to a resource and its answer back to the task.
/// </summary>
/// <remarks>
/// <para>Promises of the contract: a resource handles one request at a time and to its end, whatever thread that is on;
/// a task runs on one thread at a time, and only after its request was answered; first in, first out per task and
/// resource. Nothing is promised between different tasks or resources.</para>
/// <para>Activities cost nothing, unless there is a pace: a live run shows concurrent behaviour, not the time that it
/// takes on a given machine.
/// <see cref="TaskActor.Sleep"/> is real (nanoseconds), and so is <see cref="ClockNs"/>.</para>
/// <para>A <b>cut</b> (<see cref="Cut"/>) is a snapshot without a stop. Every resource is visited once, at a moment
/// when it handles nothing; a resource that is about to handle a request while a cut is on and that was not visited yet
/// is visited first. So no effect is in the cut without its cause: whatever a task did because of an answer of a
/// visited resource reaches other resources only after these know of the cut (the number of the cut is written before
/// the first visit, and requests and answers pass it on), and they are visited first. That is the rule of Lai and Yang
/// for channels of any order (1987), with a number shared by all instead of coloured messages.</para>
/// </remarks>
public abstract partial class LiveEngine : IEngineDriver, IDisposable
{
    /// <summary>Period of the engine's checks, and the grain of <see cref="CoarseNowNs"/>.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>1 on every system that counts in nanoseconds.</summary>
    private static readonly double NsPerTick = 1e9 / Stopwatch.Frequency;

    private const long OneGoing = 1;
    private const long OneTimer = 1L << 32;

    private readonly Lock _timerGate = new();
    private readonly PriorityQueue<object, (long AtNs, long Number)> _timers = new();
    private readonly List<TaskCell> _tasks = [];
    private readonly List<(TaskActor Task, long AfterNs)> _toStart = [];

    // Without a spin before the wait: the processor belongs to the actors, of this process and of others on this host.
    private readonly ManualResetEventSlim _changed = new(false, spinCount: 0);
    private readonly ManualResetEventSlim _cutIsDone = new(false, spinCount: 0);
    private ResourceCell?[] _cells = [];
    private IRunObserver? _observer;
    private Action<Resource>? _visit;
    private int _cut;
    private int _visitsLeft;
    private long _timerCount;
    private long _startedAt;
    private long _endedAt;
    private long _coarseNowNs;
    private int _running;
    private long _going;
    private int _end = -1;
    private Failure? _failure;
    private bool _isOpen;
    private bool _hasRun;
    private bool _hasStartedAll;

    /// <summary>Remarks for the report besides the results; a line each.</summary>
    public virtual IReadOnlyList<string> Notes => [];

    /// <summary>Time since the run began, nanoseconds; stands still before and after it.</summary>
    public long ClockNs =>
        _startedAt == 0 ? 0 : (long)(((_endedAt == 0 ? Stopwatch.GetTimestamp() : _endedAt) - _startedAt) * NsPerTick);

    /// <summary>The same, about a millisecond late, and almost for free.</summary>
    public long CoarseNowNs => Volatile.Read(ref _coarseNowNs);

    /// <summary>
    /// Requests handled so far, over all resources: critical sections, as the simulation counts its steps. May be read
    /// during a run.
    /// </summary>
    public long Steps
    {
        get
        {
            long sum = 0;
            foreach (ResourceCell? cell in _cells)
            {
                sum += cell is null ? 0 : Volatile.Read(ref cell.Steps);
            }

            return sum;
        }
    }

    /// <summary>
    /// The same by message and by kinds of both ends. May be read during a run; the newest requests may be missing
    /// then.
    /// </summary>
    public IReadOnlyList<MessageCount> Messages => MessageCounts.Of(Askers);

    /// <summary>Tasks that ask, or have asked, resources.</summary>
    protected virtual IEnumerable<TaskActor> Askers => _tasks.Select(static cell => cell.Task);

    /// <summary>Tasks that are under way at this moment: neither asleep, nor parked, nor ended.</summary>
    public int GoingTasks => (int)(Volatile.Read(ref _going) & uint.MaxValue);

    /// <summary>Tasks that are asleep, until their time comes or <see cref="Rouse"/> wakes them.</summary>
    public int SleepingTasks => (int)(Volatile.Read(ref _going) >> 32);

    /// <summary>Tasks that were started, are no daemons and have not ended.</summary>
    public int RunningTasks => Volatile.Read(ref _running);

    /// <summary>
    /// The run does not end by itself when the work is done: others may still send requests to these actors. The owner
    /// of the engine calls <see cref="RequestStop"/>.
    /// </summary>
    public bool StaysOpen { get; set; }

    /// <summary>Every task was started, or has a timer that will start it.</summary>
    protected bool HasStartedAll => Volatile.Read(ref _hasStartedAll);

    /// <summary>True once the run is to end: no task goes on to another request.</summary>
    public bool IsStopping => Volatile.Read(ref _end) >= 0 || Volatile.Read(ref _failure) is not null;

    /// <summary>Reason of the end of the run; null until it is to end, and when an actor failed.</summary>
    protected RunEnd? End => HasFailed || Volatile.Read(ref _end) < 0 ? null : (RunEnd)Volatile.Read(ref _end);

    /// <summary>True once an actor failed.</summary>
    protected bool HasFailed => Volatile.Read(ref _failure) is not null;

    /// <summary>The engine's records of the resources.</summary>
    protected IEnumerable<ResourceCell> Cells => _cells.OfType<ResourceCell>();

    protected IReadOnlyList<TaskCell> TaskCells => _tasks;

    /// <summary>
    /// Number of the last cut that was begun. Frames that leave this process meanwhile belong behind that cut.
    /// </summary>
    public int CutNumber => Volatile.Read(ref _cut);

    /// <summary>
    /// Sets the observer; at most one. See <see cref="IRunObserver"/> for the threads it is called on.
    /// </summary>
    public void Observe(IRunObserver observer) => _observer = observer;

    /// <summary>Adds a resource under its id.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="path">Its place in a tree, as <c>cgroups/pods/web</c>.</param>
    public void Add(Resource resource, string path)
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (resource.Id.Index >= _cells.Length)
        {
            Array.Resize(ref _cells, Math.Max(resource.Id.Index + 1, _cells.Length * 2));
        }

        Invariant.That(_cells[resource.Id.Index] is null, $"two actors have the id of {resource.Name}");
        _cells[resource.Id.Index] = NewCell(resource, path);
    }

    /// <summary>Adds a task; it runs once started.</summary>
    public void Add(TaskActor task, string path)
    {
        ArgumentNullException.ThrowIfNull(task);
        TaskCell cell = NewCell(task, path);
        _tasks.Add(cell);
        task.Attach(this, cell);
    }

    /// <summary>Starts a task: at once when the run is on, else when it begins.</summary>
    public void Start(TaskActor task, long afterNs = 0)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (!_isOpen)
        {
            _toStart.Add((task, afterNs));
            return;
        }

        TaskCell cell = CellOf(task);
        Invariant.That(!cell.IsStarted, $"{task.Name} is started twice");
        cell.IsStarted = true;
        if (!task.IsDaemon)
        {
            Interlocked.Increment(ref _running);
        }

        if (afterNs <= 0)
        {
            Go(OneGoing);
            Begin(cell);
            return;
        }

        Go(OneTimer);
        Sleep(cell, afterNs);
    }

    /// <summary>
    /// Ends the sleep of a task that sleeps for ever (<see cref="TaskActor.Sleep"/> of long.MaxValue), now or, when it
    /// is awake, the next one before it begins. For what comes from outside the engine, on any thread.
    /// </summary>
    public void Rouse(TaskActor task)
    {
        TaskCell cell = CellOf(task);
        while (true)
        {
            int rest = Volatile.Read(ref cell.Rest);
            if (rest == TaskCell.IsRoused)
            {
                return;
            }

            if (
                Interlocked.CompareExchange(
                    ref cell.Rest,
                    rest == TaskCell.IsAtRest ? TaskCell.IsAwake : TaskCell.IsRoused,
                    rest
                ) == rest)
            {
                if (rest == TaskCell.IsAtRest)
                {
                    EndSleep(cell);
                }

                return;
            }
        }
    }

    /// <summary>Calls back at a moment of the run, on the thread that called <see cref="Run"/>.</summary>
    public void AddTimer(long atNs, Action<long> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        PushTimer(atNs, callback);
    }

    /// <summary>Ends the run once every task has reached its next request.</summary>
    public void RequestStop(RunEnd end)
    {
        _ = Interlocked.CompareExchange(ref _end, (int)end, -1);
        _changed.Set();
    }

    /// <summary>
    /// Runs until every task that is not a daemon has ended and the daemons sleep, or until the limit. The calling
    /// thread only looks after timers.
    /// </summary>
    /// <param name="limitNs">Longest real time, nanoseconds.</param>
    /// <param name="cancellationToken">Ends the run with what there is.</param>
    /// <exception cref="InvariantViolation">when an actor failed; the message names it.</exception>
    public RunEnd Run(long limitNs, CancellationToken cancellationToken)
    {
        Invariant.That(!_hasRun, "a live engine runs once");
        _hasRun = true;
        using CancellationTokenRegistration registration = cancellationToken.Register(() =>
            RequestStop(RunEnd.Cancelled));
        Open();
        _startedAt = Stopwatch.GetTimestamp();
        _isOpen = true;
        try
        {
            StartTasks();
            RunEnd end = LookAfter(limitNs);
            _ = Interlocked.CompareExchange(ref _end, (int)end, -1);
        }
        finally
        {
            Close();
            _endedAt = Stopwatch.GetTimestamp();
            _isOpen = false;
        }

        return Volatile.Read(ref _failure) is { } failure
            ? throw new InvariantViolation(
                $"{failure.Who} failed after {ClockNs} ns, step {Steps}: {failure.Error.Message}",
                failure.Error)
            : (RunEnd)_end;
    }

    private void OpenAndStart()
    {
        Open();
        _startedAt = Stopwatch.GetTimestamp();
        _isOpen = true;
        StartTasks();
    }

    private void StartTasks()
    {
        // Until all tasks are started the run must not look finished.
        Go(OneGoing);
        foreach ((TaskActor task, long afterNs) in _toStart)
        {
            Start(task, afterNs);
        }

        Go(-OneGoing);
        Volatile.Write(ref _hasStartedAll, true);
    }

    /// <summary>
    /// Tasks that can never go on: the rest after a deadlock or a stop. A daemon counts when it waits for a lock, not
    /// when it sleeps. After the run only.
    /// </summary>
    public IEnumerable<TaskActor> Waiting()
    {
        foreach (TaskCell cell in _tasks)
        {
            if (cell.Task is { HasStarted: true, HasStopped: false, IsDaemon: false } || IsStuck(cell))
            {
                yield return cell.Task;
            }
        }
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    bool IEngineDriver.Sleep(TaskActor task, long ns)
    {
        if (ns == long.MaxValue)
        {
            return Rest(CellOf(task));
        }

        // Count the timer before the task is no longer counted, or the run would look finished.
        Go(OneTimer - OneGoing);
        Sleep(CellOf(task), Math.Max(ns, 0));
        return false;
    }

    long IEngineDriver.NowNs(TaskActor task) => ClockNs;

    void IEngineDriver.Start(TaskActor task, long afterNs) => Start(task, afterNs);

    bool IEngineDriver.Choose(TaskActor task, int point) => false;

    void IEngineDriver.Report(TaskActor task, int what, long startNs, long detail) =>
        _observer?.OnReport(task, what, startNs, ClockNs, detail);

    void IEngineDriver.Stopped(TaskActor task, Exception? error)
    {
        if (error is not null)
        {
            OnFailed(CellOf(task), error);
        }

        if (!task.IsDaemon)
        {
            Interlocked.Decrement(ref _running);
        }

        OnStopped(CellOf(task));
        Go(-OneGoing);
    }

    /// <summary>
    /// A parked request is to be handled again: its task is under way once more. The thread that handles a request of
    /// the resource calls it.
    /// </summary>
    internal void OnReady(TaskActor task) => Go(OneGoing);

    protected ResourceCell CellOf(ActorId resource) =>
        (uint)resource.Index < (uint)_cells.Length && _cells[resource.Index] is { } cell
            ? cell
            : throw new InvariantViolation($"{resource} is not a resource");

    protected static TaskCell CellOf(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return (TaskCell)task.EngineState!;
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _changed.Dispose();
            _cutIsDone.Dispose();
        }
    }

    /// <summary>
    /// Sleeps until <see cref="Rouse"/> is called. It counts as a timer: a call may still come. True: it was called
    /// before.
    /// </summary>
    private bool Rest(TaskCell cell)
    {
        Go(OneTimer - OneGoing);
        if (Interlocked.CompareExchange(ref cell.Rest, TaskCell.IsAtRest, TaskCell.IsAwake) == TaskCell.IsAwake)
        {
            return false;
        }

        Volatile.Write(ref cell.Rest, TaskCell.IsAwake);
        Go(OneGoing - OneTimer);
        return true;
    }

    /// <summary>Timers, the clock, and the end.</summary>
    private RunEnd LookAfter(long limitNs)
    {
        while (!IsStopping)
        {
            long nowNs = ClockNs;
            Volatile.Write(ref _coarseNowNs, nowNs);
            if (nowNs >= limitNs)
            {
                return RunEnd.TimeLimit;
            }

            _changed.Reset();
            long waitNs = Math.Min(limitNs - nowNs, FireTimers(nowNs));

            // One word holds both counts: no task is under way, and no timer will make one so.
            long going = Volatile.Read(ref _going);
            if ((going & uint.MaxValue) == 0 && !StaysOpen)
            {
                if (Volatile.Read(ref _running) == 0)
                {
                    return _tasks.Exists(IsStuck) ? RunEnd.Deadlock : RunEnd.Finished;
                }

                if (going == 0)
                {
                    return RunEnd.Deadlock;
                }
            }

            TimeSpan wait = TimeSpan.FromTicks(Math.Max(1, waitNs / 100));
            _changed.Wait(wait < Tick ? wait : Tick);
        }

        return (RunEnd)Math.Max(_end, 0);
    }

    /// <summary>Fires due timers; returns the time until the next one, nanoseconds.</summary>
    private long FireTimers(long nowNs)
    {
        while (true)
        {
            object due;
            lock (_timerGate)
            {
                if (!_timers.TryPeek(out _, out (long AtNs, long Number) first))
                {
                    return long.MaxValue;
                }

                if (first.AtNs > nowNs)
                {
                    return first.AtNs - nowNs;
                }

                due = _timers.Dequeue();
            }

            if (due is TaskCell cell)
            {
                AfterSleep(cell);
            }
            else
            {
                ((Action<long>)due)(nowNs);
            }
        }
    }

    /// <summary>Adds a timer of the engine itself.</summary>
    protected void PushTimer(long atNs, object due)
    {
        bool isFirst;
        lock (_timerGate)
        {
            isFirst = !_timers.TryPeek(out _, out (long AtNs, long Number) first) || first.AtNs > atNs;
            _timers.Enqueue(due, (atNs, _timerCount++));
        }

        if (isFirst)
        {
            _changed.Set();
        }
    }

    /// <summary>Changes how many tasks are under way and how many timers wait, in one step.</summary>
    private void Go(long change)
    {
        if ((Interlocked.Add(ref _going, change) & uint.MaxValue) == 0)
        {
            _changed.Set();
        }
    }

    private static bool IsStuck(TaskCell cell) => cell.IsWaitingForLock && cell.Task.Outstanding is { IsParked: true };

    private sealed record Failure(string Who, Exception Error);
}

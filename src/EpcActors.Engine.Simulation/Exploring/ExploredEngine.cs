using EpcActors.Exploration;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>Sees each step of an explored run from both sides; for records, not for verdicts.</summary>
public interface IStepWatcher
{
    /// <summary>A task's pending request is about to be handled; null when the step is only time that passes.</summary>
    void BeforeStep(TaskActor task, Envelope? request);

    /// <summary>The request was handled or parked, and the task ran on to its next request or its end.</summary>
    void AfterStep(TaskActor task, bool isParked);

    /// <summary>A choice was made while the task ran on.</summary>
    void OnChoice(TaskActor task, int point, bool value);

    /// <summary>A parked task was made ready.</summary>
    void OnReady(TaskActor task);
}

/// <summary>
/// The simulation engine without time, for races. Every request waits until a strategy picks its task; one step handles
/// one request, that is one critical section, and runs the task on to its next request. So every order of the critical
/// sections that the kernel allows can be had, each of them again from its record, and nothing else happens in between.
/// </summary>
/// <remarks>
/// <para>Fairness and locks: a request that is parked is not offered to the strategy until it is made ready, and locks
/// are handed over in the order of arrival, so no strategy can starve a waiter of a lock.</para>
/// <para>A run is over when every task has ended or sleeps that must; a daemon that sleeps (in a wait queue or for a
/// time) and an optional task that has not begun do not keep it. One thread at a time may use an engine.</para>
/// </remarks>
public sealed partial class ExploredEngine : Execution, IEngineDriver
{
    private readonly ExploredTurn _turn;
    private Resource[] _resources = [];
    private TaskState[] _tasks = [];
    private int _mustGoOn;
    private int _running;
    private ExploredEnd? _end;
    private IStrategy? _strategy;
    private IRunObserver? _observer;
    private int[] _toBegin = [];
    private int _toBeginCount;
    private bool _isRunning;
    private int _maxSteps;

    public ExploredEngine() => _turn = new ExploredTurn(this);

    /// <summary>
    /// Each task has a clock that its sleeps move on, for programs that wait for a moment. Off for races: there time
    /// stands still, and a sleep may end at any step.
    /// </summary>
    public bool HasClocks { get; init; }

    /// <summary>
    /// A run is over when the last task that is not a daemon has ended, wherever the daemons are: for a load without
    /// end, which never lets them sleep.
    /// </summary>
    public bool EndsWithTasks { get; set; }

    /// <summary>Sees the steps; null for none.</summary>
    public IStepWatcher? Watcher { get; set; }

    /// <summary>Live actors in which the halves of each step happen; null: on the thread of the engine. To be set
    /// between two runs.</summary>
    public IStepHost? Host { get; set; }

    /// <summary>The exception of an actor that ended the run.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Resource that the last step touched; null when it was time only.</summary>
    public Resource? LastResource { get; private set; }

    /// <summary>Code of the message that the last step handled; 0 when it was time only.</summary>
    public ushort LastCode { get; private set; }

    /// <summary>
    /// By index of a resource: what was touched since the last look. A reader clears its own bits.
    /// </summary>
    internal byte[] Touched { get; private set; } = [];

    /// <summary>
    /// As <see cref="Touched"/>, for tasks by their ordinal: those that went on, were parked, made ready or started.
    /// </summary>
    internal byte[] Moved { get; private set; } = [];

    /// <summary>True while some task that must come to its end could go on.</summary>
    public bool CanGoOn => _mustGoOn > 0;

    /// <summary>The watcher of the rules; at most one.</summary>
    public void Observe(IRunObserver observer) => _observer = observer;

    /// <summary>Adds a resource under its id.</summary>
    public void Add(Resource resource)
    {
        ResourceTable.Add(ref _resources, resource);
        if (Touched.Length < _resources.Length)
        {
            Touched = new byte[_resources.Length];
        }
    }

    /// <summary>Adds a task; it runs once started.</summary>
    /// <param name="task">The task.</param>
    /// <param name="isOptional">A run may end without it, unless it has begun.</param>
    public void Add(TaskActor task, bool isOptional = false)
    {
        ArgumentNullException.ThrowIfNull(task);
        int ordinal = AddTask();
        if (ordinal == _tasks.Length)
        {
            Array.Resize(ref _tasks, Math.Max(8, _tasks.Length * 2));
            Array.Resize(ref _toBegin, _tasks.Length);
            Moved = new byte[_tasks.Length];
        }

        TaskState state = new(task, ordinal, isOptional);
        _tasks[ordinal] = state;
        task.Attach(this, state);
    }

    public TaskActor Task(int ordinal) => _tasks[ordinal].Task;

    /// <summary>Ordinal of a task of this engine.</summary>
    public static int OrdinalOf(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return ((TaskState)task.EngineState!).Ordinal;
    }

    /// <summary>The resource that a task's pending request goes to; none for a step of time only.</summary>
    public ActorId PendingTarget(int ordinal) => _tasks[ordinal].Now.Pending?.Target ?? ActorId.None;

    /// <summary>Code of the message that a task has pending; 0 for a step of time only.</summary>
    public ushort PendingCode(int ordinal) => _tasks[ordinal].Now.Pending?.Code ?? 0;

    public override bool NeedNotHappen(int task) => _tasks[task].Now.IsIdle && _tasks[task].IsOptional;

    /// <summary>The resource of the pending request.</summary>
    public override int ConflictKey(int task) => (_tasks[task].Now.Pending?.Target.Index ?? -1) + 1;

    /// <summary>State of a task that the engine keeps between two steps, in one number.</summary>
    internal ulong StateBits(int ordinal)
    {
        Invariant.That(_resumed is null, "where a task stands is asked while its routine runs");
        TaskState state = _tasks[ordinal];
        return (IsEnabled(ordinal) ? 1UL : 0)
            | (state.Now.WasParked ? 2UL : 0)
            | (state.Now.IsTime ? 4UL : 0)
            | (state.Now.IsIdle ? 8UL : 0)
            | (state.Task.HasStopped ? 16UL : 0)
            | (state.Task.HasStarted ? 32UL : 0);
    }

    /// <summary>It sleeps for a time, and its next step wakes it.</summary>
    public bool IsAsleep(int ordinal) => _tasks[ordinal].Now.IsTime;

    /// <summary>
    /// Forgets the run: no task is started, the record is empty. The actors' own state is the caller's to restore.
    /// </summary>
    public void Reset()
    {
        for (int i = 0; i < TaskCount; i++)
        {
            TaskState state = _tasks[i];
            state.Task.Reset();
            state.Now = default;
        }

        ForgetRun(keepsTasks: true);
        _toBeginCount = 0;
        _strategy = null;
        _mustGoOn = 0;
        _running = 0;
        _end = null;
        Failure = null;
        LastResource = null;
    }

    /// <summary>
    /// Starts a task: it runs to its first request, at once when another task starts it, else when the run begins. What
    /// it chooses on the way there is decided by the strategy of that run like every other choice.
    /// </summary>
    public void Start(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        TaskState state = (TaskState)task.EngineState!;
        Invariant.That(!task.HasStarted && !IsEnabled(state.Ordinal), $"{task.Name} is started twice");
        if (!task.IsDaemon)
        {
            _running++;
        }

        state.Now.IsIdle = state.IsOptional;
        Enable(state);
        Moved[state.Ordinal] = byte.MaxValue;
        if (_isRunning)
        {
            // With a host too: the parent's actor runs it to its first request, as the thread that forks does in the
            // kernel.
            task.Begin();
        }
        else
        {
            _toBegin[_toBeginCount++] = state.Ordinal;
        }
    }

    /// <summary>
    /// A task never runs again: its process was killed. What it holds stays as it is, and only the tasks of that
    /// process can tell. Not of the task that is making a step; harmless for one that has ended.
    /// </summary>
    public void Halt(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        TaskState state = (TaskState)task.EngineState!;
        if (state.Now.IsHalted)
        {
            return;
        }

        state.Now.IsHalted = true;
        Moved[state.Ordinal] = byte.MaxValue;
        if (IsEnabled(state.Ordinal))
        {
            Disable(state);
        }

        if (task is { HasStarted: true, HasStopped: false, IsDaemon: false })
        {
            _running--;
        }
    }

    /// <summary>Ends the run after the current step.</summary>
    public void RequestStop() => _end ??= ExploredEnd.Stopped;

    public override ExploredEnd Run(IStrategy strategy, int maxSteps)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        _strategy = strategy;
        _isRunning = true;
        _maxSteps = maxSteps;
        BeginGoingOn(strategy);
        try
        {
            BeginStarted();
            while (_end is null)
            {
                int next = TakePicked();
                if (next == NotPicked)
                {
                    if (EndNow() is { } end)
                    {
                        return end;
                    }

                    next = strategy.Next(this);
                }

                if (next < 0)
                {
                    return ExploredEnd.Abandoned;
                }

                Step(_tasks[next]);
            }
        }
        catch (InvariantViolation failure)
        {
            Failure ??= failure;
            return ExploredEnd.Failed;
        }
        finally
        {
            _isRunning = false;
        }

        return _end.Value;
    }

    /// <summary>Why no further step is made; null: one is.</summary>
    private ExploredEnd? EndNow()
    {
        if (_mustGoOn == 0 && (_running == 0 || HasOnlyIdle()))
        {
            return _running == 0 && !IsAnyDaemonStuck() ? ExploredEnd.Finished : ExploredEnd.Deadlock;
        }

        if (EndsWithTasks && _running == 0)
        {
            return ExploredEnd.TasksEnded;
        }

        return Steps >= _maxSteps ? ExploredEnd.StepLimit : null;
    }

    private void BeginStarted()
    {
        for (int i = 0; i < _toBeginCount; i++)
        {
            Moved[_toBegin[i]] = byte.MaxValue;
            TaskActor task = _tasks[_toBegin[i]].Task;
            if (Host is null)
            {
                task.Begin();
            }
            else
            {
                Host.Run(task, task.Begin);
            }
        }

        _toBeginCount = 0;
    }

    /// <summary>Tasks that a deadlock leaves behind.</summary>
    public IEnumerable<TaskActor> Waiting()
    {
        for (int i = 0; i < TaskCount; i++)
        {
            TaskState state = _tasks[i];
            if (
                state.Task is { HasStarted: true, HasStopped: false }
                && !state.Now.IsIdle
                && !state.Now.IsHalted
                && (!state.Task.IsDaemon || IsStuck(state)))
            {
                yield return state.Task;
            }
        }
    }

    /// <summary>Nothing is left but events that need not happen: waiting for one of them is waiting for ever.</summary>
    private bool HasOnlyIdle()
    {
        foreach (int ordinal in Enabled)
        {
            if (!_tasks[ordinal].IsOptional)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsAnyDaemonStuck()
    {
        for (int i = 0; i < TaskCount; i++)
        {
            if (IsStuck(_tasks[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits for a lock; a wait queue in which one sleeps is none.</summary>
    private bool IsStuck(TaskState state) =>
        !IsEnabled(state.Ordinal)
        && state.Now.IsWaitingForLock
        && !state.Now.IsHalted
        && state.Task is { HasStarted: true, HasStopped: false };

    private void Step(TaskState state)
    {
        Envelope? envelope = BeginStep(state);
        Watcher?.BeforeStep(state.Task, envelope);
        bool isParked = envelope is not null && !Answer(state, envelope);
        if (isParked || !Resume(state, envelope))
        {
            Watcher?.AfterStep(state.Task, isParked);
            _observer?.AfterStep();
        }
    }

    /// <returns>The task's request; null when the step is only time that passes.</returns>
    private Envelope? BeginStep(TaskState state)
    {
        RecordStep(state.Ordinal);
        Moved[state.Ordinal] = byte.MaxValue;
        if (state.Now.IsIdle)
        {
            state.Now.IsIdle = false;
            _mustGoOn++;
        }

        return state.Now.Pending;
    }

    /// <summary>The step of a task that waits for time alone: it goes on without a message.</summary>
    private void PassTime(TaskState state)
    {
        LastResource = null;
        LastCode = 0;
        state.Now.IsTime = false;
    }

    /// <summary>Has the resource handle the request; false: it was parked.</summary>
    private bool Answer(TaskState state, Envelope envelope)
    {
        Resource resource = _resources[envelope.Target.Index];
        Touched[envelope.Target.Index] = byte.MaxValue;
        LastResource = resource;
        LastCode = envelope.Code;
        ExploredTurn turn = _turn;
        turn.Enter(envelope, state);
        if (Host is null)
        {
            envelope.Deliver(resource, turn);
        }
        else
        {
            DeliverThere(Host, envelope, resource);
        }

        if (turn.HasParked)
        {
            Disable(state);
            state.Now.IsWaitingForLock = turn.IsLock;
            return false;
        }

        state.Now.WasParked = false;
        _observer?.OnStep(envelope, resource, Steps);
        state.Now.Pending = null;
        state.Task.Outstanding = null;
        envelope.MarkAnswered();
        return true;
    }

    /// <summary>Apart from its caller, which would otherwise make the closure on every step.</summary>
    private void DeliverThere(IStepHost host, Envelope envelope, Resource resource) =>
        host.Run(resource, () => envelope.Deliver(resource, _turn));

    private void Enable(TaskState state)
    {
        Enable(state.Ordinal);
        if (!state.Now.IsIdle)
        {
            _mustGoOn++;
        }
    }

    private void Disable(TaskState state)
    {
        Disable(state.Ordinal);
        if (!state.Now.IsIdle)
        {
            _mustGoOn--;
        }
    }

    internal sealed class TaskState(TaskActor task, int ordinal, bool isOptional)
    {
        public readonly TaskActor Task = task;
        public readonly int Ordinal = ordinal;
        public readonly bool IsOptional = isOptional;

        public TaskStanding Now;
    }
}

using System.Runtime.CompilerServices;

namespace EpcActors.Engine;

/// <summary>
/// A thread of control: a CPU thread, ksgxd, a worker, an administrator. It runs one routine, sequential code in which
/// every await is a message to a resource and its answer, or time that passes. Between two awaits of a task anything
/// may happen elsewhere.
/// </summary>
public abstract class TaskActor
{
    private EnvelopeSet _envelopes = new();
    private readonly TimeAwaiter _time = new();
    private readonly RoutineEnd _end;
    private IEngineDriver? _driver;

    protected TaskActor(ActorId id, string name, int cpu, int node)
    {
        Id = id;
        Name = name;
        Cpu = cpu;
        Node = node;
        _end = new RoutineEnd(this);
    }

    public ActorId Id { get; }

    /// <summary>Kind of the task, for counts, logs and tools; a task of a test or of a user need not say it.</summary>
    public virtual ActorKind ActorKind => ActorKind.Task;

    public string Name { get; }

    /// <summary>CPU it runs on, numbered over the whole machine; -1 for one that no other task shares.</summary>
    public int Cpu { get; }

    /// <summary>NUMA node of that CPU.</summary>
    public int Node { get; }

    /// <summary>True once <see cref="Run"/> has ended.</summary>
    public bool HasStopped { get; private set; }

    /// <summary>True once started.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>
    /// A task that serves for ever (ksgxd, workers): a run does not wait for its end, and its sleep is not a deadlock.
    /// </summary>
    public virtual bool IsDaemon => false;

    /// <summary>The outstanding request that the task waits for, or null.</summary>
    public Envelope? Outstanding { get; internal set; }

    /// <summary>
    /// Awaiter that the suspended routine waits for: the outstanding request, or time; null before the start and after
    /// the end.
    /// </summary>
    internal RoutineAwaiter? WaitsFor =>
        !HasStarted || HasStopped ? null
        : Outstanding is { } request ? request
        : _time;

    /// <summary>State that the engine keeps with the task.</summary>
    internal object? EngineState;

    /// <summary>Time on the task's own clock, nanoseconds.</summary>
    public long NowNs => Driver.NowNs(this);

    protected IEngineDriver Driver => _driver ?? throw new InvariantViolation($"{Name} does not run on an engine");

    /// <summary>The routine of the task, from its start to its end.</summary>
    protected abstract Routine Run();

    /// <summary>
    /// Sends <paramref name="message"/> to a resource; the await yields the answered message. Await it at once: whether
    /// the request is handled before what stands in between is up to the engine.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Envelope<TMessage> Ask<TMessage>(ActorId target, TMessage message)
        where TMessage : unmanaged, IMessage
    {
        Envelope<TMessage> envelope = Prepare(target, message);
        _driver!.Post(envelope);
        return envelope;
    }

    /// <summary>For engines: a request that is not posted yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Envelope<TMessage> Prepare<TMessage>(ActorId target, TMessage message)
        where TMessage : unmanaged, IMessage
    {
        int index = MessageIndex<TMessage>.Value;
        Envelope<TMessage> envelope = _envelopes.Idle(index) is { } known
            ? Unsafe.As<Envelope<TMessage>>(known)
            : NewEnvelope<TMessage>();
        if (!ReferenceEquals(envelope.Caller, this))
        {
            envelope.Caller = this;
        }

        envelope.Target = target;
        envelope.Message = message;
        envelope.IsCompleted = false;
        return envelope;
    }

    /// <summary>This CPU works on <paramref name="activity"/> for <paramref name="ns"/> nanoseconds.</summary>
    public TimeAwaiter SpendNs(int activity, long ns) => _time.After(_driver!.Spend(this, activity, ns));

    /// <summary>This CPU does <paramref name="activity"/>, at the price of the cost table.</summary>
    public TimeAwaiter SpendCost(int activity, int count = 1, bool remote = false) =>
        _time.After(_driver!.SpendCost(this, activity, count, remote));

    /// <summary>Sleeps; the CPU is free for others.</summary>
    public TimeAwaiter Sleep(long ns) => _time.After(_driver!.Sleep(this, ns));

    /// <summary>Starts another task.</summary>
    public void Start(TaskActor task, long afterNs = 0) => Driver.Start(task, afterNs);

    /// <summary>Tells the metrics what this task did since <paramref name="startNs"/>.</summary>
    public void Report(int what, long startNs, long detail = 0) => _driver!.Report(this, what, startNs, detail);

    /// <summary>
    /// Asks for a decision from outside: whether an instruction fails, a device answers, a signal comes. An exploring
    /// engine tries both, within the budget of the point; every other engine says no, so that a run without fault
    /// injection never sees one.
    /// </summary>
    /// <param name="point">Number of the decision, as the actors number them.</param>
    public bool Choose(int point) => _driver!.Choose(this, point);

    /// <summary>
    /// For engines: forgets the run so far, so that the task can be started again. A request that is still under way is
    /// void. The caller restores the task's own state that a run changes.
    /// </summary>
    public void Reset()
    {
        if (Outstanding is { } request)
        {
            request.IsParked = false;
            request.NextInQueue = null;
            request.WaitAgain(null);
            Outstanding = null;
        }

        HasStarted = false;
        HasStopped = false;
    }

    /// <summary>The end of the routine, as far as it has begun to wait.</summary>
    internal RoutineAwaiter<Nothing> End => _end.Awaiter;

    /// <summary>For engines that go back to where the task was before (<see cref="TaskPosition"/>).</summary>
    internal void StandAt(bool hasStarted, bool hasStopped, Envelope? outstanding, RoutineAwaiter<Nothing> end)
    {
        HasStarted = hasStarted;
        HasStopped = hasStopped;
        Outstanding = outstanding;
        _end.Awaiter = end;
    }

    /// <summary>For engines: makes the task theirs.</summary>
    public void Attach(IEngineDriver driver, object? state)
    {
        _driver = driver;
        EngineState = state;
    }

    /// <summary>For engines: what was given to <see cref="Attach"/>.</summary>
    public object? AttachedState => EngineState;

    /// <summary>Its envelopes; on engines that answer most requests at once, all tasks of a kind share them.</summary>
    internal EnvelopeSet Envelopes
    {
        get => _envelopes;
        set => _envelopes = value;
    }

    /// <summary>For engines: runs the routine up to its first unanswered await.</summary>
    public void Begin()
    {
        HasStarted = true;
        RoutineAwaiter<Nothing> awaiter = Run().GetAwaiter();
        if (awaiter.IsCompleted)
        {
            _end.Finish(awaiter);
        }
        else
        {
            _end.Awaiter = awaiter;
            awaiter.Attach(_end);
        }
    }

    /// <summary>For engines: resumes the routine after <see cref="Sleep"/> or spent time.</summary>
    public void ResumeFromTime() => _time.CompleteAndResume();

    public override string ToString() => Name;

    private Envelope<TMessage> NewEnvelope<TMessage>()
        where TMessage : unmanaged, IMessage
    {
        Envelope<TMessage> envelope = new(this);
        _envelopes.Add(envelope);
        return envelope;
    }

    /// <summary>Awaits the outermost routine.</summary>
    internal sealed class RoutineEnd(TaskActor task) : Resumable
    {
        public RoutineAwaiter<Nothing> Awaiter;

        public override void Resume() => Finish(Awaiter);

        public void Finish(RoutineAwaiter<Nothing> awaiter)
        {
            Exception? error = null;
            try
            {
                awaiter.GetResult();
            }
#pragma warning disable CA1031 // Whatever ended a routine ends the run: the engine reports it with the actor's name.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                error = failure;
            }

            task.HasStopped = true;
            task.Driver.Stopped(task, error);
        }
    }
}

/// <summary>
/// Numbers message types densely so that a task finds its envelope by index. The numbers reach no behaviour, hash or
/// record.
/// </summary>
internal static class MessageIndex
{
    private static int _count;

    // Several engines may run in one process, each on a thread of its own; the numbers reach no behaviour.
#pragma warning disable RS0030
    public static int Next() => Interlocked.Increment(ref _count) - 1;
#pragma warning restore RS0030
}

internal static class MessageIndex<TMessage>
{
    public static readonly int Value = MessageIndex.Next();
}

namespace EpcActors.Engine.Live;

/// <summary>
/// A live engine's record of a resource. All but <see cref="Resource"/> and <see cref="Path"/> belongs to the thread
/// that handles a request of it.
/// </summary>
public abstract class ResourceCell
{
    internal readonly LiveTurn Turn;

    /// <summary>Number of the last cut that the resource is in.</summary>
    internal int Cut;

    /// <summary>Requests handled.</summary>
    internal long Steps;

    protected ResourceCell(LiveEngine engine, Resource resource, string path)
    {
        Resource = resource;
        Path = path;
        Turn = new LiveTurn(engine);
    }

    public Resource Resource { get; }

    /// <summary>Path among its kind, such as <c>cgroups/pods/web</c>: for engines that show actors as a tree.</summary>
    public string Path { get; }
}

/// <summary>A live engine's record of a task.</summary>
public abstract class TaskCell
{
    /// <summary>
    /// Its parked request waits for a lock, not in a wait queue: a daemon that does so at the end of the run is stuck.
    /// </summary>
    internal bool IsWaitingForLock;

    internal const int IsAwake = 0;
    internal const int IsAtRest = 1;
    internal const int IsRoused = 2;

    /// <summary>State of a task that sleeps until it is roused: asleep, or called before it slept.</summary>
    internal int Rest;

    /// <summary>Started, or about to be.</summary>
    internal bool IsStarted;

    /// <summary>
    /// With a pace: moment of the run until which the task is busy. Its own thread writes it, and the resource that
    /// handles its request.
    /// </summary>
    internal long FreeNs;

    protected TaskCell(TaskActor task, string path)
    {
        Task = task;
        Path = path;
    }

    public TaskActor Task { get; }

    /// <summary>How far the task is ahead of the clock, nanoseconds; negative when it is behind.</summary>
    internal long AheadNs(long nowNs) => FreeNs - nowNs;

    /// <summary>The task is busy for some time from now on, or from the moment on until which it is busy.</summary>
    internal void Spend(long nowNs, long ns) => FreeNs = Math.Max(FreeNs, nowNs) + ns;

    /// <summary>As <see cref="ResourceCell.Path"/>.</summary>
    public string Path { get; }
}

/// <summary>The turn of one resource. Costs are not paid here: in a live run time is real.</summary>
internal sealed class LiveTurn(LiveEngine engine) : Turn
{
    private Envelope _envelope = null!;
    private WaitQueue _ready;

    public bool HasParked { get; private set; }

    public bool IsForLock { get; private set; }

    public bool MustYield { get; private set; }

    public override long NowNs => engine.ClockNs;

    public void Enter(Envelope envelope)
    {
        _envelope = envelope;
        Caller = envelope.Caller.Id;
        CallerNode = envelope.Caller.Node;
        WasParked = envelope.IsParked;
        envelope.IsParked = false;
        HasParked = false;
        MustYield = false;
    }

    /// <summary>
    /// The next request that this resource has to handle again, in the order in which they were made ready; null for
    /// none.
    /// </summary>
    public Envelope? TakeReady() => _ready.IsEmpty ? null : _ready.Dequeue();

    public override void Park(ref WaitQueue queue, int spinActivity = -1)
    {
        queue.Enqueue(_envelope);
        HasParked = true;
        IsForLock = spinActivity >= 0;
    }

    public override void Ready(ref WaitQueue queue, int activity = -1, int count = 1)
    {
        Envelope envelope = queue.Dequeue();
        _ready.Enqueue(envelope);
        engine.OnReady(envelope.Caller);
    }

    /// <summary>With a pace it is the caller that is busy; the resource is free for the next request at once.</summary>
    public override void Spend(int activity, int count, bool remote)
    {
        if (engine.Pace is { } pace)
        {
            ((TaskCell)_envelope.Caller.EngineState!).Spend(engine.CoarseNowNs, pace.Ns(activity, count, remote));
        }
    }

    public override void Hold(int activity, int count, bool remote) => Spend(activity, count, remote);

    public override void Yield() => MustYield = true;

    public override void Interrupt(ActorId task, int activity)
    {
    }
}

using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Live.Threads;

/// <summary>Settings of <see cref="ThreadsEngine"/>.</summary>
public sealed record ThreadsOptions
{
    /// <summary>Worker threads; one per core by default.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Requests that a task makes in a row before others get their turn.</summary>
    public int TaskBatch { get; init; } = 32;

    /// <summary>Queued requests that are handled in a row before the resource goes to the back of the queue.</summary>
    public int MailboxBatch { get; init; } = 64;
}

/// <summary>The actors on worker threads: real parallelism and real races, with nothing but .NET.</summary>
/// <remarks>
/// <para>A worker that asks a free resource handles the request itself, on its own thread. If the resource is occupied
/// the request goes into its mailbox, and the occupant handles it. So an uncontended resource costs one
/// compare-and-swap to enter and one to leave. On a contended one a single thread works while the others go on with
/// other tasks; no thread ever blocks (flat combining; Hendler et al., SPAA 2010). There is no lock on the path of a
/// message.</para>
/// <para>Fairness: a task makes at most <see cref="ThreadsOptions.TaskBatch"/> requests in a row, a mailbox is emptied
/// by at most <see cref="ThreadsOptions.MailboxBatch"/>, then both go to the back of the line. A handler that asks for
/// it (<see cref="Turn.Yield"/>) sends its caller to the back at once.</para>
/// </remarks>
public sealed partial class ThreadsEngine : LiveEngine
{
    private static readonly object Occupied = new();

    private readonly ThreadsOptions _options;
    private readonly Worker[] _workers;
    private readonly SemaphoreSlim _idle = new(0);

    /// <summary>
    /// Workers that sleep, or are about to, and that no thread has begun to wake. With the permits of
    /// <see cref="_idle"/>, given or about to be: all that sleep, and those that are <see cref="Worker.IsCalled"/>.
    /// </summary>
    private int _sleepers;
    private int _nextWorker;
    private bool _isClosing;

    [ThreadStatic]
    private static Worker? _current;

    public ThreadsEngine(ThreadsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Workers, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TaskBatch, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MailboxBatch, 1, nameof(options));
        _options = options;
        _workers = new Worker[options.Workers];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Worker(this, i);
        }
    }

    public override string Name => "threads";

    /// <summary>Wake-ups that no worker has come to yet.</summary>
    internal int PendingWakeUps => _idle.CurrentCount;

    protected override ResourceCell NewCell(Resource resource, string path) => new MailboxCell(this, resource, path);

    protected override TaskCell NewCell(TaskActor task, string path) => new ThreadTask(task, path);

    protected override void Open()
    {
        foreach (Worker worker in _workers)
        {
            worker.Thread.Start();
        }
    }

    protected override void Close()
    {
        Volatile.Write(ref _isClosing, true);
        _idle.Release(_workers.Length);
        foreach (Worker worker in _workers)
        {
            worker.Thread.Join();
        }
    }

    protected override void Begin(TaskCell cell)
    {
        ThreadTask task = Unsafe.As<ThreadTask>(cell);
        task.Next = Next.Begin;
        Signal(task);
    }

    protected override void Wake(TaskCell cell)
    {
        ThreadTask task = Unsafe.As<ThreadTask>(cell);
        task.Next = Next.TimeIsOver;
        Signal(task);
    }

    protected override void Post(Envelope envelope, TaskCell caller, ResourceCell target)
    {
        ThreadTask task = Unsafe.As<ThreadTask>(caller);
        if (--task.Left < 0)
        {
            task.Pending = envelope;
            task.Next = Next.Deliver;
            task.MustQueue = true;
            envelope.Caller.Outstanding = envelope;
            Signal(task);
            return;
        }

        Deliver(envelope, Unsafe.As<MailboxCell>(target));
    }

    /// <summary>The task stays under way meanwhile; a timer has it go on with the request.</summary>
    protected override void PostAt(long atNs, Envelope envelope, TaskCell caller, ResourceCell target)
    {
        ThreadTask task = Unsafe.As<ThreadTask>(caller);
        task.Pending = envelope;
        task.Next = Next.Deliver;
        envelope.Caller.Outstanding = envelope;
        PushTimer(atNs, (Action<long>)(_ => Signal(task)));
    }

    protected override void Answer(ResourceCell cell, TaskCell caller, Envelope envelope, bool mustYield)
    {
        MailboxCell mailbox = Unsafe.As<MailboxCell>(cell);
        bool isOwn = ReferenceEquals(mailbox.Own, envelope);
        if (isOwn && !mustYield)
        {
            mailbox.IsOwnAnswered = true;
            return;
        }

        ThreadTask task = Unsafe.As<ThreadTask>(caller);
        if (isOwn)
        {
            envelope.Caller.Outstanding = envelope;
        }

        task.Pending = envelope;
        task.Next = Next.Answered;
        task.MustQueue = mustYield;
        Signal(task);
    }

    protected override void Tell(ResourceCell cell, Performance what) => Enqueue(new Piece(what));

    protected override void Tell(TaskCell cell, Performance what) => Enqueue(new Piece(what));

    /// <summary>
    /// Visits the idle resources itself; the occupant of any other one visits it before the next request.
    /// </summary>
    protected override void AskForVisits()
    {
        foreach (ResourceCell cell in Cells)
        {
            if (!WasVisited(cell) && ((MailboxCell)cell).TryEnter())
            {
                MailboxCell mailbox = (MailboxCell)cell;
                try
                {
                    VisitIfDue(mailbox);
                }
#pragma warning disable CA1031 // As where a resource fails.
                catch (Exception error)
#pragma warning restore CA1031
                {
                    Fail($"{mailbox.Resource.Name}, visited by a cut,", error);
                    return;
                }

                Leave(mailbox, 0);
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _idle.Dispose();
        }
    }

    private void Deliver(Envelope envelope, MailboxCell mailbox)
    {
        // A run that ends leaves requests where they are; no task goes on after this one.
        if (IsStopping)
        {
            envelope.Caller.Outstanding = envelope;
            return;
        }

        if (!mailbox.TryEnterOrQueue(envelope))
        {
            return;
        }

        mailbox.Own = envelope;
        mailbox.IsOwnAnswered = false;
        if (!TryHandle(mailbox, envelope))
        {
            return;
        }

        mailbox.Own = null;
        bool isAnswered = mailbox.IsOwnAnswered;
        Leave(mailbox, _options.MailboxBatch);
        if (isAnswered)
        {
            // Outstanding is set when the mailbox looked occupied for a moment.
            if (envelope.Caller.Outstanding is not null)
            {
                envelope.Caller.Outstanding = null;
            }

            envelope.MarkAnswered();
        }
    }

    /// <summary>
    /// False when the resource failed; it stays occupied, so that no request sees its half-changed state.
    /// </summary>
    private bool TryHandle(MailboxCell mailbox, Envelope envelope)
    {
        try
        {
            Handle(mailbox, envelope);
            return true;
        }
#pragma warning disable CA1031 // Whatever a resource throws ends the run, with its name.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail($"{mailbox.Resource.Name}, asked by {envelope.Caller.Name},", error);
            return false;
        }
    }

    /// <summary>
    /// Handles the requests that have come meanwhile and leaves the resource. Queues the resource for another worker
    /// when there are too many.
    /// </summary>
    private void Leave(MailboxCell mailbox, int batch)
    {
        while (!mailbox.TryLeave())
        {
            // A run that ends leaves requests where they are, and the resource as it is: no request enters it any more.
            if (IsStopping)
            {
                return;
            }

            if (batch-- <= 0)
            {
                Enqueue(mailbox);
                return;
            }

            if (!TryHandle(mailbox, mailbox.Take()))
            {
                return;
            }
        }
    }

    /// <summary>
    /// Signals a task that it can go on; it does so at once when it waits, else after it has left the code that asked.
    /// </summary>
    private void Signal(ThreadTask task)
    {
        if (Interlocked.Exchange(ref task.State, ThreadTask.Signalled) == ThreadTask.Suspended)
        {
            Enqueue(task);
        }
    }

    private void Enqueue(IWork work)
    {
        Worker worker =
            _current is { } current && current.Engine == this
                ? current
                : _workers[(uint)Interlocked.Increment(ref _nextWorker) % (uint)_workers.Length];
        worker.Queue.Enqueue(work);

        // The work must be seen before the sleepers are counted: a worker counts itself before it looks for the last
        // time.
        Interlocked.MemoryBarrier();
        if (TryTakeSleeper())
        {
            _idle.Release();
        }
    }

    /// <summary>
    /// Takes one worker out of the count of sleepers: a worker to wake, or the caller, which stays awake. The waker
    /// updates the count, not the woken worker: until that one runs, every other worker would wake it again.
    /// </summary>
    private bool TryTakeSleeper()
    {
        int sleepers = Volatile.Read(ref _sleepers);
        while (sleepers > 0)
        {
            int found = Interlocked.CompareExchange(ref _sleepers, sleepers - 1, sleepers);
            if (found == sleepers)
            {
                return true;
            }

            sleepers = found;
        }

        return false;
    }

    /// <summary>A task: runs on one worker at a time, any worker that finds it in a queue.</summary>
    private sealed class ThreadTask(TaskActor task, string path) : TaskCell(task, path), IWork
    {
        public const int Suspended = 0;
        public const int Running = 1;

        /// <summary>
        /// Can go on, but no worker has begun with it: it is queued, or its thread is still leaving the code that
        /// asked.
        /// </summary>
        public const int Signalled = 2;

        public int State = Suspended;
        public int Left;
        public bool MustQueue;
        public Next Next;
        public Envelope? Pending;

        public void Execute(ThreadsEngine engine) => engine.RunTask(this);
    }

    /// <summary>
    /// A resource with its mailbox: one word says whether a thread is in it and which requests wait. Null: free.
    /// <see cref="Occupied"/>: a thread is in it, no request waits. An envelope: a thread is in it, and this envelope
    /// waits with those linked behind it, the newest first.
    /// </summary>
    private sealed class MailboxCell(LiveEngine engine, Resource resource, string path)
        : ResourceCell(engine, resource, path),
            IWork
    {
        private object? _head;

        /// <summary>Taken out of the mailbox, in order; belongs to the thread in the resource.</summary>
        private Envelope? _taken;

        /// <summary>The request of the task whose thread is in, handled without a detour.</summary>
        public Envelope? Own;

        public bool IsOwnAnswered;

        public bool TryEnter() =>
            Volatile.Read(ref _head) is null && Interlocked.CompareExchange(ref _head, Occupied, null) is null;

        /// <summary>True: the caller is in. False: the request waits, and the occupant handles it.</summary>
        public bool TryEnterOrQueue(Envelope envelope)
        {
            object? head = Volatile.Read(ref _head);
            while (true)
            {
                if (head is null)
                {
                    head = Interlocked.CompareExchange(ref _head, Occupied, null);
                    if (head is null)
                    {
                        return true;
                    }
                }

                envelope.Caller.Outstanding = envelope;
                envelope.NextInQueue = ReferenceEquals(head, Occupied) ? null : Unsafe.As<Envelope>(head);
                object? found = Interlocked.CompareExchange(ref _head, envelope, head);
                if (ReferenceEquals(found, head))
                {
                    return false;
                }

                head = found;
            }
        }

        /// <summary>True: no request waits, and the caller has left.</summary>
        public bool TryLeave() =>
            _taken is null && ReferenceEquals(Interlocked.CompareExchange(ref _head, null, Occupied), Occupied);

        /// <summary>The request that came first.</summary>
        public Envelope Take()
        {
            if (_taken is null)
            {
                Envelope? last = Unsafe.As<Envelope>(Interlocked.Exchange(ref _head, Occupied));
                while (last is not null)
                {
                    Envelope? before = last.NextInQueue;
                    last.NextInQueue = _taken;
                    _taken = last;
                    last = before;
                }
            }

            Envelope first = _taken!;
            _taken = first.NextInQueue;
            first.NextInQueue = null;
            return first;
        }

        public void Execute(ThreadsEngine engine) => engine.Leave(this, engine._options.MailboxBatch);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// Knows which tasks that began in a step are not done, by the events of the framework: so it is known whether work is
/// under way on the thread pool, also before a thread has taken it up.
/// </summary>
internal sealed class TaskWatch : EventListener
{
    private const int TaskScheduled = 7;
    private const int TaskCompleted = 9;

    /// <summary>TaskTransfer, Tasks, TaskStops: the end of a task is told under the last two only.</summary>
    private const EventKeywords Keywords = (EventKeywords)0x43;

    private const string Tasks = "System.Threading.Tasks.TplEventSource";
    private const string Framework = "System.Diagnostics.Eventing.FrameworkEventSource";
    private const EventKeywords ThreadPoolKeyword = (EventKeywords)0x12;
    private const int WorkEnqueued = 30;
    private const int WorkDequeued = 31;
    private const int MostTries = 1000;
    private const int SpareThreads = 6;

    /// <summary>A thread that took up work so long ago has begun it, if it is one of ours.</summary>
    private const long LongestStartMs = 100;

    private static readonly ConcurrentDictionary<int, (ActorWorld World, int Thread)> Open = new();

    /// <summary>Threads that took work from the pool's queue and did not begin anything of ours since.</summary>
    private static readonly ConcurrentDictionary<int, (long Number, long AtMs)> TakenUp = new();

    private static long _enqueued;
    private static long _taken;

    [ThreadStatic]
    private static int _lastScheduled;

    private TaskWatch()
    {
    }

    /// <summary>The one of this process, from the first use on.</summary>
    public static TaskWatch Instance { get; } = new();

    /// <summary>
    /// Listens from now on. The pool looks whether it is listened to when a thread of it goes to the queue; until it
    /// has, it tells nothing.
    /// </summary>
    public static void Begin()
    {
        _ = Instance;

        // Tests run on threads of the pool. While they keep all of them the pool adds one every half second, and what
        // actors give to it waits that long.
        ThreadPool.GetMinThreads(out int workers, out int ports);
        int least = Environment.ProcessorCount + SpareThreads;
        if (workers < least)
        {
            ThreadPool.SetMinThreads(least, ports);
        }

        for (int i = 0; i < MostTries && Interlocked.Read(ref _taken) == 0; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static _ => { }, null);
            Thread.Yield();
        }
    }

    /// <summary>The task that was scheduled last on this thread waits in a mailbox: it is no work outside.</summary>
    public static void LastIsInMailbox()
    {
        Done(_lastScheduled);
        _lastScheduled = 0;
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Tasks)
        {
            EnableEvents(eventSource, EventLevel.Informational, Keywords);
        }
        else if (eventSource.Name == Framework)
        {
            EnableEvents(eventSource, EventLevel.Verbose, ThreadPoolKeyword);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventSource.Name == Framework)
        {
            OnPool(eventData.EventId);
        }
        else if (eventData.EventId == TaskScheduled && ActorWorld.OfThisFlow is { } world)
        {
            _lastScheduled = (int)eventData.Payload![2]!;
            if (Open.TryAdd(_lastScheduled, (world, Environment.CurrentManagedThreadId)))
            {
                world.OnWorkBegun();
            }
        }
        else if (eventData.EventId == TaskCompleted && !Open.IsEmpty)
        {
            Done((int)eventData.Payload![2]!);
        }
    }

    /// <summary>
    /// Work that was enqueued after the pool had given out so many pieces is not under way to a thread any more: all
    /// was given out, and each thread that took a piece since has begun it.
    /// </summary>
    public static bool IsBegun(long since)
    {
        long now = Environment.TickCount64;
        if (ThreadPool.PendingWorkItemCount > 0 || Interlocked.Read(ref _taken) < Interlocked.Read(ref _enqueued))
        {
            return false;
        }

        foreach ((int _, (long number, long atMs)) in TakenUp)
        {
            if (number > since && now - atMs < LongestStartMs)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>This thread has begun, or ended, work of a step.</summary>
    public static void OnFlow() => TakenUp.TryRemove(Environment.CurrentManagedThreadId, out _);

    /// <summary>
    /// The queue is empty, and yet more was enqueued than given out: events were missed, as when the listener began.
    /// </summary>
    public static void CountAnew()
    {
        if (ThreadPool.PendingWorkItemCount == 0)
        {
            Interlocked.Exchange(ref _enqueued, Interlocked.Read(ref _taken));
        }
    }

    private static void OnPool(int id)
    {
        if (id == WorkEnqueued)
        {
            // Pieces that were enqueued before this listener began are given out, and were not counted.
            long before;
            do
            {
                before = Interlocked.Read(ref _enqueued);
            }
            while (Interlocked.CompareExchange(
                ref _enqueued, Math.Max(before, Interlocked.Read(ref _taken)) + 1, before) != before);
            ActorWorld.OfThisFlow?.OnEnqueued(Interlocked.Read(ref _taken));
        }
        else if (id == WorkDequeued)
        {
            // Marked before it is counted: in between it would look begun.
            TakenUp[Environment.CurrentManagedThreadId] = (Interlocked.Read(ref _taken) + 1, Environment.TickCount64);
            Interlocked.Increment(ref _taken);
        }
    }

    private static void Done(int task)
    {
        if (Open.TryRemove(task, out (ActorWorld World, int Thread) begun))
        {
            // Done on the thread that scheduled it: the task of a handler, inside of its step.
            begun.World.OnWorkDone(isElsewhere: begun.Thread != Environment.CurrentManagedThreadId);
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Tracing;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// Knows which tasks that began in a step are not done, by the events of the framework: so it is known whether work is
/// under way on the thread pool, also before a thread has taken it up. What is no task is <see cref="PoolWork"/>.
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
    private const int LongRunning = 2;
    private const int SpareThreads = 6;
    private static readonly TimeSpan LongestBegin = TimeSpan.FromSeconds(5);

    private static readonly ConcurrentDictionary<int, ActorWorld> Open = new();

    private static volatile bool _isTold;

    [ThreadStatic]
    private static int _lastScheduled;

    /// <summary>What this thread gives to the pool next is the task that it has scheduled, which is known.</summary>
    [ThreadStatic]
    private static bool _isTaskNext;

    /// <summary>Whose work this thread has begun last, until it gets other work: what follows a task is its.</summary>
    [ThreadStatic]
    private static ActorWorld? _lastBegun;

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

        long begun = Stopwatch.GetTimestamp();
        while (!_isTold && Stopwatch.GetElapsedTime(begun) < LongestBegin)
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
        _isTaskNext = false;
    }

    /// <summary>This thread has begun work of a step, or ended it.</summary>
    /// <param name="begun">Whose; null when it has ended.</param>
    public static void OnFlow(ActorWorld? begun)
    {
        _lastBegun = begun ?? _lastBegun;
        PoolWork.OnFlow();
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
            OnPool(eventData);
        }
        else if (eventData.EventId == TaskScheduled && WorldOfThread is { } world)
        {
            _lastScheduled = (int)eventData.Payload![2]!;
            _isTaskNext = ((int)eventData.Payload[4]! & LongRunning) == 0;
            if (Open.TryAdd(_lastScheduled, world))
            {
                world.OnWorkBegun();
            }
        }
        else if (eventData.EventId == TaskCompleted && !Open.IsEmpty)
        {
            Done((int)eventData.Payload![2]!);
        }
    }

    /// <summary>What follows a task is begun or enqueued by the thread that has done it, behind its flow.</summary>
    private static ActorWorld? WorldOfThread => ActorWorld.OfThisFlow ?? _lastBegun;

    private static void OnPool(EventWrittenEventArgs eventData)
    {
        if (eventData.EventId == WorkEnqueued)
        {
            if (!_isTaskNext)
            {
                WorldOfThread?.Pool.OnEnqueued((long)eventData.Payload![0]!);
            }

            _isTaskNext = false;
        }
        else if (eventData.EventId == WorkDequeued)
        {
            _isTold = true;
            _lastBegun = null;
            PoolWork.OnDequeued((long)eventData.Payload![0]!);
        }
    }

    private static void Done(int task)
    {
        if (Open.TryRemove(task, out ActorWorld? world))
        {
            world.OnWorkDone();
        }
    }
}

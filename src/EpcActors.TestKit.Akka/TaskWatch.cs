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

    private static readonly ConcurrentDictionary<int, (ActorWorld World, int Thread)> Open = new();

    [ThreadStatic]
    private static int _lastScheduled;

    private TaskWatch()
    {
    }

    /// <summary>The one of this process, from the first use on.</summary>
    public static TaskWatch Instance { get; } = new();

    /// <summary>The task that was scheduled last on this thread waits in a mailbox: it is no work outside.</summary>
    public static void LastIsInMailbox()
    {
        Done(_lastScheduled);
        _lastScheduled = 0;
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Threading.Tasks.TplEventSource")
        {
            EnableEvents(eventSource, EventLevel.Informational, Keywords);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventId == TaskScheduled && ActorWorld.OfThisFlow is { } world)
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

    private static void Done(int task)
    {
        if (Open.TryRemove(task, out (ActorWorld World, int Thread) begun))
        {
            // Done on the thread that scheduled it: the task of a handler, inside of its step.
            begun.World.OnWorkDone(isElsewhere: begun.Thread != Environment.CurrentManagedThreadId);
        }
    }
}

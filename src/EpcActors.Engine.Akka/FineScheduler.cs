using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace EpcActors.Engine.Akka;

/// <summary>A scheduler for Akka with a grain of a millisecond, the default of systems that an engine makes.</summary>
/// <remarks>
/// Akka's own turns a wheel every 10 ms and refuses to go faster, so that a task that polls every 100 us would do so a
/// hundred times too rarely. This one is a heap and a thread that waits for its first entry. A cancelled entry leaves
/// the heap when its time comes: sleeps are short, and there is one for each task at most.
/// </remarks>
public sealed class FineScheduler : SchedulerBase, IDisposable
{
    private readonly object _gate = new();
    private readonly PriorityQueue<Entry, (long At, long Number)> _entries = new();
    private readonly long _origin = Stopwatch.GetTimestamp();
    private Thread? _thread;
    private long _number;
    private bool _isDisposed;

    public FineScheduler(Config scheduler, ILoggingAdapter log)
        : base(scheduler, log)
    {
    }

    public override TimeSpan MonotonicClock => Stopwatch.GetElapsedTime(_origin);

    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    protected override DateTimeOffset TimeNow => DateTimeOffset.UtcNow;

    /// <summary>
    /// Runs the outstanding work now, as Akka's own scheduler does: dispatchers end their threads in this way.
    /// </summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_gate)
        {
            _isDisposed = true;
            Monitor.Pulse(_gate);
            thread = _thread;
        }

        if (thread is not null && thread != Thread.CurrentThread)
        {
            thread.Join();
        }

        // No other thread takes or adds entries any more.
        while (_entries.TryDequeue(out Entry? entry, out _))
        {
            Run(entry);
        }
    }

    protected override void InternalScheduleTellOnce(
        TimeSpan delay,
        ICanTell receiver,
        object message,
        IActorRef sender,
        ICancelable? cancelable
    ) => Add(delay, new Entry(() => receiver.Tell(message, sender), cancelable, TimeSpan.Zero));

    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay,
        TimeSpan interval,
        ICanTell receiver,
        object message,
        IActorRef sender,
        ICancelable? cancelable
    ) => Add(initialDelay, new Entry(() => receiver.Tell(message, sender), cancelable, interval));

    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) =>
        Add(delay, new Entry(action, cancelable, TimeSpan.Zero));

    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable? cancelable) =>
        Add(delay, new Entry(action.Run, cancelable, TimeSpan.Zero));

    protected override void InternalScheduleRepeatedly(
        TimeSpan initialDelay,
        TimeSpan interval,
        Action action,
        ICancelable? cancelable
    ) => Add(initialDelay, new Entry(action, cancelable, interval));

    protected override void InternalScheduleRepeatedly(
        TimeSpan initialDelay,
        TimeSpan interval,
        IRunnable action,
        ICancelable? cancelable
    ) => Add(initialDelay, new Entry(action.Run, cancelable, interval));

    private void Add(TimeSpan delay, Entry entry)
    {
        long at = Stopwatch.GetElapsedTime(_origin).Ticks + Math.Max(0, delay.Ticks);
        lock (_gate)
        {
            if (_isDisposed)
            {
                throw new SchedulerException("the scheduler has ended with its actor system");
            }

            bool isFirst = !_entries.TryPeek(out _, out (long At, long Number) first) || at < first.At;
            _entries.Enqueue(entry, (at, _number++));
            if (_thread is null)
            {
                _thread = new Thread(Work) { IsBackground = true, Name = "epc-scheduler" };
                _thread.Start();
            }
            else if (isFirst)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    private void Work()
    {
        while (TakeDue() is { } entry)
        {
            if (Run(entry) && entry.Interval > TimeSpan.Zero)
            {
                Repeat(entry);
            }
        }
    }

    /// <summary>False when it was cancelled.</summary>
    private bool Run(Entry entry)
    {
        if (entry.Cancelable is { IsCancellationRequested: true })
        {
            return false;
        }

        try
        {
            entry.Action();
        }
        catch (SchedulerException)
        {
            // The action tried to use a scheduler that has ended.
        }
#pragma warning disable CA1031 // One entry must not take all others with it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.Error(error, "a scheduled action failed");
        }

        return true;
    }

    /// <summary>Waits for the next entry that is due; null at the end.</summary>
    private Entry? TakeDue()
    {
        lock (_gate)
        {
            while (!_isDisposed)
            {
                if (!_entries.TryPeek(out _, out (long At, long Number) first))
                {
                    Monitor.Wait(_gate);
                    continue;
                }

                long left = first.At - Stopwatch.GetElapsedTime(_origin).Ticks;
                if (left <= 0)
                {
                    return _entries.Dequeue();
                }

                // Rounded up: nothing comes too early.
                long milliseconds = (left + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
                Monitor.Wait(_gate, (int)Math.Min(milliseconds, int.MaxValue));
            }

            return null;
        }
    }

    private void Repeat(Entry entry)
    {
        try
        {
            Add(entry.Interval, entry);
        }
        catch (SchedulerException)
        {
            // The system has ended meanwhile.
        }
    }

    private sealed record Entry(Action Action, ICancelable? Cancelable, TimeSpan Interval);
}

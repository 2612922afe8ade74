using global::Akka.Actor;
using global::Akka.Configuration;
using global::Akka.Dispatch;
using global::Akka.Event;

namespace EpcActors.TestKit.Akka;

/// <summary>Virtual time: a timer fires when the laboratory says that its moment has come.</summary>
public sealed class LabScheduler : SchedulerBase, IDisposable
{
    [ThreadStatic]
    private static ActorWorld? _starting;

    private readonly List<Timer> _timers = [];
    private readonly Lock _gate = new();
    private readonly ActorWorld? _world;
    private readonly Dictionary<(object? Receiver, string What), int> _fired = [];
    private long _sequence;

    /// <summary>Called by Akka.</summary>
    public LabScheduler(Config scheduler, ILoggingAdapter log)
        : base(scheduler, log)
    {
        _world = _starting;
        _world?.Use(this);
    }

    /// <summary>Virtual time since the start of the run.</summary>
    public override TimeSpan MonotonicClock => Read();

    public override TimeSpan HighResMonotonicClock => Read();

    /// <summary>How often what repeats itself happens in one run.</summary>
    internal int Repetitions { get; set; } = 3;

    internal TimeSpan Now { get; private set; }

    /// <summary>Some timer has not fired.</summary>
    internal bool HasTimers
    {
        get
        {
            lock (_gate)
            {
                _timers.RemoveAll(timer => timer.IsCancelled);
                return _timers.Count > 0;
            }
        }
    }

    protected override DateTimeOffset TimeNow => ActorWorld.Epoch + Read();

    public void Dispose()
    {
    }

    internal static void StartFor(ActorWorld? world) => _starting = world;

    internal void Reset()
    {
        lock (_gate)
        {
            _timers.Clear();
            _fired.Clear();
            _sequence = 0;
            Now = TimeSpan.Zero;
        }
    }

    /// <summary>Timers of a node that has left do not fire.</summary>
    internal void RemoveOf(LabScheduler node)
    {
        lock (_gate)
        {
            _timers.RemoveAll(timer => timer.Origin == node);
        }
    }

    /// <summary>What the next timer is for.</summary>
    internal (string What, object? Receiver, TimeSpan Due)? Next
    {
        get
        {
            lock (_gate)
            {
                return Earliest() is { } timer ? (timer.What, timer.Receiver, timer.Due) : null;
            }
        }
    }

    /// <summary>Time goes on to the earliest timer, which fires.</summary>
    internal void Fire()
    {
        Timer timer;
        lock (_gate)
        {
            timer = Earliest()!;
            _timers.Remove(timer);
            Now = timer.Due > Now ? timer.Due : Now;
            if (timer.Interval is { } interval)
            {
                Add(timer with { Due = Now + interval });
            }
            else
            {
                CountFiring(timer);
            }
        }

        timer.Fire();
    }

    /// <summary>An action at a time of its own, which is not of the program.</summary>
    internal void At(TimeSpan delay, string what, Action action) => Add(delay, null, action, null, what, null);

    protected override void InternalScheduleTellOnce(
        TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Add(delay, null, () => receiver.Tell(message, sender), cancelable, Names.OfMessage(message), receiver);

    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay,
        TimeSpan interval,
        ICanTell receiver,
        object message,
        IActorRef sender,
        ICancelable cancelable) =>
        Add(
            initialDelay,
            interval,
            () => receiver.Tell(message, sender),
            cancelable,
            Names.OfMessage(message),
            receiver);

    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) =>
        Add(delay, null, action, cancelable, "action", null);

    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) =>
        Add(delay, null, action.Run, cancelable, "action", null);

    protected override void InternalScheduleRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) =>
        Add(initialDelay, interval, action, cancelable, "action", null);

    protected override void InternalScheduleRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) =>
        Add(initialDelay, interval, action.Run, cancelable, "action", null);

    /// <summary>All nodes have one time.</summary>
    private LabScheduler Main => _world?.Scheduler ?? this;

    private TimeSpan Read()
    {
        _world?.OnTime();
        return Main.Now;
    }

    private void Add(
        TimeSpan delay, TimeSpan? interval, Action fire, ICancelable? cancelable, string what, object? receiver)
    {
        _world?.OnTime();
        LabScheduler main = Main;
        lock (main._gate)
        {
            main.Add(new Timer(main.Now + delay, interval, fire, cancelable, what, receiver) { Origin = this });
        }
    }

    /// <summary>What sets itself anew for ever would make runs without an end.</summary>
    private void Add(Timer timer)
    {
        bool mayRepeat = timer.Interval is not null || timer.Receiver is not null;
        if (!mayRepeat || _fired.GetValueOrDefault((timer.Receiver, timer.What)) < Repetitions)
        {
            timer.Sequence = _sequence++;
            _timers.Add(timer);
        }

        if (timer.Interval is not null)
        {
            CountFiring(timer);
        }
    }

    private void CountFiring(Timer timer) =>
        _fired[(timer.Receiver, timer.What)] = _fired.GetValueOrDefault((timer.Receiver, timer.What)) + 1;

    private Timer? Earliest()
    {
        Timer? earliest = null;
        foreach (Timer timer in _timers)
        {
            bool isEarlier =
                earliest is null
                || timer.Due < earliest.Due
                || (timer.Due == earliest.Due && timer.Sequence < earliest.Sequence);
            earliest = !timer.IsCancelled && isEarlier ? timer : earliest;
        }

        return earliest;
    }

    private sealed record Timer(
        TimeSpan Due, TimeSpan? Interval, Action Fire, ICancelable? Cancelable, string What, object? Receiver)
    {
        public long Sequence { get; set; }

        /// <summary>The scheduler of the node that set it.</summary>
        public LabScheduler? Origin { get; init; }

        public bool IsCancelled => Cancelable is { IsCancellationRequested: true };
    }
}

using global::Akka.Actor;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// A race as a test sets it up: which actors there are, what they are told, what must hold. The method that does so is
/// called for each schedule anew.
/// </summary>
public sealed class Race
{
    private readonly ActorWorld _world;
    private readonly List<(string Name, Action Check)> _finally = [];
    private readonly List<(string Name, Action Check)> _always = [];
    private readonly Queue<Action> _phases = [];
    private readonly VirtualClock _clock;
    private readonly int _seed;
    private Random? _random;

    internal Race(ActorWorld world, int seed)
    {
        _world = world;
        _seed = seed;
        _clock = new VirtualClock(world);
    }

    /// <summary>The actor system; its clock and its timers are virtual.</summary>
    public ActorSystem System => _world.System;

    /// <summary>The clock of the actor system, for actors that take one.</summary>
    public TimeProvider Clock => _clock;

    /// <summary>Random numbers, the same in each schedule.</summary>
    public Random Random => _random ??= new Random(_seed);

    internal IReadOnlyList<(string Name, Action Check)> FinallyChecks => _finally;

    internal IReadOnlyList<(string Name, Action Check)> AlwaysChecks => _always;

    internal Queue<Action> Phases => _phases;

    /// <summary>Creates an actor below /user and starts it: its constructor and PreStart have run.</summary>
    /// <param name="props">How it is made.</param>
    /// <param name="name">Its name; null: Akka gives it one, and listings call it by its class.</param>
    public IActorRef ActorOf(Props props, string? name = null)
    {
        IActorRef actor = System.ActorOf(props, name);
        _world.StartCreated();
        return actor;
    }

    /// <summary>Creates an actor below /user and starts it.</summary>
    public IActorRef ActorOf<TActor>(string? name = null)
        where TActor : ActorBase, new() => ActorOf(Props.Create<TActor>(), name);

    /// <summary>An actor that keeps what it gets, for the test to look at.</summary>
    public RaceProbe Probe(string name = "probe")
    {
        RaceProbe probe = new();
        probe.Ref = ActorOf(Props.Create(() => new ProbeActor(probe)), name);
        return probe;
    }

    /// <summary>
    /// What the actors were told so far is handled before anything is explored: recovery, registration, and the like.
    /// </summary>
    public void RunToRest() => _world.RunToRest();

    /// <summary>An assertion that must hold when no actor has anything more to do.</summary>
    /// <param name="check">Throws when it does not.</param>
    /// <param name="name">Name of the rule in reports.</param>
    public void Finally(Action check, string name = "finally") => _finally.Add((name, check));

    /// <summary>An assertion that must hold after each step. It reads only.</summary>
    /// <param name="check">Throws when it does not.</param>
    /// <param name="name">Name of the rule in reports.</param>
    public void Always(Action check, string name = "always") => _always.Add((name, check));

    /// <summary>Goes on when no actor has anything more to do: further messages, further checks.</summary>
    public void Then(Action act) => _phases.Enqueue(act);

    /// <summary>
    /// Forbids something that needs no assertion. An endless await is always forbidden, unless allowed.
    /// </summary>
    public void Forbid(Forbidden what) => _world.Happenings.Forbidden |= what;

    /// <summary>Allows what would be forbidden.</summary>
    public void Allow(Forbidden what) => _world.Happenings.Forbidden &= ~what;

    /// <summary>The actor may crash on a message instead of handling it.</summary>
    /// <param name="actor">The actor.</param>
    /// <param name="times">How often in one schedule, of all actors together.</param>
    public void MayCrash(IActorRef actor, int times = 1)
    {
        _world.Faults.AllowCrash(actor);
        _world.SetBudget(Faults.CrashPoint, times);
    }

    /// <summary>A message from one actor to another may be lost.</summary>
    public void MayLose(IActorRef from, IActorRef to, int times = 1)
    {
        _world.Faults.AllowLoss(from, to);
        _world.SetBudget(Faults.LosePoint, times);
    }

    /// <summary>A message from one actor to another may get there twice.</summary>
    public void MayDouble(IActorRef from, IActorRef to, int times = 1)
    {
        _world.Faults.AllowDouble(from, to);
        _world.SetBudget(Faults.DoublePoint, times);
    }

    /// <summary>
    /// A message from one actor to another may arrive late: behind what others send. Those of the pair keep their
    /// order.
    /// </summary>
    public void MayDelay(IActorRef from, IActorRef to, int times = 1)
    {
        _world.Faults.AllowDelay(from, to);
        _world.SetBudget(Faults.LatePoint, times);
    }

    /// <summary>
    /// Another node: an actor system beside the first, under the same laboratory, with the same configuration. Actors
    /// of several nodes know each other by references that the test hands over.
    /// </summary>
    /// <param name="name">Its name: letters, digits and <c>-</c>.</param>
    public RaceNode Node(string name) => new(_world, name);

    /// <summary>The node may leave, once, while something else is to be done.</summary>
    public void MayLeave(RaceNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        _world.AllowLeaving(node.Name);
    }

    /// <summary>
    /// A question (Ask) of an actor fails after so long, of virtual time; without it it waits for ever.
    /// </summary>
    public void AskTimeout(TimeSpan timeout) => _world.AskTimeout = timeout;

    /// <summary>How often in a schedule a timer may fire while messages wait to be handled.</summary>
    public void TimeMayOvertake(int times) => _world.MaxOvertakes = times;

    /// <summary>How often what repeats itself (a repeated timer, a receive time-out) happens in a schedule.</summary>
    public void Repetitions(int times) => _world.Scheduler.Repetitions = times;

    /// <summary>Longest wait, of real time, for work that leaves the actor system (Task.Run, I/O).</summary>
    public void WaitOutside(TimeSpan limit) => _world.OutsideLimit = limit;

    private sealed class VirtualClock(ActorWorld world) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => world.System.Scheduler.Now;

        public override long GetTimestamp() => world.System.Scheduler.MonotonicClock.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}

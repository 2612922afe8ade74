using global::Akka.Actor;

namespace EpcActors.TestKit.Akka;

/// <summary>An actor crashed because a race test chose that it does.</summary>
public sealed class InjectedCrashException(string message) : Exception(message);

/// <summary>Faults that schedules may choose, between whom, and how often.</summary>
internal sealed class Faults
{
    public const int CrashPoint = 0;
    public const int LosePoint = 1;
    public const int DoublePoint = 2;
    public const int LatePoint = 3;

    private static readonly string[] Words = ["crash", "lose", "double", "late"];

    private readonly List<IActorRef> _crashes = [];
    private readonly List<(IActorRef From, IActorRef To)> _losses = [];
    private readonly List<(IActorRef From, IActorRef To)> _doubles = [];
    private readonly List<(IActorRef From, IActorRef To)> _delays = [];

    public static string NameOf(int point) => Words[point];

    public static int PointOf(string name) => Array.IndexOf(Words, name);

    public void Clear(ActorWorld world)
    {
        _crashes.Clear();
        _losses.Clear();
        _doubles.Clear();
        _delays.Clear();
        for (int point = 0; point < Words.Length; point++)
        {
            world.SetBudget(point, 0);
        }
    }

    public void AllowCrash(IActorRef actor) => _crashes.Add(actor);

    public void AllowLoss(IActorRef from, IActorRef to) => _losses.Add((from, to));

    public void AllowDouble(IActorRef from, IActorRef to) => _doubles.Add((from, to));

    public void AllowDelay(IActorRef from, IActorRef to) => _delays.Add((from, to));

    public bool MayCrash(ActorTask task) =>
        _crashes.Exists(actor => actor.Equals(task.Owner)) && task.Queue.HasMessages;

    public bool MayLose(ActorTask from, ActorTask to) => Has(_losses, from, to);

    public bool MayDouble(ActorTask from, ActorTask to) => Has(_doubles, from, to);

    public bool MayDelay(ActorTask from, ActorTask to) => Has(_delays, from, to);

    /// <summary>
    /// The next message is one on which the actor fails: it is asked to identify itself to a reference that throws, so
    /// that the exception rises inside of Akka's handling of a message.
    /// </summary>
    public static void CrashOn(ActorTask task)
    {
        if (task.Queue.TryPeek(out Envelope envelope, out _))
        {
            IActorRef throws = new ThrowingRef(
                ((IInternalActorRef)task.Owner).Provider, task.Label, Names.OfMessage(envelope.Message));
            task.Queue.ReplaceFirst(new Envelope(new Identify(new Crash(envelope.Message)), throws));
        }
    }

    private static bool Has(List<(IActorRef From, IActorRef To)> pairs, ActorTask from, ActorTask to) =>
        pairs.Exists(pair => pair.From.Equals(from.Owner) && pair.To.Equals(to.Owner));

    private sealed class ThrowingRef(IActorRefProvider provider, string actor, string message) : MinimalActorRef
    {
        public override ActorPath Path => provider.DeadLetters.Path;

        public override IActorRefProvider Provider => provider;

        protected override void TellInternal(object ignored, IActorRef sender) =>
            throw new InjectedCrashException($"{actor} crashes on {message}");
    }
}

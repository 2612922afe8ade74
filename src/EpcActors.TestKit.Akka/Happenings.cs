using global::Akka.Actor;
using global::Akka.Event;

namespace EpcActors.TestKit.Akka;

/// <summary>What a test may forbid.</summary>
[Flags]
public enum Forbidden
{
    /// <summary>All is allowed.</summary>
    None = 0,

    /// <summary>An actor has no handler for a message.</summary>
    Unhandled = 1,

    /// <summary>A message gets to an actor that is no more.</summary>
    DeadLetter = 2,

    /// <summary>An actor throws.</summary>
    Failure = 4,

    /// <summary>An actor is restarted.</summary>
    Restart = 8,

    /// <summary>An actor awaits an answer that never comes.</summary>
    EndlessAwait = 16,
}

/// <summary>Sees what Akka publishes in a run: unhandled messages, dead letters; and failures and restarts.</summary>
internal sealed class Happenings : MinimalActorRef
{
    private readonly ActorWorld _world;
    private readonly IActorRefProvider _provider;
    private readonly List<string> _noted = [];

    public Happenings(ActorWorld world, IActorRefProvider provider)
    {
        _world = world;
        _provider = provider;
        Path = provider.RootPath / "race-test";
        Subscribe(world.System);
    }

    public override ActorPath Path { get; }

    public override IActorRefProvider Provider => _provider;

    public Forbidden Forbidden { get; set; }

    /// <summary>The first thing of the run that is forbidden: what, and where; null for none.</summary>
    public (string Rule, string Detail)? Broken { get; private set; }

    /// <summary>Sees what another node publishes, too.</summary>
    public void Subscribe(ActorSystem system) => system.EventStream.Subscribe(this, typeof(object));

    public void Clear()
    {
        Broken = null;
        Forbidden = Forbidden.EndlessAwait;
        _noted.Clear();
    }

    /// <summary>What was noted since the last call.</summary>
    public string[] Take()
    {
        string[] noted = [.. _noted];
        _noted.Clear();
        return noted;
    }

    public void Note(string text) => _noted.Add(text);

    public void OnFailure(string actor, Exception cause) =>
        Happened(Forbidden.Failure, "no failure", $"{actor} fails: {cause.GetType().Name}: {cause.Message}");

    public void OnRestart(string actor) => Happened(Forbidden.Restart, "no restart", $"{actor} is restarted");

    public void OnEndlessAwait(string actors) =>
        Happened(Forbidden.EndlessAwait, "no endless await", $"{actors}: awaits an answer that never comes");

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (_world.IsFree || message is LogEvent)
        {
            return;
        }

        _world.OnPublished();
        switch (message)
        {
            case UnhandledMessage unhandled:
                Happened(
                    Forbidden.Unhandled,
                    "no unhandled message",
                    $"{_world.LabelOf(unhandled.Recipient)} does not handle {Names.Describe(unhandled.Message)}"
                        + From(unhandled.Sender));
                break;
            // A question of an earlier run may fail now, in real time, and tell it to an actor of that run.
            case DeadLetter dead when dead.Recipient is ActorRefWithCell && _world.TaskOf(dead.Recipient) is null:
                break;
            case DeadLetter { Message: not (Terminated or global::Akka.Dispatch.SysMsg.SystemMessage) } dead:
                Happened(
                    Forbidden.DeadLetter,
                    "no dead letter",
                    $"{Names.Describe(dead.Message)} for {_world.LabelOf(dead.Recipient)} is a dead letter"
                        + From(dead.Sender));
                break;
        }
    }

    private string From(IActorRef? sender) =>
        _world.LabelOf(sender) is { Length: > 0 } label ? $", from {label}" : "";

    private void Happened(Forbidden what, string rule, string detail)
    {
        _noted.Add(detail);
        if ((Forbidden & what) != 0)
        {
            Broken ??= (rule, detail);
        }
    }
}

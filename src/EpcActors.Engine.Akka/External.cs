using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>
/// An actor outside of the engine as the resources see it: a task with one request under way at most, that owns the
/// locks which it has taken.
/// </summary>
internal sealed class ExternalTask(ActorId id, string name) : TaskActor(id, name, -1, 0)
{
    public override ActorKind ActorKind => ActorKind.External;

    public override bool IsDaemon => true;

    protected override Routine Run() => throw new InvariantViolation($"{Name} has no routine");
}

/// <summary>
/// Message of a resource's actor to <see cref="RunWatch"/>: its sender has this request to this resource.
/// </summary>
internal sealed record ExternalRequest(Request Request, AkkaResource Target) : INoSerializationVerificationNeeded;

/// <summary>
/// Brings the requests of one outside actor to resources, one after the other as a task would, and the answers back.
/// Each <c>ActorRef.Ask</c> comes from a temporary actor that cannot be watched: all of them together are one task.
/// </summary>
internal sealed class ExternalActor : UntypedActor
{
    private readonly AkkaEngine _engine;
    private readonly AkkaTask _cell;
    private readonly IActorRef? _watched;
    private readonly Queue<(ExternalRequest Call, IActorRef Sender)> _waiting = [];
    private (ExternalRequest Call, IActorRef Sender)? _current;
    private bool _isCounted;
    private bool _isGone;

    /// <param name="engine">The engine.</param>
    /// <param name="cell">The task.</param>
    /// <param name="watched">The actor that asks; null for those that cannot be watched.</param>
    public ExternalActor(AkkaEngine engine, AkkaTask cell, IActorRef? watched)
    {
        _engine = engine;
        _cell = cell;
        _watched = watched;
        cell.Line.Host(Self, GetType());
    }

    protected override void PreStart()
    {
        if (_watched is not null)
        {
            Context.Watch(_watched);
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ExternalRequest call:
                _waiting.Enqueue((call, Sender));
                Arrive();
                AskNext();
                break;
            case Envelope answered when _current is { } asked:
                _engine.ExternalAnswered(answered);
                Reply(asked.Sender, asked.Call.Request.ReplyOf(answered), asked.Call.Target.Line.Ref);
                _current = null;
                AskNext();
                LeaveIfGone();
                break;
            case Terminated:
                // A request under way is answered all the same: its envelope is in the hands of a resource.
                _waiting.Clear();
                _isGone = true;
                LeaveIfGone();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    protected override void PostStop()
    {
        Status.Failure failure = new(new InvalidOperationException("the run ended before the request was answered"));
        if (_current is { } asked)
        {
            Reply(asked.Sender, failure, ActorRefs.NoSender);
        }

        foreach ((ExternalRequest _, IActorRef sender) in _waiting)
        {
            Reply(sender, failure, ActorRefs.NoSender);
        }
    }

    private void Arrive()
    {
        if (!_isCounted)
        {
            _isCounted = true;
            _engine.ExternalArrived();
        }
    }

    /// <summary>
    /// While the outside actor lives it may ask again, and release what others wait for; of one that cannot be watched
    /// the end is not known.
    /// </summary>
    private void LeaveIfGone()
    {
        if (_isCounted && _current is null && (_isGone || _watched is null))
        {
            _isCounted = false;
            _engine.ExternalLeft();
        }
    }

    /// <summary>A reply that no actor waits for is not lost.</summary>
    private static void Reply(IActorRef sender, object reply, IActorRef? from)
    {
        if (!sender.Equals(Context.System.DeadLetters))
        {
            sender.Tell(reply, from);
        }
    }

    private void AskNext()
    {
        if (_current is null && _waiting.TryDequeue(out (ExternalRequest Call, IActorRef Sender) next))
        {
            _current = next;
            _engine.PostExternal(next.Call.Request.Prepare(_cell.Task, next.Call.Target.Resource.Id), next.Call.Target);
        }
    }
}

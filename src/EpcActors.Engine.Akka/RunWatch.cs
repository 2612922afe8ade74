using Akka.Actor;
using Akka.Event;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Stands outside of <c>/user</c>: counts lost messages, has an actor for each outside actor that asks resources, and
/// stops the actors of the run. Who makes it subscribes it to <see cref="DeadLetter"/> and <see
/// cref="UnhandledMessage"/>.
/// </summary>
internal sealed class RunWatch : UntypedActor
{
    private readonly LostLetters _lost;
    private readonly Func<ActorPath, bool> _isOurs;
    private readonly Func<ActorPath, IActorRef?, Props> _propsOfExternal;
    private readonly HashSet<IActorRef> _left = [];
    private readonly Dictionary<ActorPath, IActorRef> _externals = [];
    private TaskCompletionSource? _stopped;

    /// <param name="lost">Counts.</param>
    /// <param name="isOurs">True when messages to this recipient count: others may use the system as well.</param>
    /// <param name="propsOfExternal">Makes the actor that asks for an outside one.</param>
    public RunWatch(LostLetters lost, Func<ActorPath, bool> isOurs, Func<ActorPath, IActorRef?, Props> propsOfExternal)
    {
        _lost = lost;
        _propsOfExternal = propsOfExternal;
        _isOurs = isOurs;
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DeadLetter letter when _isOurs(letter.Recipient.Path):
                _lost.Add(letter);
                break;
            case UnhandledMessage unhandled when _isOurs(unhandled.Recipient.Path):
                _lost.Add(unhandled);
                break;
            case ExternalRequest:
                ExternalOf(Sender).Forward(message);
                break;
            case StopAll all:
                _stopped = all.Stopped;
                foreach (IActorRef actor in all.Actors)
                {
                    _left.Add(actor);
                    Context.Watch(actor);
                }

                foreach (IActorRef actor in all.Actors)
                {
                    ((ExtendedActorSystem)Context.System).Stop(actor);
                }

                EndIfAlone();
                break;
            case Terminated gone:
                // The letters of an actor that is gone are in our mailbox already: they were published before its end.
                _left.Remove(gone.ActorRef);
                EndIfAlone();
                break;
        }
    }

    private IActorRef ExternalOf(IActorRef sender)
    {
        // An ask has a sender of its own in /temp, a tell without a sender has the dead letters.
        bool isAsk = sender.Path.Elements is ["temp", ..];
        bool canBeWatched = !isAsk && !sender.Equals(Context.System.DeadLetters);
        ActorPath key = isAsk ? sender.Path.Parent : sender.Path;
        if (!_externals.TryGetValue(key, out IActorRef? external))
        {
            external = Context.ActorOf(_propsOfExternal(key, canBeWatched ? sender : null));
            _externals.Add(key, external);
        }

        return external;
    }

    private void EndIfAlone()
    {
        if (_stopped is not null && _left.Count == 0)
        {
            Context.System.EventStream.Unsubscribe(Self);
            _stopped.TrySetResult();
            Context.Stop(Self);
        }
    }

    /// <summary>Stops these actors, and reports when the last of them and all below them have stopped.</summary>
    public sealed record StopAll(IReadOnlyList<IActorRef> Actors, TaskCompletionSource Stopped);
}

using global::Akka.Actor;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// What an actor of a test got. It never waits: a check that is made when no actor has anything more to do
/// (<see cref="Race.Finally"/>, <see cref="Race.Then"/>) is decided at once.
/// </summary>
public sealed class RaceProbe
{
    private readonly List<(object Message, IActorRef Sender)> _got = [];
    private int _next;

    internal RaceProbe()
    {
    }

    /// <summary>The actor.</summary>
    public IActorRef Ref { get; internal set; } = ActorRefs.Nobody;

    /// <summary>All messages so far, in order.</summary>
    public IEnumerable<object> Messages => _got.Select(one => one.Message);

    /// <summary>Sender of the message that <see cref="ExpectMsg{T}"/> returned last.</summary>
    public IActorRef LastSender { get; private set; } = ActorRefs.Nobody;

    /// <summary>Called with each message, in the actor's step; it may reply.</summary>
    public Action<object, IActorRef>? OnMessage { get; set; }

    /// <summary>The next message, which is of this type.</summary>
    /// <exception cref="RaceAssertionException">It is not, or there is none.</exception>
    public T ExpectMsg<T>()
    {
        if (_next == _got.Count)
        {
            throw new RaceAssertionException($"expected {Names.OfType(typeof(T))}, and no message came");
        }

        (object message, LastSender) = _got[_next++];
        return message is T expected
            ? expected
            : throw new RaceAssertionException(
                $"expected {Names.OfType(typeof(T))}, and {Names.Describe(message)} came");
    }

    /// <summary>There is no message that was not looked at.</summary>
    /// <exception cref="RaceAssertionException">There is one.</exception>
    public void ExpectNoMsg()
    {
        if (_next < _got.Count)
        {
            throw new RaceAssertionException($"expected no message, and {Names.Describe(_got[_next].Message)} came");
        }
    }

    internal void Got(object message, IActorRef sender)
    {
        _got.Add((message, sender));
        OnMessage?.Invoke(message, sender);
    }
}

internal sealed class ProbeActor(RaceProbe probe) : UntypedActor
{
    protected override void OnReceive(object message) => probe.Got(message, Sender);
}

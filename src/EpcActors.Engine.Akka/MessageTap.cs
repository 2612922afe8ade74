using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>
/// The tap of an actor system: opens and closes the stream of <see cref="MessageDelivered"/> of every engine in it.
/// Closed, a message costs one branch on a field; so it is closed by default.
/// </summary>
/// <remarks>
/// Akka's event stream does not report its subscribers. The tap is open while an actor is subscribed by
/// <see cref="Subscribe"/>, or all the time with <c>akka.actor.epc-tap = on</c> or <see cref="AkkaOptions.Tap"/>; then
/// an ordinary <c>EventStream.Subscribe</c> is all that is needed.
/// </remarks>
public sealed class MessageTap : IExtension
{
    /// <summary>Key in the configuration of the actor system that keeps the tap open.</summary>
    public const string Key = "akka.actor.epc-tap";

    private readonly Lock _gate = new();
    private readonly ExtendedActorSystem _system;
    private readonly HashSet<IActorRef> _subscribers = [];
    private readonly bool _staysOpen;
    private IActorRef? _watch;
    private Action? _changed;

    internal MessageTap(ExtendedActorSystem system)
    {
        _system = system;
        _staysOpen = system.Settings.Config.GetBoolean(Key, false);
    }

    /// <summary>True while messages are published.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate)
            {
                return _staysOpen || _subscribers.Count > 0;
            }
        }
    }

    /// <summary>True while an engine has a run in this system.</summary>
    internal bool IsAttached => Volatile.Read(ref _changed) is not null;

    /// <summary>The tap of a system.</summary>
    public static MessageTap Get(ActorSystem system) => system.WithExtension<MessageTap, MessageTapProvider>();

    /// <summary>
    /// Subscribes an actor to <see cref="MessageDelivered"/> on the event stream and opens the tap, before or during a
    /// run. The subscription ends with the actor.
    /// </summary>
    /// <returns>False when it is subscribed already.</returns>
    public bool Subscribe(IActorRef subscriber)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (_gate)
        {
            if (!_subscribers.Add(subscriber))
            {
                return false;
            }

            _system.EventStream.Subscribe(subscriber, typeof(MessageDelivered));
            _watch ??= _system.SystemActorOf(Props.Create(() => new Watch(this)), "epc-tap");
            _watch.Tell(subscriber, ActorRefs.NoSender);
            _changed?.Invoke();
        }

        return true;
    }

    /// <summary>Ends the subscription of an actor; the last one closes the tap.</summary>
    /// <returns>False when there was none.</returns>
    public bool Unsubscribe(IActorRef subscriber)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (_gate)
        {
            if (!_subscribers.Remove(subscriber))
            {
                return false;
            }

            _system.EventStream.Unsubscribe(subscriber, typeof(MessageDelivered));
            _changed?.Invoke();
        }

        return true;
    }

    /// <summary>Has <paramref name="changed"/> called now and after every change, one call at a time.</summary>
    internal void Attach(Action changed)
    {
        lock (_gate)
        {
            _changed += changed;
            changed();
        }
    }

    internal void Detach(Action changed)
    {
        lock (_gate)
        {
            _changed -= changed;
        }
    }

    /// <summary>Sees subscribers end.</summary>
    private sealed class Watch(MessageTap tap) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case Terminated gone:
                    tap.Unsubscribe(gone.ActorRef);
                    break;
                case IActorRef subscriber:
                    Context.Watch(subscriber);
                    break;
            }
        }
    }
}

/// <summary>Makes the tap of a system.</summary>
public sealed class MessageTapProvider : ExtensionIdProvider<MessageTap>
{
    public override MessageTap CreateExtension(ExtendedActorSystem system) => new(system);
}

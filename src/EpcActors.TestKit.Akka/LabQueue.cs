using global::Akka.Actor;
using global::Akka.Configuration;
using global::Akka.Dispatch;
using global::Akka.Dispatch.MessageQueues;

namespace EpcActors.TestKit.Akka;

/// <summary>A mailbox's queue: knows whose it is, shows its first message, and gives out one message a step.</summary>
internal sealed class LabQueue(ActorWorld? world, ActorTask? task)
    : IUnboundedMessageQueueSemantics, IUnboundedDequeBasedMessageQueueSemantics, IMessageQueue
{
    private readonly LinkedList<(Envelope Envelope, int SentAt)> _messages = [];
    private readonly Lock _gate = new();

    public ActorTask? Task => task;

    /// <summary>Messages that may be taken out now; any number while the world is free.</summary>
    public int Allowed { get; set; }

    public bool HasMessages => Count > 0;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _messages.Count;
            }
        }
    }

    /// <summary>The message that is next, and the step that sent it.</summary>
    public bool TryPeek(out Envelope envelope, out int sentAt)
    {
        lock (_gate)
        {
            (envelope, sentAt) = _messages.First?.Value ?? default;
            return _messages.Count > 0;
        }
    }

    /// <summary>Another message takes the place of the next one.</summary>
    public void ReplaceFirst(Envelope envelope)
    {
        lock (_gate)
        {
            _messages.First!.Value = (envelope, _messages.First.Value.SentAt);
        }
    }

    public void Enqueue(IActorRef receiver, Envelope envelope)
    {
        lock (_gate)
        {
            _messages.AddLast((envelope, world?.StepIndex ?? -1));
        }
    }

    public void EnqueueFirst(Envelope envelope)
    {
        lock (_gate)
        {
            _messages.AddFirst((envelope, world?.StepIndex ?? -1));
        }
    }

    public bool TryDequeue(out Envelope envelope)
    {
        lock (_gate)
        {
            if (_messages.Count == 0 || (Allowed <= 0 && world is { IsFree: false }))
            {
                envelope = default;
                return false;
            }

            Allowed--;
            envelope = _messages.First!.Value.Envelope;
            _messages.RemoveFirst();
            return true;
        }
    }

    public void CleanUp(IActorRef owner, IMessageQueue deadletters)
    {
        (Envelope Envelope, int SentAt)[] left;
        lock (_gate)
        {
            left = [.. _messages];
            _messages.Clear();
        }

        foreach ((Envelope envelope, _) in left)
        {
            deadletters.Enqueue(owner, envelope);
        }
    }
}

/// <summary>Makes the queues; stands in the configuration in place of Akka's own unbounded mailboxes.</summary>
public sealed class LabMailbox : MailboxType, IProducesMessageQueue<LabQueue>
{
    private readonly ActorWorld? _world;

    /// <summary>Called by Akka.</summary>
    public LabMailbox(Settings settings, Config config)
        : base(settings, config) => _world = LabSetup.WorldOf(settings);

    public override IMessageQueue Create(IActorRef owner, ActorSystem system) =>
        _world is null ? new UnboundedDequeMessageQueue() : _world.NewTask(owner).Queue;
}

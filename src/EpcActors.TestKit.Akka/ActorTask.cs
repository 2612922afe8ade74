using global::Akka.Actor;
using global::Akka.Dispatch;
using global::Akka.Dispatch.SysMsg;

namespace EpcActors.TestKit.Akka;

/// <summary>An actor as a task of an exploration: one step of it handles one message.</summary>
internal sealed class ActorTask
{
    private readonly List<(SystemMessage Message, int SentAt)> _system = [];

    public ActorTask(ActorWorld world, IActorRef owner, int sequence)
    {
        Owner = owner;
        Sequence = sequence;
        CreatedAt = world.StepIndex;
        Queue = new LabQueue(world, this);
        IReadOnlyList<string> path = [.. owner.Path.Elements];
        bool isSystem = path.Count < 2 || path[0] == "system";
        IsJournal = isSystem && path.Count >= 2 && path[1].StartsWith("akka.persistence", StringComparison.Ordinal);
        IsJournalItself = IsJournal && path.Count == 2;
        IsInfrastructure = isSystem && !IsJournal;
    }

    public IActorRef Owner { get; }

    public LabQueue Queue { get; }

    /// <summary>Order of creation.</summary>
    public int Sequence { get; }

    /// <summary>The step that created it; -1 for none.</summary>
    public int CreatedAt { get; }

    /// <summary>Ordinal in the execution; -1 until it could make its first step.</summary>
    public int Ordinal { get; set; } = -1;

    /// <summary>Guardians, loggers: they are no part of what is explored.</summary>
    public bool IsInfrastructure { get; }

    /// <summary>A journal, a snapshot store, or a part of one: it outlives a run, and its start is no step.</summary>
    public bool IsJournal { get; }

    /// <summary>A journal or a snapshot store, not a part of one.</summary>
    public bool IsJournalItself { get; }

    /// <summary>Its mailbox, once it had something to do.</summary>
    public Mailbox? Mailbox { get; set; }

    /// <summary>Akka has handed the mailbox over to be run.</summary>
    public bool IsQueued { get; set; }

    public bool HasStarted { get; set; }

    /// <summary>A handler of it awaits something.</summary>
    public bool IsAwaiting { get; set; }

    /// <summary>Its node has left: it does nothing any more.</summary>
    public bool IsGone { get; set; }

    /// <summary>It told its parent in this step that it failed.</summary>
    public bool HasFailed { get; set; }

    /// <summary>Name in listings and schedules.</summary>
    public string Label { get; set; } = "";

    /// <summary>Asks of it that may not be answered yet.</summary>
    public List<IActorRef> Asks { get; } = [];

    public IReadOnlyList<(SystemMessage Message, int SentAt)> SystemMessages => _system;

    public void AddSystem(SystemMessage message, int sentAt) => _system.Add((message, sentAt));

    public void ClearSystem() => _system.Clear();

    /// <summary>
    /// System messages that nothing can come between and that have no effect of their own: handled at once.
    /// </summary>
    public bool HasOnlyBookkeeping =>
        HasStarted && _system.Count > 0 && _system.TrueForAll(one => one.Message is Watch or Unwatch or Supervise);

    /// <summary>
    /// The next step handles system messages, and no other. Bookkeeping is done on the way, as Akka does it.
    /// </summary>
    public bool IsSystemStep => !HasStarted || (_system.Count > 0 && !(HasOnlyBookkeeping && CanHandle));

    /// <summary>A message is there, and the actor neither awaits nor has failed.</summary>
    private bool CanHandle => Queue.HasMessages && Mailbox is { } mailbox && !AkkaInternals.IsSuspended(mailbox);

    /// <summary>What the next step handles.</summary>
    public string NextMessage
    {
        get
        {
            if (!HasStarted)
            {
                return Names.Start;
            }

            if (IsSystemStep)
            {
                return string.Join('+', _system.Select(one => Names.OfMessage(one.Message)).Distinct());
            }

            return Queue.TryPeek(out Envelope envelope, out _) ? Names.OfMessage(envelope.Message) : "(message)";
        }
    }
}

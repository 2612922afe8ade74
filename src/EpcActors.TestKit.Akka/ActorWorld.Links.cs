using System.Globalization;
using global::Akka.Actor;
using global::Akka.Actor.Setup;
using global::Akka.Configuration;
using global::Akka.Dispatch.SysMsg;

namespace EpcActors.TestKit.Akka;

/// <content>
/// Messages under way: those of another node, and late ones. One pair's messages keep their order, as Akka promises;
/// between pairs the laboratory chooses. And nodes: actor systems beside the first, which may leave.
/// </content>
internal sealed partial class ActorWorld
{
    private readonly Dictionary<(ActorTask From, ActorTask To), Link> _links = [];
    private readonly Dictionary<int, Link> _linkAt = [];
    private readonly List<NodeState> _nodes = [];
    private readonly List<(IInternalActorRef Watcher, IInternalActorRef Watched)> _watches = [];
    private Config _config = Config.Empty;

    private int EnabledLeavers => _nodes.Count(node => node.Ordinal > 0 && IsEnabled(node.Ordinal));

    /// <summary>The node of that name; it is started when there is none.</summary>
    public ActorSystem NodeOf(string name)
    {
        if (_nodes.Find(node => node.Name == name) is { } known)
        {
            return known.System;
        }

        bool isFree = IsFree;
        IsFree = true;
        ActorSystem system = Start(name);
        Happenings.Subscribe(system);
        WaitForFreeRuns();
        IsFree = isFree;
        _nodes.Add(new NodeState(name, system));
        return system;
    }

    public bool HasLeft(string name) => _nodes.Exists(node => node.Name == name && node.HasLeft);

    /// <summary>Schedules may choose that the node leaves, once.</summary>
    public void AllowLeaving(string name)
    {
        NodeState node = _nodes.Find(one => one.Name == name)!;
        if (node.Ordinal == 0)
        {
            node.Ordinal = AddTask();
            _tasks.Add(null);
        }
    }

    /// <summary>
    /// The node is gone as a process that was killed: its actors do nothing any more, what is under way to it and from
    /// it is lost, and those on other nodes that watch one of its actors are told.
    /// </summary>
    public void Leave(string name)
    {
        NodeState node = _nodes.Find(one => one.Name == name)!;
        node.HasLeft = true;
        _touches.Add(Shared);
        foreach (ActorTask task in Live().Where(task => NodeStateOf(task.Owner) == node && !task.IsInfrastructure))
        {
            task.IsGone = true;
            task.IsAwaiting = false;
            _touched.Add(task);
            if (task.Ordinal > 0 && IsEnabled(task.Ordinal))
            {
                Disable(task.Ordinal);
            }
        }

        foreach (Link link in _links.Values.Where(link => link.From.IsGone || link.To.IsGone))
        {
            _touches.Add(link.Ordinal);
            if (link.Messages.Count > 0)
            {
                link.Messages.Clear();
                Disable(link.Ordinal);
            }
        }

        _scheduler.RemoveOf((LabScheduler)node.System.Scheduler);
        Happenings.Note($"{name} leaves");
        foreach ((IInternalActorRef watcher, IInternalActorRef watched) in _watches.ToArray())
        {
            if (TaskOf(watched) is { IsGone: true } && TaskOf(watcher) is { IsGone: false })
            {
                TellEnd(watcher, watched);
            }
        }
    }

    /// <summary>Starts an actor system whose mailboxes the laboratory runs.</summary>
    private ActorSystem Start(string node)
    {
        ActorSystemSetup setup = BootstrapSetup.Create().WithConfig(LabConfig.Over(_config)).And(new LabSetup(this));
        LabScheduler.StartFor(this);
        try
        {
            string number = Interlocked.Increment(ref _systems).ToString(CultureInfo.InvariantCulture);
            return ActorSystem.Create(node.Length > 0 ? $"race-{number}-{node}" : $"race-{number}", setup);
        }
        finally
        {
            LabScheduler.StartFor(null);
        }
    }

    private void ForgetLinks()
    {
        _links.Clear();
        _linkAt.Clear();
        _watches.Clear();
        foreach (NodeState node in _nodes)
        {
            node.HasLeft = false;
            node.Ordinal = 0;
        }
    }

    /// <summary>
    /// A message goes by a link where it leaves a node, behind a late one of its pair, or when chosen.
    /// </summary>
    private bool GoesByLink(ActorTask from, ActorTask to) =>
        NodeStateOf(from.Owner) != NodeStateOf(to.Owner)
        || (_links.TryGetValue((from, to), out Link? link) && link.Messages.Count > 0)
        || Choose(from.Ordinal, Faults.LatePoint, Faults.MayDelay(from, to));

    private void SendByLink(ActorTask from, ActorTask to, UnderWay message)
    {
        if (!_links.TryGetValue((from, to), out Link? link))
        {
            link = new Link(from, to, AddTask());
            _tasks.Add(null);
            _links.Add((from, to), link);
            _linkAt.Add(link.Ordinal, link);
        }

        link.Messages.Enqueue(message);
        _sends.Add(link.Ordinal);
        if (!IsEnabled(link.Ordinal))
        {
            Enable(link.Ordinal);
        }
    }

    /// <summary>A step that is no actor's: time, a message that arrives, a node that leaves.</summary>
    private void MakeOtherStep(int ordinal)
    {
        if (ordinal == TimeTask)
        {
            NoteDetail(ordinal);
            MakeTimePass();
            return;
        }

        if (_linkAt.TryGetValue(ordinal, out Link? link))
        {
            Deliver(link);
            return;
        }

        NodeState node = _nodes.Find(one => one.Ordinal == ordinal)!;
        Disable(ordinal);
        NoteDetail(ordinal);
        OnStep?.Invoke(new ActorStep(node.Name, Names.Leaves, "", Names.Leaves, _scheduler.Now));
        InStep(() => Leave(node.Name));
    }

    private void Deliver(Link link)
    {
        UnderWay message = link.Messages.Dequeue();
        _causes.Add(message.SentAt);
        NoteDetail(link.Ordinal);
        if (link.Messages.Count == 0)
        {
            Disable(link.Ordinal);
        }

        OnStep?.Invoke(new ActorStep(
            LabelOf(link),
            Names.OfMessage(message.Envelope.Message),
            link.From.Label,
            "arrives: " + Names.Describe(message.Envelope.Message),
            _scheduler.Now));
        _sentTo.Add(link.To);
        InStep(() => message.Dispatcher.Deliver(message.Cell, message.Envelope));
    }

    private (string Actor, string Message) NextOfOther(int ordinal) =>
        ordinal == TimeTask ? (ActorStep.Time, _scheduler.Next is { } timer ? TimerName(timer) : "")
        : _linkAt.TryGetValue(ordinal, out Link? link)
            ? (LabelOf(link), Names.OfMessage(link.Messages.Peek().Envelope.Message))
        : (_nodes.Find(node => node.Ordinal == ordinal)!.Name, Names.Leaves);

    private string LabelOf(Link link) => $"{LabelOf(link.From.Owner)}->{LabelOf(link.To.Owner)}";

    /// <summary>Nodes may leave while something else can happen.</summary>
    private void SettleNodes(bool canLeave)
    {
        foreach (NodeState node in _nodes.Where(node => node.Ordinal > 0))
        {
            bool may = canLeave && !node.HasLeft;
            if (may && !IsEnabled(node.Ordinal))
            {
                Enable(node.Ordinal);
            }
            else if (!may && IsEnabled(node.Ordinal))
            {
                Disable(node.Ordinal);
            }
        }
    }

    /// <summary>Who watches whom over nodes: they are told when a node leaves, or has left already.</summary>
    private void NoteWatch(ActorTask receiver, SystemMessage message)
    {
        switch (message)
        {
            case Watch watch when receiver.IsGone:
                TellEnd(watch.Watcher, watch.Watchee);
                break;
            case Watch watch when NodeStateOf(watch.Watcher) != NodeStateOf(watch.Watchee):
                _watches.Add((watch.Watcher, watch.Watchee));
                break;
            case Unwatch unwatch:
                _watches.RemoveAll(one => one.Watcher.Equals(unwatch.Watcher) && one.Watched.Equals(unwatch.Watchee));
                break;
        }
    }

    private static void TellEnd(IInternalActorRef watcher, IInternalActorRef watched) =>
        watcher.SendSystemMessage(
            new DeathWatchNotification(watched, existenceConfirmed: true, addressTerminated: true));

    private void InStep(Action act)
    {
        IsInTime = true;
        ActorWorld? before = Flow.Value;
        Flow.Value = this;
        try
        {
            act();
        }
        finally
        {
            Flow.Value = before;
            IsInTime = false;
        }
    }

    private NodeState? NodeStateOf(IActorRef actor)
    {
        if (_nodes.Count == 0)
        {
            return null;
        }

        string system = actor.Path.Address.System;
        return _nodes.Find(node => node.System.Name == system);
    }

    private sealed record UnderWay(LabDispatcher Dispatcher, ActorCell Cell, Envelope Envelope, int SentAt);

    private sealed class Link(ActorTask from, ActorTask to, int ordinal)
    {
        public ActorTask From => from;

        public ActorTask To => to;

        public int Ordinal => ordinal;

        public Queue<UnderWay> Messages { get; } = [];
    }

    private sealed class NodeState(string name, ActorSystem system)
    {
        public string Name => name;

        public ActorSystem System => system;

        /// <summary>Task whose step is that it leaves; 0: it does not by itself.</summary>
        public int Ordinal { get; set; }

        public bool HasLeft { get; set; }
    }
}

using Akka.Actor;
using Akka.Cluster;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The coordinator's end of the lines to all members: <c>/user/epc-coordinator</c> of the one process with the role. It
/// is a plain actor and no singleton: a coordinator's knowledge of its run cannot move to another process, and this
/// process serves the user's terminal.
/// </summary>
internal sealed class CoordinatorActor : UntypedActor, IWithTimers
{
    public const string Name = "epc-coordinator";

    private static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(50);

    private readonly ICoordinatorListener _listener;
    private readonly RunToken _token;
    private readonly TimeSpan _failureTimeout;
    private readonly Action<string> _note;
    private readonly AkkaCluster _cluster;
    private readonly HashSet<UniqueAddress> _present = [];
    private readonly Dictionary<UniqueAddress, Introduction> _guests = [];
    private readonly Dictionary<UniqueAddress, AkkaMemberLink> _links = [];
    private readonly Dictionary<UniqueAddress, string> _over = [];
    private readonly List<(UniqueAddress Node, long SinceMs)> _strangers = [];
    private readonly List<TaskCompletionSource> _flushes = [];
    private bool _isLeaving;

    public CoordinatorActor(ICoordinatorListener listener, RunToken token, TimeSpan failureTimeout, Action<string> note)
    {
        _listener = listener;
        _token = token;
        _failureTimeout = failureTimeout;
        _note = note;
        _cluster = AkkaCluster.Get(Context.System);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(
        ICoordinatorListener listener,
        RunToken token,
        TimeSpan failureTimeout,
        Action<string> note) =>
        global::Akka
            .Actor.Props.Create(() => new CoordinatorActor(listener, token, failureTimeout, note))
            .WithDispatcher(ClusterSystem.Dispatcher);

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(Local.Tick), Local.Tick.Instance, TickTime);
        _cluster.Subscribe(
            Self,
            ClusterEvent.InitialStateAsEvents,
            typeof(ClusterEvent.IMemberEvent),
            typeof(ClusterEvent.IReachabilityEvent));
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        _flushes.ForEach(flush => flush.TrySetResult());
        if (!_isLeaving)
        {
            foreach (AkkaMemberLink link in _links.Values.ToArray())
            {
                Lose(link.Node, "the coordinator's own process is no longer in the cluster");
            }
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Handshake step:
                OnHandshake(step);
                break;
            case ControlPart part:
                OnPart(part);
                break;
            case ControlTaken taken:
                OnTaken(taken);
                break;
            case Local local:
                OnLocal(local);
                break;
            case ClusterEvent.IMemberEvent change:
                OnMember(change);
                break;
            case ClusterEvent.UnreachableMember change:
                _note(
                    $"the member at {ClusterSystem.Place(change.Member.Address)} is not heard of; it may come back "
                        + $"within {Words.Of(_failureTimeout)}");
                break;
            case ClusterEvent.ReachableMember change:
                _note($"the member at {ClusterSystem.Place(change.Member.Address)} is heard of again");
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnLocal(Local local)
    {
        switch (local)
        {
            case Local.Tick:
                OnTick();
                break;
            case Local.Tell { To: { IsOver: false, IsDropped: false } link, Message: var message }:
                link.Line.Add(message);
                Pump(link);
                break;
            case Local.Tell:
                // It was lost or dropped meanwhile.
                break;
            case Local.Drop drop:
                Drop(drop.Link);
                break;
            case Local.Leaving:
                _isLeaving = true;
                break;
            case Local.Flush flush:
                _flushes.Add(flush.Done);
                AnswerFlushes();
                break;
            default:
                Unhandled(local);
                break;
        }
    }

    private void OnHandshake(Handshake step)
    {
        UniqueAddress node = new(Sender.Path.Address, step.Life);
        if (_over.TryGetValue(node, out string? reason))
        {
            Sender.Tell(new LifeOver(step.Life, reason), Self);
        }
        else if (!_present.Contains(node) || _links.ContainsKey(node) || _isLeaving)
        {
            // Gossip is late and the process will ask again; or it is let in already.
        }
        else if (step is { Nonce.Length: RunToken.NonceBytes, Proof.Length: 0 })
        {
            // The same answer to the same question: a second answer must not invalidate the proof that is on its way.
            if (
                !_guests.TryGetValue(node, out Introduction? guest)
                || !guest.NonceOfMember.AsSpan().SequenceEqual(step.Nonce))
            {
                guest = new Introduction(_cluster.SelfUniqueAddress, node, RunToken.NewNonce(), step.Nonce);
                _guests[node] = guest;
            }

            Sender.Tell(new Handshake(step.Life, guest.NonceOfCoordinator, _token.ProofOfCoordinator(guest)), Self);
        }
        else if (_guests.Remove(node, out Introduction? guest))
        {
            if (RunToken.AreEqual(_token.ProofOfMember(guest), step.Proof))
            {
                _links.Add(node, new AkkaMemberLink(node, Sender));
            }
            else
            {
                TurnAway(node);
            }
        }
    }

    /// <summary>
    /// Once per incarnation: any other message of it is answered with the reason. A process that does not leave then is
    /// downed.
    /// </summary>
    private void TurnAway(UniqueAddress node)
    {
        const string Reason =
            "the token of this process is not that of the run: give it the file that the coordinator has, with "
                + "--token-file";
        _over[node] = Reason;
        _strangers.Add((node, FrameQueues.NowMs));
        Sender.Tell(new LifeOver(node.Uid, Reason), Self);
        _note(
            $"a process at {ClusterSystem.Place(node.Address)} was turned away: it does not have the token of this run"
        );
    }

    private void OnPart(ControlPart part)
    {
        UniqueAddress node = new(Sender.Path.Address, part.Life);
        if (_over.TryGetValue(node, out string? reason))
        {
            Sender.Tell(new LifeOver(part.Life, reason), Self);
            return;
        }

        if (!_links.TryGetValue(node, out AkkaMemberLink? link))
        {
            // A stranger, or a member whose proof was lost on the way: that one sends both again.
            return;
        }

        if (link.IsDropped)
        {
            if (link.Line.IsIdle)
            {
                Sender.Tell(new LifeOver(part.Life, "it was taken out of the run"), Self);
            }

            return;
        }

        ControlMessage? message;
        try
        {
            message = link.Line.OnPart(part);
        }
        catch (WireFormatException error)
        {
            link.Line.Add(
                new ControlMessage.Refused(
                    $"this process does not speak as the coordinator does: {error.Message}",
                    ClusterErrorKind.Usage));
            Pump(link);
            Lose(node, $"it does not speak as the coordinator does: {error.Message}");
            return;
        }

        Sender.Tell(link.Line.Taken, Self);
        switch (message)
        {
            case null:
                break;
            case ControlMessage.Hello hello:
                _listener.OnHello(link, hello);
                break;
            default:
                _listener.OnControl(link, message);
                break;
        }
    }

    private void OnTaken(ControlTaken taken)
    {
        if (_links.TryGetValue(new UniqueAddress(Sender.Path.Address, taken.Life), out AkkaMemberLink? link))
        {
            link.Line.OnTaken(taken.Number, FrameQueues.NowMs);
            Pump(link);
            AnswerFlushes();
        }
    }

    private void OnMember(ClusterEvent.IMemberEvent change)
    {
        Member member = change.Member;
        if (!member.HasRole(AkkaClusterOptions.MemberRole))
        {
            return;
        }

        switch (change)
        {
            case ClusterEvent.MemberJoined or ClusterEvent.MemberWeaklyUp or ClusterEvent.MemberUp:
                _present.Add(member.UniqueAddress);
                break;
            case ClusterEvent.MemberRemoved { PreviousStatus: not MemberStatus.Down }:
                Lose(member.UniqueAddress, "it has left");
                break;
            case ClusterEvent.MemberDowned or ClusterEvent.MemberRemoved:
                Lose(
                    member.UniqueAddress,
                    $"it was not heard of for {Words.Of(_failureTimeout)}: the cluster has taken it out");
                break;
        }
    }

    private void OnTick()
    {
        foreach ((UniqueAddress node, long sinceMs) in _strangers.ToArray())
        {
            if (FrameQueues.NowMs - sinceMs > _failureTimeout.TotalMilliseconds)
            {
                _strangers.Remove((node, sinceMs));
                _cluster.Down(node.Address);
            }
        }

        foreach (AkkaMemberLink link in _links.Values)
        {
            foreach (ControlPart part in link.Line.Overdue(FrameQueues.NowMs))
            {
                link.Actor.Tell(part, Self);
            }

            // It was told, and had time to leave by itself.
            if (
                link.IsDropped
                && !link.IsDowned
                && FrameQueues.NowMs - link.DroppedAtMs > _failureTimeout.TotalMilliseconds)
            {
                link.IsDowned = true;
                _cluster.Down(link.Node.Address);
            }
        }
    }

    private void Pump(AkkaMemberLink link)
    {
        while (link.Line.Next(FrameQueues.NowMs) is { } part)
        {
            link.Actor.Tell(part, Self);
        }
    }

    private void Drop(AkkaMemberLink link)
    {
        if (link is { IsOver: false, IsDropped: false })
        {
            // Its last messages still arrive.
            link.IsDropped = true;
            link.DroppedAtMs = FrameQueues.NowMs;
        }
    }

    private void Lose(UniqueAddress node, string reason)
    {
        _present.Remove(node);
        _guests.Remove(node);
        _strangers.RemoveAll(stranger => stranger.Node.Equals(node));
        _over.TryAdd(node, reason);
        if (_links.Remove(node, out AkkaMemberLink? link))
        {
            link.IsOver = true;
            if (!link.IsDropped && !_isLeaving)
            {
                _listener.OnLost(link, reason);
            }
        }

        AnswerFlushes();
    }

    private void AnswerFlushes()
    {
        if (_flushes.Count > 0 && _links.Values.All(link => link.Line.IsIdle))
        {
            _flushes.ForEach(flush => flush.TrySetResult());
            _flushes.Clear();
        }
    }
}

/// <summary>One incarnation of a member. All but the address belongs to <see cref="CoordinatorActor"/>.</summary>
internal sealed class AkkaMemberLink(UniqueAddress node, IActorRef actor) : MemberLink
{
    public override string Address => ClusterSystem.Place(node.Address);

    public UniqueAddress Node => node;

    public IActorRef Actor => actor;

    public ControlLine Line { get; } = new(node.Uid);

    /// <summary>Dead, or gone.</summary>
    public bool IsOver { get; set; }

    /// <summary>Not heard any more, by order.</summary>
    public bool IsDropped { get; set; }

    public long DroppedAtMs { get; set; }

    public bool IsDowned { get; set; }
}

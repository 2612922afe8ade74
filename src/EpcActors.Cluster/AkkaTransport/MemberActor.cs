using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// A member's end of the line to the coordinator, <c>/user/epc-member</c>: says hello once this process is in the
/// cluster and has seen that the coordinator has the token of the run, and knows when the coordinator is lost.
/// </summary>
internal sealed class MemberActor : UntypedActor, IWithTimers
{
    public const string Name = "epc-member";

    private static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(50);

    private readonly MemberDuties _duties;
    private readonly AkkaCluster _cluster;
    private readonly int _life;
    private readonly ControlLine _line;
    private readonly byte[] _nonce = RunToken.NewNonce();
    private readonly List<ControlMessage> _early = [];
    private readonly List<TaskCompletionSource> _flushes = [];
    private UniqueAddress? _coordinator;
    private IActorRef _coordinatorActor = ActorRefs.Nobody;
    private Handshake? _step;
    private long _stepAtMs;
    private bool _isProven;
    private bool _isUp;
    private bool _isCoordinatorHeard = true;
    private bool _isWelcome;
    private bool _isOpen;
    private bool _isLeaving;
    private string? _lost;
    private bool _isLossTold;

    public MemberActor(MemberDuties duties)
    {
        _duties = duties;
        _cluster = AkkaCluster.Get(Context.System);
        _life = _cluster.SelfUniqueAddress.Uid;
        _line = new ControlLine(_life);
        _line.Add(duties.Hello);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(MemberDuties duties) =>
        global::Akka.Actor.Props.Create(() => new MemberActor(duties)).WithDispatcher(ClusterSystem.Dispatcher);

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(Local.Tick), Local.Tick.Instance, TickTime);
        _cluster.Subscribe(
            Self,
            ClusterEvent.InitialStateAsEvents,
            typeof(ClusterEvent.IMemberEvent),
            typeof(ClusterEvent.IReachabilityEvent));
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        Lose("this process is no longer in the cluster");
        AnswerFlushes();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case IWireMessage when _coordinator is null || !Sender.Path.Address.Equals(_coordinator.Address):
                // Of a process that has no say.
                break;
            case Handshake step when step.Life == _life:
                OnHandshake(step);
                break;
            case ControlPart part when _isProven:
                OnPart(part);
                break;
            case ControlTaken taken when taken.Life == _life && _isProven:
                _step = null;
                _line.OnTaken(taken.Number, FrameQueues.NowMs);
                _duties.Heard.TrySetResult();
                Pump();
                break;
            case LifeOver over when over.Life == _life:
                Lose($"the coordinator has let this process go: {over.Reason}");
                break;
            case Local local:
                OnLocal(local);
                break;
            case ClusterEvent.IMemberEvent change:
                OnMember(change);
                break;
            case ClusterEvent.ReachabilityEvent change:
                OnReachability(change);
                break;
            case ThisActorSystemQuarantinedEvent quarantined
                when quarantined.RemoteAddress.Equals(_coordinator?.Address):
                Lose(TakenOut);
                break;
            case IWireMessage or ThisActorSystemQuarantinedEvent:
                // From an earlier incarnation at this address, or from a coordinator without a proof.
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
                Resend();
                break;
            case Local.Tell tell when _lost is null:
                _line.Add(tell.Message);
                Pump();
                break;
            case Local.Tell:
                break;
            case Local.Open:
                Open();
                break;
            case Local.Leaving:
                _isLeaving = true;
                break;
            case Local.Over over:
                Lose(over.Reason ?? TakenOut);
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
        if (
            _isProven
            || _lost is not null
            || step is not { Nonce.Length: RunToken.NonceBytes, Proof.Length: RunToken.ProofBytes })
        {
            return;
        }

        Introduction between = new(_coordinator!, _cluster.SelfUniqueAddress, step.Nonce, _nonce);
        if (!RunToken.AreEqual(_duties.Token.ProofOfCoordinator(between), step.Proof))
        {
            // A process without a proof of its own is refused, and the coordinator's user learns it. A stranger gets no
            // proof.
            _coordinatorActor.Tell(new Handshake(_life, [], []), Self);
            Lose(
                $"the token of this process is not that of the coordinator at "
                    + $"{ClusterSystem.Place(_coordinator!.Address)}: "
                    + "give both the same file with --token-file, and see that the variable EPC_CLUSTER_TOKEN is not "
                    + "that of another run",
                ClusterErrorKind.Usage);
            return;
        }

        _isProven = true;
        Take(new Handshake(_life, [], _duties.Token.ProofOfMember(between)));
        Pump();
    }

    /// <summary>A step of the handshake, sent until it is answered.</summary>
    private void Take(Handshake step)
    {
        _step = step;
        _stepAtMs = FrameQueues.NowMs;
        _coordinatorActor.Tell(step, Self);
    }

    private void Knock()
    {
        if (_isUp && _coordinator is not null && _step is null && _lost is null && !_isProven)
        {
            Take(new Handshake(_life, _nonce, []));
        }
    }

    private void OnPart(ControlPart part)
    {
        if (part.Life != _life || _lost is not null)
        {
            return;
        }

        ControlMessage? message;
        try
        {
            message = _line.OnPart(part);
        }
        catch (WireFormatException error)
        {
            Lose($"the coordinator does not speak as this program does: {error.Message}");
            return;
        }

        Sender.Tell(_line.Taken, Self);
        switch (message)
        {
            case null:
                break;
            case ControlMessage.Welcome welcome when !_isWelcome:
                _isWelcome = true;
                _duties.Welcome.TrySetResult(welcome);
                break;
            case ControlMessage.Refused refused when !_isWelcome:
                _isLeaving = true;
                _duties.Welcome.TrySetException(new ClusterException(refused.Cause, refused.Reason));
                break;
            case ControlMessage.Refused refused:
                // There will be no run after all.
                Lose(refused.Reason);
                break;
            default:
                if (_isOpen)
                {
                    _duties.Listener.OnControl(message);
                }
                else
                {
                    _early.Add(message);
                }

                break;
        }
    }

    private void OnMember(ClusterEvent.IMemberEvent change)
    {
        Member member = change.Member;
        if (member.UniqueAddress.Equals(_cluster.SelfUniqueAddress))
        {
            OnSelf(change);
            return;
        }

        if (!member.HasRole(AkkaClusterOptions.CoordinatorRole))
        {
            return;
        }

        switch (change)
        {
            case ClusterEvent.MemberUp when _coordinator is null:
                _coordinator = member.UniqueAddress;
                _coordinatorActor = ClusterSystem.Resolve(
                    Context.System, member.Address.ToString(), CoordinatorActor.Name);
                Knock();
                break;
            case ClusterEvent.MemberExited
            or ClusterEvent.MemberRemoved { PreviousStatus: MemberStatus.Exiting }
                when member.UniqueAddress.Equals(_coordinator):
                Lose($"the coordinator at {ClusterSystem.Place(member.Address)} has left: the run is over");
                break;
            case ClusterEvent.MemberDowned or ClusterEvent.MemberRemoved when member.UniqueAddress.Equals(_coordinator):
                Lose(TakenOut);
                break;
        }
    }

    private void OnSelf(ClusterEvent.IMemberEvent change)
    {
        switch (change)
        {
            case ClusterEvent.MemberUp or ClusterEvent.MemberWeaklyUp:
                _isUp = true;
                Knock();
                break;
            case ClusterEvent.MemberDowned or ClusterEvent.MemberRemoved { PreviousStatus: MemberStatus.Down }:
                Lose(TakenOut);
                break;
        }
    }

    private void OnReachability(ClusterEvent.ReachabilityEvent change)
    {
        bool isCoordinator = change.Member.UniqueAddress.Equals(_coordinator);
        string who = isCoordinator ? "the coordinator" : "the member";
        if (isCoordinator)
        {
            _isCoordinatorHeard = change is ClusterEvent.ReachableMember;
        }

        _duties.Note(change is ClusterEvent.UnreachableMember
            ? $"{who} at {ClusterSystem.Place(change.Member.Address)} is not heard of; it may come back"
            : $"{who} at {ClusterSystem.Place(change.Member.Address)} is heard of again");
    }

    private void Pump()
    {
        if (_isProven && _lost is null)
        {
            while (_line.Next(FrameQueues.NowMs) is { } part)
            {
                _coordinatorActor.Tell(part, Self);
            }
        }

        AnswerFlushes();
    }

    private void Resend()
    {
        if (_lost is null)
        {
            if (_step is { } step && FrameQueues.NowMs - _stepAtMs >= ControlLine.ResendMs)
            {
                Take(step);
            }

            foreach (ControlPart part in _line.Overdue(FrameQueues.NowMs))
            {
                _coordinatorActor.Tell(part, Self);
            }
        }
    }

    private void Open()
    {
        _isOpen = true;
        foreach (ControlMessage message in _early)
        {
            _duties.Listener.OnControl(message);
        }

        _early.Clear();
        TellLoss();
    }

    private void Lose(string reason, ClusterErrorKind kind = ClusterErrorKind.NotFormed)
    {
        if (_lost is null)
        {
            _lost = reason;
            _duties.Welcome.TrySetException(new ClusterException(kind, reason));
            _duties.Heard.TrySetException(new ClusterException(kind, reason));
        }

        TellLoss();
        AnswerFlushes();
    }

    private void TellLoss()
    {
        if (_lost is not null && _isOpen && !_isLossTold && !_isLeaving)
        {
            _isLossTold = true;
            _duties.Listener.OnCoordinatorLost(_lost);
        }
    }

    private void AnswerFlushes()
    {
        if (_flushes.Count > 0 && (_line.IsIdle || _lost is not null || _coordinator is null))
        {
            _flushes.ForEach(flush => flush.TrySetResult());
            _flushes.Clear();
        }
    }

    /// <summary>Akka.Cluster reports the same event in several ways, in any order.</summary>
    private string TakenOut =>
        _isCoordinatorHeard
            ? $"the coordinator has taken this process out: it was not heard of for "
                + $"{Words.Of(_duties.FailureTimeout)}, or has no part in the run any more"
            : $"the coordinator was not heard of for {Words.Of(_duties.FailureTimeout)}";
}

/// <summary>Callbacks and settings of a member's actor.</summary>
/// <param name="Hello">Introduction of this process.</param>
/// <param name="Token">Of the run.</param>
/// <param name="Listener">Receiver of what arrives.</param>
/// <param name="Heard">Set when the coordinator has taken the hello.</param>
/// <param name="Welcome">Set by its answer.</param>
/// <param name="FailureTimeout">For words.</param>
/// <param name="Note">Gets words.</param>
internal sealed record MemberDuties(
    ControlMessage.Hello Hello,
    RunToken Token,
    IMemberListener Listener,
    TaskCompletionSource Heard,
    TaskCompletionSource<ControlMessage.Welcome> Welcome,
    TimeSpan FailureTimeout,
    Action<string> Note);

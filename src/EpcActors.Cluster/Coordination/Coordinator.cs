using System.Globalization;
using System.Threading.Channels;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Results;

namespace EpcActors.Cluster.Coordination;

/// <summary>
/// Forms a cluster, decides which members live, injects faults, audits over all processes, detects the end of the work,
/// and collects the reports. It takes no part in the traffic between the members.
/// </summary>
/// <remarks>
/// One loop has all state: what a transport, a process or a signal says goes into a channel, and is worked off in the
/// order of its arrival with the time of the given clock. So a test has it do exactly one thing after another (<see
/// cref="Pump"/>), and a run calls <see cref="RunAsync"/>. The methods of <see cref="ICoordinatorListener"/> may be
/// called from any thread.
/// </remarks>
public sealed partial class Coordinator : ICoordinatorListener
{
    /// <summary>Period at which the loop looks at the clock when nothing arrives.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);

    private const long BetweenWatchNs = 250_000_000;

    private const int MostFalseStarts = 3;

    private readonly CoordinatorOptions _options;
    private readonly ICoordinatorTransport _transport;
    private readonly IProcessKeeper _keeper;
    private readonly TimeProvider _time;
    private readonly Action<ClusterStatus>? _watch;
    private readonly Channel<Action> _events = Channel.CreateUnbounded<Action>(
        new UnboundedChannelOptions { SingleReader = true });
    private readonly long _epochStamp;
    private readonly int _socketCount;

    // Ordered by number once the cluster is complete; before that by arrival.
    private List<Member> _members = [];
    private readonly List<Death> _deaths = [];
    private readonly List<string> _notes = [];
    private readonly List<TimelineMark> _marks = [];
    private Phase _phase = Phase.Forming;
    private Placement _placement = null!;
    private ClusterAuditRules _rules = null!;
    private ClusterView _view = null!;
    private string _wrong = "";
    private ClusterErrorKind _wrongKind;
    private string _failure = "";
    private int _tickets;
    private long _startedNs;
    private long _watchedNs = -BetweenWatchNs;
    private long _lookedNs;
    private long _viewAwakeNs;

    /// <param name="options">Settings of the cluster and its run.</param>
    /// <param name="transport">Transport to the members; closed at the end, and disposed of by the caller.</param>
    /// <param name="keeper">Starts the processes of this machine.</param>
    /// <param name="time">The clock.</param>
    /// <param name="watch">Called from the loop, four times a second; may be null.</param>
    public Coordinator(
        CoordinatorOptions options,
        ICoordinatorTransport transport,
        IProcessKeeper keeper,
        TimeProvider time,
        Action<ClusterStatus>? watch = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _transport = transport;
        _keeper = keeper;
        _time = time;
        _watch = watch;
        _epochStamp = time.GetTimestamp();
        _socketCount = options.Scenario.Machine.Nodes.Count;
        HashSet<int> asked = [];
        foreach (IReadOnlyList<int> sockets in options.Own)
        {
            foreach (int socket in sockets)
            {
                if ((uint)socket >= (uint)_socketCount || !asked.Add(socket))
                {
                    throw new ArgumentException($"socket {socket} is not there or is given out twice", nameof(options));
                }
            }

            _members.Add(new Member(sockets, isOwn: true));
        }

        if (asked.Count == _socketCount)
        {
            Number();
        }
    }

    private enum Phase
    {
        /// <summary>Members are missing.</summary>
        Forming,

        /// <summary>All members were welcomed; not all have their actors.</summary>
        Preparing,

        Running,

        /// <summary>All members were told to stop; results come in.</summary>
        Stopping,

        Ended,
    }

    private long NowNs => (long)(_time.GetElapsedTime(_epochStamp).Ticks * 100.0);

    private long RunNs => NowNs - _startedNs;

    /// <summary>
    /// Time for all members to join, to make their actors, and to join again: the one limit of all steps before the
    /// run.
    /// </summary>
    private long JoinTimeoutNs => _options.Scenario.Cluster.JoinTimeoutNs;

    /// <summary>
    /// The clock of silence: the time in which the coordinator looked. After a gap (it was stopped, or got no
    /// processor) the words of the members may not have arrived yet, so a gap counts as a quarter of the failure
    /// timeout at most, and no member dies of it.
    /// </summary>
    private long AwakeNs { get; set; }

    private long FailureTimeoutNs => _options.Scenario.Cluster.FailureTimeoutNs;

    /// <summary>True when there is nothing more to do: <see cref="Outcome"/> can be asked.</summary>
    internal bool HasEnded => _phase == Phase.Ended;

    /// <summary>The view in force; null before there is one.</summary>
    internal ClusterView? View => _view;

    /// <summary>Reason of the run's end; null before it is decided.</summary>
    internal RunEndKind? EndsWith => _phase is Phase.Stopping or Phase.Ended && _wrong.Length == 0 ? _end : null;

    /// <summary>Findings of the audits so far.</summary>
    internal IReadOnlyList<ViolationReport> Found => _findings.IsEmpty ? [] : Violations();

    /// <summary>Gets each decision in plain words; may be null. Called from the loop.</summary>
    internal Action<string>? Decided { get; set; }

    /// <summary>
    /// Opens the coordinator's actor, starts the processes, runs to the end, and closes the coordinator's actor. Called
    /// once.
    /// </summary>
    /// <param name="cancellationToken">Ends the run with what there is: the results are still collected.</param>
    /// <exception cref="ClusterException">the cluster could not be formed; the message says why and what to
    /// do.</exception>
    public async Task<ClusterOutcome> RunAsync(CancellationToken cancellationToken)
    {
        await _transport.OpenAsync(this, CancellationToken.None).ConfigureAwait(false);
        try
        {
            using CancellationTokenRegistration cancel = cancellationToken.Register(() => Post(Cancel));
            await using ITimer beat = _time.CreateTimer(_ => Post(static () => { }), null, Beat, Beat);
            Begin();
            Pump();
            while (!HasEnded)
            {
                await _events.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false);
                Pump();
            }

            return Outcome();
        }
        finally
        {
            _events.Writer.TryComplete();
            await _transport.CloseAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void OnHello(MemberLink member, ControlMessage.Hello hello) => Post(() => Hello(member, hello));

    public void OnControl(MemberLink member, ControlMessage message) => Post(() => Control(member, message));

    public void OnLost(MemberLink member, string reason) => Post(() => Lost(member, reason));

    /// <summary>Starts what is to be started here.</summary>
    internal void Begin()
    {
        foreach (Member member in _members.ToArray())
        {
            StartProcess(member);
        }
    }

    /// <summary>Ctrl-C.</summary>
    internal void Cancel()
    {
        if (_phase is Phase.Forming or Phase.Preparing)
        {
            GiveUp("cancelled before the run began");
        }
        else
        {
            End(RunEndKind.Cancelled);
        }
    }

    /// <summary>Works off what has arrived, then what is due by the clock.</summary>
    internal void Pump()
    {
        long nowNs = NowNs;
        AwakeNs += Math.Min(nowNs - _lookedNs, FailureTimeoutNs / 4);
        _lookedNs = nowNs;
        while (!HasEnded && _events.Reader.TryRead(out Action? next))
        {
            next();
        }

        if (!HasEnded)
        {
            OnClock();
        }

        Watch();
    }

    /// <summary>Result of the run.</summary>
    /// <exception cref="ClusterException">there was none, and why.</exception>
    internal ClusterOutcome Outcome()
    {
        if (_wrong.Length > 0)
        {
            throw new ClusterException(_wrongKind, _wrong);
        }

        return new ClusterOutcome
        {
            End = _end,
            RunNs = _endNs - _startedNs,
            Placement = _placement,
            Members =
            [
                .. _members.Select(one => new MemberOutcome(
                    one.Number,
                    one.Sockets,
                    one.Hello?.Host ?? "",
                    one.Hello?.ProcessId ?? 0,
                    one.Incarnation,
                    one.Result,
                    one.Missing)),
            ],
            Deaths =
            [
                .. _deaths.Select(one => new DeathReport(
                    one.Member,
                    one.Incarnation,
                    one.AtNs,
                    one.Reason,
                    one.InstalledNs,
                    one.CleanAuditNs,
                    one.BackNs)),
            ],
            Views = _view.Epoch,
            Audits = _audits,
            DroppedAudits = _droppedAudits,
            AuditsTookNs = _auditsTookNs,
            LongestAuditNs = _longestAuditNs,
            WasAuditedAtTheEnd = _wasAuditedAtTheEnd,
            Violations = Violations(),
            Notes = _notes,
            Marks = _marks,
            Failure = _failure,
        };
    }

    private void Post(Action what) => _events.Writer.TryWrite(what);

    private void OnClock()
    {
        switch (_phase)
        {
            case Phase.Forming:
                LookForLateComers();
                break;
            case Phase.Preparing:
                LookForSilence();
                break;
            case Phase.Running:
                LookForSilence();
                LookForPartitions();
                LookForLateReturns();
                RunFaults();
                LookAtAudits();
                if (_phase == Phase.Running && RunNs >= _options.Scenario.Run.DurationNs)
                {
                    End(RunEndKind.TimeLimit);
                }

                break;
            case Phase.Stopping:
                LookForResults();
                break;
            case Phase.Ended:
                break;
        }
    }

    private void Control(MemberLink link, ControlMessage message)
    {
        Member? member = _members.Find(one => one.Link == link);
        if (member is null)
        {
            // From a process that was dropped and does not know it yet.
            return;
        }

        member.Hear(AwakeNs, GapNs);
        switch (message)
        {
            case ControlMessage.Status status:
                OnStatus(member, status);
                break;
            case ControlMessage.CutPart part:
                OnCutPart(member, part);
                break;
            case ControlMessage.Result result:
                OnResult(member, result);
                break;
            case ControlMessage.Failed failed:
                OnFailed(member, failed);
                break;
            default:
                Die([(member, $"it says what only a coordinator says ({message.GetType().Name})")]);
                break;
        }
    }

    private void OnStatus(Member member, ControlMessage.Status status)
    {
        bool isFirstReady = status.IsReady && !member.IsReady;
        if (status.Epoch > (member.Status?.Epoch ?? 0))
        {
            member.InstalledNs = AwakeNs;
        }

        member.Status = status;
        member.IsReady |= status.IsReady;
        Reach(member, status.Unreachable);
        if (isFirstReady)
        {
            member.FalseStarts = 0;
            OnReady(member);
        }

        if (_phase != Phase.Running)
        {
            return;
        }

        if (status.IsHopeless)
        {
            _notes.Add($"the oracle of process {member.Number} found the run hopeless");
            End(RunEndKind.Stopped);
            return;
        }

        NoteInstalled();
        LookForTheEnd();
    }

    private void OnReady(Member member)
    {
        if (_phase == Phase.Preparing && _members.TrueForAll(one => one.IsReady))
        {
            _phase = Phase.Running;
            _startedNs = NowNs;
            Decided?.Invoke("every process is ready: the run begins");
            foreach (Member one in _members)
            {
                one.Start(AwakeNs);
                Tell(one, new ControlMessage.Start());
            }

            BeginAudits();
        }
        else if (_phase == Phase.Running)
        {
            member.Start(AwakeNs);
            Tell(member, new ControlMessage.Start());
            if (_deaths.FindLast(one => one.Member == member.Number) is { BackNs: null } death)
            {
                death.BackNs = RunNs - death.AtNs;
            }
        }
    }

    private void OnFailed(Member member, ControlMessage.Failed failed)
    {
        if (_failure.Length == 0)
        {
            _failure = $"{NameOf(member)} failed: {failed.Message}";
        }

        member.Missing = "it failed";
        if (_phase is Phase.Forming or Phase.Preparing)
        {
            GiveUp(_failure, ClusterErrorKind.Defect);
            return;
        }

        Die([(member, "it failed")]);
        End(RunEndKind.Stopped);
    }

    private void Tell(Member member, ControlMessage message)
    {
        if (member.Link is { } link)
        {
            _transport.Tell(link, message);
        }
    }

    /// <summary>There will be no run.</summary>
    private void GiveUp(string why, ClusterErrorKind kind = ClusterErrorKind.NotFormed)
    {
        _wrong = why;
        _wrongKind = kind;
        foreach (Member member in _members)
        {
            if (member.Link is { } link)
            {
                _transport.Tell(link, new ControlMessage.Refused(why, kind));
            }

            member.Process?.Kill();
        }

        _phase = Phase.Ended;
    }

    private void Watch()
    {
        if (_watch is null || NowNs - _watchedNs < BetweenWatchNs || HasEnded)
        {
            return;
        }

        _watchedNs = NowNs;
        _watch(
            new ClusterStatus(
                PhaseText(),
                LiveMerge.Of(
                    [.. _members.Select(one => one.Status?.Live)],
                    _placement,
                    _phase >= Phase.Running ? RunNs : 0),
                [
                    .. _members.Select(one => new MemberStatus(
                        one.Number,
                        one.Sockets,
                        StateText(one),
                        one.Incarnation,
                        one.Status?.Live,
                        one.Status?.FramesOut ?? 0)),
                ],
                _view?.Epoch ?? 0,
                _audits,
                _droppedAudits));
    }

    private string PhaseText() => _phase switch
    {
        Phase.Forming => $"waiting for the processes of sockets {Names(MissingSockets())}",
        Phase.Preparing => "all processes have joined; making the actors",
        Phase.Running => "running",
        Phase.Stopping => "collecting the results",
        Phase.Ended => "over",
    };

    private string StateText(Member member)
    {
        if (member.Link is null)
        {
            return member.IsAwaited ? "starting" : _phase == Phase.Forming ? "awaited" : "dead";
        }

        return !member.IsReady ? "starting"
            : member.Result is not null ? "finished"
            : member.Status is { IsDone: true } ? "done"
            : "at work";
    }

    private static string NameOf(Member member) => member.Number < 0
        ? $"the process of sockets {Names(member.Sockets)}"
        : string.Create(CultureInfo.InvariantCulture, $"process {member.Number}");

    internal static string Names(IEnumerable<int> numbers) => string.Join(", ", numbers);
}

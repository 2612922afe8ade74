using System.Diagnostics;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Members;

/// <summary>End of a member process.</summary>
public enum MemberEnd
{
    /// <summary>The coordinator ended the run, and has the result.</summary>
    Stopped,

    /// <summary>The others took it for dead: nothing that it did since counts.</summary>
    Fenced,

    /// <summary>The coordinator is gone.</summary>
    CoordinatorLost,

    /// <summary>An actor failed.</summary>
    Failed,
}

/// <summary>
/// One process of a cluster: joins, runs its part of the machine, answers the others and the coordinator, and leaves.
/// </summary>
public sealed class MemberHost : IMemberListener, IOutbox, IMemberMachine
{
    /// <summary>Time between two words to the coordinator.</summary>
    private const long BetweenStatusNs = 50_000_000;

    /// <summary>Number and distance of the looks at a finished process until it is quiet.</summary>
    private const int MostLooks = 10;

    private const long BetweenLooksNs = 2_000_000;

    private const int TicksBeforeResend = 4;

    /// <summary>Inbox reader and ticker sleep whenever they have nothing to do.</summary>
    private const int OwnSleepers = 2;

    private readonly Scenario _scenario;
    private readonly IMemberTransport _transport;
    private readonly Func<Scenario, LiveEngine> _newEngine;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();

    /// <summary>No outside thread touches the engine any more once <see cref="_isOver"/> is set under it.</summary>
    private readonly Lock _openGate = new();
    private readonly List<Action> _early = [];
    private volatile bool _isBuilt;
    private bool _isOver;
    private LiveRun? _run;
    private readonly Inbox _inbox = new();
    private InboxReader _inboxReader = null!;
    private Gateway _gateway = null!;
    private ViewHistory _history = null!;
    private MemberControl _control = null!;
    private volatile LiveStatus? _live;
    private volatile string _lost = "";
    private volatile int _cutAsked;
    private volatile bool _isArmed;
    private int _looks;

    /// <param name="scenario">The whole scenario.</param>
    /// <param name="transport">Transport to the others; the caller disposes of it.</param>
    /// <param name="newEngine">Makes the engine.</param>
    public MemberHost(Scenario scenario, IMemberTransport transport, Func<Scenario, LiveEngine> newEngine)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _scenario = scenario;
        _transport = transport;
        _newEngine = newEngine;
    }

    /// <summary>Agreement with the coordinator; null before it joined.</summary>
    public ControlMessage.Welcome? Welcome { get; private set; }

    /// <summary>Reason of its end, for people.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Joins, runs, and leaves.</summary>
    /// <exception cref="ClusterException">No coordinator answers, or it refused.</exception>
    public async Task<MemberEnd> RunAsync(ControlMessage.Hello hello, CancellationToken cancellationToken)
    {
        ControlMessage.Welcome welcome = await _transport
            .JoinAsync(hello, this, cancellationToken)
            .ConfigureAwait(false);
        Welcome = welcome;
        using LiveRun run = Build(welcome);
        _transport.Connect(welcome.View);
        lock (_gate)
        {
            _isBuilt = true;
            foreach (Action action in _early)
            {
                action();
            }

            _early.Clear();
        }

        TellStatus();
        await _started.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await Task
            .Factory.StartNew(
                () => Execute(run, cancellationToken),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)
            .ConfigureAwait(false);
    }

    /// <summary>The thread that handles a request of the gateway calls it.</summary>
    public void Send(in Frame frame)
    {
        Frame stamped = Stamped(in frame);
        _transport.Send(in stamped);
    }

    /// <summary>As <see cref="Send"/>.</summary>
    public void SendWithOthers(in Frame frame)
    {
        Frame stamped = Stamped(in frame);
        _transport.SendWithOthers(in stamped);
    }

    public void OnFrames(ReadOnlySpan<Frame> frames)
    {
        if (frames.IsEmpty)
        {
            return;
        }

        if (!_isBuilt)
        {
            // A sender that is too early sends it again.
            return;
        }

        _inbox.Put(frames);
        lock (_openGate)
        {
            if (!_isOver)
            {
                _run!.Engine.Rouse(_inboxReader);
            }
        }
    }

    public void OnControl(ControlMessage message)
    {
        lock (_gate)
        {
            if (!_isBuilt)
            {
                _early.Add(() => Do(message));
                return;
            }
        }

        Do(message);
    }

    public void OnCoordinatorLost(string reason)
    {
        _lost = reason.Length == 0 ? "the coordinator is gone" : reason;
        lock (_gate)
        {
            if (!_isBuilt)
            {
                _early.Add(() => StopRun(RunEnd.Cancelled));
                return;
            }
        }

        StopRun(RunEnd.Cancelled);
    }

    private void Do(ControlMessage message)
    {
        lock (_openGate)
        {
            if (!_isOver)
            {
                _control.On(message);
            }
        }
    }

    void IMemberMachine.Begin() => _started.TrySetResult();

    void IMemberMachine.Post(ControlMessage.Membership view)
    {
        _history.Post(view.ToView());
        _transport.Connect(view);
        _inbox.Put(view.Epoch);
        _run!.Engine.Rouse(_inboxReader);
    }

    void IMemberMachine.BeginCut(int number) => IsInCut(number);

    void IMemberMachine.CutOff(IReadOnlyList<int> members) => _transport.Cut([.. members]);

    void IMemberMachine.Arm() => _isArmed = true;

    void IMemberMachine.Stop(RunEnd end) => StopRun(end);

    private void StopRun(RunEnd end)
    {
        lock (_openGate)
        {
            if (!_isOver)
            {
                _run!.Engine.RequestStop(end);
                _started.TrySetResult();
            }
        }
    }

    private LiveRun Build(ControlMessage.Welcome welcome)
    {
        Scenario part = MemberControl.PartOf(_scenario, welcome);
        ClusterSpec cluster = _scenario.Cluster;
        ClusterPort port = new(welcome.Member, welcome.Incarnation, welcome.MemberOfNode, part.Cgroups.Count)
        {
            ChargeBatch = cluster.ChargeBatch,
            CounterBatch = cluster.CounterBatch,
            Window = cluster.Window,
            ResendTicks = TicksBeforeResend,
        };
        _history = new ViewHistory(welcome.View.ToView());
        long tickNs = Math.Max(1_000_000, cluster.ResendNs / TicksBeforeResend);
        MachinePart machine = new(port)
        {
            Outbox = this,
            History = _history,
            Inbox = _inbox,
        };
        Topology topology = new(part, machine);
        _gateway = machine.Gateway;
        _control = new MemberControl(_gateway, new Suspicion(port.Self, cluster.FailureTimeoutNs, tickNs), this);
        LiveRun run = new(part, topology, _newEngine, status => _live = status, null) { OnIsolated = DieIfArmed };
        _run = run;
        _inboxReader = new InboxReader(topology.NewTaskId(), _gateway.Id, _inbox, IsInCut);
        GatewayTicker ticker = new(topology.NewTaskId(), _gateway.Id, tickNs);
        foreach (TaskActor task in (TaskActor[])[_inboxReader, ticker])
        {
            run.Engine.Add(task, $"cluster/{task.Name}");
            run.Engine.Start(task);
        }

        return run;
    }

    private MemberEnd Execute(LiveRun run, CancellationToken cancellationToken)
    {
        long begun = Stopwatch.GetTimestamp();
        try
        {
            run.Engine.AddTimer(0, OnStatus);
            RunEnd end = run.Execute(cancellationToken);
            if (_gateway.IsFenced)
            {
                Reason = "the others took this process for dead; what it did since then counts nowhere";
                return MemberEnd.Fenced;
            }

            if (_lost.Length > 0)
            {
                Reason = _lost;
                return MemberEnd.CoordinatorLost;
            }

            RunReport report = new ReportBuilder(run.Part, run, end, Slowdowns.None(run.Part)).Build(
                "",
                Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            List<NodePart> nodes = [.. run.Topology.Nodes.Select(PartOf)];
            _transport.Tell(new ControlMessage.Result(
                report,
                new ControlMessage.CutPart(int.MaxValue, _gateway.Snapshot(), nodes, 0, IsComplete: true),
                _transport.Counts,
                _gateway.FencedFrames,
                _gateway.SentAgain));
            return MemberEnd.Stopped;
        }
        catch (InvariantViolation failure)
        {
            Reason = failure.Message;
            _transport.Tell(new ControlMessage.Failed(failure.Message));
            return MemberEnd.Failed;
        }
        finally
        {
            lock (_openGate)
            {
                _isOver = true;
            }
        }
    }

    /// <summary>Stamps a frame with the cut that this process is in: it leaves after that cut.</summary>
    private Frame Stamped(in Frame frame)
    {
        Frame stamped = frame;
        stamped.Cut = _run!.Engine.CutNumber;
        return stamped;
    }

    /// <summary>
    /// True when this process has begun a cut; when it has not, it will do so in a moment. Any thread.
    /// </summary>
    private bool IsInCut(int number)
    {
        LiveEngine engine = _run!.Engine;
        if (number <= engine.CutNumber || engine.IsStopping)
        {
            return true;
        }

        lock (_gate)
        {
            if (number > _cutAsked)
            {
                _cutAsked = number;
                engine.AddTimer(0, _ => TakePart(number));
            }
        }

        return false;
    }

    /// <summary>On the thread that runs the engine.</summary>
    private void TakePart(int number)
    {
        long begun = Stopwatch.GetTimestamp();
        Lock gate = new();
        GatewaySnapshot? gateway = null;
        List<NodePart> nodes = [];
        bool isComplete = _run!.TakePart(number, Visit);
        if (gateway is not null)
        {
            _transport.Tell(
                new ControlMessage.CutPart(
                    number,
                    gateway,
                    nodes,
                    Stopwatch.GetElapsedTime(begun).TotalMilliseconds,
                    isComplete));
        }

        void Visit(Resource resource)
        {
            if (resource is Gateway own)
            {
                gateway = own.Snapshot();
            }
            else if (resource is NumaNode node)
            {
                NodePart part = PartOf(node);
                lock (gate)
                {
                    nodes.Add(part);
                }
            }
        }
    }

    private void OnStatus(long atNs)
    {
        if (_gateway.IsFenced)
        {
            StopRun(RunEnd.Stopped);
            return;
        }

        // The ticker and the status come at the same moments; that the ticker is just at work is no reason to call a
        // process busy whose work is done.
        LiveEngine engine = _run!.Engine;
        if (engine.RunningTasks == 0 && engine.GoingTasks > 0 && _looks++ < MostLooks)
        {
            engine.AddTimer(engine.ClockNs + BetweenLooksNs, OnStatus);
            return;
        }

        _looks = 0;
        TellStatus();
        engine.AddTimer(engine.ClockNs + BetweenStatusNs, OnStatus);
    }

    private void TellStatus()
    {
        LiveRun run = _run!;
        LiveEngine engine = run.Engine;
        WireCounts wire = _transport.Counts;
        MemberActivity activity = new(
            engine.RunningTasks,
            engine.GoingTasks,
            engine.SleepingTasks - OwnSleepers,
            HasUnread: !_inbox.IsEmpty,
            run.Oracle.IsHopeless,
            wire.FramesOut,
            wire.FramesIn);
        _transport.Tell(_control.Report(in activity, _live));
    }

    internal static NodePart PartOf(NumaNode node)
    {
        SharedNode shared = (SharedNode)node;
        return new NodePart(
            shared.NodeId,
            shared.PresentPages,
            shared.FreePages,
            shared.PoisonedPages,
            shared.LentPages,
            shared.LentSum,
            shared.BorrowedPages,
            shared.BorrowedSum,
            shared.OwnCounter);
    }

    /// <summary>
    /// For an experiment: kills the process as a power failure does, with pages isolated and half written out.
    /// </summary>
    private void DieIfArmed()
    {
        if (_isArmed)
        {
            using Process self = Process.GetCurrentProcess();
            self.Kill();
        }
    }
}

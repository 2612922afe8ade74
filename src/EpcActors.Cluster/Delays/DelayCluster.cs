using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Members;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Delays;

/// <summary>
/// The processes of a cluster on one timed engine: the actors of every process with their gateways, the costs of the
/// kernel's work in virtual time, and a network that takes time. It has no faults; it is for speed.
/// <see cref="Simulation.SimulatedCluster"/> has faults.
/// </summary>
/// <remarks>
/// The same setup gives the same run on every machine. Each process has all the CPUs of its sockets and two of its own
/// for the wire, one for each direction. There is no coordinator: the first view holds for the whole run.
/// </remarks>
public sealed class DelayCluster : IRunObserver
{
    private const int TicksBeforeResend = 4;
    private const long LeastTickNs = 1_000_000;
    private const long CheckEveryNs = 1_000_000;

    private readonly DelaySetup _setup;
    private readonly Placement _placement;
    private readonly ClusterView _view;
    private readonly TimedEngine _engine;
    private readonly DelayNetwork _network;
    private readonly List<Member> _members = [];
    private readonly List<Member?> _memberOfId = [];
    private long _faults;
    private long _evictions;
    private long _lastStepNs;

    /// <summary>Makes all actors; nothing runs yet.</summary>
    public DelayCluster(DelaySetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        _setup = setup;
        Scenario scenario = setup.Scenario;
        _placement = Placement.Of(scenario, setup.Processes);
        _view = ClusterView.First(setup.Processes, _placement.OwnerOfCounter);
        _engine = new TimedEngine(
            TimedRun.Costs(scenario.Costs), scenario.Run.QuantumNs, scenario.Seed, scenario.Run.JitterPercent);
        _network = new DelayNetwork(setup.Processes, setup.LinkDelayNs, setup.Wire, () => _engine.ClockNs);
        _engine.Observe(this);
        int firstCpu = scenario.Machine.Nodes.Sum(node => node.Cpus);
        int nextId = 0;
        for (int member = 0; member < setup.Processes; member++)
        {
            _members.Add(NewMember(member, firstCpu + member, ref nextId));
        }

        DelayedDelivery delivery = new(new ActorId(nextId), _network, [.. _members.Select(one => one.Inbox)]);
        _memberOfId.Add(null);
        _engine.Add(delivery);
        _engine.Start(delivery, 0);
    }

    /// <summary>Runs to the end of the work, or of the scenario's duration.</summary>
    /// <param name="cancellationToken">Ends the run with what there is.</param>
    /// <exception cref="InvariantViolation">the emulator itself is wrong.</exception>
    public DelayResult Run(CancellationToken cancellationToken)
    {
        foreach (Member member in _members)
        {
            foreach ((TaskActor task, long startNs) in member.Topology.Tasks)
            {
                if (startNs >= 0)
                {
                    _engine.Start(task, startNs);
                }
            }

            _engine.Start(member.Wire, 0);
            _engine.Start(member.Ticker, 0);
        }

        _engine.AddTimer(CheckEveryNs, EndIfHopeless);
        RunEnd end = _engine.Run(_setup.Scenario.Run.DurationNs, cancellationToken);
        Member busiest = _members.MaxBy(BusyNs)!;
        return new DelayResult
        {
            Setup = _setup,
            IsFinished = end == RunEnd.Finished,
            Faults = _faults,
            Evictions = _evictions,
            EndNs = end == RunEnd.Finished ? _lastStepNs : _engine.ClockNs,
            Frames = _network.Frames,
            SentAgain = _members.Sum(member => member.Gateway.SentAgain),
            Writes = _network.Writes,
            Calls = _network.Calls,
            CallNs = _network.CallNs,
            BusiestWireNs = BusyNs(busiest),
            BusiestMember = busiest.Number,
            Steps = _engine.Steps,
            Findings = [.. Findings(end == RunEnd.Finished)],
            Hash = _engine.HashValue,
        };
    }

    void IRunObserver.OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        if (_memberOfId[resource.Id.Index] is { } member)
        {
            member.Oracle.OnStep(envelope, resource, nowNs);
            _lastStepNs = envelope.Caller.IsDaemon ? _lastStepNs : Math.Max(_lastStepNs, nowNs);
        }
    }

    void IRunObserver.OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        _faults += what == (int)RunEvent.Fault ? 1 : 0;
        _evictions += what == (int)RunEvent.Evicted ? 1 : 0;
        _memberOfId[task.Id.Index]?.Oracle.OnReport(task, (RunEvent)what, startNs, endNs, detail);
    }

    private Member NewMember(int number, int cpu, ref int nextId)
    {
        Scenario scenario = _setup.Scenario;
        ClusterSpec cluster = scenario.Cluster;
        ClusterPort port = new(number, 1, _placement.MemberOfNode, scenario.Cgroups.Count)
        {
            ChargeBatch = cluster.ChargeBatch,
            CounterBatch = cluster.CounterBatch,
            Window = cluster.Window,
            ResendTicks = TicksBeforeResend,
        };
        Scenario part = MemberScenario.Of(
            scenario,
            number,
            _placement.MemberOfNode,
            _placement.MemberOfEnclave,
            _placement.MemberOfGuest,
            _placement.OwnerOfCounter);
        DelayInbox inbox = new(new ActorId(nextId++), number);
        MachinePart machine = new(port)
        {
            Outbox = new Outbox(_network),
            History = new ViewHistory(_view),
            Inbox = inbox,
            FirstId = nextId,
        };
        Topology topology = new(part, machine);
        Gateway gateway = machine.Gateway;
        DelayWire wire = new(topology.NewTaskId(), cpu, inbox, gateway.Id, _setup.Wire, _network);
        long tickNs = Math.Max(LeastTickNs, cluster.ResendNs / TicksBeforeResend);
        GatewayTicker ticker = new(topology.NewTaskId(), gateway.Id, tickNs);
        nextId = ticker.Id.Index + 1;

        // The window of a live run: that of a simulation is for a machine whose sockets are nanoseconds apart.
        Oracle oracle = new(topology, scenario.Live.LivenessWindowNs);
        Member member = new(number, topology, gateway, oracle, inbox, wire, ticker);
        foreach (Resource resource in (IEnumerable<Resource>)[inbox, .. topology.Resources])
        {
            _engine.Add(resource);
        }

        foreach (TaskActor task in (IEnumerable<TaskActor>)[.. topology.Tasks.Select(one => one.Task), wire, ticker])
        {
            _engine.Add(task);
        }

        while (_memberOfId.Count < nextId)
        {
            _memberOfId.Add(member);
        }

        return member;
    }

    private long BusyNs(Member member) => Math.Max(_network.SentNs(member.Number), member.Wire.BusyNs);

    private void EndIfHopeless(long atNs)
    {
        if (_members.Exists(member => member.Oracle.IsHopeless))
        {
            _engine.RequestStop(RunEnd.Stopped);
        }

        _engine.AddTimer(atNs + CheckEveryNs, EndIfHopeless);
    }

    /// <summary>Rules that do not hold at the end: of each process, and between them when all is answered.</summary>
    private IEnumerable<string> Findings(bool isFinished)
    {
        foreach (Member member in _members)
        {
            member.Oracle.Audit(_engine.ClockNs, atRest: isFinished);
            foreach (ViolationReport found in member.Oracle.Violations)
            {
                yield return $"process {member.Number}: {found.Rule}: {found.Detail}";
            }
        }

        if (!isFinished || _members.Exists(member => member.Gateway.OutstandingCalls > 0))
        {
            yield break;
        }

        ControlMessage.CutPart[] parts = [.. _members.Select(member => new ControlMessage.CutPart(
            Number: 1,
            member.Gateway.Snapshot(),
            [.. member.Topology.Nodes.Select(MemberHost.PartOf)],
            TookMs: 0,
            IsComplete: true))];
        ClusterAuditRules rules = ClusterAuditRules.Of(_setup.Scenario, _placement);
        foreach (ClusterFinding found in ClusterAudit.Check(parts, _view, rules, atRest: true))
        {
            yield return $"{found.Rule}: {found.Detail}";
        }
    }

    private sealed record Member(
        int Number,
        Topology Topology,
        Gateway Gateway,
        Oracle Oracle,
        DelayInbox Inbox,
        DelayWire Wire,
        GatewayTicker Ticker);

    private sealed class Outbox(DelayNetwork network) : IOutbox
    {
        public void Send(in Frame frame) => network.Send(in frame);
    }
}

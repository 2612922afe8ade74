using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Routines;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// A simulated run watched by the oracle of live runs: repeatable, and yet with cuts that are spread over time. Of each
/// cut some resources are visited early, some whenever the rule of cuts demands it, the rest bit by bit.
/// </summary>
internal sealed class SharedRun : IRunObserver
{
    private readonly Scenario _scenario;
    private readonly long _stepNs;
    private readonly bool _keepsRule;
    private readonly bool _auditsBetween;
    private readonly Resource?[] _resources;
    private readonly bool[] _isBehind;
    private readonly int _lastId;
    private Prng _prng;
    private CutAudit? _cut;
    private int _saboteurs;

    /// <param name="scenario">What to run.</param>
    /// <param name="stepNs">Time between two steps of a cut; a cut takes about a dozen.</param>
    /// <param name="keepsRule">False: resources are visited at random, without regard to the answers given.</param>
    /// <param name="auditsBetween">Between two cuts everything is compared at one instant.</param>
    public SharedRun(Scenario scenario, long stepNs, bool keepsRule = true, bool auditsBetween = true)
    {
        _scenario = scenario;
        _stepNs = stepNs;
        _keepsRule = keepsRule;
        _auditsBetween = auditsBetween;
        _prng = new Prng(scenario.Seed).Split("cuts");
        Topology = new Topology(scenario);
        Engine = new TimedEngine(
            Costs(scenario.Costs),
            scenario.Run.QuantumNs,
            scenario.Seed,
            scenario.Run.JitterPercent);
        Oracle = new Oracle(Topology, scenario.Run.LivenessWindowNs, isShared: true);
        Simulated = new Oracle(Topology, scenario.Run.LivenessWindowNs);
        _lastId = Math.Max(Topology.Resources.Max(r => r.Id.Index), Topology.Tasks.Max(t => t.Task.Id.Index));
        _resources = new Resource?[_lastId + 1];
        _isBehind = new bool[_lastId + 16];
        foreach (Resource resource in Topology.Resources)
        {
            Engine.Add(resource);
            _resources[resource.Id.Index] = resource;
        }

        foreach ((TaskActor task, long _) in Topology.Tasks)
        {
            Add(task);
        }

        Engine.Observe(this);
        Engine.AddTimer(stepNs, OnTimer);
    }

    public Topology Topology { get; }

    public TimedEngine Engine { get; }

    public Oracle Oracle { get; }

    /// <summary>The oracle of simulations, on the same steps.</summary>
    public Oracle Simulated { get; }

    /// <summary>
    /// Called between the handling of a request and the oracles' look at it, where another thread may come in a live
    /// run; returns what puts things right again.
    /// </summary>
    public Func<Envelope, Resource, Action?>? Between { get; set; }

    public int Cuts { get; private set; }

    /// <summary>Visits that could not wait: a task from behind the cut was about to come.</summary>
    public int ForcedVisits { get; private set; }

    public RunEnd Execute(bool auditsAtEnd = true)
    {
        foreach ((TaskActor task, long startNs) in Topology.Tasks)
        {
            if (startNs >= 0)
            {
                Engine.Start(task, startNs);
            }
        }

        RunEnd end = Engine.Run(_scenario.Run.DurationNs, CancellationToken.None);
        if (auditsAtEnd)
        {
            Oracle.Audit(Engine.ClockNs, atRest: end == RunEnd.Finished);
            Simulated.Audit(Engine.ClockNs, atRest: end == RunEnd.Finished);
        }

        return end;
    }

    public Saboteur Sabotage(long atNs, Func<Saboteur, Routine> what)
    {
        Saboteur saboteur = new(
            new ActorId(_lastId + ++_saboteurs),
            "saboteur",
            Topology.Machine,
            what,
            isDaemon: false);
        Add(saboteur);
        Engine.Start(saboteur, atNs);
        return saboteur;
    }

    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        Action? undo = Between?.Invoke(envelope, resource);
        Oracle.OnStep(envelope, resource, nowNs);
        Simulated.OnStep(envelope, resource, nowNs);
        undo?.Invoke();
        if (_cut is { } cut && cut.HasVisited(resource))
        {
            _isBehind[envelope.Caller.Id.Index] = true;
        }
    }

    public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        Oracle.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        Simulated.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        if (Oracle.IsHopeless)
        {
            Engine.RequestStop(RunEnd.Stopped);
        }
    }

    private void Add(TaskActor task)
    {
        Engine.Add(task);
        task.Attach(new Driver(this, Engine, task), task.AttachedState);
    }

    private void BeforePost(TaskActor task, ActorId target)
    {
        if (
            _keepsRule
            && _cut is { } cut
            && _isBehind[task.Id.Index]
            && _resources[target.Index] is { } resource
            && !cut.HasVisited(resource))
        {
            ForcedVisits++;
            cut.Visit(resource);
        }
    }

    private void OnTimer(long nowNs)
    {
        if (_cut is null)
        {
            if (_auditsBetween)
            {
                Oracle.Audit(nowNs, atRest: false);
            }

            Array.Clear(_isBehind);
            _cut = Oracle.BeginCut();
        }

        bool isLast = _prng.NextBelow(8) == 0;
        foreach (Resource resource in Topology.Resources)
        {
            if (!_cut.HasVisited(resource) && (isLast || _prng.NextBelow(6) == 0))
            {
                _cut.Visit(resource);
            }
        }

        if (_cut.IsComplete)
        {
            _cut.Finish(nowNs);
            _cut = null;
            Cuts++;
        }

        Engine.AddTimer(nowNs + _stepNs, OnTimer);
    }

    private static CostTable Costs(CostProfile profile)
    {
        long[] local = new long[Activities.Count];
        long[] remote = new long[Activities.Count];
        for (int i = 0; i < local.Length; i++)
        {
            local[i] = profile.Cycles[i] * 1000L / profile.ClockMhz;
            remote[i] = local[i];
        }

        return new CostTable(local, remote, profile.MutexSpinCycles * 1000L / profile.ClockMhz, (int)Activity.Schedule);
    }

    /// <summary>Between a task and the engine: the one place that sees a request before it is handled.</summary>
    private sealed class Driver(SharedRun run, IEngineDriver engine, TaskActor task) : IEngineDriver
    {
        public void Post(Envelope envelope)
        {
            run.BeforePost(task, envelope.Target);
            engine.Post(envelope);
        }

        public bool Spend(TaskActor task, int activity, long ns) => engine.Spend(task, activity, ns);

        public bool SpendCost(TaskActor task, int activity, int count, bool remote) =>
            engine.SpendCost(task, activity, count, remote);

        public bool Sleep(TaskActor task, long ns) => engine.Sleep(task, ns);

        public long NowNs(TaskActor task) => engine.NowNs(task);

        public void Start(TaskActor started, long afterNs)
        {
            run._isBehind[started.Id.Index] |= run._isBehind[task.Id.Index];
            engine.Start(started, afterNs);
        }

        public bool Choose(TaskActor task, int point) => engine.Choose(task, point);

        public void Report(TaskActor task, int what, long startNs, long detail) =>
            engine.Report(task, what, startNs, detail);

        public void Stopped(TaskActor task, Exception? error) => engine.Stopped(task, error);
    }
}

using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Races;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Races;

/// <summary>
/// A race in one order only: on the timed engine, in which everything costs the same, the setup first and then all
/// tasks at once.
/// </summary>
internal sealed class RaceRig : IRunObserver
{
    public static readonly KernelSwitches Upstream = new() { EpcCgroup = EpcCgroupMode.Off };

    private readonly Scenario _scenario;

    public RaceRig(Scenario scenario)
    {
        _scenario = scenario;
        Topology = new Topology(scenario);
        Quantities = new Quantities(Topology, Counts, scenario);
        Oracle = new Oracle(Topology, livenessWindowNs: 10_000_000);
        Engine = NewEngine();
    }

    public Topology Topology { get; }

    public TimedEngine Engine { get; private set; }

    public Oracle Oracle { get; private set; }

    public RunCounts Counts { get; } = new();

    public Quantities Quantities { get; }

    /// <summary>Builds, runs to the end and expects every rule to hold.</summary>
    public static RaceRig Run(RaceBuilder builder, bool expectClean = true)
    {
        RaceRig rig = new(builder.Build());
        Assert.Equal(RunEnd.Finished, rig.Run());
        if (expectClean)
        {
            Assert.Empty(rig.Oracle.Violations);
        }

        return rig;
    }

    public OperationTask Task(string name) =>
        Topology.RaceTasks.Select(task => task.Task).Single(task => task.Name == name);

    public long this[string quantity] => Quantities.Get(quantity)();

    public RunEnd Run()
    {
        Setup();
        return RunRace();
    }

    /// <summary>The tasks alone, on whatever stage there is.</summary>
    public RunEnd RunRace()
    {
        foreach ((TaskActor task, long startNs) in Topology.Tasks)
        {
            Engine.Start(task, startNs);
        }

        foreach ((OperationTask task, bool _) in Topology.RaceTasks)
        {
            if (!task.IsForked)
            {
                Engine.Start(task, 0);
            }
        }

        RunEnd end = Engine.Run(_scenario.Run.DurationNs, CancellationToken.None);
        Oracle.Audit(Engine.ClockNs, atRest: end == RunEnd.Finished);
        return end;
    }

    public void Setup()
    {
        foreach (OperationTask task in Topology.RaceSetup)
        {
            Engine.Start(task, 0);
            Assert.Equal(RunEnd.Finished, Engine.Run(_scenario.Run.DurationNs, CancellationToken.None));
            Assert.Equal(Errno.Ok, task.LastErrno);
        }
    }

    /// <summary>
    /// All tasks back at their beginning, on a new engine; their state is for the caller to bring back.
    /// </summary>
    public void Reset()
    {
        foreach ((OperationTask task, bool _) in Topology.RaceTasks)
        {
            task.Reset();
        }

        foreach (Resource resource in Topology.Resources)
        {
            resource.BusyUntilNs = 0;
        }

        Oracle = new Oracle(Topology, livenessWindowNs: 10_000_000);
        Engine = NewEngine();
    }

    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        Oracle.OnStep(envelope, resource, nowNs);
        Counts.OnStep(envelope);
    }

    public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        Counts.OnReport((RunEvent)what, detail);
        Oracle.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        if (Oracle.IsHopeless)
        {
            Engine.RequestStop(RunEnd.Stopped);
        }
    }
    private TimedEngine NewEngine()
    {
        long[] costs = new long[Activities.Count];
        Array.Fill(costs, 100);
        TimedEngine engine = new(new CostTable(costs, costs, 0), 0, 1, 0);
        foreach (Resource resource in Topology.Resources)
        {
            engine.Add(resource);
        }

        foreach (OperationTask task in Topology.RaceSetup)
        {
            engine.Add(task);
        }

        foreach ((OperationTask task, bool _) in Topology.RaceTasks)
        {
            engine.Add(task);
        }

        engine.Add(Topology.Ksgxd);
        foreach (CgroupWorker worker in Topology.Workers)
        {
            engine.Add(worker);
        }

        engine.Observe(this);
        return engine;
    }
}

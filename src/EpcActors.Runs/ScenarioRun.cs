using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>One run of one topology, whatever engine it is on: what a report is made of.</summary>
public abstract class ScenarioRun : IRunObserver
{
    private protected ScenarioRun(Scenario scenario, Topology topology, Oracle oracle, RunMetrics metrics)
    {
        Scenario = scenario;
        Topology = topology;
        Oracle = oracle;
        Metrics = metrics;
        Shortages = new Shortages(topology);
    }

    public Topology Topology { get; }

    public Oracle Oracle { get; }

    /// <summary>Name of the engine, as the command line has it.</summary>
    public abstract string EngineName { get; }

    /// <summary>Time is real: activities cost nothing, and the run cannot be repeated.</summary>
    public abstract bool IsLive { get; }

    /// <summary>Time that the run has reached, virtual or real, nanoseconds.</summary>
    public abstract long EndNs { get; }

    /// <summary>Critical sections executed.</summary>
    public abstract long Steps { get; }

    /// <summary>The same by message and by kinds of both ends.</summary>
    public abstract IReadOnlyList<MessageCount> Messages { get; }

    /// <summary>Hash over every step, 16 hexadecimal digits; empty when a run cannot be repeated.</summary>
    public abstract string TraceHash { get; }

    internal RunMetrics Metrics { get; }

    internal Shortages Shortages { get; }

    protected Scenario Scenario { get; }

    /// <summary>Runs to the end of the work, the time limit, a hopeless state, or the cancellation.</summary>
    public abstract RunEnd Execute(CancellationToken cancellationToken);

    public virtual void OnStep(Envelope envelope, Resource resource, long nowNs) =>
        Oracle.OnStep(envelope, resource, nowNs);

    public StepWatcher? WatcherOf(ushort code) => Oracle.WatcherOf(code);

    public virtual void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        Count(task, what, startNs, endNs, detail);
        Oracle.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        if (Oracle.IsHopeless)
        {
            RequestStop();
        }
    }

    /// <summary>
    /// Adds a report to the figures of the run. The oracle checks its meaning for the rules elsewhere.
    /// </summary>
    internal void Count(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        Metrics.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        Shortages.OnReport(task, (RunEvent)what, endNs, detail);
        if (task is EnclaveThread thread)
        {
            if (what == (int)RunEvent.Fault)
            {
                thread.Times.CountFault(endNs - startNs);
            }
            else if (what == (int)RunEvent.Reloaded)
            {
                thread.Times.CountReload();
            }
        }
    }

    /// <summary>CPU time by activity, most first; empty when time costs nothing.</summary>
    internal virtual IReadOnlyList<ActivityReport> Profile() => [];

    /// <summary>Share of the time that ksgxd was at work; null when not measured.</summary>
    internal virtual double? KsgxdBusyShare() => null;

    /// <summary>Part of the report that only a live run has.</summary>
    internal virtual LiveReport? Live() => null;

    /// <summary>Remarks of the engine besides the results; a line each.</summary>
    internal virtual IReadOnlyList<string> EngineNotes => [];

    /// <summary>Ends the run: nothing moves any more.</summary>
    private protected abstract void RequestStop();

    private protected IEnumerable<(TaskActor Task, long StartNs)> TasksToStart()
    {
        foreach ((TaskActor task, long startNs) in Topology.Tasks)
        {
            if (startNs >= 0)
            {
                yield return (task, startNs);
            }
        }
    }

    private protected void MarkScript()
    {
        foreach (ScriptAction action in Scenario.Script)
        {
            Metrics.Mark(action.AtNs, Describe(action));
        }
    }

    private static string LimitText(Limit limit) => limit.IsMax ? "max" : Sizes.Text(limit.Bytes);

    internal string Describe(ScriptAction action) =>
        action switch
        {
            ScriptAction.SetMax set => $"{Scenario.Cgroups[set.Cgroup].Path}: misc.max {LimitText(set.Max)}",
            ScriptAction.SetMemoryMax set => $"{Scenario.Cgroups[set.Cgroup].Path}: memory.max {LimitText(set.Max)}",
            ScriptAction.KillEnclave kill => $"kill -9 {Scenario.Enclaves[kill.Enclave].Name}",
            ScriptAction.KillVirtualMachine kill => $"kill -9 {Scenario.VirtualMachines[kill.VirtualMachine].Name}",
            ScriptAction.Migrate migrate =>
                $"{Scenario.Enclaves[migrate.Enclave].Name} moves to {Scenario.Cgroups[migrate.Cgroup].Path}",
            ScriptAction.CreateCgroup create => $"mkdir {Scenario.Cgroups[create.Cgroup].Path}",
            ScriptAction.RemoveCgroup remove => $"rmdir {Scenario.Cgroups[remove.Cgroup].Path}",
            ScriptAction.LoseEpc { Cause: EpcLoss.Suspend } => "the EPC is lost (suspend)",
            ScriptAction.LoseEpc => "the EPC is lost (migration of the virtual machine)",
            ScriptAction.PoisonGuest poison => $"memory failure: {Counted.Of(poison.Count, "page")} of "
                + Scenario.VirtualMachines[poison.VirtualMachine].Name,
            ScriptAction.Poison poison => $"memory failure: {Counted.Of(poison.Count, "page")} of node {poison.Node}",
            { } other => other.ToString(),
        };
}

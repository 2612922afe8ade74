using EpcActors.Engine.Live;
using EpcActors.Engine.Live.Threads;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;
using EpcActors.Tests.OracleTests;

namespace EpcActors.Tests.Live;

/// <summary>Small scenarios on worker threads.</summary>
internal static class LiveRig
{
    /// <summary>More threads than this machine may have cores: the system interleaves them.</summary>
    public const int Workers = 4;

    public static LiveEngine NewEngine(Scenario scenario) => new ThreadsEngine(new ThreadsOptions
    {
        Workers = scenario.Live.WorkersOrCores,
        TaskBatch = scenario.Live.TaskBatch,
        MailboxBatch = scenario.Live.MailboxBatch,
    });

    public static RunReport Run(Scenario scenario, Func<Scenario, LiveEngine>? newEngine = null) =>
        new LiveScenarioRunner(scenario, newEngine ?? NewEngine).Run("", CancellationToken.None);

    /// <summary>With audits from the first moment on, so that a run of a moment has some.</summary>
    public static Scenario Live(this Scenario scenario, int workers = Workers, int traceEvents = 0) =>
        scenario with
        {
            Live = new LiveSpec
            {
                Workers = workers,
                TaskBatch = 16,
                SampleNs = 1_000_000,
                AuditEveryNs = 1,
                LivenessWindowNs = 60_000_000_000,
            },
            Run = scenario.Run with { DurationNs = 120_000_000_000, TraceEvents = traceEvents },
        };

    /// <summary>Two enclaves, each larger than the EPC.</summary>
    public static Scenario Tight() => PlantedRun.Make(
        [
            PlantedRun.Enclave("a", 400, [PlantedRun.Uniform(300)]) with { Threads = 2 },
            PlantedRun.Enclave("b", 400, [PlantedRun.Uniform(300)]) with { Threads = 2 },
        ],
        [new NodeSpec(4, [128]), new NodeSpec(4, [128])]);

    /// <summary>Two enclaves on two sockets, all of whose faults change the free-page counter: R1's load.</summary>
    public static Scenario Counter(FreePageCounterMode mode) => PlantedRun.Tight(
        new KernelSwitches { EpcCgroup = EpcCgroupMode.Off, FreePageCounter = mode }, accesses: 300, threads: 2).Live();

    /// <summary>An enclave that works for ever.</summary>
    public static Scenario Forever() => PlantedRun.Make(
        [PlantedRun.Enclave("a", 64, [PlantedRun.Uniform(accesses: -1)])], [new NodeSpec(2, [256])]).Live(workers: 2);
}

using BenchmarkDotNet.Attributes;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Benchmarks;

/// <summary>Whole scenarios in timed mode, with oracle and metrics on as always.</summary>
public class ScenarioBenchmarks
{
    private const int Accesses = 200_000;

    /// <summary>Kernel whose designs the scenario runs under.</summary>
    [Params("linux-6.16", "epc-cgroup-v8", "epc-cgroup-v17")]
    public string Kernel { get; set; } = "epc-cgroup-v8";

    /// <summary>Threads that fault.</summary>
    [Params(1, 4)]
    public int Threads { get; set; }

    /// <summary>Every second access is a fault that loads a page back and has another one written out.</summary>
    [Benchmark]
    public long Thrash()
    {
        RunReport report = new ScenarioRunner(BenchmarkScenarios.Thrash(Threads, Accesses / Threads, Switches())).Run(
            "",
            CancellationToken.None);
        Count(nameof(Thrash), report);
        return report.Steps;
    }

    /// <summary>First touch of pages that were added: a complete page fault without paging.</summary>
    [Benchmark]
    public long FirstTouch()
    {
        Scenario scenario = BenchmarkScenarios.FirstTouch(Threads, 65536, Switches());
        RunReport report = new ScenarioRunner(scenario).Run("", CancellationToken.None);
        Count(nameof(FirstTouch), report);
        return report.Steps;
    }

    private void Count(string name, RunReport report)
    {
        if (report.Verdict != Verdict.Pass)
        {
            throw new InvalidOperationException(
                $"{name} ended with {report.Verdict}: {string.Join("; ", report.Violations)}");
        }

        string key = $"{name}|{Kernel}|{Threads}";
        Work.Count(key, "steps", report.Steps);
        Work.Count(key, "faults", report.FaultLatency.Count);
        Work.Count(key, "fault attempts", report.FaultLatency.Count + report.Cgroups[0].FaultRetries);
    }

    private KernelSwitches Switches() => Kernel switch
    {
        "linux-6.16" => new KernelSwitches { EpcCgroup = EpcCgroupMode.Off },
        "epc-cgroup-v8" => new KernelSwitches(),
        _ => new KernelSwitches
        {
            ReclaimWalk = ReclaimWalk.Cursor,
            WorkerTarget = WorkerTarget.MaxMinusLow,
            WorkerQueued = WorkerQueued.NearLimit,
            DirectReclaim = DirectReclaim.OwnCgroupToo,
        },
    };
}

/// <summary>Many tasks that take turns, where one enclave has the cache for itself.</summary>
public class ScaleBenchmarks
{
    /// <summary>Pods of four enclaves.</summary>
    [Params(1, 25, 100)]
    public int Pods { get; set; }

    /// <summary>Each enclave touches its heap and then reads at random, with 5 us of work in between.</summary>
    [Benchmark]
    public long PagingPods()
    {
        RunReport report = new ScenarioRunner(BenchmarkScenarios.Pods(Pods, 40_000 / Pods)).Run(
            "",
            CancellationToken.None);
        if (report.Verdict != Verdict.Pass)
        {
            throw new InvalidOperationException(
                $"{nameof(PagingPods)} ended with {report.Verdict}: {string.Join("; ", report.Violations)}");
        }

        Work.Count($"{nameof(PagingPods)}|{Pods}", "steps", report.Steps);
        Work.Count($"{nameof(PagingPods)}|{Pods}", "faults", report.FaultLatency.Count);
        return report.Steps;
    }
}

/// <summary>Two sockets of 512 GiB: time to build, and bytes of metadata per page.</summary>
public class LargeMachineBenchmarks
{
    /// <summary>268 435 454 pages, none of them touched yet.</summary>
    [Benchmark]
    public long BuildOneTebibyte()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Topology topology = new(BenchmarkScenarios.OneTebibyte());
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        Work.Count(nameof(BuildOneTebibyte), "bytes per page", (double)bytes / topology.Machine.CapacityPages);
        return topology.Machine.CapacityPages;
    }

    /// <summary>Every page of an EPC allocated, mapped and on the LRU: the most that metadata can come to.</summary>
    [Benchmark]
    public long FillOneGibibyte()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        TimedRun run = new(BenchmarkScenarios.FillAndHold(262_144), "benchmark", null);
        run.Execute(CancellationToken.None);
        long bytes =
            run.Topology.Machine.Pages.AllocatedBytes
            + run.Topology.Enclaves.Sum(enclave =>
                enclave.Enclave.Entries.AllocatedBytes + enclave.Mm.Ptes.AllocatedBytes);
        Work.Count(nameof(FillOneGibibyte), "bytes per page", (double)bytes / run.Topology.Machine.CapacityPages);
        Work.Count(nameof(FillOneGibibyte), "steps", run.Engine.Steps);
        GC.KeepAlive(before);
        return run.Engine.Steps;
    }
}

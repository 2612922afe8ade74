using System.Diagnostics;
using System.Globalization;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using EpcActors.Lab.Configuration;
using EpcActors.Lab.Results;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Benchmarks;

/// <summary>
/// What the oracle costs: the same run with it, without it and without audits, in turn, by CPU time of the process, so
/// that a busy machine tells the same. The least of each counts.
/// </summary>
internal static class OracleCost
{
    /// <summary>
    /// <c>oracle [--rounds N] [FILE…]</c>: the files, or quickstart and machines of 512 pages to 64 GiB; 1 when a share
    /// is above what was promised.
    /// </summary>
    public static int Run(string[] args)
    {
        bool hasRounds = args is ["--rounds", _, ..];
        int rounds = hasRounds ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        string[] files = hasRounds ? args[2..] : args;
        string config = Path.Combine(ClusterSpeed.FindRoot(), "config");
        List<(string Name, Scenario Scenario)> scenarios = files.Length > 0
            ? [.. files.Select(file => (Path.GetFileName(file), Load(file)))]
            :
            [
                ("quickstart.conf", Load(Path.Combine(config, "quickstart.conf"))),
                ("sgx2-storm.conf", Load(Path.Combine(config, "scenarios", "sgx2-storm.conf"))),
                ("kubernetes-pods.conf", Load(Path.Combine(config, "scenarios", "kubernetes-pods.conf"))),
                ("every access is a fault, 8 MiB", Audited(BenchmarkScenarios.Thrash(1, 200_000))),
                ("every access is a hit, 256 "
                    + "MiB", Audited(BenchmarkScenarios.FirstTouch(4, 65_536, new KernelSwitches()))),
                ("a full machine of 1 GiB", Full(262_144)),
                ("a full machine of 8 GiB", Full(2_097_152)),
                ("two sockets of 32 GiB", Audited(Sparse(8_388_608))),
            ];
        Console.WriteLine("| scenario | steps | Msteps/s | oracle | audits | of them |");
        Console.WriteLine("|---|---|---|---|---|---|");
        bool isWithin = true;
        foreach ((string name, Scenario scenario) in scenarios)
        {
            isWithin &= Measure(name, scenario, rounds);
        }

        return isWithin ? 0 : 1;
    }

    private static bool Measure(string name, Scenario scenario, int rounds)
    {
        double with = double.MaxValue;
        double without = double.MaxValue;
        double audit = double.MaxValue;
        long steps = 0;
        int count = 0;
        for (int i = -1; i < rounds; i++)
        {
            (double allSeconds, double auditShare, TimedRun run) = Time(scenario, hasOracle: true);
            (double bareSeconds, double _, TimedRun _) = Time(scenario, hasOracle: false);
            if (i < 0)
            {
                // The first of each is the just-in-time compiler's.
                continue;
            }

            with = Math.Min(with, allSeconds);
            audit = Math.Min(audit, auditShare);
            without = Math.Min(without, bareSeconds);
            steps = run.Steps;
            count = run.Audits;
        }

        double oracle = Math.Max(0, with - without - (audit * with)) / with;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {name} | {steps:N0} | {steps / with / 1e6:0.0} | {oracle:0.0%} | "
                + $"{audit:0.0%} | {count} |"));
        return oracle < 0.15 && audit < 0.05;
    }

    /// <summary>
    /// CPU time of a run, the share of its real time that audits took, and the run; the audit at the end is in neither.
    /// </summary>
    private static (double Seconds, double AuditShare, TimedRun Run) Time(Scenario scenario, bool hasOracle)
    {
        RunSpec spec = hasOracle ? scenario.Run : scenario.Run with { AuditEverySamples = 0 };
        TimedRun run = new(scenario with { Run = spec }, "benchmark", null);
        if (!hasOracle)
        {
            run.Engine.Observe(new MetricsOnly(run));
        }

        GC.Collect();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        run.Execute(CancellationToken.None);
        double wall = Stopwatch.GetElapsedTime(started).TotalSeconds - run.LastAuditSeconds;
        double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds - run.LastAuditSeconds;
        return (seconds, (run.AuditSeconds - run.LastAuditSeconds) / wall, run);
    }

    private static Scenario Load(string file)
    {
        Scenario scenario = ScenarioLoader.Load(file, [], null, ConfigEnvironment.Default);
        return scenario with { Run = scenario.Run with { MeasuresSlowdown = false, TraceEvents = 0 } };
    }

    private static Scenario Audited(Scenario scenario) =>
        scenario with { Run = scenario.Run with { AuditEverySamples = 1, SampleNs = 1_000_000 } };

    /// <summary>
    /// Every page is in use and listed, and one enclave touches them for a second: the longest lists, and steps that
    /// are as cheap as any.
    /// </summary>
    private static Scenario Full(int pages)
    {
        Scenario scenario = Audited(BenchmarkScenarios.FirstTouch(4, pages - (pages / 256) - 64, new KernelSwitches()));
        return scenario with { Machine = scenario.Machine with { Nodes = [new NodeSpec(8, [pages])] } };
    }

    /// <summary>
    /// A large machine and an enclave of 256 MiB in it: the bitmap of all pages is long, the lists are not.
    /// </summary>
    private static Scenario Sparse(int pages)
    {
        Scenario scenario = BenchmarkScenarios.FirstTouch(4, 65_536, new KernelSwitches());
        NodeSpec socket = new(8, [pages]);
        return scenario with { Machine = scenario.Machine with { Nodes = [socket, socket] } };
    }

    /// <summary>The run as it is, but that nobody looks for broken rules.</summary>
    private sealed class MetricsOnly(TimedRun run) : IRunObserver
    {
        public void OnStep(Envelope envelope, Resource resource, long nowNs)
        {
        }

        public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail) =>
            run.Metrics.OnReport(task, (Actors.Routines.RunEvent)what, startNs, endNs, detail);
    }
}

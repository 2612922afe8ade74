using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using EpcActors.Lab.Configuration;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;
using EpcActors.Results;

namespace EpcActors.Benchmarks;

/// <summary>
/// Cost of the oracle: the same run with it and without it, in turn, by CPU time of the thread. The share is the median
/// of the turns, since a shared machine grows faster and slower by half within seconds.
/// </summary>
/// <remarks>
/// The process that measures is compiled without a profile (DOTNET_TieredPGO=0). With one, the compiler makes the calls
/// of the side fast that it met first, and two processes of one side differ by more than the oracle costs.
/// </remarks>
internal static class OracleCost
{
    private const int WarmUp = 3;

    /// <summary>
    /// <c>oracle [--rounds N] [--only TEXT | FILE…]</c>: the files, or three that are shipped and machines of 512 pages
    /// to 64 GiB, of these those whose name has a text in it; 1 when a share is above what was promised.
    /// </summary>
    public static int Run(string[] args)
    {
        if (args is not ["--here", ..])
        {
            return RunUnprofiled(args);
        }

        args = args[1..];
        if (args is ["--side", string side, string one, ..])
        {
            Scenario scenario = Made.TryGetValue(one, out Func<Scenario>? made) ? made() : Load(one);
            return RunSide(side == "with", scenario, args[3..]);
        }

        bool hasRounds = args is ["--rounds", _, ..];
        int rounds = hasRounds ? int.Parse(args[1], CultureInfo.InvariantCulture) : 15;
        string[] files = hasRounds ? args[2..] : args;
        string only = files is ["--only", string text] ? text : "";
        IEnumerable<(string Name, Func<Scenario> Make)> scenarios = only.Length == 0 && files.Length > 0
            ? files.Select(file => (Path.GetFileName(file), (Func<Scenario>)(() => Load(file))))
            : Made.Where(one => one.Key.Contains(only, StringComparison.Ordinal)).Select(one => (one.Key, one.Value));
        Console.WriteLine("| scenario | steps | Msteps/s | oracle | half of the turns | audits | of them |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        bool isWithin = true;
        foreach ((string name, Func<Scenario> make) in scenarios)
        {
            isWithin &= Measure(name, make(), rounds);
        }

        return isWithin ? 0 : 1;
    }

    /// <summary>
    /// <c>oracle --side with|without NAME [TIMES]</c>: one side alone, for a profiler; prints the fastest run in
    /// nanoseconds of CPU time a step, and what the last one allocated, its actors included.
    /// </summary>
    private static int RunSide(bool hasOracle, Scenario scenario, string[] args)
    {
        int times = args is [string count] ? int.Parse(count, CultureInfo.InvariantCulture) : 10;
        double least = double.MaxValue;
        double bytes = 0;
        for (int i = 0; i < times; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            (double seconds, double audits, TimedRun run) = Time(scenario, hasOracle);
            least = Math.Min(least, seconds * (1 - audits) * 1e9 / run.Steps);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)run.Steps;
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{least:0.00} ns a step, {bytes:0.00} bytes allocated a step in the last run"));
        return 0;
    }

    private static int RunUnprofiled(string[] args)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OracleCost).Assembly.Location);
        }

        foreach (string argument in (string[])["oracle", "--here", .. args])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_TieredPGO"] = "0";
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }

    private static Dictionary<string, Func<Scenario>> Made { get; } = new()
    {
        ["quickstart.conf"] = () => Load(Shipped("quickstart.conf")),
        ["sgx2-storm.conf"] = () => Load(Shipped("scenarios", "sgx2-storm.conf")),
        ["kubernetes-pods.conf"] = () => Load(Shipped("scenarios", "kubernetes-pods.conf")),
        ["every access is a fault, 8 MiB"] = () => Audited(BenchmarkScenarios.Thrash(1, 200_000)),
        ["every access is a hit, 256 MiB"] =
            () => Audited(BenchmarkScenarios.FirstTouch(4, 65_536, new KernelSwitches())),
        ["a full machine of 1 GiB"] = () => Full(262_144),
        ["a full machine of 8 GiB"] = () => Full(2_097_152),
        ["two sockets of 32 GiB"] = () => Audited(Sparse(8_388_608)),
    };

    private static string Shipped(params string[] file) => Path.Combine([ClusterSpeed.FindRoot(), "config", .. file]);

    private static bool Measure(string name, Scenario scenario, int rounds)
    {
        List<double> shares = [];
        List<double> audits = [];
        double least = double.MaxValue;
        TimedRun? last = null;
        for (int i = -WarmUp; i < rounds; i++)
        {
            // The second run finds warmer caches: they take turns in that too.
            bool isFirst = i % 2 == 0;
            double before = isFirst ? 0 : Time(scenario, hasOracle: false).Seconds;
            (double seconds, double auditShare, last) = Time(scenario, hasOracle: true);
            double bare = isFirst ? Time(scenario, hasOracle: false).Seconds : before;
            if (i >= 0)
            {
                shares.Add(1 - (bare / (seconds * (1 - auditShare))));
                audits.Add(auditShare);
                least = Math.Min(least, seconds);
            }
        }

        shares.Sort();
        audits.Sort();
        (double share, double audit) = (shares[rounds / 2], audits[rounds / 2]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {last!.Steps:N0} | {last.Steps / least / 1e6:0.0} | {share:0.0%} | "
            + $"{shares[rounds / 4]:0.0%} to {shares[rounds - 1 - (rounds / 4)]:0.0%} | {audit:0.0%} | "
            + $"{last.Audits} |"));
        return share < 0.15 && audit < 0.05;
    }

    /// <summary>
    /// CPU time of a run on its thread, the share of its real time that audits took, and the run; the audit at the end
    /// is in neither.
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
        double before = ThreadSeconds();
        long started = Stopwatch.GetTimestamp();
        run.Execute(CancellationToken.None);
        double wall = Stopwatch.GetElapsedTime(started).TotalSeconds - run.LastAuditSeconds;
        double seconds = ThreadSeconds() - before;
        double audits = run.AuditSeconds - run.LastAuditSeconds;
        return (seconds * wall / (wall + run.LastAuditSeconds), audits / wall, run);
    }

    /// <summary>
    /// CPU time of the run's thread, without the compiler, the collector and other programs where the system can
    /// separate them.
    /// </summary>
    private static double ThreadSeconds()
    {
        const int ThreadCpuTime = 3;
        return OperatingSystem.IsLinux() && ClockGetTime(ThreadCpuTime, out TimeSpec time) == 0
            ? time.Seconds + (time.Nanoseconds / 1e9)
            : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
    }

    [DllImport("libc", EntryPoint = "clock_gettime", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ClockGetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
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

    /// <summary>Observer of a run that looks for no broken rules.</summary>
    private sealed class MetricsOnly(TimedRun run) : IRunObserver
    {
        public StepWatcher? WatcherOf(ushort code) => null;

        public void OnStep(Envelope envelope, Resource resource, long nowNs)
        {
        }

        public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail) =>
            run.Count(task, what, startNs, endNs, detail);
    }
}

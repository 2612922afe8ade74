using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Benchmarks;

/// <summary>
/// Cost of the oracle: the same run with it and without it, by CPU time of the thread, in processes of their own that
/// take turns. The share compares the quickest run of each side: other programs only ever make a run slower, by half
/// within seconds on a shared machine, and what they add to one side is not a cost of the oracle.
/// </summary>
/// <remarks>
/// A process of its own for each side, since the compiler's profile favours the calls that it met first: in one process
/// it would make one side fast. The profile is on, as in <c>epc</c>.
/// </remarks>
internal static class OracleCost
{
    /// <summary>Enough for the compiler to have seen each routine often.</summary>
    private const int LeastRuns = 5;
    private const double LeastSeconds = 4;

    /// <summary>
    /// <c>oracle [--rounds N] [--only TEXT | FILE…]</c>: the files, or three that are shipped and machines of 512
    /// pages to 64 GiB, of these the ones that have a text in their name; 1 when a share is above what was promised.
    /// </summary>
    public static int Run(string[] args)
    {
        if (args is ["--side", string side, string one])
        {
            RunSide(side == "with", Made.TryGetValue(one, out Func<Scenario>? made) ? made() : Load(one));
            return 0;
        }

        bool hasRounds = args is ["--rounds", _, ..];
        int rounds = hasRounds ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        string[] files = hasRounds ? args[2..] : args;
        string only = files is ["--only", string text] ? text : "";
        IEnumerable<string> scenarios = only.Length == 0 && files.Length > 0
            ? files
            : Made.Keys.Where(name => name.Contains(only, StringComparison.Ordinal));
        Console.WriteLine("| scenario | steps | Msteps/s | oracle | same side, slowest process | audits | of them |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        bool isWithin = true;
        foreach (string name in scenarios)
        {
            isWithin &= Measure(name, rounds);
        }

        return isWithin ? 0 : 1;
    }

    private static bool Measure(string name, int rounds)
    {
        List<Side> with = [];
        List<Side> without = [];
        for (int i = 0; i < rounds; i++)
        {
            with.Add(InProcess("with", name));
            without.Add(InProcess("without", name));
        }

        Side best = with.MinBy(side => side.StepNs)!;
        double bare = without.Min(side => side.StepNs);
        double share = 1 - (bare / best.StepNs);
        double scatter = Math.Max(with.Max(side => side.StepNs) / best.StepNs, without.Max(side => side.StepNs) / bare);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {Path.GetFileName(name)} | {best.Steps:N0} | {1e3 / best.StepNs:0.0} | {share:0.0%} | "
            + $"+{scatter - 1:0%} | {best.AuditShare:0.0%} | {best.Audits} |"));
        return share < 0.15 && best.AuditShare < 0.05;
    }

    private static Side InProcess(string side, string name)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OracleCost).Assembly.Location);
        }

        foreach (string argument in (string[])["oracle", "--side", side, name])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return JsonSerializer.Deserialize<Side>(answer)
            ?? throw new InvalidOperationException($"the side '{side}' of {name} printed nothing");
    }

    /// <summary>
    /// <c>oracle --side with|without NAME</c>: one side alone, also for a profiler; prints its quickest run.
    /// </summary>
    private static void RunSide(bool hasOracle, Scenario scenario)
    {
        Side? best = null;
        double spent = 0;
        for (int i = 0; i < LeastRuns || spent < LeastSeconds; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            (double seconds, double audits, TimedRun run) = Time(scenario, hasOracle);
            spent += seconds;
            double stepNs = seconds * (1 - audits) * 1e9 / run.Steps;
            if (best is null || stepNs < best.StepNs)
            {
                double bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)run.Steps;
                best = new Side(stepNs, run.Steps, audits, run.Audits, bytes);
            }
        }

        Console.WriteLine(JsonSerializer.Serialize(best));
    }

    /// <summary>The quickest run of one process.</summary>
    /// <param name="StepNs">CPU time of a step without audits, nanoseconds.</param>
    /// <param name="Steps">Steps of the run.</param>
    /// <param name="AuditShare">Share of the run's time that audits took, the last one apart.</param>
    /// <param name="Audits">Audits, the last one included.</param>
    /// <param name="BytesPerStep">Allocated, the actors included.</param>
    private sealed record Side(double StepNs, long Steps, double AuditShare, int Audits, double BytesPerStep);

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

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using EpcActors.Lab.Configuration;
using EpcActors.Lab.Results;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Benchmarks;

/// <summary>
/// What the oracle costs: the same run with it and without it, by CPU time of the thread, so that a busy machine tells
/// the same. Each kind of run has processes of its own, in turn: in one process the compiler would make the calls of
/// the one fast that it met first, and those of the other slow.
/// </summary>
internal static class OracleCost
{
    /// <summary>Runs of a process that come before those that count last as long as this together, seconds.</summary>
    private const double WarmUpSeconds = 4;

    private const int RunsOfAProcess = 3;

    /// <summary>
    /// <c>oracle [--rounds N] [--only TEXT | FILE…]</c>: the files, or three that are shipped and machines of 512 pages
    /// to 64 GiB, of these those whose name has a text in it; 1 when a share is above what was promised.
    /// </summary>
    public static int Run(string[] args)
    {
        if (args is ["--side", string side, string what])
        {
            Side(what, hasOracle: side == "with");
            return 0;
        }

        bool hasRounds = args is ["--rounds", _, ..];
        int rounds = hasRounds ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        string[] files = hasRounds ? args[2..] : args;
        string only = files is ["--only", string text] ? text : "";
        IEnumerable<string> names = only.Length == 0 && files.Length > 0
            ? files.Select(Path.GetFullPath)
            : Made.Keys.Where(name => name.Contains(only, StringComparison.Ordinal));
        Console.WriteLine("| scenario | steps | Msteps/s | oracle | least to most | audits | of them |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        bool isWithin = true;
        foreach (string name in names)
        {
            isWithin &= Measure(name, rounds);
        }

        return isWithin ? 0 : 1;
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

    private static bool Measure(string name, int rounds)
    {
        List<double> shares = [];
        List<double> audits = [];
        double best = double.MaxValue;
        SideResult with = default;
        for (int i = 0; i < rounds; i++)
        {
            // A machine grows faster and slower by the minute: they take turns in who is first.
            SideResult before = i % 2 == 0 ? default : Ask(name, "without");
            with = Ask(name, "with");
            SideResult bare = i % 2 == 0 ? Ask(name, "without") : before;
            shares.Add(1 - (bare.Seconds / (with.Seconds * (1 - with.AuditShare))));
            audits.Add(with.AuditShare);
            best = Math.Min(best, with.Seconds);
        }

        shares.Sort();
        audits.Sort();
        (double share, double audit) = (shares[shares.Count / 2], audits[audits.Count / 2]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {Path.GetFileName(name)} | {with.Steps:N0} | {with.Steps / best / 1e6:0.0} | {share:0.0%} | "
            + $"{shares[0]:0.0%} to {shares[^1]:0.0%} | {audit:0.0%} | {with.Audits} |"));
        return share < 0.15 && audit < 0.05;
    }

    /// <summary>One process of one kind.</summary>
    private static SideResult Ask(string name, string side)
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
        string[] fields = process.StandardOutput.ReadToEnd().Trim().Split(' ');
        process.WaitForExit();
        return new SideResult(
            double.Parse(fields[0], CultureInfo.InvariantCulture),
            double.Parse(fields[1], CultureInfo.InvariantCulture),
            long.Parse(fields[2], CultureInfo.InvariantCulture),
            int.Parse(fields[3], CultureInfo.InvariantCulture));
    }

    /// <summary>In a process of one kind: the least CPU time of its runs, and the share of audits in that one.</summary>
    private static void Side(string name, bool hasOracle)
    {
        Scenario scenario = Made.TryGetValue(name, out Func<Scenario>? made) ? made() : Load(name);
        double warm = 0;
        while (warm < WarmUpSeconds)
        {
            warm += Math.Max(Time(scenario, hasOracle).Seconds, 0.05);
        }

        (double seconds, double auditShare, TimedRun? last) = (double.MaxValue, 0, null);
        for (int i = 0; i < RunsOfAProcess; i++)
        {
            (double one, double share, last) = Time(scenario, hasOracle);
            (seconds, auditShare) = one < seconds ? (one, share) : (seconds, auditShare);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{seconds:R} {auditShare:R} {last!.Steps} {last.Audits}"));
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
    /// What the compiler and the collector do beside the run, and what other programs do, is not in it where the system
    /// can tell.
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

    /// <summary>The run as it is, but that nobody looks for broken rules.</summary>
    private sealed class MetricsOnly(TimedRun run) : IRunObserver
    {
        public void OnStep(Envelope envelope, Resource resource, long nowNs)
        {
        }

        public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail) =>
            run.Count(task, what, startNs, endNs, detail);
    }

    /// <summary>What a process has to say.</summary>
    private readonly record struct SideResult(double Seconds, double AuditShare, long Steps, int Audits);
}

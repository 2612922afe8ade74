using EpcActors.Results;

namespace EpcActors.Tests.Reports;

/// <summary>Runs made up by formula: nothing here was measured, only the shapes are those of real runs.</summary>
internal static class SampleReports
{
    public const long MiB = 1024 * 1024;

    private const long Second = 1_000_000_000;

    /// <summary>Names that break whatever does not escape.</summary>
    public const string Nasty = "a\"b,<script>alert('é')</script>&\u001b[31m";

    /// <summary>Two pods on one node, no surprises.</summary>
    public static RunReport Quiet(int samples = 200) => new()
    {
        Scenario = "noisy-neighbour.conf",
        Title = "A best-effort pod must not slow the critical one",
        Description = "The critical pod needs 40 MiB and has a limit of 48 MiB; the best-effort pod wants 100 MiB "
            + "and gets 32 MiB. After one second its limit is lowered to 24 MiB.",
        Verdict = Verdict.Pass,
        Kernel = "epc-cgroup-v8",
        Switches =
        [
            new SwitchReport("free-page-counter", "atomic", false),
            new SwitchReport("at-limit", "enomem", false),
            new SwitchReport("worker-headroom-pages", "64", true),
        ],
        Engine = "simulation",
        Seed = 42,
        TraceHash = "9f86d081884c7d65",
        VirtualTimeNs = 2 * Second,
        WallTimeMs = 812.5,
        Steps = 12_345_678,
        ReplayCommand = "epc run noisy-neighbour.conf --kernel epc-cgroup-v8 --seed 42",
        Cgroups =
        [
            new CgroupReport
            {
                Path = "/", CurrentBytes = 66_248_704, PeakBytes = 75_497_472, Faults = 65_432, FaultRetries = 12,
                Evictions = 51_000, Reloads = 42_000, Accesses = 9_876_543, Slowdown = 2.125, FaultLatency = Latency,
            },
            new CgroupReport
            {
                Path = "/kubepods", CurrentBytes = 66_248_704, PeakBytes = 75_497_472, Events = 1_234, Faults = 65_432,
                Evictions = 51_000, Reloads = 42_000, FaultLatency = Latency,
            },
            new CgroupReport
            {
                Path = "/kubepods/critical", MaxBytes = 48 * MiB, CurrentBytes = 41_082_880, PeakBytes = 41_943_040,
                Faults = 10_240, Slowdown = 1.01, FaultLatency = LatencyReport.Empty,
            },
            new CgroupReport
            {
                Path = "/kubepods/best-effort", MaxBytes = 24 * MiB, CurrentBytes = 24 * MiB, PeakBytes = 32 * MiB,
                Events = 1_234, EventsLocal = 1_234, Faults = 55_192, FaultRetries = 12, Evictions = 51_000,
                Reloads = 42_000, Slowdown = 14.5, FaultLatency = Latency,
            },
        ],
        Nodes =
        [
            new NodeReport
            {
                Id = 0, CapacityPages = 23_936, FreePages = 7_762, Cpus = 8, Allocations = 77_777,
            },
        ],
        FreePageCounter = 7_762,
        Enclaves =
        [
            new EnclaveReport
            {
                Name = "redis", Cgroup = "/kubepods/critical", Outcome = EnclaveOutcome.Finished, Faults = 10_240,
                ResidentPages = 10_030, VaPages = 20, EndNs = 2 * Second, Slowdown = 1.01,
            },
            new EnclaveReport
            {
                Name = "analytics", Cgroup = "/kubepods/best-effort", Outcome = EnclaveOutcome.Running, Faults = 55_192,
                Evictions = 51_000, Reloads = 42_000, ResidentPages = 6_100, SwappedPages = 19_500, VaPages = 44,
                StartNs = Second / 10, EndNs = 2 * Second, Slowdown = 14.5,
            },
        ],
        Profile =
        [
            new ActivityReport("enclave (user)", 0.5012, 8_019_200_000, 9_876_543),
            new ActivityReport("__eldu", 0.2501, 4_001_600_000, 42_000),
            new ActivityReport("sgx_encl_ewb", 0.2483, 3_972_800_000, 51_000),
            new ActivityReport("sgx_ipi_cb", 0.0004, 6_400_000, 3_188),
        ],
        Ksgxd = new KsgxdReport(1, 128, 0.0123),
        FaultLatency = Latency,
        Expectations =
        [
            new ExpectationReport("cgroup /kubepods/critical slowdown < 1.1", true, "1.01"),
            new ExpectationReport("no enclave is killed", true, ""),
        ],
        Notes = ["The limit of /kubepods/best-effort is below its working set: it pages for as long as it runs."],
        Timeline = TimelineOf(samples, ["/", "/kubepods", "/kubepods/critical", "/kubepods/best-effort"], 1, false),
        TraceEvents = Trace,
    };

    /// <summary>
    /// The racy counter never reaches the watermark, ksgxd sleeps for ever and a thread faults without end.
    /// </summary>
    public static RunReport Hang(int samples = 300) => Quiet() with
    {
        Scenario = "racy-counter.conf",
        Title = "Two sockets lose updates of the free-page counter",
        Verdict = Verdict.Violation,
        Kernel = "linux-5.15",
        Switches =
        [
            new SwitchReport("free-page-counter", "racy", true),
            new SwitchReport("at-limit", "enomem", false),
        ],
        Seed = 18_446_744_073_709_551_615,
        ReplayCommand = "epc run racy-counter.conf --kernel linux-5.15 --seed 18446744073709551615 --engine simulation"
            + " --set machine.sockets=2",
        Cgroups =
        [
            new CgroupReport
            {
                Path = "/", CurrentBytes = 127 * MiB, PeakBytes = 128 * MiB, Faults = 1_500_000,
                FaultRetries = 1_234_567, Evictions = 16, FaultLatency = Latency,
            },
        ],
        Nodes =
        [
            new NodeReport
            {
                Id = 0, CapacityPages = 16_384, FreePages = 0, Cpus = 2, Allocations = 16_400,
                RemoteAllocations = 4_100,
            },
            new NodeReport { Id = 1, CapacityPages = 16_384, FreePages = 0, PoisonedPages = 1, Cpus = 2 },
        ],
        FreePageCounter = 187,
        Enclaves =
        [
            new EnclaveReport
            {
                Name = "big", Cgroup = "/", Outcome = EnclaveOutcome.Hung, Faults = 1_500_000, ResidentPages = 32_000,
                SwappedPages = 16, VaPages = 63, EndNs = 2 * Second,
                Detail = "thread 1 faults on page 0x7f12 for ever: EBUSY 1 234 567 times",
            },
        ],
        Expectations = [new ExpectationReport("verdict = pass", false, "violation of liveness")],
        Violations =
        [
            new ViolationReport("liveness", 1_750_000_000,
                "big/thread-1 faulted 1 000 000 times without progress while 32 000 pages could be reclaimed.\n"
                + "ksgxd sleeps: sgx_nr_free_pages reads 187, above SGX_NR_LOW_PAGES, and no list holds a page."),
            new ViolationReport("counter-equals-lists", 1_200_000_000, "The counter says 187, the lists hold 0."),
        ],
        Timeline = TimelineOf(samples, ["/"], 2, true),
    };

    /// <summary>Cancelled before the first sample.</summary>
    public static RunReport Empty() => new()
    {
        Scenario = "empty.conf",
        Verdict = Verdict.Inconclusive,
        Kernel = "epc-cgroup-v8",
        Engine = "simulation",
        Seed = 0,
        TraceHash = "0000000000000000",
        VirtualTimeNs = 0,
        WallTimeMs = 0.25,
        Steps = 0,
        ReplayCommand = "epc run empty.conf --seed 0",
        Ksgxd = new KsgxdReport(0, 0, 0),
    };

    /// <summary>Hundreds of enclaves in two pods; two of them ended badly, in the middle of the list.</summary>
    public static RunReport Crowd(int enclaves = 300) => Quiet() with
    {
        Scenario = "crowd.conf",
        Enclaves =
        [
            .. Enumerable.Range(0, enclaves).Select(i => new EnclaveReport
            {
                Name = $"fn-{i:000}",
                Cgroup = i % 2 == 0 ? "/kubepods/critical" : "/kubepods/best-effort",
                Outcome = i == 150 ? EnclaveOutcome.Enomem
                    : i == 151 ? EnclaveOutcome.OomKilled : EnclaveOutcome.Finished,
                Faults = 100,
                ResidentPages = 10,
                SwappedPages = 5,
                VaPages = 1,
                StartNs = i * 1_000_000L,
                EndNs = i * 1_000_000L + Second / 4,
                Detail = i == 150 ? "SGX_IOC_ENCLAVE_ADD_PAGES: ENOMEM" : "",
            }),
        ],
    };

    /// <summary>Every text is hostile.</summary>
    public static RunReport Escapes() => Hang() with
    {
        Scenario = Nasty + ".conf",
        Title = Nasty,
        Description = Nasty,
        Kernel = Nasty,
        Engine = Nasty,
        ReplayCommand = "epc run '" + Nasty + "'",
        Switches = [new SwitchReport(Nasty, Nasty, true)],
        Cgroups = [new CgroupReport { Path = "/" }, new CgroupReport { Path = "/" + Nasty, MaxBytes = 4096 }],
        Enclaves =
        [
            new EnclaveReport
            {
                Name = "エンクレーブ", Cgroup = "/" + Nasty, Outcome = EnclaveOutcome.Sigbus, Detail = Nasty,
            },
        ],
        VirtualEpcs = [new VirtualEpcReport(Nasty, "/", EnclaveOutcome.Sigbus, 512, 513, "Bad address")],
        MemoryCgroups =
        [
            new MemoryCgroupReport("/" + Nasty, 64 * MiB, 63 * MiB, 64 * MiB, 1),
            new MemoryCgroupReport("/", null, 63 * MiB, 64 * MiB, 0),
        ],
        Profile = [new ActivityReport(Nasty, 1, 1, 1)],
        Violations = [new ViolationReport(Nasty, 1, Nasty + "\n" + Nasty)],
        Notes = [Nasty],
        Expectations = [new ExpectationReport(Nasty, false, Nasty)],
        Timeline = TimelineOf(20, ["/", "/" + Nasty], 2, false) with
        {
            Marks = [new TimelineMark(Second, Nasty)],
        },
        TraceEvents = [new TraceEvent(TraceEventKind.Span, 0, 1, Nasty, Nasty, 0, 10, Nasty)],
    };

    /// <summary>As large as reports get: the size of the HTML file is bounded by it.</summary>
    public static RunReport Large(int samples = 10_000, int cgroups = 20)
    {
        string[] paths = ["/", .. Enumerable.Range(1, cgroups - 1).Select(i => $"/kubepods/pod-{i:00}")];
        return Quiet() with
        {
            Cgroups = [.. paths.Select(p => new CgroupReport { Path = p, MaxBytes = p == "/" ? null : 32 * MiB })],
            Timeline = TimelineOf(samples, paths, 4, true),
        };
    }

    private static LatencyReport Latency { get; } = new(
        65_432, 3_100, 12_400, 18_900, 96_000, 410_000, 1_250_000,
        [
            new LatencyBucket(4_096, 32), new LatencyBucket(8_192, 8_000), new LatencyBucket(16_384, 44_000),
            new LatencyBucket(32_768, 9_500), new LatencyBucket(65_536, 2_400), new LatencyBucket(131_072, 1_300),
            new LatencyBucket(524_288, 180), new LatencyBucket(2_097_152, 20),
        ]);

    private static IReadOnlyList<TraceEvent> Trace { get; } =
    [
        new TraceEvent(TraceEventKind.Span, 0, 7, "redis/thread-0", "sgx_vma_fault", 1_000, 12_400, "page 0x10"),
        new TraceEvent(TraceEventKind.Span, 0, 7, "redis/thread-0", "sgx_encl_eldu", 3_000, 8_001, ""),
        new TraceEvent(TraceEventKind.Span, 0, 7, "redis/thread-0", "__eldu", 4_500, 2_750, ""),
        new TraceEvent(TraceEventKind.Span, 0, 7, "redis/thread-0", "sgx_vma_fault", 20_000, 9_000, ""),
        new TraceEvent(TraceEventKind.Instant, 0, 7, "redis/thread-0", "SIGBUS", 29_000, 0, "page 0x11"),
        new TraceEvent(TraceEventKind.Span, 0, 3, "ksgxd", "sgx_reclaim_pages", 500, 30_000, ""),
    ];

    private static Timeline TimelineOf(int samples, string[] paths, int nodes, bool isRacy)
    {
        long[] at = Series(samples, i => 2 * Second * (i + 1) / samples);
        long[] free = Series(samples, i => Math.Max(0, 16_000 - 16_000L * i * 3 / samples) + Noise(i, 40));
        return new Timeline
        {
            AtNs = at,
            Cgroups = [.. paths.Select((p, k) => CgroupOf(p, k, samples))],
            Nodes =
            [
                .. Enumerable.Range(0, nodes).Select(n => new NodeTimeline(n, Series(samples, i => free[i] / nodes))),
            ],
            FreePageCounter = Series(samples, i => free[i] / nodes * nodes + (isRacy ? 187L * i / samples : 0)),
            Faults = Series(samples, i => i < samples / 20 ? 0 : 300 + Noise(i, 90)),
            Evictions = Series(samples, i => i < samples / 3 ? 0 : 250 + Noise(i + 1, 60)),
            Reloads = Series(samples, i => i < samples / 3 ? 0 : 210 + Noise(i + 2, 60)),
            FaultRetries = Series(samples, i => isRacy && i > samples / 2 ? 6_000 + Noise(i, 500) : Noise(i, 3)),
            FaultP50Ns = Series(samples, i => i < samples / 20 ? 0 : 12_000 + 100 * Noise(i, 30)),
            FaultP99Ns = Series(samples, i => i < samples / 20 ? 0 : 60_000 + 1_000 * Noise(i, 300)),
            Marks =
            [
                new TimelineMark(Second / 10, "start analytics in /kubepods/best-effort"),
                new TimelineMark(Second, "/kubepods/best-effort: misc.max = 24 MiB"),
                new TimelineMark(3 * Second / 2, "kill redis"),
            ],
        };
    }

    private static CgroupTimeline CgroupOf(string path, int k, int samples)
    {
        long goal = (8 + 8 * k) * MiB;
        long[] current = Series(samples, i =>
            Math.Min(goal, goal * 4 * i / samples) - (i > samples / 4 ? 4096 * Noise(i + k, 200) : 0));
        long peak = 0;
        return new CgroupTimeline
        {
            Path = path,
            CurrentBytes = current,
            MaxBytes = [.. Enumerable.Range(0, samples)
                .Select(i => path == "/" ? null : (long?)(i < samples / 2 ? goal : goal - 4 * MiB))],
            PeakBytes = Series(samples, i => peak = Math.Max(peak, current[i])),
            Events = Series(samples, i => path == "/" ? 0 : Math.Max(0, i - samples / 4) * 6L),
            EventsLocal = Series(samples, i => path == "/" ? 0 : Math.Max(0, i - samples / 4) * 6L),
            Faults = Series(samples, i => 30 + Noise(i + k, 9)),
        };
    }

    private static long[] Series(int samples, Func<int, long> value)
    {
        long[] series = new long[samples];
        for (int i = 0; i < samples; i++)
        {
            series[i] = value(i);
        }

        return series;
    }

    /// <summary>A number below <paramref name="below"/> that looks random and is the same on every machine.</summary>
    private static long Noise(int i, int below) => (long)((ulong)i * 0x9E37_79B9_7F4A_7C15UL >> 40) % below;
}

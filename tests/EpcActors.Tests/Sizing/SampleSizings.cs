using EpcActors.Results;
using EpcActors.Tests.Reports;

namespace EpcActors.Tests.Sizing;

/// <summary>Answers of sizings that were never made, for what is drawn and written of them.</summary>
internal static class SampleSizings
{
    public static SizingReport Of(string name) => name switch
    {
        "three" => Report([Pod("/pods/a", 4000), Pod("/pods/b", 9000), Pod("/pods/c", 15000)], fits: true),
        "crowd" => Report([.. Enumerable.Range(0, 100).Select(i => Pod($"/pods/p{i}", 1000 + (100 * i)))], fits: false),
        "none" => Report([Pod("/pods/a", 4000) with { Chosen = new SizeAnswer { Share = 0.95, Detail = "died" } }],
            true)
            with
        { Verdict = SizingVerdict.NotKept, Together = null },
        "hostile" => Report([Pod("/<b>&\"\u001b[31m", 3000)], fits: true) with { Title = SampleReports.Nasty },
        "guests" => Report(
            [Pod("/vm", 3000) with { Points = [], Lru = [], Reuse = [], KneePages = 0, Enclaves = [], Guests = ["g"] }],
            fits: true),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    private static SizingReport Report(IReadOnlyList<CgroupSizing> pods, bool fits)
    {
        long sum = pods.Sum(pod => pod.Chosen?.LimitPages ?? 0);
        return new SizingReport
        {
            Scenario = "pods.conf",
            Verdict = fits ? SizingVerdict.Sized : SizingVerdict.NotKept,
            Kernel = "epc-cgroup-v8",
            Costs = "client-sgx1",
            Seeds = [1, 2],
            MachinePages = fits ? sum + 1000 : sum / 2,
            Shares = [0.90, 0.95, 0.99],
            ChosenShare = 0.95,
            Cgroups = pods,
            Together = new TogetherSizing
            {
                SumPages = sum,
                MachinePages = fits ? sum + 1000 : sum / 2,
                BackingPages = 500,
                Sums = [(0.90, sum - 16), (0.95, sum), (0.99, null)],
                Rows =
                [
                    .. pods.Select((pod, i) => new NeighbourSizing
                    {
                        Path = pod.Path,
                        LimitPages = pod.Chosen?.LimitPages ?? 0,
                        Alone = 1.051,
                        Together = fits ? 1.052 : null,
                        Keeps = fits,
                        SlowedBy = fits ? [] : [(pods[(i + 1) % pods.Count].Path, 1.31)],
                    }),
                ],
            },
            Notes = ["a note"],
            Simulations = 321,
            Steps = 123_456_789,
            WallTimeMs = 4321,
            Command = "epc size pods.conf",
        };
    }

    private static CgroupSizing Pod(string path, int pages)
    {
        int batch = pages / 16 * 16;
        SizePoint[] points =
        [
            .. Enumerable.Range(0, 16).SelectMany(i => (ulong[])[1, 2], (i, seed) => Point(batch * (i + 1) / 16, seed,
                batch)),
        ];
        return new CgroupSizing
        {
            Path = path,
            Enclaves = ["e"],
            MaxBytes = 64L << 20,
            Least = new LeastSizing(pages / 512 + 2, pages / 512 + 2, pages / 512, 1, 0, true, "ENOMEM"),
            WholePages = batch,
            Answers = [Answer(0.90, points, 12), Answer(0.95, points, 13), Answer(0.99, points, 14)],
            Chosen = Answer(0.95, points, 13),
            KneePages = points[8].LimitPages,
            Points = points,
            Lru = [.. points.Where(point => point.Seed == 1).Select(point =>
                new MissPoint(point.LimitPages, point.MissRatio * 0.9))],
            LruDifference = 0.02,
            MeanLruDifference = 0.01,
            Reuse = [new ReuseBucket(0, 3), .. Enumerable.Range(0, 13).Select(i => new ReuseBucket(1L << i, 100 + i))],
            Steadiness = "4 accesses per page to warm up",
            IsSteady = true,
        };
    }

    private static SizeAnswer Answer(double share, SizePoint[] points, int place) => new()
    {
        Share = share,
        LimitPages = points[2 * place].LimitPages,
        LowestPages = points[2 * place].LimitPages - 16,
        HighestPages = points[2 * place].LimitPages,
        Point = points[2 * place],
    };

    private static SizePoint Point(int limit, ulong seed, int whole) => new()
    {
        LimitPages = limit,
        Seed = seed,
        Slowdown = limit * 16 == whole ? null : 1 + (3.0 * (whole - limit) / whole),
        Death = limit * 16 == whole ? "e: SIGBUS" : "",
        MissRatio = 0.6 * (whole - limit) / whole,
        BackingPages = whole - limit,
        FaultP50Ns = 6400,
        FaultP99Ns = 23_000,
        StepP50Ns = 5060,
        StepP99Ns = 21_000,
    };
}

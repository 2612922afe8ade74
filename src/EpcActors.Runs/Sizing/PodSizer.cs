using System.Collections.Concurrent;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Expectations;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// Simulates one cgroup alone at limits and remembers what came out: the cost that searches ask for. Threads may ask
/// for different limits at the same time.
/// </summary>
internal sealed class PodSizer
{
    /// <summary>Limits are multiples of the pages that one round of reclaim takes.</summary>
    public const int PageBatch = 16;

    /// <summary>Speed may drift by so much between the halves of a steady state, beside what chance explains.</summary>
    private const double SteadyDrift = 0.004;

    private const int MostDoublings = 4;

    private readonly SizingWork _work;
    private readonly ConcurrentDictionary<(long Limit, ulong Seed), Lazy<PodMeasure>> _known = new();
    private readonly ConcurrentDictionary<ulong, Lazy<PodMeasure>> _references = new();

    public PodSizer(SizingWork work, int cgroup)
    {
        _work = work;
        Pod = new PodScenario(work.Scenario, cgroup);
    }

    public PodScenario Pod { get; }

    /// <summary>Accesses of warm-up and measurement.</summary>
    public SteadyLength Length { get; private set; } = SteadyLength.Shortest;

    /// <summary>The state was steady; true for programs that are measured as they are written.</summary>
    public bool IsSteady { get; private set; } = true;

    /// <summary>How that was decided, for people.</summary>
    public string Steadiness { get; private set; } = "";

    /// <summary>Every limit that was simulated.</summary>
    public IEnumerable<PodMeasure> Measures =>
        _known.Values.Where(one => one.IsValueCreated).Select(one => one.Value)
            .OrderBy(one => one.Point.LimitPages).ThenBy(one => one.Point.Seed);

    /// <summary>
    /// Decides how long a program runs before it is measured: at two limits, the halves of what is measured must go at
    /// the same speed; else both parts are doubled.
    /// </summary>
    public void FindSteadyState()
    {
        if (!Pod.Programs.Any(one => one.IsSteady))
        {
            Steadiness = "measured over the whole program, as it is written";
            return;
        }

        ulong seed = _work.Seeds[0];
        long[] probes = [RoundUp(Pod.WholePages / 2), RoundUp(Pod.WholePages * 7 / 8)];
        for (int doubling = 0; ; doubling++)
        {
            PodMeasure[] measures = [.. probes.Select(limit => Measure(limit, seed))];
            PodMeasure worst = measures.MaxBy(one => Math.Abs(one.Drift) - one.DriftByChance)!;
            IsSteady = Math.Abs(worst.Drift) <= SteadyDrift + worst.DriftByChance;
            if (IsSteady || doubling == MostDoublings)
            {
                Steadiness = $"{Length.WarmUpPasses} accesses per page to warm up, {Length.MeasuredPasses} measured; "
                    + $"their halves differ by {Percent(worst.Drift)} at {Sizes.OfPages(worst.Point.LimitPages)}";
                return;
            }

            Length = Length.Doubled;
            _known.Clear();
            _references.Clear();
        }
    }

    /// <summary>Figures of the cgroup at a limit.</summary>
    /// <param name="limitPages">The limit, pages.</param>
    /// <param name="seed">One of the seeds.</param>
    public PodMeasure Measure(long limitPages, ulong seed) =>
        _known.GetOrAdd(
            (limitPages, seed), static (key, pod) => new Lazy<PodMeasure>(() => pod.Simulate(key.Limit, key.Seed)),
                this)
            .Value;

    /// <summary>Without a limit: what slowdowns are measured against.</summary>
    public PodMeasure Reference(ulong seed) =>
        _references.GetOrAdd(
            seed, static (key, pod) => new Lazy<PodMeasure>(() => pod.Simulate(null, key)), this).Value;

    /// <summary>Whether the enclaves can be built at a limit, and why not.</summary>
    public string WhyNotLoaded(long limitPages, ulong seed)
    {
        // Those that are built stay until the last one is.
        Scenario scenario = Pod.At(limitPages, seed, static _ => [new StepSpec.Pause(PodScenario.Year)]);
        SteadyRun run = new(scenario, [.. Pod.Enclaves.Select(static _ => new Measured(0, 0, 0))]);
        _work.Execute(run);
        return run.FirstDead < 0 ? "" : Death(scenario, run);
    }

    /// <summary>The next multiple of a page batch.</summary>
    public static long RoundUp(long pages) => (pages + PageBatch - 1) / PageBatch * PageBatch;

    private PodMeasure Simulate(long? limitPages, ulong seed)
    {
        List<EnclaveFigures?[]> stages = [];
        long backing = 0;
        bool isMet = true;
        for (int stage = 0; stage < Pod.Stages; stage++)
        {
            Scenario scenario = Pod.At(limitPages, seed, enclave =>
                Pod.Programs[enclave].StepsOf(stage, Length, limitPages));
            SteadyRun run = new(
                scenario, [.. Pod.Programs.Select(program => program.Measured(stage, Length, limitPages))]);
            _work.Execute(run);
            backing = Math.Max(backing, run.BackingPages);
            stages.Add([.. Enumerable.Range(0, Pod.Enclaves.Count).Select(run.Of)]);
            if (run.FirstDead >= 0 || stages[^1].Any(one => one is null))
            {
                return Dead(limitPages, seed, run.FirstDead >= 0 ? Death(scenario, run) : "no access was measured");
            }

            isMet &= limitPages is null || IsMet(scenario, run, stages, seed);
        }

        return Alive(limitPages, seed, stages, backing, isMet);
    }

    private PodMeasure Alive(
        long? limitPages, ulong seed, List<EnclaveFigures?[]> stages, long backing, bool isMet)
    {
        double[] slowdowns = limitPages is null ? [.. Pod.Enclaves.Select(static _ => 1.0)]
            : SlowdownsOf(stages, seed);
        double slowest = slowdowns.DefaultIfEmpty(1).Max();
        double drift = 0;
        double byChance = 0;
        foreach (EnclaveFigures one in stages.SelectMany(stage => stage).OfType<EnclaveFigures>())
        {
            // The time that misses take varies as their number does.
            double share = one.TimeNs == 0 ? 0 : (double)one.FaultNs / one.TimeNs;
            double chance = 3 * share * Math.Sqrt(4.0 / Math.Max(1, one.Reloads));
            if (Math.Abs(one.Drift) - chance > Math.Abs(drift) - byChance)
            {
                (drift, byChance) = (one.Drift, chance);
            }
        }

        return new PodMeasure
        {
            Slowdown = slowest,
            Drift = drift,
            DriftByChance = byChance,
            Stages = stages,
            ByEnclave = slowdowns,
            Point = Figures.Point(limitPages ?? 0, seed, stages, slowest, backing) with { IsMet = isMet },
        };
    }

    private double[] SlowdownsOf(IReadOnlyList<EnclaveFigures?[]> stages, ulong seed)
    {
        PodMeasure reference = Reference(seed);
        return
        [
            .. Pod.Programs.Select((program, i) => reference.Stages.Count < program.Stages
                ? double.PositiveInfinity
                : Figures.Slowdown(program, stages, reference.Stages, i)),
        ];
    }

    private static PodMeasure Dead(long? limitPages, ulong seed, string why) => new()
    {
        Slowdown = double.PositiveInfinity,
        Point = new SizePoint { LimitPages = limitPages ?? 0, Seed = seed, Death = why, IsMet = false },
    };

    /// <summary>
    /// Whether the expectation that decides is met: over what was measured, not over load and warm-up.
    /// </summary>
    private bool IsMet(Scenario scenario, SteadyRun run, IReadOnlyList<EnclaveFigures?[]> stages, ulong seed)
    {
        if (_work.Until.Length == 0)
        {
            return true;
        }

        IReadOnlyList<double> slowdowns = stages.Count < Pod.Stages ? [] : SlowdownsOf(stages, seed);
        RunReport report = SteadyReport.Of(scenario, run, slowdowns);
        return Expectation.Evaluate([_work.Until], report)[0].IsMet;
    }

    private static string Death(Scenario scenario, SteadyRun run)
    {
        RunReport report = new ReportBuilder(scenario, run, run.End, Slowdowns.None(scenario)).Build("", 0);
        EnclaveReport? dead = report.Enclaves.FirstOrDefault(one =>
            one.Outcome is not (EnclaveOutcome.Finished or EnclaveOutcome.Running));
        VirtualEpcReport? guest = report.VirtualEpcs.FirstOrDefault(one => one.Outcome == EnclaveOutcome.Sigbus);
        return dead is not null
            ? $"{dead.Name}: {(dead.Detail.Length > 0 ? dead.Detail : ExpectationTable.Word(dead.Outcome))}"
            : guest is not null ? $"{guest.Name}: {guest.Detail}"
            : run.Oracle.Violations.Count > 0 ? $"rule {run.Oracle.Violations[0].Rule} is broken"
            : "nothing moves any more";
    }

    private static string Percent(double share) =>
        (share * 100).ToString("0.0", System.Globalization.CultureInfo.InvariantCulture) + " %";
}

using System.Globalization;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Expectations;

namespace EpcActors.Runs.Sizing;

/// <summary>The search for the limits of one cgroup, in parts that can be done by several threads.</summary>
internal sealed class PodSearch
{
    /// <summary>Limits that are simulated to draw the curve.</summary>
    private const int CurvePoints = 14;

    /// <summary>Rounds of search until all seeds keep the share at one limit.</summary>
    private const int MostRounds = 8;

    private readonly SizingRequest _request;
    private readonly SizingWork _work;
    private readonly List<Target> _targets = [];
    private LeastSizing _least = new(0, 0, 0, 0, 0, false, "");
    private int _lowest;
    private int _highest;
    private bool _isUntilOfOthers;

    public PodSearch(SizingRequest request, SizingWork work, int cgroup)
    {
        _request = request;
        _work = work;
        Sizer = new PodSizer(work, cgroup);
    }

    public PodSizer Sizer { get; }

    /// <summary>The limit that the lines to paste have; null when there is none.</summary>
    public long? ChosenPages => ChosenTarget?.Answer is { } answer ? answer * PodSizer.PageBatch : null;

    /// <summary>The slowdown at that limit, of the slowest seed.</summary>
    public double ChosenSlowdown => ChosenPages is { } pages ? Worst(pages).Slowdown : double.PositiveInfinity;

    private Target? ChosenTarget => _targets.Count == 0 ? null
        : _request.Until.Length > 0 && !_isUntilOfOthers ? _targets[^1]
        : _targets[ChosenIndex(_request.Shares)];

    /// <summary>The share among those asked for that limits are given for: the middle one, of two the higher.</summary>
    public static double Chosen(IReadOnlyList<double> shares) => shares[ChosenIndex(shares)];

    /// <summary>The limit for a share, by its place.</summary>
    public long? PagesOf(int share) => _targets[share].Answer is { } answer ? answer * PodSizer.PageBatch : null;

    /// <summary>Steady state, references, the least that loads, the range of limits.</summary>
    public void Prepare()
    {
        ulong seed = _work.Seeds[0];
        _least = LeastFinder.Find(Sizer, seed);
        PodScenario pod = Sizer.Pod;
        if (pod.Enclaves.Count > 0)
        {
            Sizer.FindSteadyState();
        }

        long run = pod.EnclaveSpecs.Sum(one => (long)LeastPages.ToRun(one).Kept + one.Threads) + pod.GuestPages;
        _lowest = (int)(PodSizer.RoundUp(Math.Max(_least.Pages, run)) / PodSizer.PageBatch);
        _highest = Math.Max(_lowest, (int)(PodSizer.RoundUp(pod.WholePages) / PodSizer.PageBatch));
        _targets.AddRange(_request.Shares.Select(share => new Target(1 / share, false).For(_work.Seeds.Count)));
        if (_request.Until.Length > 0)
        {
            _isUntilOfOthers = !Applies(ExpectationParser.Parse(_request.Until));
            _targets.Add(new Target(_isUntilOfOthers ? 1 / Chosen(_request.Shares) : 1,
                !_isUntilOfOthers).For(_work.Seeds.Count));
        }

        if (pod.Enclaves.Count > 0)
        {
            FindHighest(seed);
        }
    }

    /// <summary>The simulations that the curve takes.</summary>
    public IEnumerable<Action> CurveSteps()
    {
        if (Sizer.Pod.Enclaves.Count == 0)
        {
            yield break;
        }

        foreach (int at in Enumerable.Range(0, CurvePoints)
            .Select(i => _lowest + (int)((long)(_highest - _lowest) * i / (CurvePoints - 1))).Distinct())
        {
            yield return () => Sizer.Measure((long)at * PodSizer.PageBatch, _work.Seeds[0]);
        }

        foreach (ulong seed in _work.Seeds.Skip(1))
        {
            yield return () => Sizer.Reference(seed);
        }
    }

    /// <summary>The search for each share with the first seed.</summary>
    public IEnumerable<Action> FirstSearches() => _targets.Select(target => (Action)(() => Search(target, 0, null)));

    /// <summary>The same with the others, from where the first one ended.</summary>
    public IEnumerable<Action> OtherSearches() => _targets.SelectMany(target =>
        Enumerable.Range(1, _work.Seeds.Count - 1).Select(seed => (Action)(() => Search(target, seed,
            target.Least[0]))));

    /// <summary>
    /// Finds the limits at which every seed keeps the share, and above which none was seen that does not.
    /// </summary>
    public void Finish()
    {
        foreach (Target target in _targets)
        {
            if (Sizer.Pod.Enclaves.Count == 0)
            {
                target.Answer = _highest;
                Array.Fill(target.Least, _highest);
                continue;
            }

            int? answer = target.Least.Any(one => one is null) ? null : target.Least.Max();
            for (int round = 0; answer is not null && round < MostRounds; round++)
            {
                int?[] again = [.. Enumerable.Range(0, _work.Seeds.Count).Select(seed =>
                {
                    Cost(target, answer.Value, seed);
                    return Searched(target, seed).Least();
                })];
                int? highest = again.Any(one => one is null) ? null : again.Max();
                if (highest == answer)
                {
                    break;
                }

                answer = highest;
            }

            target.Answer = answer;
        }
    }

    public CgroupSizing Report()
    {
        PodScenario pod = Sizer.Pod;
        PodMeasure[] measures = [.. Sizer.Measures];
        LruCurve? lru = pod.Enclaves.Count == 0 ? null : LruCurve.Of(pod, Sizer.Length, _work.Seeds[0]);
        SizePoint[] compared = [.. measures.Where(one => one.Point.Death.Length == 0
            && one.Point.Seed == _work.Seeds[0]).Select(one => one.Point)];
        double[] differences = lru is null ? [] : [.. compared.Select(one => one.MissRatio - lru.At(one.LimitPages))];
        return new CgroupSizing
        {
            Path = pod.Path,
            Enclaves = [.. pod.EnclaveSpecs.Select(one => one.Name)],
            Guests = [.. pod.GuestSpecs.Select(one => one.Name)],
            MaxBytes = _work.Scenario.Cgroups[pod.Cgroup].Max.BytesOrNull,
            Least = _least,
            WholePages = pod.WholePages,
            Answers = [.. _request.Shares.Select((share, i) => AnswerOf(_targets[i], share))],
            Chosen = ChosenTarget is { } chosen
                ? AnswerOf(chosen, chosen.IsUntil ? null : Chosen(_request.Shares)) : null,
            KneePages = KneeOf(),
            Points = [.. measures.Select(one => one.Point)],
            Lru = lru?.Curve((long)_lowest * PodSizer.PageBatch, (long)_highest * PodSizer.PageBatch) ?? [],
            LruDifference = differences.Length == 0 ? 0 : differences.MaxBy(Math.Abs),
            MeanLruDifference = differences.Length == 0 ? 0 : differences.Average(Math.Abs),
            Reuse = lru?.Reuse() ?? [],
            NotMonotone = Monotony.Judge([.. measures.Select(one => one.Point)]),
            Steadiness = Sizer.Steadiness,
            IsSteady = Sizer.IsSteady,
            Notes = Notes(),
        };
    }

    private static int ChosenIndex(IReadOnlyList<double> shares) => shares.Count / 2;

    private List<string> Notes()
    {
        List<string> notes = [];
        if (!Sizer.IsSteady)
        {
            notes.Add($"no steady state was found: {Sizer.Steadiness}; the limit is that of what was measured");
        }

        if (_isUntilOfOthers)
        {
            notes.Add($"'{_request.Until}' is not about this cgroup: the limit keeps "
                + $"{Chosen(_request.Shares).ToString("0.##%", CultureInfo.InvariantCulture)} of its speed");
        }

        if (Sizer.Pod.Enclaves.Count == 0)
        {
            notes.Add("guests only: vEPC is never reclaimed, so no smaller limit is slower, it is SIGBUS");
        }

        return notes;
    }

    /// <summary>Everything resident need not be enough for a kernel that keeps room below the limit.</summary>
    private void FindHighest(ulong seed)
    {
        double target = _targets.Min(one => one.Cost);
        foreach (int more in (int[])[0, 4, 16, 64, 256])
        {
            int highest = (int)(PodSizer.RoundUp(Sizer.Pod.WholePages) / PodSizer.PageBatch) + more;
            PodMeasure measure = Sizer.Measure((long)highest * PodSizer.PageBatch, seed);
            if (measure.Slowdown <= target)
            {
                _highest = Math.Max(_highest, highest);
                return;
            }
        }
    }

    private bool Applies(ParsedExpectation one)
    {
        PodScenario pod = Sizer.Pod;
        return one.Subject?.Names switch
        {
            NameOf.Cgroup => one.Matches(pod.Path),
            NameOf.Enclave => pod.EnclaveSpecs.Any(enclave => one.Matches(enclave.Name)),
            NameOf.Step => pod.EnclaveSpecs.Any(enclave =>
                StepNames.Of(enclave).Any(step => one.Matches($"{enclave.Name} {step}"))),
            NameOf.Guest => pod.GuestSpecs.Any(guest => one.Matches(guest.Name)),
            NameOf.Node or NameOf.Nothing or null => true,
        };
    }

    private void Search(Target target, int seed, int? guess)
    {
        if (Sizer.Pod.Enclaves.Count > 0)
        {
            target.Least[seed] = Searched(target, seed).Least(guess);
        }
    }

    private LimitSearch Searched(Target target, int seed)
    {
        LimitSearch search = new(at => Cost(target, at, seed), target.Cost, _lowest, _highest);
        foreach (PodMeasure known in Sizer.Measures.Where(one => one.Point.Seed == _work.Seeds[seed]))
        {
            int at = (int)(known.Point.LimitPages / PodSizer.PageBatch);
            if (at >= _lowest && at <= _highest)
            {
                search.Know(at, CostOf(target, known));
            }
        }

        return search;
    }

    private double Cost(Target target, int at, int seed) =>
        CostOf(target, Sizer.Measure((long)at * PodSizer.PageBatch, _work.Seeds[seed]));

    private static double CostOf(Target target, PodMeasure measure) => !target.IsUntil ? measure.Slowdown
        : measure.Point.IsMet ? 0
        : 2;

    private PodMeasure Worst(long pages) =>
        _work.Seeds.Select(seed => Sizer.Measure(pages, seed)).MaxBy(one => one.Slowdown)!;

    private SizeAnswer AnswerOf(Target target, double? share)
    {
        if (target.Answer is not { } answer)
        {
            PodMeasure most = Sizer.Measure((long)_highest * PodSizer.PageBatch, _work.Seeds[0]);
            return new SizeAnswer
            {
                Share = share,
                Detail = most.Point.Death.Length > 0
                    ? $"even with everything resident, {Sizes.OfPages(most.Point.LimitPages)}: {most.Point.Death}"
                    : target.IsUntil ? $"not met even with everything resident, {Sizes.OfPages(most.Point.LimitPages)}"
                    : string.Create(CultureInfo.InvariantCulture,
                        $"with everything resident, {Sizes.OfPages(most.Point.LimitPages)}, it keeps ")
                        + (1 / most.Slowdown).ToString("0.0 %", CultureInfo.InvariantCulture),
            };
        }

        long pages = (long)answer * PodSizer.PageBatch;
        return new SizeAnswer
        {
            Share = share,
            LimitPages = pages,
            LowestPages = (long)target.Least.Min()!.Value * PodSizer.PageBatch,
            HighestPages = (long)target.Least.Max()!.Value * PodSizer.PageBatch,
            Point = Sizer.Pod.Enclaves.Count == 0 ? null : Worst(pages).Point,
        };
    }

    private long KneeOf()
    {
        (double At, double Value)[] curve =
        [
            .. Sizer.Measures.Where(one => one.Point.Seed == _work.Seeds[0] && one.Point.Death.Length == 0)
                .Select(one => ((double)one.Point.LimitPages, 1 / one.Slowdown)),
        ];
        int knee = CurveKnee.Of(curve);
        return knee < 0 ? 0 : (long)curve[knee].At;
    }

    /// <summary>The question, and the answer.</summary>
    private sealed class Target(double cost, bool isUntil)
    {
        public double Cost { get; } = cost;

        public bool IsUntil { get; } = isUntil;

        /// <summary>By seed, in page batches; null where none keeps it.</summary>
        public int?[] Least { get; private set; } = [];

        /// <summary>The limit, in page batches.</summary>
        public int? Answer { get; set; }

        public Target For(int seeds)
        {
            Least = new int?[seeds];
            return this;
        }
    }
}

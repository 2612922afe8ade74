using System.Collections.Concurrent;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// All cgroups at their limits on the machine of the scenario: who keeps the share beside the others, and when one does
/// not, or the sum of the limits is above the EPC, who slows whom.
/// </summary>
internal sealed class Interference
{
    /// <summary>ksgxd reclaims from everyone when fewer pages are free (SGX_NR_HIGH_PAGES).</summary>
    public const long WatermarkPages = 64;

    /// <summary>Slowdowns differ by so much with the order of threads alone.</summary>
    private const double Tolerance = 0.003;

    /// <summary>More cgroups than this are not left out one by one.</summary>
    private const int MostLeftOut = 24;

    /// <summary>Below this factor a neighbour is not worth a name.</summary>
    private const double WorthNaming = 1.01;

    private readonly SizingWork _work;
    private readonly IReadOnlyList<(PodSizer Sizer, long LimitPages)> _pods;
    private readonly ulong _seed;

    public Interference(SizingWork work, IReadOnlyList<(PodSizer Sizer, long LimitPages)> pods)
    {
        _work = work;
        _pods = pods;
        _seed = work.Seeds[0];
    }

    /// <summary>Runs all together, each alone, and each left out where that says something.</summary>
    /// <param name="keeps">Whether a slowdown of a cgroup is as good as was asked for.</param>
    public TogetherSizing Measure(Func<int, double, bool> keeps)
    {
        bool isAlone = _pods.Count == 1 && Others([0]).Count == 0;
        List<int> all = [.. Enumerable.Range(0, _pods.Count)];
        Figure together = new([], []);
        Figure[] alone = new Figure[_pods.Count];
        List<Action> runs = [() => together = Run(all, withOthers: true)];
        runs.AddRange(isAlone ? [] : all.Select(pod => (Action)(() => alone[pod] = Run([pod], withOthers: false))));
        _work.ForEach("all together", runs, run => run());

        bool[] kept = [.. all.Select(pod => keeps(pod, together.Slowdowns[pod] - Tolerance))];
        long sum = Sum(all);
        Dictionary<int, Figure> without = [];
        if (!isAlone && _pods.Count <= MostLeftOut
            && (sum + WatermarkPages > _work.Scenario.Machine.EpcPages || kept.Contains(false)))
        {
            without = LeaveOut(all);
        }

        return new TogetherSizing
        {
            SumPages = sum,
            MachinePages = _work.Scenario.Machine.EpcPages,
            BackingPages = together.BackingPages,
            Others = [.. Others(all).Select(i => _work.Scenario.Enclaves[i].Name)],
            Rows =
            [
                .. all.Select(pod => new NeighbourSizing
                {
                    Path = _pods[pod].Sizer.Pod.Path,
                    LimitPages = _pods[pod].LimitPages,
                    Alone = Finite((isAlone ? together : alone[pod]).Slowdowns[isAlone ? pod : 0]),
                    Together = Finite(together.Slowdowns[pod]),
                    Keeps = kept[pod],
                    Death = together.Deaths[pod],
                    SlowedBy = SlowedBy(pod, together, without),
                }),
            ],
        };
    }

    /// <summary>Sum of limits, and of what cgroups without one keep: nested limits count once.</summary>
    public long Sum(IReadOnlyList<int> pods)
    {
        long sum = pods.Where(pod => !pods.Any(other => other != pod && IsBelow(Path(pod), Path(other))))
            .Sum(pod => _pods[pod].LimitPages);
        foreach (int other in Others(pods))
        {
            EnclaveSpec spec = _work.Scenario.Enclaves[other];
            sum += (long)spec.CodePages + spec.HeapPages + LeastPages.ToRun(spec).Kept;
        }

        return sum + _work.Scenario.VirtualMachines
            .Where(guest => !pods.Any(pod => IsIn(guest.Cgroup, Path(pod)))).Sum(guest => (long)guest.TouchedPages);
    }

    private Dictionary<int, Figure> LeaveOut(List<int> all)
    {
        ConcurrentDictionary<int, Figure> without = new();
        _work.ForEach("who slows whom", all, pod =>
            without[pod] = Run([.. all.Where(other => other != pod)], withOthers: true));
        return without.ToDictionary();
    }

    private List<(string Path, double Factor)> SlowedBy(int pod, Figure together, Dictionary<int, Figure> without)
    {
        List<(string Path, double Factor)> by = [];
        foreach ((int other, Figure figure) in without)
        {
            // The one left out is missing in the row, so those behind it move up.
            int place = pod < other ? pod : pod - 1;
            if (other != pod && double.IsFinite(together.Slowdowns[pod])
                && together.Slowdowns[pod] / figure.Slowdowns[place] is var factor and > WorthNaming)
            {
                by.Add((Path(other), factor));
            }
        }

        return [.. by.OrderByDescending(one => one.Factor).ThenBy(one => one.Path, StringComparer.Ordinal)];
    }

    /// <summary>Runs some of the cgroups at their limits.</summary>
    private Figure Run(IReadOnlyList<int> pods, bool withOthers)
    {
        Scenario whole = _work.Scenario;
        List<EnclaveSpec> enclaves = [];
        List<Measured> measured = [];
        List<(int Pod, int Enclave, int Place)> places = [];
        foreach (int pod in pods)
        {
            PodSizer sizer = _pods[pod].Sizer;
            for (int i = 0; i < sizer.Pod.Enclaves.Count; i++)
            {
                int enclave = sizer.Pod.Enclaves[i];
                SteadyProgram program = sizer.Pod.Programs[i];
                int stage = Heaviest(program);
                places.Add((pod, i, enclaves.Count));
                measured.Add(program.Measured(stage, sizer.Length, _pods[pod].LimitPages));
                enclaves.Add(whole.Enclaves[enclave] with
                {
                    Number = enclave,
                    Steps = program.StepsOf(stage, sizer.Length, _pods[pod].LimitPages),
                });
            }
        }

        foreach (int other in withOthers ? Others(Enumerable.Range(0, _pods.Count)) : [])
        {
            SteadyProgram program = new(whole.Enclaves[other]);
            measured.Add(program.Measured(0, SteadyLength.Shortest, null) with { IsAwaited = false });
            enclaves.Add(whole.Enclaves[other] with
            {
                Number = other,
                Steps = program.StepsOf(0, SteadyLength.Shortest, null),
            });
        }

        SteadyRun run = new(Scene(pods, enclaves, withOthers), measured, stopsAtDeath: false);
        _work.Execute(run);
        return Read(pods, places, run);
    }

    private Figure Read(IReadOnlyList<int> pods, List<(int Pod, int Enclave, int Place)> places, SteadyRun run)
    {
        double[] slowdowns = new double[pods.Count];
        string[] deaths = [.. pods.Select(_ => "")];
        for (int row = 0; row < pods.Count; row++)
        {
            PodSizer sizer = _pods[pods[row]].Sizer;
            slowdowns[row] = 1;
            foreach ((int pod, int enclave, int place) in places.Where(one => one.Pod == pods[row]))
            {
                int stage = Heaviest(sizer.Pod.Programs[enclave]);
                EnclaveFigures? free = sizer.Reference(_seed).Stages is { } stages && stage < stages.Count
                    ? stages[stage][enclave] : null;
                EnclaveFigures? here = run.Of(place);
                if (here is null || free is null || run.IsDead(place) || run.IsStuck)
                {
                    slowdowns[row] = double.PositiveInfinity;
                    deaths[row] = $"{_work.Scenario.Enclaves[sizer.Pod.Enclaves[enclave]].Name}: "
                        + (run.IsDead(place) ? run.WhyDead(place) : "makes no progress");
                }
                else
                {
                    slowdowns[row] = Math.Max(slowdowns[row], here.Cost / free.Cost);
                }
            }
        }

        return new Figure(slowdowns, deaths) { BackingPages = run.BackingPages };
    }

    /// <summary>
    /// The machine as it is, but with a CPU for every thread: CPU time that pods take from one another is no matter of
    /// EPC.
    /// </summary>
    private Scenario Scene(IReadOnlyList<int> pods, List<EnclaveSpec> enclaves, bool withOthers)
    {
        Scenario whole = _work.Scenario;
        Dictionary<int, long> limits = pods.ToDictionary(pod => _pods[pod].Sizer.Pod.Cgroup, pod =>
            _pods[pod].LimitPages);
        int threads = PodScenario.SpareCpus + whole.VirtualMachines.Count
            + whole.Enclaves.Sum(one => one.Threads + one.Steps.OfType<StepSpec.Fork>().Count());
        return PodScenario.ForSizing(whole) with
        {
            Seed = _seed,
            Machine = whole.Machine with
            {
                Nodes = [.. whole.Machine.Nodes.Select(node => node.Cpus == 0 ? node
                    : node with { Cpus = Math.Max(node.Cpus, threads) })],
            },
            Cgroups =
            [
                .. whole.Cgroups.Select((cgroup, i) => limits.TryGetValue(i, out long pages)
                    ? cgroup with { Max = Limit.OfPages(pages) } : cgroup),
            ],
            Enclaves = enclaves,
            VirtualMachines =
            [
                .. whole.VirtualMachines.Where(guest => pods.Any(pod => IsIn(guest.Cgroup, Path(pod)))
                        || (withOthers && !_pods.Any(pod => IsIn(guest.Cgroup, pod.Sizer.Pod.Path))))
                    .Select(guest => guest with { HoldNs = -1 }),
            ],
        };
    }

    private List<int> Others(IEnumerable<int> pods)
    {
        HashSet<int> sized = [.. pods.SelectMany(pod => _pods[pod].Sizer.Pod.Enclaves)];
        return [.. Enumerable.Range(0, _work.Scenario.Enclaves.Count).Where(i => !sized.Contains(i))];
    }

    private string Path(int pod) => _pods[pod].Sizer.Pod.Path;

    private bool IsIn(int cgroup, string path) => IsBelow(_work.Scenario.Cgroups[cgroup].Path, path)
        || _work.Scenario.Cgroups[cgroup].Path == path;

    private static bool IsBelow(string path, string above) =>
        above == "/" || path.StartsWith(above + "/", StringComparison.Ordinal);

    /// <summary>The step of a program that has most of its accesses.</summary>
    private static int Heaviest(SteadyProgram program) =>
        program.IsSteady ? program.Weights.Index().MaxBy(one => one.Item).Index : 0;

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private sealed record Figure(IReadOnlyList<double> Slowdowns, IReadOnlyList<string> Deaths)
    {
        public long BackingPages { get; init; }
    }
}

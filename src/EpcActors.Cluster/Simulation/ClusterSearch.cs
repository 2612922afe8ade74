using System.Diagnostics;
using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Exploration;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Simulation;

/// <summary>Seeds to run.</summary>
public sealed record ClusterSearchPlan
{
    /// <summary>Number of seeds.</summary>
    public long Seeds { get; init; } = 1000;

    /// <summary>The first one.</summary>
    public ulong From { get; init; } = 1;

    /// <summary>
    /// Machines to pick from; null for the small ones that are built in (<see cref="SimulationScenarios"/>).
    /// </summary>
    public IReadOnlyList<Scenario>? Scenarios { get; init; }

    /// <summary>A rule of the protocol to leave out.</summary>
    public ClusterDefect Defect { get; init; }

    /// <summary>
    /// Strategies by name (<see cref="StrategyNames"/>), the next one for each seed; empty for the walks that are made
    /// for clusters.
    /// </summary>
    public IReadOnlyList<string> Strategies { get; init; } = [];

    /// <summary>Threads, each with engines of its own; 0 for two.</summary>
    public int Workers { get; init; }

    /// <summary>Ends with the first seed that breaks a rule, by its number.</summary>
    public bool StopsAtFirst { get; init; } = true;

    /// <summary>Most runs that go into making a finding smaller; 0 leaves it as it is.</summary>
    public int ShrinkRuns { get; init; } = 200;
}

/// <summary>Progress of a search.</summary>
/// <param name="Done">Seeds done.</param>
/// <param name="Seeds">Seeds to do.</param>
/// <param name="Steps">Steps made.</param>
/// <param name="Found">Seeds that broke a rule.</param>
/// <param name="Elapsed">Time used.</param>
public sealed record ClusterSearchProgress(long Done, long Seeds, long Steps, long Found, TimeSpan Elapsed);

/// <summary>A seed that broke a rule, and what it comes down to.</summary>
/// <param name="First">The seed as it is.</param>
/// <param name="Smallest">The same rule broken with fewer faults; <paramref name="First"/> when nothing could be left
/// out.</param>
/// <param name="ShrinkRuns">Runs that this took.</param>
public sealed record FoundSeed(SimulationOutcome First, SimulationOutcome Smallest, int ShrinkRuns);

/// <summary>Result of a search, and its coverage.</summary>
public sealed record ClusterSearchResult
{
    /// <summary>The seed with the smallest number that broke a rule; null for none.</summary>
    public FoundSeed? Found { get; init; }

    /// <summary>By rule: seeds that broke it, ascending.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<ulong>> Broken { get; init; }

    /// <summary>Events of all runs, counted.</summary>
    public required SimulationCounts Counts { get; init; }

    /// <summary>Seeds done.</summary>
    public required long Seeds { get; init; }

    public required TimeSpan Elapsed { get; init; }

    /// <summary>The user stopped it.</summary>
    public bool IsCancelled { get; init; }
}

/// <summary>
/// Runs many seeds over a few threads. The result does not depend on the number of threads: of several findings it is
/// that of the smallest seed.
/// </summary>
public sealed class ClusterSearch
{
    private const int DefaultWorkers = 2;

    private readonly ClusterSearchPlan _plan;
    private readonly Action<ClusterSearchProgress>? _report;
    private readonly CancellationToken _cancellation;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, List<ulong>> _broken = new(StringComparer.Ordinal);
    private readonly SimulationCounts _counts = new();
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private ulong _foundAt = ulong.MaxValue;
    private SimulationOutcome? _found;
    private Exception? _failure;
    private long _next;
    private long _done;

    private ClusterSearch(ClusterSearchPlan plan, Action<ClusterSearchProgress>? report, CancellationToken cancellation)
    {
        _plan = plan;
        _report = report;
        _cancellation = cancellation;
    }

    /// <summary>Runs the seeds of a plan.</summary>
    /// <param name="plan">Seeds to run.</param>
    /// <param name="report">Told after every seed, from any of the threads, one at a time; may be null.</param>
    /// <param name="cancellation">Ends it after the seeds that are under way.</param>
    public static ClusterSearchResult Run(
        ClusterSearchPlan plan,
        Action<ClusterSearchProgress>? report = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new ClusterSearch(plan, report, cancellation).Run();
    }

    private ClusterSearchResult Run()
    {
        int workers = (int)Math.Clamp(_plan.Seeds, 1, _plan.Workers > 0 ? _plan.Workers : DefaultWorkers);
        Thread[] threads = new Thread[workers - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work) { Name = $"cluster-search-{i}", IsBackground = true };
            threads[i].Start();
        }

        Work();
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (_failure is not null)
        {
            throw new InvariantViolation(_failure.Message, _failure);
        }

        FoundSeed? found = null;
        if (_found is { } first)
        {
            (SimulationOutcome smallest, int runs) = ClusterShrinker.Shrink(first, _plan.ShrinkRuns, _cancellation);
            found = new FoundSeed(first, smallest, runs);
        }

        return new ClusterSearchResult
        {
            Found = found,
            Broken = _broken.ToDictionary(
                one => one.Key,
                one => (IReadOnlyList<ulong>)[.. one.Value.Order()],
                StringComparer.Ordinal),
            Counts = _counts,
            Seeds = _done,
            Elapsed = Stopwatch.GetElapsedTime(_startedAt),
            IsCancelled = _cancellation.IsCancellationRequested,
        };
    }

    private void Work()
    {
        try
        {
            while (TryTake(out ulong seed))
            {
                SimulationCase one = SimulationCase.Of(seed, _plan.Scenarios, _plan.Defect);
                if (_plan.Strategies.Count > 0)
                {
                    one = one with { Strategy = _plan.Strategies[(int)(seed % (ulong)_plan.Strategies.Count)] };
                }

                Note(seed, one.Run());
            }
        }
#pragma warning disable CA1031 // A worker must not end the process: the waiting thread reports it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                _failure ??= failure;
            }
        }
    }

    private bool TryTake(out ulong seed)
    {
        lock (_gate)
        {
            seed = _plan.From + (ulong)_next;
            bool isOver =
                _next >= _plan.Seeds
                || _failure is not null
                || _cancellation.IsCancellationRequested
                || (_plan.StopsAtFirst && seed > _foundAt);
            _next += isOver ? 0 : 1;
            return !isOver;
        }
    }

    private void Note(ulong seed, SimulationOutcome outcome)
    {
        lock (_gate)
        {
            _done++;
            _counts.Add(outcome.Cluster.Counts);
            if (outcome.Finding is { } finding)
            {
                if (!_broken.TryGetValue(finding.Rule, out List<ulong>? seeds))
                {
                    _broken[finding.Rule] = seeds = [];
                }

                seeds.Add(seed);
                if (seed < _foundAt)
                {
                    _foundAt = seed;
                    _found = outcome;
                }
            }

            _report?.Invoke(
                new ClusterSearchProgress(
                    _done,
                    _plan.Seeds,
                    _counts.Steps,
                    _broken.Values.Sum(list => list.Count),
                    Stopwatch.GetElapsedTime(_startedAt)));
        }
    }
}

using System.Diagnostics;
using EpcActors.Engine;
using EpcActors.Exploration;
using EpcActors.Results.Text;

namespace EpcActors.Races;

/// <summary>Schedules to search, and for how long.</summary>
public sealed record HuntPlan
{
    /// <summary>Makes a world; each worker has one of its own.</summary>
    public required Func<LabWorld> NewWorld { get; init; }

    /// <summary>Strategies by name; schedule n uses the n-th, over and over.</summary>
    public IReadOnlyList<string> Strategies { get; init; } = StrategyNames.Portfolio;

    public ulong Seed { get; init; } = 1;

    /// <summary>Most schedules.</summary>
    public long MaxSchedules { get; init; } = 100_000;

    /// <summary>Longest time; null for no limit.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Threads; 0 for one per core.</summary>
    public int Workers { get; init; }

    /// <summary>Ends with the first schedule that breaks a rule.</summary>
    public bool StopsAtFirst { get; init; } = true;

    /// <summary>Only this rule counts; null for any.</summary>
    public string? Target { get; init; }

    /// <summary>Every n-th schedule is run twice and the states compared; 0 for never.</summary>
    public int SelfCheckEvery { get; init; } = 64;

    /// <summary>Every n-th schedule has its states counted; 0 for never.</summary>
    public int CountStatesEvery { get; init; } = 16;

    /// <summary>Schedules that a worker takes at a time.</summary>
    public int ChunkSchedules { get; init; } = 32;

    /// <summary>Point at which an earlier search stopped; null to begin at the beginning.</summary>
    public HuntProgress? Resume { get; init; }
}

/// <summary>Progress of a search, sufficient to resume it another day.</summary>
/// <param name="Schedules">Schedules done; the next one has this number.</param>
/// <param name="Steps">Steps executed.</param>
/// <param name="States">Different states among those that were counted.</param>
/// <param name="Elapsed">Time used.</param>
/// <param name="Unfinished">Schedules that neither ended nor repeated a state.</param>
public sealed record HuntProgress(long Schedules, long Steps, long States, TimeSpan Elapsed, long Unfinished = 0);

/// <summary>A schedule that broke a rule.</summary>
/// <param name="Number">Its number in the search.</param>
/// <param name="Strategy">Name of the strategy.</param>
/// <param name="Seed">Its own seed.</param>
/// <param name="Decisions">The record.</param>
/// <param name="Finding">Violation of the schedule.</param>
/// <param name="CycleStart">For a hang: the decision at which the repeating part begins.</param>
public sealed record FoundSchedule(
    long Number,
    string Strategy,
    ulong Seed,
    ushort[] Decisions,
    Finding Finding,
    int CycleStart);

/// <summary>Result of a search, and the number of schedules that it tried.</summary>
public sealed record HuntResult
{
    /// <summary>The first schedule, by number, that broke a rule; null for none.</summary>
    public FoundSchedule? Found { get; init; }

    /// <summary>Number of violations of each rule, when the search did not end with the first.</summary>
    public IReadOnlyDictionary<string, long> BrokenRules { get; init; } = new Dictionary<string, long>();

    public required HuntProgress Progress { get; init; }

    /// <summary>Different states seen after so many schedules.</summary>
    public IReadOnlyList<(long Schedules, long States)> Growth { get; init; } = [];

    /// <summary>
    /// Schedules that neither ended nor repeated a state within their steps: nothing is known of how they would have
    /// gone on.
    /// </summary>
    public long Unfinished { get; init; }

    /// <summary>Schedules that were run twice; all of them came out the same.</summary>
    public long SelfChecks { get; init; }

    /// <summary>Marks (<c>sometimes</c>) with whether they were seen.</summary>
    public IReadOnlyList<(string Text, bool WasHit)> Marks { get; init; } = [];

    /// <summary>The budget was used up, or the user stopped it, before anything was found.</summary>
    public bool IsCancelled { get; init; }
}

/// <summary>The determinism of a schedule is broken: the same decisions led to another state.</summary>
public sealed class NondeterminismException(string message) : Exception(message);

/// <summary>
/// Many schedules under several strategies, over all cores. Schedule n is the same on every machine whatever the number
/// of cores: its strategy and seed come from n alone, and of several that break a rule the one with the smallest number
/// is reported.
/// </summary>
public sealed class Hunt
{
    private const int MaxStatesKept = 4_000_000;

    private readonly HuntPlan _plan;
    private readonly Action<HuntProgress>? _report;
    private readonly CancellationToken _cancellation;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly HashSet<ulong> _states = [];
    private readonly SortedDictionary<string, long> _broken = new(StringComparer.Ordinal);
    private readonly List<(long Schedules, long States)> _growth = [];
    private readonly SortedDictionary<string, bool> _marks = new(StringComparer.Ordinal);
    private long _next;
    private long _foundAt = long.MaxValue;
    private FoundSchedule? _found;
    private long _schedules;
    private long _steps;
    private long _unfinished;
    private long _selfChecks;
    private long _lastReport;
    private Exception? _failure;

    private Hunt(HuntPlan plan, Action<HuntProgress>? report, CancellationToken cancellation)
    {
        _plan = plan;
        _report = report;
        _cancellation = cancellation;
        _next = plan.Resume?.Schedules ?? 0;
    }

    /// <summary>Searches until something is found, the budget is used up, or the user stops it.</summary>
    /// <exception cref="NondeterminismException">The same decisions led to different states: no result of this search
    /// means anything.</exception>
    public static HuntResult Run(HuntPlan plan, Action<HuntProgress>? report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new Hunt(plan, report, cancellation).Run();
    }

    private HuntResult Run()
    {
        int workers = _plan.Workers > 0 ? _plan.Workers : Environment.ProcessorCount;
        workers = (int)Math.Clamp(((_plan.MaxSchedules - 1) / _plan.ChunkSchedules) + 1, 1, workers);
        if (workers == 1)
        {
            Work();
        }
        else
        {
            Thread[] threads = new Thread[workers];
            for (int i = 0; i < threads.Length; i++)
            {
                threads[i] = new Thread(Work) { Name = $"hunt-{i}", IsBackground = true };
                threads[i].Start();
            }

            foreach (Thread thread in threads)
            {
                thread.Join();
            }
        }

        if (_failure is not null)
        {
            throw _failure is NondeterminismException
                ? new NondeterminismException(_failure.Message)
                : new InvariantViolation(_failure.Message, _failure);
        }

        return new HuntResult
        {
            Found = _found,
            BrokenRules = _broken,
            Progress = Progress(),
            Growth = _growth,
            Unfinished = (_plan.Resume?.Unfinished ?? 0) + _unfinished,
            SelfChecks = _selfChecks,
            Marks = [.. _marks.Select(mark => (mark.Key, mark.Value))],
            IsCancelled = _cancellation.IsCancellationRequested,
        };
    }

    /// <summary>The seed of schedule <paramref name="number"/> of a search.</summary>
    public static ulong SeedOf(ulong seed, long number) =>
        (seed * 0x9E3779B97F4A7C15) ^ ((ulong)(number + 1) * 0xD1B54A32D192ED03);

    private void Work()
    {
        try
        {
            LabWorld world = _plan.NewWorld();
            world.Target = _plan.Target;
            Worker worker = new(this, world);
            while (TryTakeChunk(out long first, out long end))
            {
                worker.Do(first, end);
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

    private bool TryTakeChunk(out long first, out long end)
    {
        lock (_gate)
        {
            first = _next;
            end = Math.Min(first + _plan.ChunkSchedules, _plan.MaxSchedules);
            bool isOver =
                first >= end
                || _failure is not null
                || _cancellation.IsCancellationRequested
                || (_plan.StopsAtFirst && first > _foundAt)
                || (_plan.MaxTime is { } limit && Stopwatch.GetElapsedTime(_startedAt) >= limit);
            if (!isOver)
            {
                _next = end;
            }

            return !isOver;
        }
    }

    private HuntProgress Progress() => new(
        (_plan.Resume?.Schedules ?? 0) + _schedules,
        (_plan.Resume?.Steps ?? 0) + _steps,
        Math.Max(_plan.Resume?.States ?? 0, _states.Count),
        (_plan.Resume?.Elapsed ?? TimeSpan.Zero) + Stopwatch.GetElapsedTime(_startedAt),
        (_plan.Resume?.Unfinished ?? 0) + _unfinished);

    private void Merge(Worker worker, int schedules)
    {
        HuntProgress? progress = null;
        lock (_gate)
        {
            _schedules += schedules;
            _steps += worker.Steps;
            _unfinished += worker.Unfinished;
            _selfChecks += worker.SelfChecks;
            if (_states.Count < MaxStatesKept)
            {
                _states.UnionWith(worker.States);
            }

            // A point of the curve whenever the number of schedules has doubled.
            if (worker.States.Count > 0 && (_growth.Count == 0 || _schedules >= 2 * _growth[^1].Schedules))
            {
                _growth.Add((_schedules, _states.Count));
            }

            foreach ((string text, bool wasHit) in worker.World.Marks)
            {
                _marks[text] = wasHit || (_marks.TryGetValue(text, out bool before) && before);
            }

            if (_report is not null && Stopwatch.GetElapsedTime(_lastReport) > TimeSpan.FromMilliseconds(100))
            {
                _lastReport = Stopwatch.GetTimestamp();
                progress = Progress();
            }
        }

        if (progress is not null)
        {
            _report!(progress);
        }
    }

    private void Found(FoundSchedule found)
    {
        lock (_gate)
        {
            _broken[found.Finding.Rule] = (_broken.TryGetValue(found.Finding.Rule, out long times) ? times : 0) + 1;
            if (found.Number < _foundAt)
            {
                _foundAt = found.Number;
                _found = found;
            }
        }
    }

    private bool IsBehindFound(long number) => _plan.StopsAtFirst && number > Volatile.Read(ref _foundAt);

    /// <summary>One thread with its world.</summary>
    private sealed class Worker
    {
        private readonly Hunt _hunt;
        private readonly IStrategy[] _strategies;
        private readonly StateCounter _counter;
        private readonly Replay _again = new(default, isStrict: true);

        public Worker(Hunt hunt, LabWorld world)
        {
            _hunt = hunt;
            World = world;
            _strategies = [.. hunt._plan.Strategies.Select(
                name => StrategyNames.Create(name) ?? throw new ArgumentException($"there is no strategy '{name}'"))];
            _counter = new StateCounter(world, States);
        }

        public LabWorld World { get; }

        public HashSet<ulong> States { get; } = [];

        public long Steps { get; private set; }

        public long Unfinished { get; private set; }

        public long SelfChecks { get; private set; }

        public void Do(long first, long end)
        {
            Steps = 0;
            Unfinished = 0;
            SelfChecks = 0;
            States.Clear();
            long number = first;
            for (
                ;
                number < end && !_hunt.IsBehindFound(number) && !_hunt._cancellation.IsCancellationRequested;
                number++)
            {
                One(number);
            }

            _hunt.Merge(this, (int)(number - first));
        }

        private void One(long number)
        {
            HuntPlan plan = _hunt._plan;
            IStrategy strategy = _strategies[number % _strategies.Length];
            ulong seed = SeedOf(plan.Seed, number);
            bool counts = plan.CountStatesEvery > 0 && number % plan.CountStatesEvery == 0;
            ScheduleOutcome outcome = World.Run(counts ? _counter.Around(strategy) : strategy, seed);
            Steps += outcome.Steps;
            if (outcome.End == ExploredEnd.StepLimit)
            {
                Unfinished++;
            }

            FoundSchedule? found = outcome.Finding is null
                ? null
                : new FoundSchedule(
                    number,
                    strategy.ToString()!,
                    seed,
                    World.Engine.Log.ToArray(),
                    outcome.Finding,
                    outcome.CycleStart);
            if (found is not null || (plan.SelfCheckEvery > 0 && number % plan.SelfCheckEvery == 0))
            {
                RunAgain(number, strategy.ToString()!, seed, outcome);
            }

            if (found is not null)
            {
                _hunt.Found(found);
            }
        }

        /// <summary>The same decisions must lead to the same state, or no result means anything.</summary>
        private void RunAgain(long number, string strategy, ulong seed, ScheduleOutcome first)
        {
            ushort[] decisions = World.Engine.Log.ToArray();
            ulong state = Replayed(decisions);
            int steps = World.Engine.Steps;
            ulong again = Replayed(decisions);
            SelfChecks++;
            if (steps != first.Steps || World.Engine.Steps != steps || again != state)
            {
                throw new NondeterminismException(
                    $"schedule {number} ({strategy}, seed {seed}) did not come out the same: "
                        + $"{Counted.Of(first.Steps, "step")}, then {steps} to state {state:x16}, then "
                        + $"{World.Engine.Steps} to {again:x16}. This is a fault of EpcActors: something in it is not "
                        + "decided by the schedule");
            }
        }

        private ulong Replayed(ushort[] decisions)
        {
            _again.Load(decisions);
            World.Reset();
            _again.Begin(World.Engine, 0);
            World.Engine.Run(_again, int.MaxValue);
            return World.Fingerprint();
        }
    }

    /// <summary>Notes the state before every decision of another strategy.</summary>
    private sealed class StateCounter(LabWorld world, HashSet<ulong> states) : IStrategy
    {
        private IStrategy _inner = null!;

        public override string ToString() => _inner.ToString()!;

        public IStrategy Around(IStrategy inner)
        {
            _inner = inner;
            return this;
        }

        public void Begin(Execution execution, ulong seed) => _inner.Begin(execution, seed);

        public int Next(Execution execution)
        {
            states.Add(world.Fingerprint());
            return _inner.Next(execution);
        }

        public bool Choose(Execution execution, int task, int point) => _inner.Choose(execution, task, point);
    }
}

using System.Diagnostics;
using EpcActors.Engine;
using EpcActors.Exploration;

namespace EpcActors.Races;

/// <summary>
/// An exhaustive search on several threads, each with a world of its own. It begins on one, and what is small is over
/// before the others start: its result is the same on every machine, schedule and all.
/// </summary>
internal sealed class ParallelSearch
{
    private static readonly TimeSpan KeepEvery = TimeSpan.FromMinutes(1);

    private readonly Gate _gate = new();
    private readonly SearchSpace _space;
    private readonly ParallelSearchPlan _plan;
    private readonly Action<SearchSpace>? _progress;
    private readonly CancellationToken _cancellation;
    private volatile bool _isPaused;
    private volatile bool _isOver;
    private volatile Exception? _failure;

    private ParallelSearch(
        SearchSpace space,
        ParallelSearchPlan plan,
        Action<SearchSpace>? progress,
        CancellationToken cancellation)
    {
        _space = space;
        _space.Share(_gate);
        _plan = plan;
        _progress = progress;
        _cancellation = cancellation;
    }

    /// <summary>Searches to the end, the bounds, or the first broken rule.</summary>
    /// <param name="space">What an earlier search left, or one that begins.</param>
    /// <param name="plan">Who takes part.</param>
    /// <param name="progress">Told now and then how far it is, on the caller's thread; may be null.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="InvariantViolation">A thread failed.</exception>
    public static SearchResult Run(
        SearchSpace space,
        ParallelSearchPlan plan,
        Action<SearchSpace>? progress,
        CancellationToken cancellation)
    {
        new ParallelSearch(space, plan, progress, cancellation).Run();
        return space.ToResult(looksForHangs: !cancellation.IsCancellationRequested);
    }

    private void Run()
    {
        int workers = _plan.Workers > 0 ? _plan.Workers : Environment.ProcessorCount;
        ExhaustiveSearch first = new(_plan.World, _space);
        List<Thread> others = [];
        try
        {
            Search(first, others, workers);
        }
        finally
        {
            _isOver = true;
            first.Suspend();
            foreach (Thread other in others)
            {
                other.Join();
            }
        }

        if (_failure is { } failure)
        {
            throw new InvariantViolation(failure.Message, failure);
        }

        _plan.Keep?.Invoke(_space);
    }

    private void Search(ExhaustiveSearch first, List<Thread> others, int workers)
    {
        long keptAt = Stopwatch.GetTimestamp();
        long schedules = 0;
        while (TryAdvance(first))
        {
            if ((++schedules & 1023) != 0)
            {
                continue;
            }

            _progress?.Invoke(_space);
            while (others.Count < workers - 1 && _space.States >= _plan.StatesAlone)
            {
                Thread other = new(Work) { Name = $"search-{others.Count + 1}", IsBackground = true };
                others.Add(other);
                other.Start();
            }

            if (_plan.Keep is not null && Stopwatch.GetElapsedTime(keptAt) >= KeepEvery)
            {
                Pause(first);
                _plan.Keep(_space);
                _isPaused = false;
                keptAt = Stopwatch.GetTimestamp();
            }
        }
    }

    private void Work()
    {
        try
        {
            ExhaustiveSearch search = new(_plan.NewWorld(), _space);
            while (TryAdvance(search))
            {
                if (_isPaused)
                {
                    search.Suspend();
                    Thread.Sleep(1);
                }
            }

            search.Suspend();
        }
#pragma warning disable CA1031 // A worker must not end the process: the waiting thread reports it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _failure = failure;
        }
    }

    /// <summary>Runs a schedule, or waits a moment for something to do. False: the search is over.</summary>
    private bool TryAdvance(ExhaustiveSearch search)
    {
        if (_isOver || _failure is not null || _cancellation.IsCancellationRequested)
        {
            return false;
        }

        if (_isPaused || search.Advance())
        {
            return true;
        }

        _gate.Enter();
        bool isOver = _space.IsStopped || _space.IsExhausted;
        _gate.Leave();
        if (!isOver)
        {
            // Others are busy, and give something away as soon as they see that there is nothing to take.
            Thread.Sleep(1);
        }

        return !isOver;
    }

    /// <summary>Waits until no searcher is at work: all that is left to try lies in the space.</summary>
    private void Pause(ExhaustiveSearch first)
    {
        _isPaused = true;
        first.Suspend();
        bool isBusy = true;
        while (isBusy && _failure is null)
        {
            Thread.Sleep(1);
            _gate.Enter();
            isBusy = _space.IsBusy;
            _gate.Leave();
        }
    }

    /// <summary>A lock; a searcher is inside for less than a microsecond.</summary>
    private sealed class Gate : ISearchGate
    {
        private readonly Lock _lock = new();

        public void Enter() => _lock.Enter();

        public void Leave() => _lock.Exit();
    }
}

/// <summary>Who takes part in a search.</summary>
internal sealed record ParallelSearchPlan
{
    /// <summary>The world of the caller's thread.</summary>
    public required LabWorld World { get; init; }

    /// <summary>Makes the world of another thread, on that thread.</summary>
    public required Func<LabWorld> NewWorld { get; init; }

    /// <summary>Most threads; 0 for one per core.</summary>
    public int Workers { get; init; }

    /// <summary>
    /// States that the first thread meets before the others start. It takes a few tenths of a second, so that a second
    /// one is worth its world.
    /// </summary>
    public required int StatesAlone { get; init; }

    /// <summary>Keeps what was found out so far, once a minute and at the end; null for nothing.</summary>
    public Action<SearchSpace>? Keep { get; init; }
}

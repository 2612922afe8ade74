using EpcActors.Scenarios;
using EpcActors.Scenarios.Expectations;

namespace EpcActors.Runs.Sizing;

/// <summary>Questions to a sizing.</summary>
public sealed record SizingRequest
{
    public required Scenario Scenario { get; init; }

    /// <summary>Indices of the cgroups to size; none: each that has enclaves or guests of its own.</summary>
    public IReadOnlyList<int> Cgroups { get; init; } = [];

    /// <summary>Shares of the full speed to keep, 0 to 1.</summary>
    public IReadOnlyList<double> Shares { get; init; } = [0.90, 0.95, 0.99];

    /// <summary>An expectation that decides instead, in the words of <see cref="Expectation"/>.</summary>
    public string Until { get; init; } = "";

    /// <summary>Seeds, from that of the scenario on.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>Simulations at a time; 1: on the calling thread.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>The command that repeats it.</summary>
    public string Command { get; init; } = "";
}

/// <summary>State that all parts of one sizing share: the scenario, the seeds, the counts, the threads.</summary>
internal sealed class SizingWork(SizingRequest request, Action<string>? progress, CancellationToken cancellation)
{
    private int _simulations;
    private long _steps;

    public Scenario Scenario => request.Scenario;

    public string Until => request.Until;

    public IReadOnlyList<ulong> Seeds { get; } =
        [.. Enumerable.Range(0, Math.Max(1, request.Seeds)).Select(i => unchecked(request.Scenario.Seed + (ulong)i))];

    public int Simulations => _simulations;

    public long Steps => Interlocked.Read(ref _steps);

    /// <summary>Runs to its end.</summary>
    /// <exception cref="OperationCanceledException">The sizing was cancelled.</exception>
    public void Execute(SteadyRun run)
    {
        cancellation.ThrowIfCancellationRequested();
        run.Execute(cancellation);
        cancellation.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _simulations);
        Interlocked.Add(ref _steps, run.Steps);
    }

    /// <summary>Says how far it is.</summary>
    public void Say(string what) => progress?.Invoke($"{what}, {_simulations} simulations");

    /// <summary>Does something for each item, on as many threads as were asked for.</summary>
    public void ForEach<T>(string what, IReadOnlyList<T> items, Action<T> body)
    {
        int done = 0;
        Say($"{what}: 0 of {items.Count}");
        if (request.Jobs <= 1)
        {
            foreach (T item in items)
            {
                One(item);
            }

            return;
        }

        try
        {
            Parallel.ForEach(
                Partitions(items), new ParallelOptions { MaxDegreeOfParallelism = request.Jobs }, One);
        }
        catch (AggregateException several)
        {
            // The first one is what a single thread would have met.
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(
                several.InnerExceptions.OfType<OperationCanceledException>().FirstOrDefault()
                    ?? several.InnerExceptions[0]);
        }

        void One(T item)
        {
            body(item);
            Say($"{what}: {Interlocked.Increment(ref done)} of {items.Count}");
        }
    }

    /// <summary>One item at a time, in order: the items take very different times.</summary>
    private static System.Collections.Concurrent.OrderablePartitioner<T> Partitions<T>(IReadOnlyList<T> items) =>
        System.Collections.Concurrent.Partitioner.Create(
            items, System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering);
}

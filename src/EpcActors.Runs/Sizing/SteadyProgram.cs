using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// How long a program runs in its steady state: accesses for each page that can be resident before it is measured, and
/// accesses for each page of the heap that are measured, by all threads together.
/// </summary>
internal readonly record struct SteadyLength(int WarmUpPasses, int MeasuredPasses)
{
    /// <summary>Enough for most programs.</summary>
    public static SteadyLength Shortest { get; } = new(4, 12);

    public SteadyLength Doubled => new(2 * WarmUpPasses, 2 * MeasuredPasses);
}

/// <summary>
/// The program of one enclave, as a sizing runs it. A program whose work is patterns without an end of their own is
/// measured in its steady state, step by step, whatever number of accesses the file gives it; the number is the weight
/// of the step. Any other program is measured as it is written, from begin to end.
/// </summary>
internal sealed class SteadyProgram
{
    private readonly EnclaveSpec _enclave;
    private readonly int[] _phases;

    public SteadyProgram(EnclaveSpec enclave)
    {
        _enclave = enclave;
        _phases = [.. Enumerable.Range(0, enclave.Steps.Count).Where(i => IsMainWork(enclave.Steps[i]))];
        IsSteady = _phases.Length > 0 && _phases.All(i => IsEndless(enclave.Steps[i]));
        Weights = [.. _phases.Select(i => WeightOf(enclave.Steps[i]))];

        // Work for ever: what comes before it is nothing beside it.
        int forever = Array.FindIndex(_phases, i => enclave.Steps[i] is StepSpec.Pattern { Accesses: < 0 });
        if (forever >= 0)
        {
            _phases = [_phases[forever]];
            Weights = [1];
        }
    }

    public bool IsSteady { get; }

    /// <summary>Runs that it takes to measure each step: one for each in the steady state.</summary>
    public int Stages => IsSteady ? _phases.Length : 1;

    /// <summary>Accesses of each measured step, as written: how much it counts.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>Steps that a stage measures.</summary>
    public int StepOfStage(int stage) => Math.Min(stage, Stages - 1);

    /// <summary>Figures of a stage.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="length">Length of the parts.</param>
    /// <param name="limitPages">Most pages that can be resident; null for all.</param>
    public Measured Measured(int stage, SteadyLength length, long? limitPages)
    {
        long accesses = PerThread(length.MeasuredPasses, _enclave.HeapPages);
        return new Measured(
            IsSteady ? Before(stage).Count : -1,
            accesses,
            Math.Min(accesses / 8, PerThread(2, Resident(limitPages))));
    }

    /// <summary>The program of a stage.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="length">Length of the parts.</param>
    /// <param name="limitPages">Most pages that can be resident; null for all.</param>
    public IReadOnlyList<StepSpec> StepsOf(int stage, SteadyLength length, long? limitPages)
    {
        if (!IsSteady)
        {
            return
            [
                .. _enclave.Steps.Select(step => step is StepSpec.Pattern { Accesses: < 0 } pattern
                    ? pattern with { Accesses = PerThread(length.MeasuredPasses, _enclave.HeapPages) }
                    : step),
            ];
        }

        StepSpec.Pattern measured = (StepSpec.Pattern)_enclave.Steps[_phases[StepOfStage(stage)]];
        return [.. Before(stage), measured with { Accesses = -1, WarmUp = PerThread(length.WarmUpPasses,
            Resident(limitPages)) }];
    }

    private static bool IsMainWork(StepSpec step) => step is StepSpec.Pattern or StepSpec.Trace;

    private static double WeightOf(StepSpec step) => step is StepSpec.Pattern { Accesses: > 0 } pattern
        ? pattern.Accesses
        : 1;

    /// <summary>
    /// Steps before the measured one that are no work of their own: they bring the enclave where it is.
    /// </summary>
    private List<StepSpec> Before(int stage) =>
        [.. _enclave.Steps.Take(_phases[StepOfStage(stage)]).Where(step => !IsMainWork(step))];

    private long Resident(long? limitPages) => Math.Min(limitPages ?? long.MaxValue, _enclave.HeapPages);

    private long PerThread(int passes, long pages) =>
        Math.Max(64, ((passes * pages) + _enclave.Threads - 1) / _enclave.Threads);

    private bool IsEndless(StepSpec step)
    {
        if (step is not StepSpec.Pattern pattern)
        {
            return false;
        }

        int pages = pattern.DividesHeap ? PartPattern.Share(_enclave.HeapPages, 0, _enclave.Threads).Count
            : _enclave.HeapPages;
        return pages > 0 && pattern.Factory(pages, new Prng(1)).Length == AccessPattern.Endless;
    }
}

using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Scenarios.Workloads;

/// <summary>How well a figure is founded.</summary>
public enum EvidenceGrade
{
    /// <summary>Read in the source named.</summary>
    Verified,

    /// <summary>Computed from published data or source.</summary>
    Derived,

    /// <summary>Recalled from the paper or manual, not read again.</summary>
    Recalled,

    /// <summary>An assumption of ours.</summary>
    Assumed,
}

/// <summary>Makes the pattern of a preset for a heap of so many pages.</summary>
public delegate AccessPattern AccessPatternFactory(int heapPages, Prng prng);

/// <summary>A published workload as a pattern of page accesses.</summary>
public sealed record WorkloadPreset
{
    /// <summary>Name in configurations, e.g. <c>ycsb-a</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where its parameters come from.</summary>
    public required string Source { get; init; }

    /// <summary>Its behaviour, and which parts are the source's and which are ours.</summary>
    public required string Description { get; init; }

    /// <summary>Makes its pattern.</summary>
    public required AccessPatternFactory CreatePattern { get; init; }

    /// <summary>
    /// True: the threads divide the heap, and each runs the pattern over its own part. False: each runs it over the
    /// whole heap.
    /// </summary>
    public bool DividesHeap { get; init; }

    /// <summary>CPU cycles of useful work per page access when no access faults.</summary>
    public required int UsefulCyclesPerAccess { get; init; }

    /// <summary>How well <see cref="UsefulCyclesPerAccess"/> is founded.</summary>
    public required EvidenceGrade UsefulCyclesGrade { get; init; }

    /// <summary>Heap of the source in pages; 0 when it is a share of the EPC.</summary>
    public int HeapPages { get; init; }

    /// <summary>
    /// Heap of the source in thousandths of the EPC it ran on; 0 when <see cref="HeapPages"/> says it.
    /// </summary>
    public int HeapPerMilleOfEpc { get; init; }

    /// <summary>How well the heap is founded.</summary>
    public required EvidenceGrade HeapGrade { get; init; }

    /// <summary>
    /// The source's heap on a machine with <paramref name="epcPages"/> pages of EPC, at least one page.
    /// </summary>
    public int HeapPagesFor(int epcPages) => HeapPages != 0
        ? HeapPages
        : (int)Math.Clamp((long)epcPages * HeapPerMilleOfEpc / 1000, 1, int.MaxValue - 1);
}

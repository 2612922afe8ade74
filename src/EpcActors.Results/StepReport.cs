namespace EpcActors.Results;

/// <summary>Part of an enclave's life that a <see cref="StepReport"/> describes.</summary>
public enum StepRole
{
    /// <summary>From SGX_IOC_ENCLAVE_CREATE to SGX_IOC_ENCLAVE_INIT.</summary>
    Load,

    /// <summary>The first accesses of a run, which do not count in the figures of the step.</summary>
    WarmUp,

    /// <summary>A step of the program.</summary>
    Step,

    /// <summary>From the last thread's exit to the release of the last page.</summary>
    Exit,

    /// <summary>All of it, from CREATE to the release of the last page.</summary>
    Total,
}

/// <summary>One step of an enclave's program: what it took, and how much slower it was than alone.</summary>
public sealed record StepReport
{
    public required StepRole Role { get; init; }

    /// <summary>Number of the step in the scenario, from 1; 0 for load, exit and total.</summary>
    public int Number { get; init; }

    /// <summary>
    /// <c>load</c>, <c>exit</c>, <c>total</c>, <c>warm-up</c>, or the step as the scenario writes it: <c>touch</c>,
    /// <c>run</c> …
    /// </summary>
    public required string Name { get; init; }

    /// <summary>Text for people: the pattern of a run.</summary>
    public string Text { get; init; } = "";

    /// <summary>
    /// From the first thread's begin to the last thread's end, or to the end of the run; nanoseconds.
    /// </summary>
    public long TimeNs { get; init; }

    /// <summary>Not all threads came to its end.</summary>
    public bool IsUnfinished { get; init; }

    /// <summary>Page accesses.</summary>
    public long Accesses { get; init; }

    /// <summary>Page faults served.</summary>
    public long Faults { get; init; }

    /// <summary>Time that threads spent in these faults, nanoseconds.</summary>
    public long FaultNs { get; init; }

    /// <summary>Pages loaded back.</summary>
    public long Reloads { get; init; }

    /// <summary>
    /// Slowdown against the same program alone with enough EPC on its own socket, per access where there are accesses.
    /// Null when not measured.
    /// </summary>
    public double? Slowdown { get; init; }
}

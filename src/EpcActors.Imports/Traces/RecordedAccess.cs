using EpcActors.Kernel.Workloads;

namespace EpcActors.Imports.Traces;

/// <summary>An access as a recording has it.</summary>
internal record struct RecordedAccess
{
    public long TimeNs { get; set; }

    /// <summary>Virtual address.</summary>
    public ulong Address { get; set; }

    /// <summary>Process, or enclave where the recording tells enclaves apart; -1 when it does not say.</summary>
    public int Process { get; set; }

    /// <summary>Thread as the recording names it; becomes a number within its enclave.</summary>
    public int Thread { get; set; }

    public PageAccessKind Kind { get; set; }
}

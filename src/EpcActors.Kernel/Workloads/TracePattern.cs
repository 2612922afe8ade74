using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// The accesses of one enclave of a trace, in their order. The times of the trace are left to the caller.
/// </summary>
public sealed class TracePattern : AccessPattern
{
    private readonly AccessTrace _trace;
    private readonly int _enclave;
    private int _index;

    /// <param name="trace">The trace; shared, it does not change.</param>
    /// <param name="enclave">Index of the enclave.</param>
    /// <exception cref="ArgumentException">The trace has no access of that enclave.</exception>
    public TracePattern(AccessTrace trace, int enclave)
        : base(HeapPagesOf(trace, enclave), trace.AccessesOf(enclave), new Prng(0))
    {
        _trace = trace;
        _enclave = enclave;
    }

    private protected override PageAccess Draw()
    {
        TraceEntry entry = _trace[_index++];
        while (entry.Enclave != _enclave)
        {
            entry = _trace[_index++];
        }

        return new PageAccess(entry.Page, entry.Kind);
    }

    private protected override void OnReset() => _index = 0;

    private static int HeapPagesOf(AccessTrace trace, int enclave)
    {
        ArgumentNullException.ThrowIfNull(trace);
        if (enclave < 0 || enclave >= trace.Enclaves.Count || trace.AccessesOf(enclave) == 0)
        {
            throw new ArgumentException($"The trace has no access of an enclave {enclave}.", nameof(enclave));
        }

        return trace.HeapPagesOf(enclave);
    }
}

using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Routines;

namespace EpcActors.Scenarios;

/// <summary>Counts of events since the start of a run. The engine's observer passes on the reports of tasks.</summary>
public sealed class RunCounts
{
    private static readonly string[] NamesInOrder =
    [
        "evictions", "reloads", "augments", "allocations", "retries", "faults", "batches", "empty-batches",
        "young", "leaked", "load-failures", "oom-kills", "laps", "ewb", "eldu",
    ];

    private readonly long[] _values = new long[NamesInOrder.Length];

    /// <summary>Names of the counts.</summary>
    public static IReadOnlyList<string> Names => NamesInOrder;

    /// <summary>The counts, in the order of <see cref="Names"/>.</summary>
    public ReadOnlySpan<long> Values => _values;

    /// <summary>One report of a task.</summary>
    /// <param name="what">The event.</param>
    /// <param name="detail">Its detail.</param>
    public void OnReport(RunEvent what, long detail)
    {
        int index = what switch
        {
            RunEvent.Evicted => 0,
            RunEvent.Reloaded => 1,
            RunEvent.Augmented => 2,
            RunEvent.Allocated => 3,
            RunEvent.FaultRetry => 4,
            RunEvent.Fault => 5,
            RunEvent.ReclaimBatch => 6,
            RunEvent.Young => 8,
            RunEvent.PageLeaked => 9,
            RunEvent.LoadFailed => 10,
            RunEvent.EnclaveOomKill or RunEvent.MemoryOomKill => 11,
            RunEvent.NodeWalkLap or RunEvent.CursorLap => 12,
            RunEvent.Ioctl or RunEvent.Phase or RunEvent.BackingFailed or RunEvent.IpiWave or RunEvent.Release
                or RunEvent.Script or RunEvent.AllocationFailed => -1,
        };
        if (index >= 0)
        {
            _values[index]++;
        }

        if (what == RunEvent.ReclaimBatch && detail == 0)
        {
            _values[7]++;
        }
    }

    /// <summary>One answered request: write-outs and loads that succeeded, those of SECS pages among them.</summary>
    public void OnStep(Envelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Code == EnclaveProtocol.Ewb.Code)
        {
            _values[13] += ((Envelope<EnclaveProtocol.Ewb>)envelope).Message.Result == LeafResult.Done ? 1 : 0;
        }
        else if (envelope.Code == EnclaveProtocol.Eldu.Code)
        {
            _values[14] += ((Envelope<EnclaveProtocol.Eldu>)envelope).Message.HasFailed ? 0 : 1;
        }
    }

    /// <summary>Begins anew.</summary>
    public void Clear() => Array.Clear(_values);

    /// <summary>Goes back to what <see cref="Values"/> was.</summary>
    public void Restore(ReadOnlySpan<long> values) => values.CopyTo(_values);
}

namespace EpcActors.Kernel.Workloads;

/// <summary>How a store's clients choose the key of the next operation.</summary>
public enum KeyChoice
{
    /// <summary>Every record equally likely.</summary>
    Uniform,

    /// <summary>By Zipf's law over the records.</summary>
    Zipf,

    /// <summary>By Zipf's law over the age: the record inserted last is the most popular (YCSB D).</summary>
    Latest,
}

/// <summary>
/// What is asked of a store of records, in the terms of YCSB's core workloads. The weights are whole numbers in any
/// proportion; 95 and 5, or 19 and 1.
/// </summary>
public sealed record RecordWorkload
{
    /// <summary>Bytes of a record. YCSB: 10 fields of 100 bytes, taken as 1 KiB, four to a page.</summary>
    public int RecordBytes { get; init; } = 1024;

    public KeyChoice Keys { get; init; } = KeyChoice.Zipf;

    /// <summary>Skew of <see cref="KeyChoice.Zipf"/> and <see cref="KeyChoice.Latest"/>.</summary>
    public double Theta { get; init; } = 0.99;

    /// <summary>
    /// Where popular records lie; not used by <see cref="KeyChoice.Latest"/>, whose records lie in the order of their
    /// insertion.
    /// </summary>
    public PlacementOrder Order { get; init; } = PlacementOrder.Scattered;

    /// <summary>Weight of reads of one record.</summary>
    public int Reads { get; init; }

    /// <summary>Weight of writes of one existing record.</summary>
    public int Updates { get; init; }

    /// <summary>Weight of new records. The heap does not grow: a new record takes the place of an old one.</summary>
    public int Inserts { get; init; }

    /// <summary>Weight of scans: neighbouring records from the chosen one on.</summary>
    public int Scans { get; init; }

    /// <summary>Weight of operations that read a record and then write it.</summary>
    public int ReadModifyWrites { get; init; }

    /// <summary>Longest scan, records; the length is uniform from 1 (YCSB: 1000).</summary>
    public int MaxScanRecords { get; init; } = 1000;

    /// <summary>The workload itself, once it is known to be one.</summary>
    /// <exception cref="ArgumentException">A weight or size is out of its range.</exception>
    internal RecordWorkload Checked()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(RecordBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxScanRecords);
        long total = (long)Reads + Updates + Inserts + Scans + ReadModifyWrites;
        bool isNegative = Reads < 0 || Updates < 0 || Inserts < 0 || Scans < 0 || ReadModifyWrites < 0;
        if (isNegative || total is 0 or > int.MaxValue)
        {
            throw new ArgumentException(
                $"Weights reads {Reads}, updates {Updates}, inserts {Inserts}, scans {Scans}, read-modify-writes " +
                $"{ReadModifyWrites} are no mix: none may be negative and one must be positive.");
        }

        return this;
    }
}

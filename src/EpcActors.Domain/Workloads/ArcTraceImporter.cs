namespace EpcActors.Domain.Workloads;

/// <summary>How the importer turns block numbers into pages.</summary>
public enum ArcNumbering
{
    /// <summary>
    /// Pages are numbered in the order of their first use: as many as there are, without holes. Block numbers of a disk
    /// are too far apart for a heap; what a cache sees, which access repeats which, stays the same.
    /// </summary>
    ByFirstUse,

    /// <summary>The block number is the page, for traces of small address spaces.</summary>
    AsIs,
}

/// <summary>Choices of <see cref="ArcTraceImporter"/>.</summary>
public sealed record ArcImportOptions
{
    /// <summary>Name given to the one enclave of the trace.</summary>
    public string Enclave { get; init; } = "arc";

    /// <summary>Blocks that make one page: 1 if the trace counts pages, 8 for blocks of 512 bytes.</summary>
    public int BlocksPerPage { get; init; } = 1;

    public ArcNumbering Numbering { get; init; } = ArcNumbering.ByFirstUse;

    /// <summary>The form has no times: accesses are spaced evenly, microseconds.</summary>
    public long IntervalUs { get; init; } = 1;

    /// <summary>Refuse more accesses than these.</summary>
    public int MaxAccesses { get; init; } = AccessTraceReader.DefaultMaxAccesses;
}

/// <summary>
/// Imports the <c>.lis</c> traces that came with ARC (Megiddo and Modha, FAST 2003): <c>start count ignore ignore</c>,
/// a request for <c>count</c> blocks from <c>start</c>. Every page of a request becomes one read.
/// </summary>
public static class ArcTraceImporter
{
    private const string Form = "start count ignore ignore";

    /// <summary>Reads all of <paramref name="reader"/>.</summary>
    /// <param name="reader">The text; the caller opens and closes it.</param>
    /// <param name="source">Name of the trace for error messages.</param>
    /// <param name="options">Choices.</param>
    /// <exception cref="TraceFormatException">The text is no such trace, or too long.</exception>
    public static AccessTrace Read(TextReader reader, string source, ArcImportOptions options)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BlocksPerPage, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.IntervalUs, nameof(options));
        AccessTrace.Builder builder = new();
        int enclave = builder.EnclaveOf(options.Enclave);

        // Looked up only, never enumerated.
        Dictionary<long, int> numbers = [];
        int number = 0;
        while (reader.ReadLine() is string text)
        {
            number++;
            TraceLine line = new(source, number, text);
            if (!line.IsAtEnd)
            {
                ReadRequest(ref line, builder, enclave, options, numbers);
            }
        }

        return builder.Build();
    }

    private static void ReadRequest(
        ref TraceLine line,
        AccessTrace.Builder builder,
        int enclave,
        ArcImportOptions options,
        Dictionary<long, int> numbers)
    {
        long start = line.NextNumber("start block", long.MaxValue / 2);
        long count = line.NextNumber("count of blocks", long.MaxValue / 2);
        long firstPage = start / options.BlocksPerPage;
        long lastPage = count == 0 ? firstPage - 1 : (start + count - 1) / options.BlocksPerPage;
        if (lastPage - firstPage + 1 > options.MaxAccesses - builder.Count)
        {
            throw line.Error(
                $"{count} blocks make more than {options.MaxAccesses} accesses in all",
                "cut the trace, or raise the limit");
        }

        if (options.Numbering == ArcNumbering.AsIs && lastPage >= int.MaxValue)
        {
            throw line.Error(
                $"block {lastPage} is beyond any heap",
                $"number the pages by first use, or take blocks up to {int.MaxValue - 1}");
        }

        // Their meaning differs between the traces (zero, and a running number), so whatever stands there is passed
        // over.
        line.Next("the third field", $"write {Form}");
        line.Next("the fourth field", $"write {Form}");
        line.End(Form);
        for (long page = firstPage; page <= lastPage; page++)
        {
            int index = (int)page;
            if (options.Numbering == ArcNumbering.ByFirstUse && !numbers.TryGetValue(page, out index))
            {
                index = numbers.Count;
                numbers.Add(page, index);
            }

            builder.Add(builder.Count * options.IntervalUs, enclave, index, PageAccessKind.Read);
        }
    }
}

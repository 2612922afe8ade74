using EpcActors.Kernel.Workloads;
namespace EpcActors.Scenarios.Workloads;

/// <summary>
/// Reads the text form of a trace: <c>t_us enclave page r|w|x [thread]</c>, one access a line, times never falling,
/// fields separated by blanks, <c>#</c> to the end of a line a comment, empty lines free. Without a thread it is 0.
/// </summary>
public static class AccessTraceReader
{
    /// <summary>Accesses read unless the caller allows more: 1.6 GB of memory.</summary>
    public const int DefaultMaxAccesses = 100_000_000;

    private const string Form = "t_us enclave page r|w|x [thread]";

    /// <summary>Highest number of a thread: the most threads of an enclave, less 1.</summary>
    private const int MaxThread = 4095;

    /// <summary>Reads all of <paramref name="reader"/>.</summary>
    /// <param name="reader">The text; the caller opens and closes it.</param>
    /// <param name="source">Name of the trace for error messages, e.g. the file's.</param>
    /// <param name="maxAccesses">Refuse more than these, before memory runs out.</param>
    /// <exception cref="TraceFormatException">The text is not a trace, or too long.</exception>
    public static AccessTrace Read(TextReader reader, string source, int maxAccesses = DefaultMaxAccesses)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(source);
        AccessTrace.Builder builder = new();
        int number = 0;
        while (reader.ReadLine() is string text)
        {
            number++;
            TraceLine line = new(source, number, text);
            if (line.IsAtEnd)
            {
                continue;
            }

            ReadAccess(ref line, builder, maxAccesses);
        }

        return builder.Build();
    }

    private static void ReadAccess(ref TraceLine line, AccessTrace.Builder builder, int maxAccesses)
    {
        long timeUs = line.NextNumber("time in microseconds", long.MaxValue);
        if (timeUs < builder.LastTimeUs)
        {
            throw line.Error(
                $"time {timeUs} comes after {builder.LastTimeUs}", "sort the lines by their time");
        }

        if (builder.Count >= maxAccesses)
        {
            throw line.Error($"the trace has more than {maxAccesses} accesses", "cut it, or raise the limit");
        }

        int enclave = builder.EnclaveOf(line.Next("the enclave's name", $"write {Form}"));
        if (enclave < 0)
        {
            throw line.Error(
                $"more than {AccessTrace.Builder.MaxEnclaves} enclaves",
                "put the name of an enclave into the second field");
        }

        int page = (int)line.NextNumber("page", int.MaxValue - 1);
        ReadOnlySpan<char> kind = line.Next("the kind of access", "write r, w or x");
        PageAccessKind access = kind switch
        {
            "r" => PageAccessKind.Read,
            "w" => PageAccessKind.Write,
            "x" => PageAccessKind.Execute,
            _ => throw line.Error($"'{kind}' is not a kind of access", "write r, w or x"),
        };
        int thread = line.IsAtEnd ? 0 : (int)line.NextNumber("thread", MaxThread);
        line.End(Form);
        builder.Add(timeUs, enclave, page, access, thread);
    }
}

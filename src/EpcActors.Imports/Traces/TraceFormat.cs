namespace EpcActors.Imports.Traces;

/// <summary>Recordings that become a trace.</summary>
public enum TraceFormat
{
    /// <summary>trace or trace_pipe of tracefs, also trace-cmd report: page_fault_user events.</summary>
    Ftrace,

    /// <summary>perf script, of page_fault_user or page-faults events.</summary>
    Perf,

    /// <summary>Lines of the bpftrace program of docs/imports.md: <c>nsecs pid tid address error_code</c>.</summary>
    Bpftrace,

    /// <summary>CSV of the data base of sgx-perf: <c>name,time,thread,eid,arg,enclave_start</c>.</summary>
    SgxPerf,

    /// <summary>ARC's .lis: <c>start count ignore ignore</c>.</summary>
    Arc,

    /// <summary>A trace already: <c>t_us enclave page r|w|x [thread]</c>; read to scale, sort or renumber it.</summary>
    Plain,
}

/// <summary>How addresses become pages of a heap.</summary>
public enum PageNumbering
{
    /// <summary>Address less base, in pages.</summary>
    AsIs,

    /// <summary>
    /// In the order of their first use: as many as there are, without holes. What a cache sees stays the same.
    /// </summary>
    FirstUse,
}

/// <summary>The range of an enclave in the recorded process.</summary>
/// <param name="Name">Name in the trace.</param>
/// <param name="Start">First address: the base.</param>
/// <param name="End">First address behind it.</param>
public sealed record EnclaveRange(string Name, ulong Start, ulong End);

/// <summary>Choices of a trace import.</summary>
public sealed record TraceImportOptions
{
    /// <summary>Ranges of enclaves; accesses elsewhere are left out. Empty: one enclave per process.</summary>
    public IReadOnlyList<EnclaveRange> Ranges { get; init; } = [];

    /// <summary>Name of the one enclave when there are no ranges.</summary>
    public string Name { get; init; } = "enclave";

    public PageNumbering Numbering { get; init; }

    /// <summary>Times are multiplied by it; above 0.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Most accesses; more are an error before memory runs out.</summary>
    public int MaxAccesses { get; init; } = 50_000_000;
}

using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Imports.Traces;

/// <summary>Reads the lines of one format.</summary>
internal abstract class TraceParser(string source)
{
    /// <summary>It records faults: an access to a page that is there does not show.</summary>
    public abstract bool IsOfFaults { get; }

    /// <summary>The recording says which accesses write and which fetch.</summary>
    public virtual bool HasKinds => true;

    /// <summary>Numbers from 0 on are pages, not addresses in a process: nothing is subtracted.</summary>
    public virtual bool HasPages => false;

    /// <summary>Bases of enclaves that the recording itself tells.</summary>
    public virtual IReadOnlyDictionary<int, ulong> Bases { get; } = new Dictionary<int, ulong>();

    /// <summary>Begins the name of an enclave whose number the recording knows.</summary>
    public virtual string Prefix => "pid-";

    /// <summary>Names of enclaves by number, in a recording that has names.</summary>
    public virtual IReadOnlyList<string> Names => [];

    /// <summary>Name of the file, for errors.</summary>
    protected string Source { get; } = source;

    /// <summary>Events that the recorder lost, as far as it says so.</summary>
    public long Lost { get; protected set; }

    /// <summary>Reads a line. False: it is of another kind, and is passed over.</summary>
    /// <exception cref="TraceFormatException">It should be an access and is not.</exception>
    public abstract bool TryRead(ReadOnlySpan<char> line, int number, out RecordedAccess access);

    public static TraceParser Of(TraceFormat format, string source) => format switch
    {
        TraceFormat.Ftrace => new FtraceParser(source),
        TraceFormat.Perf => new PerfParser(source),
        TraceFormat.Bpftrace => new BpftraceParser(source),
        TraceFormat.SgxPerf => new SgxPerfParser(source),
        TraceFormat.Arc => new ArcParser(source),
        TraceFormat.Plain => new PlainParser(source),
    };

    /// <summary>An error at a field of the line.</summary>
    protected TraceFormatException Wrong(
        ReadOnlySpan<char> line, ReadOnlySpan<char> field, int number, string problem, string remedy)
    {
        int column = field.Length > 0 && line.Overlaps(field, out int offset) ? offset + 1 : 1;
        return new TraceFormatException(Source, number, column, problem, remedy);
    }
}

/// <summary>
/// <c>redis-930   [003] d...  6288.896762: page_fault_user: address=0x55bc6c5557d0 ip=0x7ff7 error_code=0x7</c>
/// </summary>
internal sealed class FtraceParser(string source) : TraceParser(source)
{
    public override bool IsOfFaults => true;

    public override bool TryRead(ReadOnlySpan<char> line, int number, out RecordedAccess access)
    {
        access = new RecordedAccess { Process = -1 };
        int cpu = line.IndexOf(" [", StringComparison.Ordinal);
        if (line.StartsWith('#') || cpu < 0)
        {
            return false;
        }

        int lost = line.IndexOf("[LOST ", StringComparison.Ordinal);
        if (lost >= 0)
        {
            ReadOnlySpan<char> rest = line[(lost + "[LOST ".Length)..];
            Lost += LineFields.TryLong(LineFields.Next(ref rest), out long count) ? count : 1;
            return false;
        }

        if (
            !LineFields.TryKey(line, "address=", out ulong address)
            && !LineFields.TryKey(line, "addr=", out address))
        {
            return false;
        }

        // The name of a task may have blanks and dashes; behind the last dash stands its thread.
        ReadOnlySpan<char> task = line[..cpu].TrimEnd(' ');
        if (task.EndsWith(')') && task.LastIndexOf('(') is > 0 and var group)
        {
            task = task[..group].TrimEnd(' ');
        }

        ReadOnlySpan<char> thread = task[(task.LastIndexOf('-') + 1)..];
        if (!LineFields.TryInt(thread, out int tid))
        {
            throw Wrong(line, thread, number, $"'{thread}' is not a thread", "leave the line as the kernel prints it");
        }

        ReadOnlySpan<char> fields = line[(cpu + 1)..];
        while (fields.Length > 0)
        {
            ReadOnlySpan<char> field = LineFields.Next(ref fields);
            if (field.EndsWith(':') && LineFields.TrySeconds(field[..^1], out long ns))
            {
                _ = LineFields.TryKey(line, "error_code=", out ulong code);
                access = new RecordedAccess
                {
                    TimeNs = ns,
                    Address = address,
                    Process = -1,
                    Thread = tid,
                    Kind = LineFields.KindOf(code),
                };
                return true;
            }
        }

        throw Wrong(line, default, number, "the line has no time", "set trace_clock to local or mono");
    }
}

/// <summary>
/// <c>redis 930/931 [003] 6288.896762: exceptions:page_fault_user: address=0x55bc ip=0x7ff7 error_code=0x7</c>, or
/// <c>redis 930/931 6288.896762: page-faults: 7f12345000</c> of perf script -F comm,pid,tid,time,event,addr.
/// </summary>
internal sealed class PerfParser(string source) : TraceParser(source)
{
    private bool _hasKinds;

    public override bool IsOfFaults => true;

    public override bool HasKinds => _hasKinds;

    public override bool TryRead(ReadOnlySpan<char> line, int number, out RecordedAccess access)
    {
        access = new RecordedAccess { Process = -1 };
        ReadOnlySpan<char> rest = line;
        ReadOnlySpan<char> before = default;
        long ns = -1;
        while (rest.Length > 0 && ns < 0)
        {
            ReadOnlySpan<char> field = LineFields.Next(ref rest);
            if (field.EndsWith(':') && LineFields.TrySeconds(field[..^1], out long found))
            {
                ns = found;
            }
            else if (!field.StartsWith('['))
            {
                before = field;
            }
        }

        if (ns < 0 || line.StartsWith('#'))
        {
            return false;
        }

        if (!TryAddress(rest, out ulong address))
        {
            return false;
        }

        int slash = before.IndexOf('/');
        if (
            !LineFields.TryInt(before[(slash + 1)..], out int tid)
            || !LineFields.TryInt(slash < 0 ? before : before[..slash], out int pid))
        {
            throw Wrong(
                line, before, number, $"'{before}' is not a thread",
                "use perf script -F comm,pid,tid,time,event,trace");
        }

        bool hasCode = LineFields.TryKey(rest, "error_code=", out ulong code);
        _hasKinds |= hasCode;
        access = new RecordedAccess
        {
            TimeNs = ns,
            Address = address,
            Process = slash < 0 ? -1 : pid,
            Thread = tid,
            Kind = LineFields.KindOf(code),
        };
        return true;
    }

    /// <summary>Behind <c>address=</c>, or the first number behind the name of the event.</summary>
    private static bool TryAddress(ReadOnlySpan<char> rest, out ulong address)
    {
        if (LineFields.TryKey(rest, "address=", out address) || LineFields.TryKey(rest, "addr=", out address))
        {
            return true;
        }

        bool isBehindEvent = false;
        while (rest.Length > 0)
        {
            ReadOnlySpan<char> field = LineFields.Next(ref rest);
            if (isBehindEvent)
            {
                return LineFields.TryHex(field, out address);
            }

            isBehindEvent = field.EndsWith(':');
        }

        return false;
    }
}

/// <summary><c>6288896762000 930 931 0x55bc6c5557d0 0x7</c>: nsecs, pid, tid, address, error code.</summary>
internal sealed class BpftraceParser(string source) : TraceParser(source)
{
    private const string Remedy = "print five fields, as the program of docs/imports.md does: nsecs pid tid 0xADDRESS "
        + "0xCODE";

    public override bool IsOfFaults => true;

    public override bool TryRead(ReadOnlySpan<char> line, int number, out RecordedAccess access)
    {
        access = new RecordedAccess { Process = -1 };
        ReadOnlySpan<char> rest = line;
        ReadOnlySpan<char> time = LineFields.Next(ref rest);

        // Its own words: "Attaching 1 probe...", "Lost 12 events", and maps, which begin with @.
        if (time.Length == 0 || !char.IsAsciiDigit(time[0]))
        {
            if (time.SequenceEqual("Lost"))
            {
                Lost += LineFields.TryLong(LineFields.Next(ref rest), out long count) ? count : 1;
            }

            return false;
        }

        ReadOnlySpan<char> process = LineFields.Next(ref rest);
        ReadOnlySpan<char> thread = LineFields.Next(ref rest);
        ReadOnlySpan<char> place = LineFields.Next(ref rest);
        ReadOnlySpan<char> bits = LineFields.Next(ref rest);
        if (!LineFields.TryLong(time, out long ns))
        {
            throw Wrong(line, time, number, $"'{time}' is no time in nanoseconds", Remedy);
        }

        if (!LineFields.TryInt(process, out int pid) || !LineFields.TryInt(thread, out int tid))
        {
            throw Wrong(line, process, number, "process and thread are no numbers", Remedy);
        }

        if (!LineFields.TryHex(place, out ulong address) || !LineFields.TryHex(bits, out ulong code))
        {
            throw Wrong(line, place, number, "address and error code are no hexadecimal numbers", Remedy);
        }

        if (!rest.IsWhiteSpace())
        {
            throw Wrong(line, rest.Trim(), number, $"'{rest.Trim()}' is too much", Remedy);
        }

        access = new RecordedAccess
        {
            TimeNs = ns,
            Address = address,
            Process = pid,
            Thread = tid,
            Kind = LineFields.KindOf(code),
        };
        return true;
    }
}

/// <summary>
/// <c>EnclavePageInEvent,6288896762000,2,1,94353535,</c>: name, time in nanoseconds, thread, enclave, address, and the
/// start of the enclave in its creation event.
/// </summary>
internal sealed class SgxPerfParser(string source) : TraceParser(source)
{
    private const string Remedy = "export with the query of docs/imports.md: name,time,thread,eid,arg,enclave_start";

    private readonly Dictionary<int, ulong> _bases = [];

    public override bool IsOfFaults => true;

    public override bool HasKinds => false;

    public override IReadOnlyDictionary<int, ulong> Bases => _bases;

    public override string Prefix => "enclave-";

    public override bool TryRead(ReadOnlySpan<char> line, int number, out RecordedAccess access)
    {
        access = new RecordedAccess { Process = -1 };
        Span<Range> parts = stackalloc Range[8];
        int count = line.Split(parts, ',');
        ReadOnlySpan<char> name = line[parts[0]].Trim('"');
        if (line.IsWhiteSpace() || name.SequenceEqual("name"))
        {
            return false;
        }

        if (count is < 5 or > 6)
        {
            throw new TraceFormatException(Source, number, 1, $"the line has {count} fields, not 6", Remedy);
        }

        if (
            !LineFields.TryLong(line[parts[1]], out long ns)
            || !LineFields.TryInt(line[parts[2]], out int thread)
            || !LineFields.TryInt(line[parts[3]], out int enclave))
        {
            throw Wrong(line, line[parts[1]], number, "time, thread and enclave are no numbers", Remedy);
        }

        if (name.SequenceEqual("EnclaveCreationEvent"))
        {
            if (count == 6 && LineFields.TryLong(line[parts[5]], out long start))
            {
                _bases[enclave] = (ulong)start;
            }

            return false;
        }

        // A page that goes out was not accessed just then.
        if (!name.SequenceEqual("EnclavePageInEvent"))
        {
            return false;
        }

        if (!LineFields.TryLong(line[parts[4]], out long address))
        {
            throw Wrong(line, line[parts[4]], number, $"'{line[parts[4]]}' is not an address", Remedy);
        }

        access = new RecordedAccess
        {
            TimeNs = ns,
            Address = (ulong)address,
            Process = enclave,
            Thread = thread,
            Kind = PageAccessKind.Read,
        };
        return true;
    }
}

using EpcActors.Kernel.Workloads;

namespace EpcActors.Imports.Traces;

/// <summary>
/// The <c>.lis</c> traces that came with ARC (Megiddo and Modha, FAST 2003): <c>start count ignore ignore</c>, a
/// request for <c>count</c> blocks from <c>start</c>. Every block of a request is one read of a page; the form has no
/// times, so one comes each microsecond.
/// </summary>
internal sealed class ArcParser(string source) : TraceParser(source)
{
    private const string Remedy = "write start count ignore ignore, four numbers";
    private const long MostBlocks = 1 << 20;

    private long _timeNs;
    private ulong _next;
    private long _left;

    public override bool IsOfFaults => false;

    public override bool HasPages => true;

    /// <summary>True: the request read last has more blocks, which <see cref="Next"/> gives.</summary>
    public bool HasMore => _left > 0;

    public override bool TryRead(ReadOnlySpan<char> line, int number, out RecordedAccess access)
    {
        access = default;
        ReadOnlySpan<char> rest = line;
        ReadOnlySpan<char> first = LineFields.Next(ref rest);
        if (first.Length == 0 || first[0] == '#')
        {
            return false;
        }

        ReadOnlySpan<char> count = LineFields.Next(ref rest);
        bool isWhole = LineFields.Next(ref rest).Length > 0 && LineFields.Next(ref rest).Length > 0
            && rest.IsWhiteSpace();
        if (!LineFields.TryLong(first, out long start) || start > long.MaxValue / 8192)
        {
            throw Wrong(line, first, number, $"'{first}' is not a start block", Remedy);
        }

        if (!LineFields.TryLong(count, out long blocks) || blocks > MostBlocks)
        {
            throw Wrong(line, count, number, $"'{count}' is not a count of blocks up to {MostBlocks}", Remedy);
        }

        if (!isWhole)
        {
            throw Wrong(line, default, number, "the line does not have four fields", Remedy);
        }

        _next = (ulong)start;
        _left = blocks;
        if (blocks == 0)
        {
            return false;
        }

        access = Next();
        return true;
    }

    /// <summary>The next block of the request.</summary>
    public RecordedAccess Next()
    {
        _left--;
        _timeNs += 1000;
        return new RecordedAccess
        {
            TimeNs = _timeNs - 1000,
            Address = _next++ * 4096,
            Process = -1,
            Kind = PageAccessKind.Read,
        };
    }
}

/// <summary><c>12 redis 5 w 3</c>: microseconds, enclave, page, kind and thread, as scenarios read it.</summary>
internal sealed class PlainParser(string source) : TraceParser(source)
{
    private const string Remedy = "write t_us enclave page r|w|x [thread]";
    private const int MostNames = 10_000;

    private readonly List<string> _names = [];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    public override bool IsOfFaults => false;

    public override bool HasPages => true;

    public override IReadOnlyList<string> Names => _names;

    public override bool TryRead(ReadOnlySpan<char> line, int number, out RecordedAccess access)
    {
        access = default;
        int comment = line.IndexOf('#');
        ReadOnlySpan<char> rest = comment < 0 ? line : line[..comment];
        if (rest.IsWhiteSpace())
        {
            return false;
        }

        ReadOnlySpan<char> time = LineFields.Next(ref rest);
        ReadOnlySpan<char> name = LineFields.Next(ref rest);
        ReadOnlySpan<char> page = LineFields.Next(ref rest);
        ReadOnlySpan<char> kind = LineFields.Next(ref rest);
        ReadOnlySpan<char> thread = LineFields.Next(ref rest);
        if (!LineFields.TryLong(time, out long us) || us > long.MaxValue / 1000)
        {
            throw Wrong(line, time, number, $"'{time}' is not a time in microseconds", Remedy);
        }

        if (!LineFields.TryLong(page, out long pages) || pages > int.MaxValue - 1)
        {
            throw Wrong(line, page, number, $"'{page}' is not a page", Remedy);
        }

        int tid = 0;
        if (kind is not ("r" or "w" or "x") || (thread.Length > 0 && !LineFields.TryInt(thread, out tid)))
        {
            throw Wrong(line, kind, number, "the kind of access is r, w or x, and a thread is a number", Remedy);
        }

        if (!rest.IsWhiteSpace())
        {
            throw Wrong(line, rest.Trim(), number, $"'{rest.Trim()}' is too much", Remedy);
        }

        access = new RecordedAccess
        {
            TimeNs = us * 1000,
            Address = (ulong)pages * 4096,
            Process = NumberOf(name, line, number),
            Thread = tid,
            Kind = kind[0] == 'w' ? PageAccessKind.Write
                : kind[0] == 'x' ? PageAccessKind.Execute
                : PageAccessKind.Read,
        };
        return true;
    }

    private int NumberOf(ReadOnlySpan<char> name, ReadOnlySpan<char> line, int number)
    {
        if (_numbers.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out int known))
        {
            return known;
        }

        if (_names.Count == MostNames)
        {
            throw Wrong(line, name, number, $"more than {MostNames} enclaves", "put the enclave's name second");
        }

        _names.Add(name.ToString());
        _numbers.Add(_names[^1], _names.Count - 1);
        return _names.Count - 1;
    }
}

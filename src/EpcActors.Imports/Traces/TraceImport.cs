using EpcActors.Hocon;
using EpcActors.Imports.Reading;
using EpcActors.Kernel.Workloads;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Imports.Traces;

/// <summary>Makes a trace that scenarios read of a recording of a real machine.</summary>
public sealed class TraceImport
{
    private const int PageShift = 12;

    /// <summary>The loader's: the address space of an enclave is a power of two of pages, in 31 bits.</summary>
    private const ulong MostPages = 1 << 29;

    /// <summary>Highest number of a thread in a trace.</summary>
    private const int MostThreads = 4096;

    private readonly string _source;
    private readonly TraceImportOptions _options;
    private readonly TraceParser _parser;
    private readonly List<Entry> _entries = [];
    private readonly List<EnclaveEntries> _enclaves = [];
    private readonly Dictionary<int, int> _byProcess = [];
    private readonly List<string> _notes = [];
    private long _elsewhere;
    private long _passedOver;
    private int _firstPassedOver;

    private TraceImport(string source, TraceFormat format, TraceImportOptions options)
    {
        _source = source;
        _options = options;
        _parser = TraceParser.Of(format, source);
        foreach (EnclaveRange range in options.Ranges)
        {
            _enclaves.Add(new EnclaveEntries(range.Name) { Base = range.Start });
        }
    }

    /// <summary>Reads a recording to its end.</summary>
    /// <param name="reader">The text; the caller opens and closes it.</param>
    /// <param name="source">Its name for errors.</param>
    /// <param name="format">What it is.</param>
    /// <param name="options">Choices.</param>
    /// <exception cref="ConfigurationException">It is no such recording, or nothing of it is of an enclave.</exception>
    public static ImportedTrace Read(TextReader reader, string source, TraceFormat format, TraceImportOptions options)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        TraceImport import = new(source, format, options);
        try
        {
            import.ReadLines(new LineReader(reader, source));
        }
        catch (TraceFormatException wrong)
        {
            throw new ImportLog().Fail(
                new HoconOrigin(source, wrong.Line, wrong.Column), "", wrong.Problem, wrong.Remedy);
        }

        return import.Finish();
    }

    private void ReadLines(LineReader lines)
    {
        while (lines.TryRead(out ReadOnlySpan<char> line))
        {
            if (_parser.TryRead(line, lines.Number, out RecordedAccess access))
            {
                Add(access, lines.Number);
                while (_parser is ArcParser { HasMore: true } arc)
                {
                    Add(arc.Next(), lines.Number);
                }
            }
            else if (!line.IsWhiteSpace() && line[0] != '#')
            {
                _passedOver++;
                _firstPassedOver = _firstPassedOver == 0 ? lines.Number : _firstPassedOver;
            }
        }
    }

    private void Add(in RecordedAccess access, int line)
    {
        int enclave = EnclaveOf(access);
        if (enclave < 0)
        {
            _elsewhere++;
            return;
        }

        if (_entries.Count == _options.MaxAccesses)
        {
            throw new TraceFormatException(
                _source, line, 1, $"more than {_options.MaxAccesses} accesses", "import a part of the recording");
        }

        EnclaveEntries entries = _enclaves[enclave];
        ulong page = access.Address >> PageShift;
        entries.Least = Math.Min(entries.Least, page);
        entries.Most = Math.Max(entries.Most, page);
        _entries.Add(new Entry(access.TimeNs, page, enclave, entries.ThreadOf(access.Thread), access.Kind));
    }

    /// <summary>Index of the enclave, or -1 when the access lies in none of the ranges.</summary>
    private int EnclaveOf(in RecordedAccess access)
    {
        if (_options.Ranges.Count > 0)
        {
            for (int i = 0; i < _options.Ranges.Count; i++)
            {
                if (access.Address >= _options.Ranges[i].Start && access.Address < _options.Ranges[i].End)
                {
                    return i;
                }
            }

            return -1;
        }

        if (!_byProcess.TryGetValue(access.Process, out int index))
        {
            index = _enclaves.Count;
            _byProcess.Add(access.Process, index);
            _enclaves.Add(new EnclaveEntries(NameOf(access.Process)) { Process = access.Process });
        }

        return index;
    }

    private string NameOf(int process) =>
        process >= 0 && process < _parser.Names.Count ? _parser.Names[process]
        : process < 0 ? _options.Name
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_parser.Prefix}{process}");

    private ImportedTrace Finish()
    {
        NoteReading();
        if (_entries.Count == 0)
        {
            throw new ImportLog().Fail(
                new HoconOrigin(_source, 0, 0),
                "",
                _elsewhere > 0
                    ? $"none of {Counted.Of(_elsewhere, "access")} lies in the ranges given"
                    : "no line of it is an access",
                _elsewhere > 0
                    ? "take the range of /dev/sgx_enclave from /proc/PID/maps of the same run"
                    : "check --from; docs/imports.md has the lines that record on a real machine");
        }

        // One process is the enclave that was meant; its number says nothing.
        if (_enclaves.Count == 1 && _options.Ranges.Count == 0 && _parser.Names.Count == 0)
        {
            _enclaves[0].Name = _options.Name;
        }

        SetBases();
        Sort();
        return new ImportedTrace(
            [.. _entries.Select(one => one with { Page = one.Page - (_enclaves[one.Enclave].Base >> PageShift) })],
            _enclaves,
            _options,
            _notes);
    }

    private void NoteReading()
    {
        if (_passedOver > 0)
        {
            _notes.Add(
                $"{Counted.Of(_passedOver, "line")} without an access passed over, the first is line "
                    + $"{_firstPassedOver}");
        }

        if (_elsewhere > 0)
        {
            _notes.Add($"{Counted.Of(_elsewhere, "access")} outside of the ranges left out");
        }

        if (_parser.Lost > 0)
        {
            _notes.Add($"the recorder lost {Counted.Of(_parser.Lost, "event")}: record with a larger buffer");
        }

        if (_parser.IsOfFaults)
        {
            _notes.Add(
                "this is a recording of faults: it has the accesses that missed on the recorded machine and none that "
                    + "hit. Pages and working set are right when every page was touched; the rate of accesses, the "
                    + "reuse of pages and so the miss ratio at another limit are not. Record with little EPC or a low "
                    + "limit to see more of them");
        }

        if (!_parser.HasKinds && _entries.Count > 0)
        {
            _notes.Add("the recording has no error codes: every access is taken for a read");
        }
    }

    private void SetBases()
    {
        foreach (EnclaveEntries one in _enclaves)
        {
            if (_options.Ranges.Count == 0 && one.Least != ulong.MaxValue)
            {
                one.Base = _parser.HasPages ? 0
                    : _parser.Bases.TryGetValue(one.Process, out ulong known) && known >> PageShift <= one.Least ? known
                    : one.Least << PageShift;
            }

            if (
                _options.Numbering == PageNumbering.AsIs
                && one.Least != ulong.MaxValue
                && one.Most - (one.Base >> PageShift) >= MostPages)
            {
                throw new ImportLog().Fail(
                    new HoconOrigin(_source, 0, 0),
                    "",
                    $"the pages of '{one.Name}' span more than 2 TiB: not all of them are of one enclave",
                    "give its range with --range NAME=0xSTART-0xEND or --maps FILE, or number the pages with "
                        + "--pages first-use");
            }
        }
    }

    /// <summary>A recording of several CPUs is nearly in order; equal times stay in the order of the file.</summary>
    private void Sort()
    {
        for (int i = 1; i < _entries.Count; i++)
        {
            if (_entries[i].TimeNs < _entries[i - 1].TimeNs)
            {
                List<Entry> sorted = [.. _entries.OrderBy(one => one.TimeNs)];
                _entries.Clear();
                _entries.AddRange(sorted);
                _notes.Add("the lines were not in the order of their time, and are now");
                return;
            }
        }
    }

    /// <summary>An access that is kept: 24 bytes.</summary>
    internal readonly record struct Entry(long TimeNs, ulong Page, int Enclave, short Thread, PageAccessKind Kind);

    /// <summary>State of an enclave while the recording is read.</summary>
    internal sealed class EnclaveEntries(string name)
    {
        private readonly Dictionary<int, short> _threads = [];

        public string Name { get; set; } = name;

        public int Process { get; init; } = -1;

        /// <summary>Address of page 0.</summary>
        public ulong Base { get; set; }

        public ulong Least { get; set; } = ulong.MaxValue;

        public ulong Most { get; set; }

        public int Threads => _threads.Count;

        /// <summary>Number of a thread within the enclave, in the order in which they come.</summary>
        public short ThreadOf(int tid)
        {
            if (!_threads.TryGetValue(tid, out short number))
            {
                number = (short)(_threads.Count % MostThreads);
                _threads.Add(tid, number);
            }

            return number;
        }
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using EpcActors.Kernel.Workloads;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Workloads.Fitting;

namespace EpcActors.Imports.Traces;

/// <summary>One enclave of a trace.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Accesses">Accesses in all.</param>
/// <param name="Pages">Different pages.</param>
/// <param name="HeapPages">Smallest heap that holds them: the highest page and 1.</param>
/// <param name="WorkingSetPages">Fewest pages that get nine tenths of the accesses.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Writes">Of the accesses, those that write.</param>
/// <param name="Executes">Of the accesses, those that fetch instructions.</param>
public sealed record TracedEnclave(
    string Name,
    long Accesses,
    int Pages,
    int HeapPages,
    int WorkingSetPages,
    int Threads,
    long Writes,
    long Executes);

/// <summary>A recording as a trace.</summary>
public sealed class ImportedTrace
{
    private const string Kinds = "rwx";

    private readonly TraceImport.Entry[] _entries;
    private readonly int[] _pages;
    private readonly double _scale;
    private readonly IReadOnlyList<TraceImport.EnclaveEntries> _names;

    internal ImportedTrace(
        TraceImport.Entry[] entries,
        IReadOnlyList<TraceImport.EnclaveEntries> enclaves,
        TraceImportOptions options,
        IReadOnlyList<string> notes)
    {
        _entries = entries;
        _names = enclaves;
        _scale = options.Scale;
        _pages = new int[entries.Length];
        Notes = [.. notes];
        Enclaves = [.. Count(options.Numbering).Where(one => one.Accesses > 0)];
        if (Enclaves.All(one => one.Pages == one.Accesses) && entries.Length > 1)
        {
            Notes = [.. Notes, "no page is accessed twice: a cache of any size misses every time"];
        }
    }

    /// <summary>The enclaves that have accesses.</summary>
    public IReadOnlyList<TracedEnclave> Enclaves { get; }

    /// <summary>Notes on what was left out, was assumed, or is not what it seems.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Accesses in all.</summary>
    public int Accesses => _entries.Length;

    /// <summary>Time from the first access to the last, scaled, nanoseconds.</summary>
    public long DurationNs => _entries.Length == 0 ? 0 : Scaled(_entries[^1].TimeNs);

    /// <summary>Accesses of all enclaves in a second; 0 when all come at once.</summary>
    public double Rate => DurationNs == 0 ? 0 : Accesses * 1e9 / DurationNs;

    /// <summary>The accesses of each of <see cref="Enclaves"/>.</summary>
    public IReadOnlyList<RecordedEnclave> Recorded()
    {
        List<RecordedEnclave> recorded = [];
        List<int> pages = [];
        List<int> threads = [];
        for (int enclave = 0; enclave < _names.Count; enclave++)
        {
            pages.Clear();
            threads.Clear();
            long firstNs = -1;
            long lastNs = 0;
            for (int i = 0; i < _entries.Length; i++)
            {
                if (_entries[i].Enclave == enclave)
                {
                    pages.Add(_pages[i]);
                    threads.Add(_entries[i].Thread);
                    lastNs = Scaled(_entries[i].TimeNs);
                    firstNs = firstNs < 0 ? lastNs : firstNs;
                }
            }

            if (pages.Count > 0)
            {
                AccessSequence accesses = new(
                    CollectionsMarshal.AsSpan(pages), CollectionsMarshal.AsSpan(threads));
                recorded.Add(new RecordedEnclave(Enclaves[recorded.Count], accesses, lastNs - firstNs));
            }
        }

        return recorded;
    }

    /// <summary>Writes it in the form that scenarios read.</summary>
    public void Write(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        Span<char> line = stackalloc char[128];
        string[] names = [.. _names.Select(one => WordOf(one.Name))];
        for (int i = 0; i < _entries.Length; i++)
        {
            TraceImport.Entry entry = _entries[i];
            string name = names[entry.Enclave];
            int at = 0;
            Append(line, ref at, Scaled(entry.TimeNs) / 1000);
            line[at++] = ' ';
            writer.Write(line[..at]);
            writer.Write(name);
            at = 0;
            line[at++] = ' ';
            Append(line, ref at, _pages[i]);
            line[at++] = ' ';
            line[at++] = Kinds[(int)entry.Kind];
            if (_names[entry.Enclave].Threads > 1)
            {
                line[at++] = ' ';
                Append(line, ref at, entry.Thread);
            }

            line[at++] = '\n';
            writer.Write(line[..at]);
        }
    }

    /// <summary>A summary for people.</summary>
    public void WriteSummary(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Counted.Of(Accesses, "access")} in {Durations.Text(DurationNs)}, {Rate:0} in a second"));
        foreach (TracedEnclave one in Enclaves)
        {
            writer.WriteLine(
                $"  {one.Name}: {Counted.Of(one.Accesses, "access")}, {Sizes.OfPages(one.Pages)} touched, "
                    + $"nine tenths of the accesses on {Sizes.OfPages(one.WorkingSetPages)}, "
                    + $"{Counted.Of(one.Threads, "thread")}, {Share(one.Writes, one)} writes, "
                    + $"{Share(one.Executes, one)} fetches");
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"    heap = {one.HeapPages} pages, threads = {one.Threads}"));
        }
    }

    private static string Share(long part, TracedEnclave one) =>
        string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / one.Accesses:0.#} %");

    /// <summary>A name is one field of a line.</summary>
    private static string WordOf(string name) =>
        new([.. name.Select(static c => char.IsWhiteSpace(c) || c == '#' || PrintableText.IsHidden(c) ? '_' : c)]);

    private long Scaled(long timeNs) => (long)((timeNs - _entries[0].TimeNs) * _scale);

    private static void Append(Span<char> line, ref int at, long value)
    {
        _ = value.TryFormat(line[at..], out int count, default, CultureInfo.InvariantCulture);
        at += count;
    }

    private List<TracedEnclave> Count(PageNumbering numbering)
    {
        int count = _names.Count;
        Dictionary<ulong, (int Page, int Accesses)>[] seen = [.. Enumerable.Range(0, count)
            .Select(_ => new Dictionary<ulong, (int, int)>())];
        long[] writes = new long[count];
        long[] executes = new long[count];
        int[] most = new int[count];
        for (int i = 0; i < _entries.Length; i++)
        {
            TraceImport.Entry entry = _entries[i];
            Dictionary<ulong, (int Page, int Accesses)> pages = seen[entry.Enclave];
            if (!pages.TryGetValue(entry.Page, out (int Page, int Accesses) known))
            {
                known = (numbering == PageNumbering.FirstUse ? pages.Count : (int)entry.Page, 0);
            }

            pages[entry.Page] = (known.Page, known.Accesses + 1);
            _pages[i] = known.Page;
            most[entry.Enclave] = Math.Max(most[entry.Enclave], known.Page);
            writes[entry.Enclave] += entry.Kind == PageAccessKind.Write ? 1 : 0;
            executes[entry.Enclave] += entry.Kind == PageAccessKind.Execute ? 1 : 0;
        }

        List<TracedEnclave> enclaves = [];
        for (int i = 0; i < count; i++)
        {
            long accesses = seen[i].Values.Sum(static one => (long)one.Accesses);
            enclaves.Add(new TracedEnclave(
                WordOf(_names[i].Name),
                accesses,
                seen[i].Count,
                most[i] + 1,
                WorkingSet(seen[i].Values, accesses),
                Math.Max(1, _names[i].Threads),
                writes[i],
                executes[i]));
        }

        return enclaves;
    }

    private static int WorkingSet(IEnumerable<(int Page, int Accesses)> pages, long accesses)
    {
        long left = accesses - (accesses / 10);
        int count = 0;
        foreach ((int _, int ofPage) in pages.OrderByDescending(static one => one.Accesses))
        {
            if (left <= 0)
            {
                break;
            }

            left -= ofPage;
            count++;
        }

        return count;
    }
}

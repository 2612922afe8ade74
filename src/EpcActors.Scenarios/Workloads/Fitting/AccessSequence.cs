using System.Runtime.InteropServices;

namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>The pages that one enclave touches, in order, numbered from 0 by their first use.</summary>
public sealed class AccessSequence
{
    private readonly int[] _pages;
    private readonly int[] _threads;

    /// <param name="pages">Pages, numbered as they may be.</param>
    /// <param name="threads">The thread of each access, from 0; or nothing, for one thread.</param>
    public AccessSequence(ReadOnlySpan<int> pages, ReadOnlySpan<int> threads)
    {
        if (threads.Length != 0)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(threads.Length, pages.Length, nameof(threads));
        }

        _pages = new int[pages.Length];
        _threads = threads.ToArray();
        Dictionary<int, int> known = [];
        int lowest = int.MaxValue;
        int highest = 0;
        for (int i = 0; i < pages.Length; i++)
        {
            int page = pages[i];
            if (!known.TryGetValue(page, out int number))
            {
                number = known.Count;
                known.Add(page, number);
                lowest = Math.Min(lowest, page);
                highest = Math.Max(highest, page);
            }

            _pages[i] = number;
        }

        PageCount = known.Count;
        SpanPages = known.Count == 0 ? 0 : (long)highest - lowest + 1;
        Threads = 1;
        foreach (int thread in threads)
        {
            Threads = Math.Max(Threads, thread + 1);
        }
    }

    /// <summary>Different pages.</summary>
    public int PageCount { get; }

    /// <summary>Pages from the lowest to the highest number, those that are never touched among them.</summary>
    public long SpanPages { get; private init; }

    /// <summary>Threads, by their highest number.</summary>
    public int Threads { get; }

    /// <summary>The pages.</summary>
    public ReadOnlySpan<int> Pages => _pages;

    /// <summary>Accesses to a page that was touched before.</summary>
    public int Repeats => _pages.Length - PageCount;

    /// <summary>Their distances in an LRU stack.</summary>
    public StackDistances Distances()
    {
        StackDistances distances = new(PageCount);
        foreach (int page in _pages)
        {
            distances.Touch(page);
        }

        return distances;
    }

    /// <summary>The first accesses.</summary>
    public AccessSequence First(int accesses) =>
        accesses >= _pages.Length ? this : new AccessSequence(_pages.AsSpan(0, accesses), []) { SpanPages = SpanPages };

    /// <summary>
    /// Without the accesses of a thread to the page that it touched just before: a page is visited as long as its
    /// thread touches no other one.
    /// </summary>
    public AccessSequence Visits()
    {
        int[] last = new int[Threads];
        Array.Fill(last, -1);
        int[] pages = new int[_pages.Length];
        int[] threads = new int[_threads.Length];
        int count = 0;
        for (int i = 0; i < _pages.Length; i++)
        {
            int thread = _threads.Length == 0 ? 0 : _threads[i];
            if (last[thread] == _pages[i])
            {
                continue;
            }

            last[thread] = _pages[i];
            pages[count] = _pages[i];
            if (_threads.Length > 0)
            {
                threads[count] = thread;
            }

            count++;
        }

        return count == _pages.Length
            ? this
            : new AccessSequence(pages.AsSpan(0, count), threads.AsSpan(0, Math.Min(count, threads.Length)))
            {
                SpanPages = SpanPages,
            };
    }

    /// <summary>The accesses of each thread that has any.</summary>
    public List<AccessSequence> ByThread()
    {
        if (Threads == 1)
        {
            return [this];
        }

        List<int>[] own = new List<int>[Threads];
        for (int i = 0; i < _pages.Length; i++)
        {
            (own[_threads[i]] ??= []).Add(_pages[i]);
        }

        List<AccessSequence> threads = [];
        foreach (List<int>? pages in own)
        {
            if (pages is not null)
            {
                threads.Add(new AccessSequence(CollectionsMarshal.AsSpan(pages), []) { SpanPages = SpanPages });
            }
        }

        return threads;
    }
}

using System.Runtime.CompilerServices;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// Double entry for what is between two places: what was taken somewhere and not given elsewhere yet, or given and not
/// taken yet. The effect of a message is booked in the books of the resource that handled it.
/// </summary>
/// <remarks>
/// A simulation has one for the whole run. In a live run every resource has its own, which only the thread that handles
/// the resource's request touches; one alone says nothing, but their sum at a consistent cut is what tasks have between
/// two places there.
/// </remarks>
internal class Books
{
    private readonly int _cgroups;
    private readonly int _memoryCgroups;
    private long[]? _chargeBytes;
    private long[]? _pagedBytes;
    private long[]? _memoryPages;
    private long[]? _madePages;
    private long[]? _handPages;
    private long[]? _grantBytes;

    /// <param name="cgroups">Cgroups of the machine.</param>
    /// <param name="memoryCgroups">Memory cgroups of the machine.</param>
    /// <param name="isForAll">One for many resources: what most of those need is made at once, and an image of it has
    /// all of it.</param>
    public Books(int cgroups, int memoryCgroups, bool isForAll)
    {
        _cgroups = cgroups;
        _memoryCgroups = memoryCgroups;
        if (isForAll)
        {
            _pagedBytes = new long[cgroups];
            _memoryPages = new long[memoryCgroups];
            _madePages = new long[memoryCgroups];
        }
    }

    /// <summary>Pages isolated by reclaimers.</summary>
    public long IsolatedPages { get; set; }

    /// <summary>Pages put on free lists (negative: taken off them) and not counted yet.</summary>
    public long PendingFreePages { get; set; }

    /// <summary>Live runs: pages in the hands of tasks. In a simulation the table of holders says it.</summary>
    public long HandPages { get; private set; }

    /// <summary>Live runs: the sum of the numbers of those pages; it names the page when one is lost.</summary>
    public long HandPageSum { get; private set; }

    /// <summary>
    /// Charged to a cgroup without a page that says so, bytes. Only a sum has it: it is what the charges make, and what
    /// <see cref="Settle"/> takes from it.
    /// </summary>
    public ref long ChargeBytes(int cgroup) => ref (_chargeBytes ??= new long[_cgroups])[cgroup];

    /// <summary>
    /// Pages that left (negative: came to) a cgroup and with it all levels above, bytes. A page is booked once, at the
    /// cgroup of its process.
    /// </summary>
    public ref long PagedBytes(int cgroup) => ref (_pagedBytes ??= new long[_cgroups])[cgroup];

    /// <summary>Charged to a memory cgroup without a page of backing store.</summary>
    public ref long MemoryPages(int memoryCgroup) => ref (_memoryPages ??= new long[_memoryCgroups])[memoryCgroup];

    /// <summary>
    /// Pages of backing store that went (negative: were made) at the expense of a memory cgroup and all above.
    /// </summary>
    public ref long MadePages(int memoryCgroup) => ref (_madePages ??= new long[_memoryCgroups])[memoryCgroup];

    /// <summary>Live runs: pages in the hands of tasks that are charged to a cgroup.</summary>
    public ref long HandPagesOf(int cgroup) => ref (_handPages ??= new long[_cgroups])[cgroup];

    /// <summary>
    /// Of a part: granted to this process, and not charged to its cgroup here yet; bytes.
    /// </summary>
    public ref long GrantBytes(int cgroup) => ref (_grantBytes ??= new long[_cgroups])[cgroup];

    /// <summary>A page comes into the hands of a task here.</summary>
    public void Hold(int page, int cgroup)
    {
        HandPages++;
        HandPageSum += page;
        if (cgroup >= 0)
        {
            HandPagesOf(cgroup)++;
        }
    }

    /// <summary>A page leaves the hands that had it here.</summary>
    public void Release(int page, int cgroup)
    {
        HandPages--;
        HandPageSum -= page;
        if (cgroup >= 0)
        {
            HandPagesOf(cgroup)--;
        }
    }

    /// <summary>Nothing is between two places.</summary>
    public void Clear()
    {
        IsolatedPages = 0;
        PendingFreePages = 0;
        HandPages = 0;
        HandPageSum = 0;
        foreach (
            long[]? account in (ReadOnlySpan<long[]?>)
            [_chargeBytes, _pagedBytes, _memoryPages, _madePages, _handPages, _grantBytes])
        {
            account.AsSpan().Clear();
        }
    }

    /// <summary>Adds the books of another resource.</summary>
    public void Add(Books other)
    {
        IsolatedPages += other.IsolatedPages;
        PendingFreePages += other.PendingFreePages;
        HandPages += other.HandPages;
        HandPageSum += other.HandPageSum;
        Add(ref _chargeBytes, other._chargeBytes);
        Add(ref _pagedBytes, other._pagedBytes);
        Add(ref _memoryPages, other._memoryPages);
        Add(ref _madePages, other._madePages);
        Add(ref _handPages, other._handPages);
        Add(ref _grantBytes, other._grantBytes);
    }

    /// <summary>Books what was booked once at every level that it stands for.</summary>
    /// <param name="parents">By cgroup; a parent has the smaller number, that of the root is negative.</param>
    /// <param name="memoryParents">The same by memory cgroup.</param>
    public void Settle(int[] parents, int[] memoryParents)
    {
        Settle(ref _chargeBytes, _pagedBytes, parents);
        Settle(ref _memoryPages, _madePages, memoryParents);
    }

    private static void Settle(ref long[]? to, long[]? from, int[] parents)
    {
        if (from is null)
        {
            return;
        }

        to ??= new long[from.Length];
        for (int i = from.Length - 1; i >= 0; i--)
        {
            to[i] += from[i];
            if (parents[i] >= 0)
            {
                from[parents[i]] += from[i];
            }

            from[i] = 0;
        }
    }

    private static void Add(ref long[]? to, long[]? from)
    {
        if (from is null)
        {
            return;
        }

        to ??= new long[from.Length];
        for (int i = 0; i < from.Length; i++)
        {
            to[i] += from[i];
        }
    }
}

/// <summary>
/// Books of one resource of a live run. The books of its neighbours in memory are changed by other threads, so they
/// keep a distance.
/// </summary>
internal sealed class SharedBooks(int cgroups, int memoryCgroups) : Books(cgroups, memoryCgroups, isForAll: false)
{
    public CacheLines Distance;
}

/// <summary>
/// Room for two cache lines (processors fetch them in pairs), so that what two threads write is never on one.
/// </summary>
[InlineArray(16)]
internal struct CacheLines
{
    private long _first;
}

using System.Numerics;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// Visits every resource, adds up what each holds and says of itself, and compares the sums. Kept for the next audit:
/// its bitmap of a large EPC is.
/// </summary>
/// <remarks>
/// <para>Between two steps of a simulation, or once nothing runs any more, all are visited at one instant (<see
/// cref="VisitAll"/>). At a consistent cut of a live run each is visited by the thread that has it (<see
/// cref="VisitForCut"/>), several at once: a visit walks its lists for itself, marks pages with atomic operations, and
/// holds the lock only while it adds its sums.</para>
/// <para>A visit reads the descriptors of the pages that its resource has: no other task writes their links, or their
/// cgroup. What is compared between two resources by way of a descriptor (is the page of an enclave on a list, is the
/// page of a translation the enclave's) is left to an instant.</para>
/// </remarks>
internal sealed partial class Audit
{
    private const int WorkPerPage = 8;
    private const int WorkPerListedPage = 12;
    private const int WorkPerTranslation = 8;

    private readonly Topology _topology;
    private readonly EpcPageTable _pages;
    private readonly int[] _vaSlots;
    private readonly ulong[] _seen;
    private readonly long[] _charged;
    private readonly long[] _backed;
    private readonly long[] _usageSaid;
    private readonly long[] _memorySaid;
    private readonly long[] _grantsUsed;
    private readonly long[] _references;
    private readonly List<(string Rule, string Detail)> _found = [];
    private readonly Lock _gate = new();
    private readonly bool _ownsCounters;
    private readonly CgroupTree? _tree;
    private Visit? _visit;
    private Action<string, string> _violate = (_, _) => { };
    private bool _isCut;
    private bool _isBroken;
    private long _placed;
    private long _tracked;
    private long _listed;
    private long _counter;
    private long _listedFree;
    private long _present;

    /// <param name="topology">The actors of the run.</param>
    /// <param name="vaSlots">VA slots taken for pages not written out yet, by enclave; each entry protected by its
    /// enclave.</param>
    public Audit(Topology topology, int[] vaSlots)
    {
        _topology = topology;
        _vaSlots = vaSlots;
        _pages = topology.Machine.Pages;
        _seen = new ulong[(topology.Machine.CapacityPages + 63) / 64];
        _charged = new long[topology.Cgroups.Count];
        _references = new long[topology.Cgroups.Count];
        _backed = new long[topology.MemoryCgroups.Count];
        _usageSaid = new long[topology.Cgroups.Count];
        _memorySaid = new long[topology.MemoryCgroups.Count];
        _ownsCounters =
            topology.Machine.Switches.FreePageCounter == FreePageCounterMode.PerNode
            || !topology.IsWholeMachine;
        _grantsUsed = new long[topology.Cgroups.Count];
        _tree = topology.Resources.OfType<CgroupTree>().SingleOrDefault();
    }

    /// <summary>
    /// What the last audit looked at, in units of about a nanosecond: so much for a word of the bitmap, for a page on a
    /// list, for a translation. The same on every machine, so
    /// a run that decides by it when to audit again decides the same.
    /// </summary>
    public long Work { get; private set; }

    /// <summary>Compares everything at one instant.</summary>
    /// <param name="hands">Pages in the hands of tasks.</param>
    /// <param name="open">What tasks have between two places, summed up.</param>
    /// <param name="atRest">No task is under way.</param>
    /// <param name="violate">Takes a rule and a finding.</param>
    public void Run(
        IEnumerable<(int Page, int Task, ushort Cgroup, bool MayBeListed)> hands,
        Books open,
        bool atRest,
        Action<string, string> violate)
    {
        _violate = violate;
        Begin(isCut: false);
        if (!VisitAll(hands, open))
        {
            return;
        }

        if (atRest)
        {
            AuditReferences();
            AuditCursors();
        }

        CompareUsage(open);
        CompareBacking(open);
        AuditTranslations();
    }

    /// <summary>Begins a cut: from now on <see cref="VisitForCut"/> may be called on any thread.</summary>
    public void BeginCut()
    {
        _found.Clear();
        _violate = Find;
        Begin(isCut: true);
    }

    /// <summary>Takes a finding of a visit, from any thread; it is reported when the cut is finished.</summary>
    public void Find(string rule, string detail)
    {
        lock (_gate)
        {
            _found.Add((rule, detail));
        }
    }

    /// <summary>
    /// Adds what one resource holds. Called on the thread that has the resource to itself, once for each.
    /// </summary>
    /// <param name="resource">The resource.</param>
    /// <param name="books">Its books.</param>
    /// <param name="open">Takes their sum.</param>
    public void VisitForCut(Resource resource, Books books, Books open)
    {
        Visit visit = new(this);
        bool isBroken = false;
        try
        {
            visit.Any(resource);
        }
        catch (BrokenListException)
        {
            isBroken = true;
        }

        lock (_gate)
        {
            _isBroken |= isBroken;
            open.Add(books);
            visit.AddSums();
        }
    }

    /// <summary>Adds what the charges that were seen make of a cgroup, at the moment at which it is visited.</summary>
    public void CountCharges(Cgroup cgroup, long bytes, Books open)
    {
        lock (_gate)
        {
            open.ChargeBytes(cgroup.Index) += bytes;
        }
    }

    /// <summary>Compares what can be compared at a cut, when all were visited.</summary>
    /// <param name="open">What tasks have between two places at the cut.</param>
    /// <param name="violate">Takes a rule and a finding.</param>
    public void FinishCut(Books open, Action<string, string> violate)
    {
        lock (_gate)
        {
            _violate = violate;
            foreach ((string rule, string detail) in _found)
            {
                violate(rule, detail);
            }

            if (_isBroken)
            {
                return;
            }

            for (int i = 0; i < _charged.Length; i++)
            {
                _charged[i] += open.HandPagesOf(i);
            }

            long nowhere = _present - _placed - open.HandPages;
            if (nowhere != 0)
            {
                string which =
                    nowhere == 1 && _topology.IsWholeMachine ? $": epc:{UnseenSum() - open.HandPageSum}" : "";
                violate(
                    Rules.PageConservation,
                    $"{_present} pages of EPC, {_placed} of them are somewhere and {open.HandPages} in the hands of "
                    + "tasks; "
                    + (nowhere > 0 ? $"{nowhere} are nowhere{which}" : $"that is {-nowhere} too many"));
            }

            long drift = _counter + open.PendingFreePages - _listedFree;
            if (drift != 0)
            {
                violate(
                    Rules.FreePageCounter,
                    $"sgx_nr_free_pages is {drift:+0;-0} off the free lists: found by a cut");
            }

            CompareUsage(open);
            CompareBacking(open);
        }
    }

    private void Begin(bool isCut)
    {
        _isCut = isCut;
        _isBroken = false;
        Array.Clear(_seen);
        Array.Clear(_charged);
        Array.Clear(_backed);
        _placed = 0;
        _tracked = 0;
        _listed = 0;
        _counter = 0;
        _listedFree = 0;
        _present = 0;
        Work = 2L * _seen.Length;
    }

    /// <summary>One visit to all, in an order in which the first finding says most.</summary>
    /// <returns>False: a list is none any more.</returns>
    private bool VisitAll(
        IEnumerable<(int Page, int Task, ushort Cgroup, bool MayBeListed)> hands, Books open)
    {
        Visit visit = _visit ??= new Visit(this);
        visit.Forget();
        try
        {
            VisitHolders(visit, hands);
            if (_placed != _present)
            {
                _violate(
                    Rules.PageConservation,
                    _topology.IsWholeMachine
                        ? $"{Counted.Of(_present, "page")} of EPC, {_placed} of them are somewhere; the first that is "
                            + $"nowhere: {FirstUnseen()}"
                        : $"{Counted.Of(_present, "page")} of EPC are in this process, {_placed} of them are somewhere"
                );
            }

            foreach (Cgroup cgroup in _topology.Cgroups)
            {
                visit.Cgroup(cgroup);
            }
        }
        catch (BrokenListException)
        {
            // A list with a page of another one may lead round in a circle: what was found is enough, and its counts
            // would all be wrong.
            return false;
        }

        foreach (MemoryCgroup memory in _topology.MemoryCgroups)
        {
            visit.Memory(memory);
        }

        if (_topology.Part is { } part)
        {
            visit.Grants(part);
        }

        visit.AddSums();
        if (_tracked != _listed + open.IsolatedPages)
        {
            _violate(
                Rules.LruMembership,
                $"{Counted.Of(_tracked, "page")} are tracked, {_listed} of them are on a list and {open.IsolatedPages} "
                    + "isolated");
        }

        return true;
    }

    /// <summary>Visits every place that a page can be at, free, in use or in the hands of a task.</summary>
    private void VisitHolders(Visit visit, IEnumerable<(int Page, int Task, ushort Cgroup, bool MayBeListed)> hands)
    {
        foreach (NumaNode node in _topology.Nodes)
        {
            visit.Node(node);
        }

        foreach (EnclaveActors enclave in _topology.Enclaves)
        {
            visit.Enclave(enclave.Enclave);
            visit.Backing(enclave.Backing);
        }

        foreach (VirtualMachineActors guest in _topology.VirtualMachines)
        {
            visit.Guest(guest.VirtualEpc);
        }

        visit.Zombies(_topology.ZombieSecs);
        foreach ((int page, int _, ushort cgroup, bool mayBeListed) in hands)
        {
            visit.Hand(page, cgroup, mayBeListed);
        }

        visit.AddSums();
    }

    private void CompareUsage(Books open)
    {
        if (_topology.Machine.Switches.EpcCgroup == EpcCgroupMode.Off)
        {
            return;
        }

        for (int i = _charged.Length - 1; i > 0; i--)
        {
            _charged[_topology.Machine.CgroupParents[i]] += _charged[i];
        }

        for (int i = 0; i < _charged.Length && !_topology.IsWholeMachine; i++)
        {
            if (_grantsUsed[i] != _usageSaid[i] + open.GrantBytes(i))
            {
                _violate(
                    Rules.CgroupUsage,
                    $"{_topology.Cgroups[i].Name}: {_grantsUsed[i]} bytes of what was granted to this process "
                    + $"are used, {_usageSaid[i]} are charged here, and tasks are "
                    + $"about to make it {open.GrantBytes(i):+0;-0;0} more");
            }
        }

        for (int i = 0; i < _charged.Length; i++)
        {
            long charged = _charged[i] * KernelConstants.PageSize;
            if (_usageSaid[i] != charged + open.ChargeBytes(i))
            {
                _violate(
                    Rules.CgroupUsage,
                    $"{_topology.Cgroups[i].Name}: misc.current is {_usageSaid[i]} bytes, the pages charged beneath it "
                    + $"are {charged}, and tasks are about to make "
                    + $"it {open.ChargeBytes(i):+0;-0;0}");
            }
        }
    }

    private void CompareBacking(Books open)
    {
        for (int i = _backed.Length - 1; i > 0; i--)
        {
            _backed[_topology.Machine.MemoryCgroupParents[i]] += _backed[i];
        }

        for (int i = 0; i < _backed.Length; i++)
        {
            if (_memorySaid[i] != _backed[i] + open.MemoryPages(i))
            {
                _violate(
                    Rules.BackingCharge,
                    $"{_topology.MemoryCgroups[i].Name}: {Counted.Of(_memorySaid[i], "page")} charged, "
                    + $"{Counted.Of(_backed[i], "page")} of backing store exist, "
                    + $"and tasks are about to make it {open.MemoryPages(i):+0;-0;0}");
            }
        }
    }

    private void AuditTranslations()
    {
        foreach ((AddressSpace mm, int index) in _topology.AddressSpaces)
        {
            // Between the notifier's release and the unmapping of an exit reclaim does not see the mm, and no thread is
            // left that could use what it maps.
            if (mm.Ptes.PresentCount == 0 || mm.IsGone)
            {
                continue;
            }

            Enclave enclave = _topology.Enclaves[index].Enclave;
            if (enclave.IsOutOfMemory)
            {
                // The killer of v1 to v5 takes mm_list apart: no task zaps for this enclave any more. What a stale
                // translation leads to the EPCM keeps from it, and its next fault is SIGBUS.
                continue;
            }

            Work += mm.Ptes.PresentCount * WorkPerTranslation;
            mm.Ptes.ForEach(
                (page, pte) =>
                {
                    if (enclave.Entries[page].EpcPage != pte.EpcPage)
                    {
                        _violate(
                            Rules.ForeignPte,
                            $"{mm.Name} maps page {page} of {enclave.Name} to {pte.EpcPage}, the enclave has it in "
                                + $"{enclave.Entries[page].EpcPage}");
                    }
                });
        }
    }

    /// <summary>Marks pages of one word of the bitmap; returns which of its pages were marked before.</summary>
    private ulong Mark(int word, ulong pages)
    {
        if (_isCut)
        {
            return Interlocked.Or(ref _seen[word], pages);
        }

        ulong before = _seen[word];
        _seen[word] = before | pages;
        return before;
    }

    /// <summary>Adds to a sum that visits on other threads add to as well.</summary>
    private void Add(ref long sum, long count)
    {
        if (_isCut)
        {
            Interlocked.Add(ref sum, count);
        }
        else
        {
            sum += count;
        }
    }

    private string FirstUnseen()
    {
        for (int word = 0; word < _seen.Length; word++)
        {
            if (_seen[word] != ulong.MaxValue)
            {
                int page = (word * 64) + BitOperations.TrailingZeroCount(~_seen[word]);
                return page < _topology.Machine.CapacityPages ? $"epc:{page}" : "none";
            }
        }

        return "none";
    }

    /// <summary>
    /// Sum of the numbers of the pages that were in no place: less those that are in hands, that is the one that is
    /// lost.
    /// </summary>
    private long UnseenSum()
    {
        long sum = 0;
        for (int word = 0; word < _seen.Length; word++)
        {
            for (ulong unseen = ~_seen[word]; unseen != 0; unseen &= unseen - 1)
            {
                int page = (word * 64) + BitOperations.TrailingZeroCount(unseen);
                sum += page < _topology.Machine.CapacityPages ? page : 0;
            }
        }

        return sum;
    }
}

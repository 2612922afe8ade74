using System.Numerics;
using EpcActors.Actors.AddressSpaces;
using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Cluster;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.Memory;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.VirtualEpcs;
using EpcActors.Domain.Enclaves;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using EpcActors.Lab.Runs;

namespace EpcActors.Lab.Oracles;

/// <summary>
/// Visits every resource, adds up what each holds and says of itself, and compares the sums. Kept for the next audit: its bitmap of a large EPC is.
/// </summary>
/// <remarks>
/// <para>Between two steps of a simulation, or once nothing runs any more, all are visited at one instant (<see cref="VisitAll"/>). At a consistent cut of a
/// live run each is visited by whoever has it (<see cref="VisitForCut"/>), several at once: a visit walks its lists for itself, marks pages
/// with atomic operations, and holds the lock only while it adds its sums.</para>
/// <para>A visit reads the descriptors of the pages that its resource has: nobody else writes their links, or their cgroup. What is compared between two resources
/// by way of a descriptor (is the page of an enclave on a list, is the page of a translation the enclave's) is left to an instant.</para>
/// </remarks>
internal sealed class Audit
{
    private readonly Topology _topology;
    private readonly EpcPageTable _pages;
    private readonly int[] _vaSlots;
    private readonly ulong[] _seen;
    private readonly long[] _charged;
    private readonly long[] _backed;
    private readonly long[] _usageSaid;
    private readonly long[] _memorySaid;
    private readonly long[] _grantsUsed;
    private readonly List<(string Rule, string Detail)> _found = [];
    private readonly Lock _gate = new();
    private readonly bool _ownsCounters;
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
    /// <param name="vaSlots">VA slots taken for pages not written out yet, by enclave; each entry protected by its enclave.</param>
    public Audit(Topology topology, int[] vaSlots)
    {
        _topology = topology;
        _vaSlots = vaSlots;
        _pages = topology.Machine.Pages;
        _seen = new ulong[(topology.Machine.CapacityPages + 63) / 64];
        _charged = new long[topology.Cgroups.Count];
        _backed = new long[topology.MemoryCgroups.Count];
        _usageSaid = new long[topology.Cgroups.Count];
        _memorySaid = new long[topology.MemoryCgroups.Count];
        _ownsCounters = topology.Machine.Switches.FreePageCounter == FreePageCounterMode.PerNode || topology.Machine.Cluster is not null;
        _grantsUsed = new long[topology.Cgroups.Count];
    }

    /// <summary>Compares everything at one instant.</summary>
    /// <param name="hands">Pages in the hands of tasks.</param>
    /// <param name="open">What tasks have between two places, summed up.</param>
    /// <param name="atRest">No task is under way.</param>
    /// <param name="violate">Takes a rule and a finding.</param>
    public void Run(IEnumerable<KeyValuePair<int, Holding>> hands, Books open, bool atRest, Action<string, string> violate)
    {
        _violate = violate;
        Begin(isCut: false);
        if (!VisitAll(hands, open))
        {
            return;
        }

        CompareUsage(open);
        CompareBacking(open);
        AuditTranslations();
        if (atRest)
        {
            AuditCursors();
        }
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

    /// <summary>Adds what one resource holds. Called on the thread that has the resource to itself, once for each.</summary>
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
                string which = nowhere == 1 && _topology.Machine.Cluster is null ? $": epc:{UnseenSum() - open.HandPageSum}" : "";
                violate(
                    Rules.PageConservation,
                    $"{_present} pages of EPC, {_placed} of them are somewhere and {open.HandPages} in the hands of tasks; "
                    + (nowhere > 0 ? $"{nowhere} are nowhere{which}" : $"that is {-nowhere} too many"));
            }

            long drift = _counter + open.PendingFreePages - _listedFree;
            if (drift != 0)
            {
                violate(Rules.FreePageCounter, $"sgx_nr_free_pages is {drift:+0;-0} off the free lists: found by a cut");
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
    }

    /// <summary>One visit to all, in an order in which the first finding says most.</summary>
    /// <returns>False: a list is none any more.</returns>
    private bool VisitAll(IEnumerable<KeyValuePair<int, Holding>> hands, Books open)
    {
        Visit visit = new(this);
        try
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
            foreach ((int page, Holding holding) in hands)
            {
                visit.Hand(page, holding);
            }

            visit.AddSums();
            if (_placed != _present)
            {
                _violate(
                    Rules.PageConservation,
                    _topology.Machine.Cluster is null
                        ? $"{_present} pages of EPC, {_placed} of them are somewhere; the first that is nowhere: {FirstUnseen()}"
                        : $"{_present} pages of EPC are in this process, {_placed} of them are somewhere");
            }

            foreach (Cgroup cgroup in _topology.Cgroups)
            {
                visit.Cgroup(cgroup);
            }
        }
        catch (BrokenListException)
        {
            // A list with a page of another one may lead round in a circle: what was found is enough, and its counts would all be wrong.
            return false;
        }

        foreach (MemoryCgroup memory in _topology.MemoryCgroups)
        {
            visit.Memory(memory);
        }

        if (_topology.Exchange is { } exchange)
        {
            visit.Exchange(exchange);
        }

        visit.AddSums();
        if (_tracked != _listed + open.IsolatedPages)
        {
            _violate(
                Rules.LruMembership, $"{_tracked} pages are tracked, {_listed} of them are on a list and {open.IsolatedPages} isolated");
        }

        return true;
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

        for (int i = 0; i < _charged.Length && _topology.Exchange is not null; i++)
        {
            if (_grantsUsed[i] != _usageSaid[i] + open.GrantBytes(i))
            {
                _violate(
                    Rules.CgroupUsage,
                    $"{_topology.Cgroups[i].Name}: the exchange says that {_grantsUsed[i]} bytes of what its home granted are used, {_usageSaid[i]} are charged here, and tasks are "
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
                    $"{_topology.Cgroups[i].Name}: misc.current is {_usageSaid[i]} bytes, the pages charged beneath it are {charged}, and tasks are about to make "
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
                    $"{_topology.MemoryCgroups[i].Name}: {_memorySaid[i]} pages charged, {_backed[i]} pages of backing store exist, "
                    + $"and tasks are about to make it {open.MemoryPages(i):+0;-0;0}");
            }
        }
    }

    /// <summary>Whoever frees a cgroup may be about to take the cursors off it; when nobody is under way, none stands on a freed one (C9).</summary>
    private void AuditCursors()
    {
        CgroupTree tree = _topology.Resources.OfType<CgroupTree>().Single();
        foreach (Cgroup root in _topology.Cgroups)
        {
            Cgroup next = _topology.Cgroups[tree.CursorOf(root.Index)];
            if (!root.IsFreed && next.IsFreed)
            {
                _violate(Rules.UseAfterFree, $"the cursor of {root.Name} stands on {next.Name}, which was freed");
            }
        }
    }

    private void AuditTranslations()
    {
        foreach ((AddressSpace mm, int index) in _topology.AddressSpaces)
        {
            // Between the notifier's release and the unmapping of an exit reclaim does not see the mm, and no thread is left that could use what it maps.
            if (mm.Ptes.PresentCount == 0 || mm.IsGone)
            {
                continue;
            }

            Enclave enclave = _topology.Enclaves[index].Enclave;
            if (enclave.IsOutOfMemory)
            {
                // The killer of v1 to v5 takes mm_list apart: nobody zaps for this enclave any more. What a stale translation leads to the EPCM keeps from it, and its
                // next fault is SIGBUS.
                continue;
            }

            mm.Ptes.ForEach((page, pte) =>
            {
                if (enclave.Entries[page].EpcPage != pte.EpcPage)
                {
                    _violate(
                        Rules.ForeignPte,
                        $"{mm.Name} maps page {page} of {enclave.Name} to {pte.EpcPage}, the enclave has it in {enclave.Entries[page].EpcPage}");
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

    /// <summary>Sum of the numbers of the pages that were in no place: less those that are in hands, that is the one that is lost.</summary>
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

    /// <summary>A walk over the lists of one resource, or of all, one after the other: the sums of one thread.</summary>
    private sealed class Visit(Audit audit)
    {
        private readonly Topology _topology = audit._topology;
        private readonly EpcPageTable _pages = audit._pages;
        private long _placed;
        private long _tracked;
        private long _listed;
        private long _counter;
        private long _listedFree;
        private long _present;
        private int _cgroup = -1;
        private long _chargedToCgroup;

        /// <summary>Adds what was counted to the audit's sums, and begins anew.</summary>
        public void AddSums()
        {
            NextCgroup(-1);
            audit._placed += _placed;
            audit._tracked += _tracked;
            audit._listed += _listed;
            audit._counter += _counter;
            audit._listedFree += _listedFree;
            audit._present += _present;
            _present = 0;
            _placed = 0;
            _tracked = 0;
            _listed = 0;
            _counter = 0;
            _listedFree = 0;
        }

        /// <summary>A resource of any kind; those that hold and count nothing are none of an audit's business.</summary>
        public void Any(Resource resource)
        {
            switch (resource)
            {
                case NumaNode node:
                    Node(node);
                    break;
                case FreePageCounter counter:
                    _counter += audit._ownsCounters ? 0 : counter.Pages;
                    break;
                case Cgroup cgroup:
                    Cgroup(cgroup);
                    break;
                case MemoryCgroup memory:
                    Memory(memory);
                    break;
                case Enclave enclave:
                    Enclave(enclave);
                    break;
                case BackingStore backing:
                    Backing(backing);
                    break;
                case VirtualEpc guest:
                    Guest(guest);
                    break;
                case ZombieSecsList zombies:
                    Zombies(zombies);
                    break;
                case Exchange exchange:
                    Exchange(exchange);
                    break;
                default:
                    break;
            }
        }

        public void Node(NumaNode node)
        {
            string free = $"the free list of {node.Name}";
            node.ForEachFreeRun((first, end) => PlaceRun(first, end, free));
            node.ForEachDirtyRun((first, end) => PlaceRun(first, end, $"the dirty list of {node.Name}"));
            node.ForEachPoisoned(page => Place(page, $"the poison list of {node.Name}"));

            // Poisoned pages that were freed or free count, as upstream counts them (D2).
            _listedFree += node.FreePages + node.PoisonedPages - node.PoisonedBeforeBootPages;
            _counter += audit._ownsCounters ? node.OwnCounter : 0;
            _present += node.PresentPages;
        }

        public void Exchange(Exchange exchange)
        {
            for (int i = 0; i < audit._grantsUsed.Length; i++)
            {
                audit._grantsUsed[i] = exchange.UsedOf(i);
            }
        }

        public void Enclave(Enclave enclave)
        {
            int resident = 0;
            int swapped = 0;
            for (int page = enclave.Entries.FindFrom(0); page >= 0; page = enclave.Entries.FindFrom(page + 1))
            {
                EnclavePage entry = enclave.Entries[page];
                if (!entry.IsResident)
                {
                    // D3: a page whose EWB failed has no slot, and nothing to come back from.
                    swapped += entry.VaSlot >= 0 ? 1 : 0;
                    continue;
                }

                resident++;
                PlaceCharged(entry.EpcPage.Value, enclave.Name);

                // The flag is the cgroup's to change: this number is of use at an instant only.
                if (_pages[entry.EpcPage].IsTracked)
                {
                    _tracked++;
                }
            }

            if (!enclave.SecsPage.IsNone)
            {
                PlaceCharged(enclave.SecsPage.Value, $"{enclave.Name} (SECS)");
            }

            enclave.VaPages.ForEach(page => PlaceCharged(page.Value, $"{enclave.Name} (VA)"));
            if (enclave.SecsChildCount != resident)
            {
                audit._violate(
                    Rules.SecsChildCount, $"{enclave.Name}: secs_child_cnt is {enclave.SecsChildCount}, {resident} children are resident");
            }

            swapped += enclave.SecsSlot >= 0 ? 1 : 0;
            int slotsUnderWay = audit._vaSlots[enclave.Index];
            if (enclave.VaPages.UsedSlots != swapped + slotsUnderWay)
            {
                audit._violate(
                    Rules.VaSlots,
                    $"{enclave.Name}: {enclave.VaPages.UsedSlots} VA slots are in use, {swapped} pages are swapped out and {slotsUnderWay} are on their way");
            }
        }

        public void Guest(VirtualEpc guest) => guest.ForEachPage(page => PlaceCharged(page, guest.Name));

        public void Zombies(ZombieSecsList zombies) => zombies.ForEachPage(page => PlaceCharged(page, "the list of zombie SECS pages"));

        /// <summary>A page in the hands of a task. At a cut the books say how many there are.</summary>
        public void Hand(int page, Holding holding)
        {
            Place(page, "the hands of a task");
            Charge(holding.Cgroup);
            if (holding.MayBeListed && _pages[page].IsTracked)
            {
                _tracked++;
            }
        }

        public void Cgroup(Cgroup cgroup)
        {
            audit._usageSaid[cgroup.Index] = cgroup.UsageBytes;
            long ofThis = 0;
            cgroup.ForEachLruPage(page =>
            {
                if (++ofThis > cgroup.LruPages)
                {
                    audit._violate(Rules.LruMembership, $"the LRU of {cgroup.Name} has more pages than the {cgroup.LruPages} that it counts");
                    throw new BrokenListException();
                }

                if (!_pages[page].IsTracked)
                {
                    audit._violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} without the tracked flag");
                }

                if (_pages[page].IsFree)
                {
                    audit._violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} and free");
                }

                if (_topology.Machine.LruOf(new EpcPageIndex(page)) != cgroup.Index)
                {
                    audit._violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} and charged to cgroup {_pages[page].Cgroup}");
                }
            });
            _listed += ofThis;
        }

        public void Memory(MemoryCgroup memory) => audit._memorySaid[memory.Index] = memory.UsagePages;

        public void Backing(BackingStore backing) => backing.File.ForEachPayer(payer => audit.Add(ref audit._backed[payer], 1));

        private void PlaceRun(int first, int end, string where)
        {
            int page = first;
            while (page < end)
            {
                if ((page & 63) == 0 && page + 64 <= end)
                {
                    ulong before = audit.Mark(page >> 6, ulong.MaxValue);
                    if (before != 0)
                    {
                        FoundTwice(page + BitOperations.TrailingZeroCount(before), where);
                    }

                    _placed += 64;
                    page += 64;
                    continue;
                }

                Place(page++, where);
            }
        }

        private void Place(int page, string where)
        {
            ulong bit = 1UL << (page & 63);
            if ((audit.Mark(page >> 6, bit) & bit) != 0)
            {
                FoundTwice(page, where);
            }

            _placed++;
        }

        private void FoundTwice(int page, string where)
        {
            audit._violate(Rules.PageConservation, $"epc:{page} is in two places, one of them {where}");
            throw new BrokenListException();
        }

        private void PlaceCharged(int page, string where)
        {
            Place(page, where);
            Charge(_pages[page].Cgroup);
        }

        /// <summary>Neighbouring pages are charged to one cgroup, nearly always: the sum that all visits add to is touched when that changes.</summary>
        private void Charge(ushort cgroup)
        {
            if (cgroup != _cgroup)
            {
                NextCgroup(cgroup);
            }

            _chargedToCgroup++;
        }

        private void NextCgroup(int cgroup)
        {
            if (_cgroup >= 0 && _cgroup != EpcPage.NoCgroup)
            {
                audit.Add(ref audit._charged[_cgroup], _chargedToCgroup);
            }

            _cgroup = cgroup;
            _chargedToCgroup = 0;
        }
    }

    /// <summary>Ends a walk over a list that is not one any more.</summary>
    private sealed class BrokenListException : Exception;
}

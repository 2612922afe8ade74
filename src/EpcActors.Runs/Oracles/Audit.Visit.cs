using System.Numerics;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Oracles;

/// <content>The walk over what a resource holds.</content>
internal sealed partial class Audit
{
    /// <summary>
    /// A walk over the lists of one resource, or of all, one after the other: the sums of one thread.
    /// </summary>
    private sealed class Visit
    {
        private readonly Audit _audit;
        private readonly Topology _topology;
        private readonly EpcPageTable _pages;

        // A schedule of thirty steps ends with an audit: it makes no new functions for the lists of each node.
        private readonly Action<int, int> _placeFree;
        private readonly Action<int, int> _placeDirty;
        private readonly Action<int> _placePoisoned;
        private NumaNode? _node;
        private long _placed;
        private long _tracked;
        private long _listed;
        private long _counter;
        private long _listedFree;
        private long _present;
        private long _work;
        private int _cgroup = -1;
        private long _chargedToCgroup;

        public Visit(Audit audit)
        {
            _audit = audit;
            _topology = audit._topology;
            _pages = audit._pages;
            _placeFree = PlaceFree;
            _placeDirty = (first, end) => PlaceRun(first, end, "the dirty list of {0}", _node!.Name);
            _placePoisoned = page => Place(page, "the poison list of {0}", _node!.Name);
        }

        /// <summary>Adds what was counted to the audit's sums, and begins anew.</summary>
        public void AddSums()
        {
            NextCgroup(-1);
            _audit._placed += _placed;
            _audit._tracked += _tracked;
            _audit._listed += _listed;
            _audit._counter += _counter;
            _audit._listedFree += _listedFree;
            _audit._present += _present;
            _audit.Work += _work;
            Forget();
        }

        /// <summary>Begins anew: the walk before this one may have come to a broken list.</summary>
        public void Forget()
        {
            _cgroup = -1;
            _chargedToCgroup = 0;
            _work = 0;
            _present = 0;
            _placed = 0;
            _tracked = 0;
            _listed = 0;
            _counter = 0;
            _listedFree = 0;
        }

        /// <summary>
        /// A resource of any kind; those that hold and count nothing are none of an audit's business.
        /// </summary>
        public void Any(Resource resource)
        {
            switch (resource)
            {
                case NumaNode node:
                    Node(node);
                    break;
                case FreePageCounter counter:
                    _counter += _audit._ownsCounters ? 0 : counter.Pages;
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
                default:
                    if (_topology.Part is { } part && part.Grants == resource.Id)
                    {
                        Grants(part);
                    }

                    break;
            }
        }

        public void Node(NumaNode node)
        {
            _node = node;
            node.ForEachFreeRun(_placeFree);
            node.ForEachDirtyRun(_placeDirty);
            node.ForEachPoisoned(_placePoisoned);

            // Poisoned pages that were freed or free count, as upstream counts them (D2).
            _listedFree += node.FreePages;
            if (_topology.Machine.Switches.PoisonUncounts == Fix.Absent)
            {
                _listedFree += node.PoisonedPages - node.PoisonedBeforeBootPages;
            }

            _counter += _audit._ownsCounters ? node.OwnCounter : 0;
            _present += node.PresentPages;
        }

        private void PlaceFree(int first, int end)
        {
            CheckHome(first, _node!);
            CheckHome(end - 1, _node!);
            PlaceRun(first, end, "the free list of {0}", _node!.Name);
        }

        /// <summary>
        /// Runs do not go from one section to another of a node that is not its neighbour: both ends say enough.
        /// </summary>
        private void CheckHome(int page, NumaNode node)
        {
            if (_topology.Machine.NodeOf(new EpcPageIndex(page)) != node.NodeId)
            {
                _audit._violate(
                    Rules.NodeList, $"epc:{page} of node {_topology.Machine.NodeOf(new EpcPageIndex(page))} is on the "
                        + $"free list of {node.Name}");
            }
        }

        public void Grants(IMachinePart part)
        {
            for (int i = 0; i < _audit._grantsUsed.Length; i++)
            {
                _audit._grantsUsed[i] = part.UsedBytesOf(i);
            }
        }

        public void Enclave(Enclave enclave)
        {
            int resident = 0;
            int swapped = 0;
            for (int page = enclave.Entries.FindFrom(0); page >= 0; page = enclave.Entries.FindFrom(page + 1))
            {
                _work++;
                EnclavePage entry = enclave.Entries[page];
                if (!entry.IsResident)
                {
                    // D3: a page whose EWB failed has no slot, and nothing to come back from.
                    swapped += entry.VaSlot >= 0 ? 1 : 0;
                    continue;
                }

                resident++;
                PlaceCharged(entry.EpcPage.Value, "{0}", enclave.Name);

                // The flag is the cgroup's to change: this number is of use at an instant only.
                if (_pages[entry.EpcPage].IsTracked)
                {
                    _tracked++;
                }
            }

            if (!enclave.SecsPage.IsNone)
            {
                PlaceCharged(enclave.SecsPage.Value, "{0} (SECS)", enclave.Name);
                _tracked += _pages[enclave.SecsPage].IsTracked ? 1 : 0;
            }

            enclave.VaPages.ForEach(page => PlaceCharged(page.Value, "{0} (VA)", enclave.Name));
            if (enclave.SecsChildCount != resident)
            {
                _audit._violate(
                    Rules.SecsChildCount, $"{enclave.Name}: secs_child_cnt is {enclave.SecsChildCount}, {resident} "
                        + "children are resident");
            }

            swapped += enclave.SecsSlot >= 0 ? 1 : 0;
            int slotsUnderWay = _audit._vaSlots[enclave.Index];
            if (enclave.VaPages.UsedSlots != swapped + slotsUnderWay)
            {
                _audit._violate(
                    Rules.VaSlots,
                    $"{enclave.Name}: {Counted.Of(enclave.VaPages.UsedSlots, "VA slot")} are in use, "
                    + $"{Counted.Of(swapped, "page")} are swapped "
                    + $"out and {slotsUnderWay} are on their way");
            }
        }

        public void Guest(VirtualEpc guest) => guest.ForEachPage(page => PlaceCharged(page, "{0}", guest.Name));

        public void Zombies(ZombieSecsList zombies) => zombies.ForEachPage(page => PlaceCharged(page, "{0}",
            "the list of zombie SECS pages"));

        /// <summary>A page in the hands of a task. At a cut the books say how many there are.</summary>
        /// <param name="page">The page.</param>
        /// <param name="cgroup">
        /// Who is charged for it, or <see cref="EpcPage.NoCgroup"/>: of a page just taken its descriptor does not say
        /// it yet, and in a live run only the holder may look at that.
        /// </param>
        /// <param name="mayBeListed">
        /// It came out of an enclave that goes away: it may still be on its LRU, or isolated.
        /// </param>
        public void Hand(int page, ushort cgroup, bool mayBeListed)
        {
            Place(page, "{0}", "the hands of a task");
            Charge(cgroup);
            if (mayBeListed && _pages[page].IsTracked)
            {
                _tracked++;
            }
        }

        public void Cgroup(Cgroup cgroup)
        {
            _audit._usageSaid[cgroup.Index] = cgroup.UsageBytes;
            long ofThis = 0;
            cgroup.ForEachLruPage(page =>
            {
                if (++ofThis > cgroup.LruPages)
                {
                    _audit._violate(
                        Rules.LruMembership,
                        $"the LRU of {cgroup.Name} has more pages than the {cgroup.LruPages} that it counts");
                    throw new BrokenListException();
                }

                if (!_pages[page].IsTracked)
                {
                    _audit._violate(
                        Rules.LruMembership,
                        $"epc:{page} is on the LRU of {cgroup.Name} without the tracked flag");
                }

                if (_pages[page].IsFree)
                {
                    _audit._violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} and free");
                }

                if (_topology.Machine.LruOf(new EpcPageIndex(page)) != cgroup.Index)
                {
                    _audit._violate(
                        Rules.LruMembership,
                        $"epc:{page} is on the LRU of {cgroup.Name} and charged to cgroup {_pages[page].Cgroup}");
                }
            });
            _listed += ofThis;
            _work += ofThis * WorkPerListedPage;
        }

        public void Memory(MemoryCgroup memory) => _audit._memorySaid[memory.Index] = memory.UsagePages;

        public void Backing(BackingStore backing) =>
            backing.File.ForEachPayer(payer => _audit.Add(ref _audit._backed[payer], 1));

        private void PlaceRun(int first, int end, string where, string of)
        {
            int page = first;
            while (page < end)
            {
                if ((page & 63) == 0 && page + 64 <= end)
                {
                    ulong before = _audit.Mark(page >> 6, ulong.MaxValue);
                    if (before != 0)
                    {
                        FoundTwice(page + BitOperations.TrailingZeroCount(before), where, of);
                    }

                    _work++;
                    _placed += 64;
                    page += 64;
                    continue;
                }

                Place(page++, where, of);
            }
        }

        private void Place(int page, string where, string of)
        {
            ulong bit = 1UL << (page & 63);
            if ((_audit.Mark(page >> 6, bit) & bit) != 0)
            {
                FoundTwice(page, where, of);
            }

            _placed++;
            _work += WorkPerPage;
        }

        private void FoundTwice(int page, string where, string of)
        {
            string place = where.Replace("{0}", of, StringComparison.Ordinal);
            _audit._violate(Rules.PageConservation, $"epc:{page} is in two places, one of them {place}");
            throw new BrokenListException();
        }

        private void PlaceCharged(int page, string where, string of)
        {
            Place(page, where, of);
            Charge(_pages[page].Cgroup);
        }

        /// <summary>
        /// Neighbouring pages are charged to one cgroup, nearly always: the sum that all visits add to is touched when
        /// that changes.
        /// </summary>
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
                _audit.Add(ref _audit._charged[_cgroup], _chargedToCgroup);
            }

            _cgroup = cgroup;
            _chargedToCgroup = 0;
        }
    }

    /// <summary>Ends a walk over a list that is not one any more.</summary>
    private sealed class BrokenListException : Exception;
}

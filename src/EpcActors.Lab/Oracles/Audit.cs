using System.Numerics;
using EpcActors.Actors.AddressSpaces;
using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.NumaNodes;
using EpcActors.Domain.Enclaves;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Lab.Runs;

namespace EpcActors.Lab.Oracles;

/// <summary>One walk over every list of every actor, between two steps of a run. Kept for the next walk: its bitmap of a large EPC is.</summary>
internal sealed class Audit
{
    private readonly Topology _topology;
    private readonly EpcPageTable _pages;
    private readonly ulong[] _seen;
    private readonly long[] _charged;
    private Action<string, string> _violate = (_, _) => { };
    private long _placed;

    public Audit(Topology topology)
    {
        _topology = topology;
        _pages = topology.Machine.Pages;
        _seen = new ulong[(topology.Machine.CapacityPages + 63) / 64];
        _charged = new long[topology.Cgroups.Count];
    }

    /// <summary>Compares every list with every count.</summary>
    /// <param name="inFlight">Pages in the hands of tasks.</param>
    /// <param name="carried">What each task has between two places.</param>
    /// <param name="open">The same, summed up.</param>
    /// <param name="atRest">No task is under way.</param>
    /// <param name="violate">Takes a rule and a finding.</param>
    public void Run(
        IReadOnlyDictionary<int, Holding> inFlight, IReadOnlyList<Carried?> carried, InFlight open, bool atRest, Action<string, string> violate)
    {
        _violate = violate;
        Array.Clear(_seen);
        Array.Clear(_charged);
        _placed = 0;
        try
        {
            long tracked = PlacePages(inFlight, open);
            AuditLru(tracked, open.IsolatedPages);
        }
        catch (BrokenListException)
        {
            // A list with a page of another one may lead round in a circle: what was found is enough, and its counts would all be wrong.
            return;
        }

        AuditUsage(inFlight, carried, open.ChargeBytes);
        AuditBacking(open.MemoryPages);
        AuditTranslations();
        if (atRest)
        {
            AuditCursors();
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

    private long PlacePages(IReadOnlyDictionary<int, Holding> inFlight, InFlight open)
    {
        foreach (NumaNode node in _topology.Nodes)
        {
            node.ForEachFreeRun((first, end) => PlaceRun(first, end, $"the free list of {node.Name}"));
            node.ForEachDirtyRun((first, end) => PlaceRun(first, end, $"the dirty list of {node.Name}"));
            node.ForEachPoisoned(page => Place(page, $"the poison list of {node.Name}"));
        }

        long tracked = 0;
        foreach (EnclaveActors enclave in _topology.Enclaves)
        {
            tracked += AuditEnclave(enclave, open.VaSlots[enclave.Enclave.Index]);
        }

        foreach (VirtualMachineActors guest in _topology.VirtualMachines)
        {
            guest.VirtualEpc.ForEachPage(page => PlaceCharged(page, guest.VirtualEpc.Name));
        }

        _topology.ZombieSecs.ForEachPage(page => PlaceCharged(page, "the list of zombie SECS pages"));
        foreach ((int page, Holding holding) in inFlight)
        {
            PlaceCharged(page, "the hands of a task");
            if (holding.MayBeListed && _pages[page].IsTracked)
            {
                tracked++;
            }
        }

        if (_placed != _topology.Machine.CapacityPages)
        {
            _violate(
                Rules.PageConservation,
                $"{_topology.Machine.CapacityPages} pages of EPC, {_placed} of them are somewhere; the first that is nowhere: {FirstUnseen()}");
        }

        return tracked;
    }

    private long AuditEnclave(EnclaveActors actors, int slotsUnderWay)
    {
        Enclave enclave = actors.Enclave;
        long tracked = 0;
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
            if (_pages[entry.EpcPage].IsTracked)
            {
                tracked++;
            }
        }

        if (!enclave.SecsPage.IsNone)
        {
            PlaceCharged(enclave.SecsPage.Value, $"{enclave.Name} (SECS)");
        }

        enclave.VaPages.ForEach(page => PlaceCharged(page.Value, $"{enclave.Name} (VA)"));
        if (enclave.SecsChildCount != resident)
        {
            _violate(Rules.SecsChildCount, $"{enclave.Name}: secs_child_cnt is {enclave.SecsChildCount}, {resident} children are resident");
        }

        swapped += enclave.SecsSlot >= 0 ? 1 : 0;
        if (enclave.VaPages.UsedSlots != swapped + slotsUnderWay)
        {
            _violate(
                Rules.VaSlots,
                $"{enclave.Name}: {enclave.VaPages.UsedSlots} VA slots are in use, {swapped} pages are swapped out and {slotsUnderWay} are on their way");
        }

        return tracked;
    }

    private void AuditLru(long tracked, long isolated)
    {
        long listed = 0;
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            long ofThis = 0;
            cgroup.ForEachLruPage(page =>
            {
                if (++ofThis > cgroup.LruPages)
                {
                    _violate(Rules.LruMembership, $"the LRU of {cgroup.Name} has more pages than the {cgroup.LruPages} that it counts");
                    throw new BrokenListException();
                }

                if (!_pages[page].IsTracked)
                {
                    _violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} without the tracked flag");
                }

                if (_pages[page].IsFree)
                {
                    _violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} and free");
                }

                if (_topology.Machine.LruOf(new EpcPageIndex(page)) != cgroup.Index)
                {
                    _violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} and charged to cgroup {_pages[page].Cgroup}");
                }
            });
            listed += ofThis;
        }

        if (tracked != listed + isolated)
        {
            _violate(Rules.LruMembership, $"{tracked} pages are tracked, {listed} of them are on a list and {isolated} isolated");
        }
    }

    private void AuditUsage(IReadOnlyDictionary<int, Holding> inFlight, IReadOnlyList<Carried?> carried, long[] openBytes)
    {
        if (_topology.Machine.Switches.EpcCgroup == EpcCgroupMode.Off)
        {
            return;
        }

        foreach (Carried? one in carried)
        {
            // Taken and charged, but its descriptor does not say so yet.
            if (one is { FreshCgroup: >= 0, Pages: > 0 } && inFlight.TryGetValue(one.FreshPage, out Holding holding) && holding.Holder == one
                && _pages[one.FreshPage].Cgroup == EpcPage.NoCgroup)
            {
                _charged[one.FreshCgroup]++;
            }
        }

        for (int i = _charged.Length - 1; i > 0; i--)
        {
            _charged[_topology.Machine.CgroupParents[i]] += _charged[i];
        }

        for (int i = 0; i < _charged.Length; i++)
        {
            Cgroup cgroup = _topology.Cgroups[i];
            long charged = _charged[i] * KernelConstants.PageSize;
            if (cgroup.UsageBytes != charged + openBytes[i])
            {
                _violate(
                    Rules.CgroupUsage,
                    $"{cgroup.Name}: misc.current is {cgroup.UsageBytes} bytes, the pages charged beneath it are {charged}, and tasks are about to make "
                    + $"it {openBytes[i]:+0;-0;0}");
            }
        }
    }

    private void AuditBacking(long[] openPages)
    {
        long[] pages = new long[_topology.MemoryCgroups.Count];
        foreach (EnclaveActors enclave in _topology.Enclaves)
        {
            enclave.Backing.File.ForEachPayer(payer => pages[payer]++);
        }

        for (int i = pages.Length - 1; i > 0; i--)
        {
            pages[_topology.Machine.MemoryCgroupParents[i]] += pages[i];
        }

        for (int i = 0; i < pages.Length; i++)
        {
            if (_topology.MemoryCgroups[i].UsagePages != pages[i] + openPages[i])
            {
                _violate(
                    Rules.BackingCharge,
                    $"{_topology.MemoryCgroups[i].Name}: {_topology.MemoryCgroups[i].UsagePages} pages charged, {pages[i]} pages of backing store exist, "
                    + $"and tasks are about to make it {openPages[i]:+0;-0;0}");
            }
        }
    }

    private void AuditTranslations()
    {
        foreach ((AddressSpace mm, int index) in _topology.AddressSpaces)
        {
            if (mm.Ptes.PresentCount == 0)
            {
                continue;
            }

            Enclave enclave = _topology.Enclaves[index].Enclave;
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

    private void PlaceRun(int first, int end, string where)
    {
        if (end - first == 1)
        {
            Place(first, where);
            return;
        }

        int page = first;
        while (page < end)
        {
            if ((page & 63) == 0 && page + 64 <= end && _seen[page >> 6] == 0)
            {
                _seen[page >> 6] = ulong.MaxValue;
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
        if ((_seen[page >> 6] & bit) != 0)
        {
            _violate(Rules.PageConservation, $"epc:{page} is in two places, one of them {where}");
            throw new BrokenListException();
        }

        _seen[page >> 6] |= bit;
        _placed++;
    }

    private void PlaceCharged(int page, string where)
    {
        Place(page, where);
        ushort cgroup = _pages[page].Cgroup;
        if (cgroup != EpcPage.NoCgroup)
        {
            _charged[cgroup]++;
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

    /// <summary>Ends a walk over a list that is not one any more.</summary>
    private sealed class BrokenListException : Exception;
}

using EpcActors.Actors.AddressSpaces;
using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.NumaNodes;
using EpcActors.Domain.Enclaves;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Lab.Runs;

namespace EpcActors.Lab.Oracles;

/// <summary>One walk over every list of every actor, between two steps of a run.</summary>
internal sealed class Audit
{
    /// <summary>Most pages that one task can have between two lists: a reclaim batch and what an allocation carries.</summary>
    private const int PagesPerTask = KernelConstants.NrToScanMax + 4;

    private readonly Topology _topology;
    private readonly IReadOnlyCollection<int> _inFlight;
    private readonly Action<string, string> _violate;
    private readonly EpcPageTable _pages;
    private readonly ulong[] _seen;
    private readonly long[] _charged;
    private long _placed;

    public Audit(Topology topology, IReadOnlyCollection<int> inFlight, Action<string, string> violate)
    {
        _topology = topology;
        _inFlight = inFlight;
        _violate = violate;
        _pages = topology.Machine.Pages;
        _seen = new ulong[(topology.Machine.CapacityPages + 63) / 64];
        _charged = new long[topology.Cgroups.Count];
    }

    public void Run(bool atRest, int tasksUnderWay)
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
            tracked += AuditEnclave(enclave, atRest, tasksUnderWay);
        }

        foreach (VirtualMachineActors guest in _topology.VirtualMachines)
        {
            guest.VirtualEpc.ForEachPage(page => PlaceCharged(page, guest.VirtualEpc.Name));
        }

        _topology.ZombieSecs.ForEachPage(page => PlaceCharged(page, "the list of zombie SECS pages"));
        foreach (int page in _inFlight)
        {
            PlaceCharged(page, "the hands of a task");
        }

        if (_placed != _topology.Machine.CapacityPages)
        {
            _violate(
                Rules.PageConservation,
                $"{_topology.Machine.CapacityPages} pages of EPC, {_placed} of them are somewhere; the first that is nowhere: {FirstUnseen()}");
        }

        AuditLru(tracked, atRest, tasksUnderWay);
        AuditUsage(atRest, tasksUnderWay);
        AuditBacking(atRest, tasksUnderWay);
        AuditTranslations();
    }

    private long AuditEnclave(EnclaveActors actors, bool atRest, int tasksUnderWay)
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
                swapped++;
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
        int underWay = enclave.VaPages.UsedSlots - swapped;
        if (atRest ? underWay != 0 : underWay < 0 || underWay > 2 * tasksUnderWay)
        {
            _violate(Rules.VaSlots, $"{enclave.Name}: {enclave.VaPages.UsedSlots} VA slots are in use for {swapped} pages that are swapped out");
        }

        return tracked;
    }

    private void AuditLru(long tracked, bool atRest, int tasksUnderWay)
    {
        long listed = 0;
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            cgroup.ForEachLruPage(page =>
            {
                listed++;
                if (!_pages[page].IsTracked)
                {
                    _violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} without the tracked flag");
                }

                if (_pages[page].IsFree)
                {
                    _violate(Rules.LruMembership, $"epc:{page} is on the LRU of {cgroup.Name} and free");
                }
            });
        }

        long isolated = tracked - listed;
        if (atRest ? isolated != 0 : isolated < -tasksUnderWay || isolated > (long)PagesPerTask * tasksUnderWay)
        {
            _violate(Rules.LruMembership, $"{tracked} pages are tracked, {listed} of them on a list, and {tasksUnderWay} tasks could have the rest");
        }
    }

    private void AuditUsage(bool atRest, int tasksUnderWay)
    {
        if (_topology.Machine.Switches.EpcCgroup == EpcCgroupMode.Off)
        {
            return;
        }

        for (int i = _charged.Length - 1; i > 0; i--)
        {
            _charged[_topology.Machine.CgroupParents[i]] += _charged[i];
        }

        for (int i = 0; i < _charged.Length; i++)
        {
            Cgroup cgroup = _topology.Cgroups[i];
            long difference = (cgroup.UsageBytes / KernelConstants.PageSize) - _charged[i];
            if (atRest ? difference != 0 : Math.Abs(difference) > 2L * tasksUnderWay)
            {
                _violate(
                    Rules.CgroupUsage,
                    $"{cgroup.Name}: misc.current is {cgroup.UsageBytes} bytes, the pages charged beneath it are {_charged[i] * KernelConstants.PageSize}");
            }
        }
    }

    private void AuditBacking(bool atRest, int tasksUnderWay)
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
            long difference = _topology.MemoryCgroups[i].UsagePages - pages[i];
            if (atRest ? difference != 0 : Math.Abs(difference) > 4L * (tasksUnderWay + 1) * BackingFile.PcmdPerPage)
            {
                _violate(
                    Rules.BackingCharge,
                    $"{_topology.MemoryCgroups[i].Name}: {_topology.MemoryCgroups[i].UsagePages} pages charged, {pages[i]} pages of backing store exist");
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
            return;
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
        for (int page = 0; page < _topology.Machine.CapacityPages; page++)
        {
            if ((_seen[page >> 6] & (1UL << (page & 63))) == 0)
            {
                return $"epc:{page}";
            }
        }

        return "none";
    }
}

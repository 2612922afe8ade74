using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>Cause of a shortage: there was no page for an enclave or a guest.</summary>
internal enum ShortageCause
{
    /// <summary>A charge was refused, and nothing below the limit could be reclaimed.</summary>
    ChargeRefused,

    /// <summary>No node had a free page, and nothing could be reclaimed.</summary>
    EpcFull,

    /// <summary>A signal waited while the cgroup was at its limit (C26).</summary>
    Signal,

    /// <summary>The EPC out-of-memory killer of v1 to v5 took the enclave.</summary>
    EpcOomKill,

    /// <summary>The memory controller's killer took the process.</summary>
    MemoryOomKill,
}

/// <summary>Holder of EPC: an enclave or a guest.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Enclave">Index of the enclave; -1 for a guest.</param>
/// <param name="Guest">Index of the guest; -1 for an enclave.</param>
/// <param name="VaPages">VA pages, which are never reclaimed.</param>
/// <param name="HasSecs">The SECS is resident; it is reclaimed behind the last page only.</param>
/// <param name="Cgroup">Index of the cgroup of its process.</param>
/// <param name="Pages">Other pages: those of an enclave are on an LRU unless a task holds them, those of a guest are
/// never reclaimed.</param>
internal readonly record struct EpcHolder(string Name, int Enclave, int Guest, int VaPages, bool HasSecs, int Cgroup,
    long Pages)
{
    public long All => VaPages + (HasSecs ? 1 : 0) + Pages;
}

/// <summary>State of the machine when there was no page.</summary>
internal sealed record Shortage
{
    public required ShortageCause Cause { get; init; }

    public required long AtNs { get; init; }

    /// <summary>The cgroup whose limit refused; -1 for the EPC of the machine.</summary>
    public int Level { get; init; } = -1;

    /// <summary>
    /// The cgroup whose LRUs, with those below it, the allocation looked at: the process's own, however high the limit
    /// is that refused; 0 for those of the machine.
    /// </summary>
    public int Searched { get; init; }

    public long MaxPages { get; init; }

    public long UsagePages { get; init; }

    public long PoisonedPages { get; init; }

    /// <summary>Those that hold pages below the limit, or of the machine; the largest first.</summary>
    public IReadOnlyList<EpcHolder> Holders { get; init; } = [];
}

/// <summary>
/// Notes what the machine looks like at the moments at which an allocation fails for good: by the time of the report
/// the pages are back. In a live run the figures are
/// of moments close to one another.
/// </summary>
internal sealed class Shortages
{
    private readonly Topology _topology;
    private readonly Dictionary<int, (int Enclave, int Guest)> _ofProcess = [];
    private readonly Shortage?[] _enclaves;
    private readonly Shortage?[] _guests;

    public Shortages(Topology topology)
    {
        _topology = topology;
        _enclaves = new Shortage?[topology.Enclaves.Count];
        _guests = new Shortage?[topology.VirtualMachines.Count];
        for (int i = 0; i < _enclaves.Length; i++)
        {
            _ofProcess[topology.Enclaves[i].Process.Id.Index] = (i, -1);
            foreach (EnclaveThread child in topology.Enclaves[i].Children)
            {
                _ofProcess[child.Process.Index] = (i, -1);
            }
        }

        for (int i = 0; i < _guests.Length; i++)
        {
            // Of several sections of one guest the first stands for its process.
            _ofProcess.TryAdd(topology.VirtualMachines[i].Process.Id.Index, (-1, i));
        }
    }

    public Shortage? OfEnclave(int enclave) => _enclaves[enclave];

    public Shortage? OfGuest(int guest) => _guests[guest];

    public void OnReport(TaskActor task, RunEvent what, long atNs, long detail)
    {
        switch (what)
        {
            case RunEvent.AllocationFailed when task is KernelTask { Process.IsNone: false } current
                && _ofProcess.TryGetValue(current.Process.Index, out (int Enclave, int Guest) of):
                Note(of, AtAllocation(of, atNs, (Errno)(detail >> 1), isCharge: (detail & 1) != 0));
                break;
            case RunEvent.EnclaveOomKill:
                int cgroup = task is CgroupWorker worker ? worker.Cgroup : CgroupOf(((int)detail, -1));
                Note(((int)detail, -1), Below(cgroup, ShortageCause.EpcOomKill, atNs, cgroup));
                break;
            case RunEvent.MemoryOomKill when _ofProcess.TryGetValue((int)detail, out (int Enclave, int Guest) victim):
                Note(victim, OfMemory(victim, atNs));
                break;
        }
    }

    private void Note((int Enclave, int Guest) of, Shortage shortage)
    {
        if (of.Enclave >= 0)
        {
            _enclaves[of.Enclave] = shortage;
        }
        else
        {
            _guests[of.Guest] = shortage;
        }
    }

    private Shortage AtAllocation((int Enclave, int Guest) of, long atNs, Errno errno, bool isCharge)
    {
        ShortageCause cause = errno == Errno.ERESTARTSYS ? ShortageCause.Signal
            : isCharge ? ShortageCause.ChargeRefused
            : ShortageCause.EpcFull;
        if (!isCharge)
        {
            return OfMachine(cause, atNs);
        }

        for (int level = CgroupOf(of); level >= 0; level = _topology.Machine.CgroupParents[level])
        {
            Cgroup cgroup = _topology.Cgroups[level];
            if (!cgroup.Max.Allows((ulong)(cgroup.UsageBytes + KernelConstants.PageSize)))
            {
                return Below(level, cause, atNs, CgroupOf(of));
            }
        }

        // No limit refuses: the capacity of the controller, which is the EPC of the machine.
        return OfMachine(cause, atNs);
    }

    private Shortage OfMachine(ShortageCause cause, long atNs)
    {
        long poisoned = 0;
        long free = 0;
        foreach (NumaNode node in _topology.Nodes)
        {
            poisoned += node.PoisonedPages;
            free += node.FreePages;
        }

        return new Shortage
        {
            Cause = cause,
            AtNs = atNs,
            MaxPages = _topology.Machine.CapacityPages,
            UsagePages = _topology.Machine.CapacityPages - free,
            PoisonedPages = poisoned,
            Holders = Holders(0),
        };
    }

    private Shortage Below(int level, ShortageCause cause, long atNs, int searched) => new()
    {
        Cause = cause,
        AtNs = atNs,
        Level = level,
        Searched = searched,
        MaxPages = _topology.Cgroups[level].Max.Pages,
        UsagePages = _topology.Cgroups[level].UsageBytes / KernelConstants.PageSize,
        Holders = Holders(level),
    };

    /// <summary>The lowest memory cgroup that is full.</summary>
    private Shortage OfMemory((int Enclave, int Guest) of, long atNs)
    {
        int full = -1;
        for (int level = CgroupOf(of); level >= 0; level = _topology.Machine.CgroupParents[level])
        {
            MemoryCgroup memory = _topology.MemoryCgroups[level];
            if (!memory.Max.IsMax && (full < 0 || memory.UsagePages >= memory.Max.Pages))
            {
                full = level;
                if (memory.UsagePages >= memory.Max.Pages)
                {
                    break;
                }
            }
        }

        return new Shortage
        {
            Cause = ShortageCause.MemoryOomKill,
            AtNs = atNs,
            Level = full,
            MaxPages = full < 0 ? 0 : _topology.MemoryCgroups[full].Max.Pages,
            UsagePages = full < 0 ? 0 : _topology.MemoryCgroups[full].UsagePages,
            Holders = full < 0 ? [] : Holders(full),
        };
    }

    private List<EpcHolder> Holders(int root)
    {
        List<EpcHolder> holders = [];
        for (int i = 0; i < _topology.Enclaves.Count; i++)
        {
            EnclaveActors actors = _topology.Enclaves[i];
            EpcHolder holder = new(
                actors.Spec.Name, i, -1, actors.Enclave.VaPages.Count, !actors.Enclave.SecsPage.IsNone,
                CgroupOf((i, -1)), actors.Enclave.SecsChildCount);
            if (holder.All > 0 && IsBelow(CgroupOf((i, -1)), root))
            {
                holders.Add(holder);
            }
        }

        for (int i = 0; i < _topology.VirtualMachines.Count; i++)
        {
            VirtualMachineActors guest = _topology.VirtualMachines[i];
            if (guest.VirtualEpc.PageCount > 0 && IsBelow(CgroupOf((-1, i)), root))
            {
                holders.Add(new EpcHolder(guest.Spec.Name, -1, i, 0, false, CgroupOf((-1, i)),
                    guest.VirtualEpc.PageCount));
            }
        }

        holders.Sort((a, b) => b.All != a.All ? b.All.CompareTo(a.All) : string.CompareOrdinal(a.Name, b.Name));
        return holders;
    }

    private int CgroupOf((int Enclave, int Guest) of) => of.Enclave >= 0
        ? _topology.Enclaves[of.Enclave].Process.Cgroup
        : _topology.VirtualMachines[of.Guest].Process.Cgroup;

    /// <summary>True for a cgroup in the subtree of another, which it may be itself.</summary>
    public bool IsBelow(int cgroup, int root)
    {
        for (int at = cgroup; at >= 0; at = _topology.Machine.CgroupParents[at])
        {
            if (at == root)
            {
                return true;
            }
        }

        return false;
    }
}

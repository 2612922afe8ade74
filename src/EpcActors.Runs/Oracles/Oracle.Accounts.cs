using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Runs.Oracles;

/// <content>
/// Who counts, who pays, and in which order: events and peaks of cgroups, memory cgroups, lists and nodes.
/// </content>
public sealed partial class Oracle
{
    /// <summary>A level refuses: no usage may be above a limit, and no charge be refused below it.</summary>
    private void OnRefused(Cgroup cgroup, long usage, bool givesWay, Carried carried, long nowNs)
    {
        Refused(carried, nowNs, "is refused a charge");
        if (!_isWholeMachine)
        {
            return;
        }

        // C1: a sum in 32 bits is above every limit from 2 GiB on.
        bool isOverflow = _topology.Machine.Switches.WideUsage == Fix.Absent && usage > int.MaxValue;
        if (usage <= _cgroups[cgroup.Index].Max && usage <= _capacityBytes && !isOverflow && !givesWay)
        {
            Violate(
                Rules.CgroupLimit,
                nowNs,
                $"{cgroup.Name} refuses a charge of {carried.Task.Name} that makes {usage} bytes, with misc.max "
                + $"{_cgroups[cgroup.Index].Max} and capacity {_capacityBytes}");
        }

        carried.Owed.RefusedLevel = cgroup.Index + 1;
        carried.Owed.EventLevel = _countsAttempts ? NextToCount(cgroup.Index, cgroup.Index) + 1 : 0;
    }

    private void OnCountMaxEvent(in CgroupProtocol.CountMaxEvent count, Cgroup cgroup, Carried carried, long nowNs)
    {
        int level = cgroup.Index;
        _cgroups[level].Events += count.IsHierarchical ? 1 : 0;
        _cgroups[level].EventsLocal += count.IsLocal ? 1 : 0;
        if (cgroup.Events != _cgroups[level].Events || cgroup.EventsLocal != _cgroups[level].EventsLocal)
        {
            Violate(
                Rules.CgroupEvents,
                nowNs,
                $"{cgroup.Name}: misc.events says {cgroup.Events}, misc.events.local {cgroup.EventsLocal}; the events "
                + $"that went by make {_cgroups[level].Events} and {_cgroups[level].EventsLocal}");
        }

        if (!_isWholeMachine)
        {
            return;
        }

        ref Owed owed = ref carried.Owed;
        int refused = owed.RefusedLevel - 1;
        if (!_countsAttempts && refused >= 0 && owed.EventLevel == 0)
        {
            // Where an attempt is no event by itself, the task may count one for the last that was refused.
            owed.EventLevel = NextToCount(refused, refused) + 1;
        }

        bool isInFiles = count.IsHierarchical == IsCounted(level) && count.IsLocal == IsCountedLocally(level, refused);
        if (owed.EventLevel - 1 != level || !isInFiles)
        {
            string where = !count.IsLocal ? "misc.events"
                : count.IsHierarchical ? "misc.events and misc.events.local"
                : "misc.events.local";
            string why = refused < 0
                ? "no level has refused one"
                : $"{NameOfLevel(owed.RefusedLevel)} refused it, and {NameOfLevel(owed.EventLevel)} has to count it "
                    + "next";
            Violate(
                Rules.CgroupEvents,
                nowNs,
                $"{carried.Task.Name} counts a refused charge in {where} of {cgroup.Name}; {why}");
            owed.EventLevel = 0;
            return;
        }

        owed.EventLevel = NextToCount(_topology.Machine.CgroupParents[level], refused) + 1;
    }

    /// <summary>misc_cg_try_charge takes a refused amount back when it has counted the event.</summary>
    private void CheckCounted(Carried carried, long nowNs)
    {
        if (carried.Owed.EventLevel != 0)
        {
            ReportUncounted(carried, nowNs);
        }
    }

    private void ReportUncounted(Carried carried, long nowNs)
    {
        Violate(
            Rules.CgroupEvents,
            nowNs,
            $"{carried.Task.Name} was refused a charge by {NameOfLevel(carried.Owed.RefusedLevel)}, and "
            + $"{NameOfLevel(carried.Owed.EventLevel)} did not count it");
        carried.Owed.EventLevel = 0;
    }

    private string NameOfLevel(int levelPlusOne) =>
        levelPlusOne == 0 ? "none" : _topology.Cgroups[levelPlusOne - 1].Name;

    private int NextToCount(int level, int refused)
    {
        while (level >= 0 && !IsCounted(level) && !IsCountedLocally(level, refused))
        {
            level = _topology.Machine.CgroupParents[level];
        }

        return level;
    }

    /// <summary>misc.events: of every level, before 6.12; from then on the root has none.</summary>
    private bool IsCounted(int level) =>
        _topology.Machine.Switches.EventLevels == EventLevels.IncludingRoot
        || _topology.Machine.CgroupParents[level] >= 0;

    /// <summary>misc.events.local: of the level that refused, from 6.12 on.</summary>
    private bool IsCountedLocally(int level, int refused) =>
        _topology.Machine.Switches.EventLevels == EventLevels.BelowRoot && level == refused;

    private void OnReadMm(in EnclaveProtocol.ReadMm read, Carried carried)
    {
        ref Owed owed = ref carried.Owed;
        owed.WalkedProcess = 0;
        if (read.Mm.IsNone)
        {
            // The end of a walk that ages a page says nothing of who pays; the end of the other says that none is
            // left, and the root does.
            owed.OwnersMemory = owed.IsAgeing ? 0 : 1;
            owed.IsAgeing = false;
        }
        else
        {
            owed.OwnersMemory = 0;
            owed.WalkedProcess = _topology.Machine.ProcessOfMm.Of(read.Mm).Index + 1;
        }
    }

    private static void OnReadCss(in ProcessProtocol.ReadCss read, Envelope envelope, Carried carried)
    {
        ref Owed owed = ref carried.Owed;
        if (envelope.Caller is KernelTask task && task.Process == envelope.Target)
        {
            owed.OwnMemory = read.MemoryCgroup + 1;
        }

        if (owed.WalkedProcess == envelope.Target.Index + 1 && !read.HasExited)
        {
            owed.OwnersMemory = read.MemoryCgroup + 1;
            owed.IsAgeing = false;
        }
    }

    /// <summary>
    /// Whom sgx_encl_get_mem_cgroup names: ksgxd, and from v6 on a cgroup's worker, the owner's; any other task its
    /// own. Before 0c9782e204d3 ksgxd the root.
    /// </summary>
    private void CheckPayer(
        in BackingStoreProtocol.PinBacking pin, Resource backing, TaskActor caller, Carried carried, long nowNs)
    {
        if (caller is not KernelTask task || !_isWholeMachine)
        {
            return;
        }

        BackingCharge rule = _topology.Machine.Switches.BackingCharge;
        bool isForOwner = task.Kind == TaskKind.Ksgxd
            ? rule != BackingCharge.Root
            : task.Kind == TaskKind.CgroupWorker && rule == BackingCharge.Indirect;
        int expected = isForOwner ? carried.Owed.OwnersMemory - 1
            : task.Process.IsNone ? 0
            : carried.Owed.OwnMemory - 1;
        if (pin.Payer == expected)
        {
            return;
        }

        ReportPayer(in pin, backing, caller, isForOwner, expected, nowNs);
    }

    private void ReportPayer(
        in BackingStoreProtocol.PinBacking pin,
        Resource backing,
        TaskActor caller,
        bool isForOwner,
        int expected,
        long nowNs)
    {
        string who = expected < 0 ? "did not look whom the enclave belongs to"
            : isForOwner ? $"found the enclave to belong to {_topology.MemoryCgroups[expected].Name}"
            : $"has to pay by itself, as {_topology.MemoryCgroups[expected].Name}";
        string payer = _topology.MemoryCgroups[pin.Payer].Name;
        Violate(
            Rules.MemcgPayer,
            nowNs,
            $"{caller.Name} pins page {pin.Index} of {backing.Name} at the expense of {payer}, and {who}");
    }

    private void OnTakenFromLru(EpcPageIndex page, Cgroup cgroup, Carried carried, long nowNs)
    {
        if (!page.IsNone && !_order.Take(cgroup.Index, page.Value))
        {
            ReportOrder(page, cgroup, carried, nowNs);
        }
    }

    private void ReportOrder(EpcPageIndex page, Cgroup cgroup, Carried carried, long nowNs) => Violate(
        Rules.VictimOrder,
        nowNs,
        $"{carried.Task.Name} takes {page} off the LRU of {cgroup.Name}, and took one before that came onto it later: "
        + "the list is first in, first out");

    /// <summary>
    /// One node of the walk of __sgx_alloc_epc_page. Where a process borrows pages of others it asks a node twice, and
    /// this is not judged.
    /// </summary>
    private void CheckNodeOrder(
        in NumaNodeProtocol.TakePage take, NumaNode node, TaskActor caller, Carried carried, long nowNs)
    {
        if (!_isWholeMachine)
        {
            return;
        }

        ref Owed owed = ref carried.Owed;
        int[] withEpc = _nodeWithEpcFrom;
        int first = withEpc[caller.Node];
        int expected = owed.EmptyNode == 0 ? first : withEpc[owed.EmptyNode];
        if (node.NodeId != expected)
        {
            ReportNodeOrder(node, caller, owed.EmptyNode - 1, expected, nowNs);
        }

        // A walk that came round begins anew, where it began: at the caller's own.
        bool isOver = !take.Page.IsNone || withEpc[node.NodeId + 1] == first;
        owed.EmptyNode = isOver ? 0 : node.NodeId + 1;
    }

    private void ReportNodeOrder(NumaNode node, TaskActor caller, int empty, int expected, long nowNs)
    {
        string why = empty < 0
            ? $"its walk begins at node {expected}"
            : $"behind node {empty}, which has none, comes node {expected}";
        Violate(Rules.NodeOrder, nowNs, $"{caller.Name} on node {caller.Node} asks {node.Name} for a page; {why}");
    }

    /// <summary>By node: itself when it has EPC, else the next that has, ascending and wrapping; -1 for none.</summary>
    private static int[] NodesWithEpc(bool[] ownsEpc)
    {
        int[] nodes = new int[ownsEpc.Length + 1];
        for (int node = 0; node < nodes.Length; node++)
        {
            nodes[node] = -1;
            for (int i = ownsEpc.Length - 1; i >= 0; i--)
            {
                int at = (node + i) % ownsEpc.Length;
                nodes[node] = ownsEpc[at] ? at : nodes[node];
            }
        }

        return nodes;
    }

    /// <summary>A page came onto a list of a node.</summary>
    private void CheckNodeList(EpcPageIndex page, NumaNode node, Carried carried, long nowNs)
    {
        bool isHome = _topology.Machine.NodeOf(page) == node.NodeId;
        if (!isHome || node.FreePages + node.PoisonedPages > node.PresentPages || node.TrackedWhenFreed > 0)
        {
            ReportNodeList(page, node, isHome, carried, nowNs);
        }
    }

    private void ReportNodeList(EpcPageIndex page, NumaNode node, bool isHome, Carried carried, long nowNs)
    {
        if (!isHome)
        {
            Violate(
                Rules.NodeList,
                nowNs,
                $"{carried.Task.Name} puts {page} of node {_topology.Machine.NodeOf(page)} on the free list of "
                + node.Name);
        }

        if (node.FreePages + node.PoisonedPages > node.PresentPages)
        {
            Violate(
                Rules.NodeList,
                nowNs,
                $"{node.Name} has {node.FreePages} free and {node.PoisonedPages} poisoned pages behind a free of "
                + $"{carried.Task.Name}, and {Counted.Of(node.PresentPages, "page")} in all");
        }

        if (node.TrackedWhenFreed > 0)
        {
            Violate(Rules.LruMembership, nowNs, $"{carried.Task.Name} frees {page} with its tracked flag set");
        }
    }
}

using EpcActors.Engine;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Cluster.Sharing;

/// <content>Pages and lists of other processes, and the kernel's own threads there.</content>
public sealed partial class SharedMachine
{
    /// <summary>A page of a node of another process, onto the list of its stand-in here.</summary>
    /// <returns>False: there is none.</returns>
    [Linux("main.c", "__sgx_alloc_epc_page", IsPart = true)]
    public async Routine<bool> RefillNode(KernelTask current, int node)
    {
        if (!_port.IsForeign(node))
        {
            return false;
        }

        ClusterProtocol.BorrowPage borrow = await current.Ask(
            _port.Gateway,
            new ClusterProtocol.BorrowPage { Node = node });
        if (borrow.Page.IsNone)
        {
            return false;
        }

        SharedNodeProtocol.ImportPage import = await current.Ask(
            current.Machine.Nodes[node],
            new SharedNodeProtocol.ImportPage { Page = borrow.Page, Incarnation = borrow.Incarnation });
        if (import.IsRefused)
        {
            await current.Ask(
                _port.Gateway,
                new ClusterProtocol.ReturnPage
                {
                    Node = node,
                    Page = borrow.Page,
                    Incarnation = borrow.Incarnation,
                });
        }

        return !import.IsRefused;
    }

    /// <summary>Returns a freed page of another process's node to its owner.</summary>
    [Linux("main.c", "sgx_free_epc_page", IsPart = true)]
    public async Routine PageFreed(KernelTask current, int node)
    {
        if (!_port.IsForeign(node))
        {
            return;
        }

        SharedNodeProtocol.ExportPage export = await current.Ask(
            current.Machine.Nodes[node],
            new SharedNodeProtocol.ExportPage());
        if (!export.Page.IsNone)
        {
            // A page of an earlier incarnation is not returned: it went with its socket.
            await current.Ask(
                _port.Gateway,
                new ClusterProtocol.ReturnPage
                {
                    Node = node,
                    Page = export.Page,
                    Incarnation = export.Incarnation,
                });
        }
    }

    /// <summary>Has this process, or else another one, a page of the subtree on a list?</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_lru_empty")]
    public async Routine<bool> CanReclaim(KernelTask current, int root, bool countsIsolated = false) =>
        await _here.CanReclaim(current, root, countsIsolated) || await AskOthers(current, root, ReclaimPurpose.Look);

    /// <summary>
    /// One round of reclaim below a root. The LRU of a cgroup is in as many pieces as there are processes, and they
    /// take turns, as mem_cgroup_select_victim_node() had the nodes take turns under a limit; one without pages passes
    /// the turn on. So each round begins at the top.
    /// </summary>
    [Linux("main.c", "sgx_reclaim_pages_global", IsPart = true)]
    public async Routine<(int Scanned, int Resume)> ReclaimBelow(
        KernelTask current,
        int root,
        int wanted,
        bool ignoreAge,
        int resume)
    {
        for (int i = 0; i < _port.Members; i++)
        {
            ClusterProtocol.NextVictim victim = await current.Ask(
                _port.Gateway,
                new ClusterProtocol.NextVictim { Root = root });
            int done;
            if (victim.Member == _port.Self)
            {
                (done, _) = await _here.ReclaimBelow(current, root, wanted, ignoreAge, resume: -1);
            }
            else
            {
                ClusterProtocol.ReclaimAt there = await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.ReclaimAt
                    {
                        Member = victim.Member,
                        Root = root,
                        Wanted = wanted,
                        IgnoreAge = ignoreAge,
                    });
                done = there.Result;
            }

            if (done > 0)
            {
                return (done, -1);
            }
        }

        return (0, -1);
    }

    /// <summary>An enclave of this process, or else of another one.</summary>
    [Linux("epc_cgroup.c", "sgx_epc_cgroup_oom")]
    public async Routine<bool> OomKill(KernelTask current, int root) =>
        await _here.OomKill(current, root) || await AskOthers(current, root, ReclaimPurpose.OomKill);

    /// <summary>queue_work() for the worker of a cgroup, where its counter lives.</summary>
    [Linux("epc_cgroup.c", "queue_work", IsPart = true)]
    public async Routine<bool> QueueWork(KernelTask current, int cgroup)
    {
        ClusterProtocol.FindOwner owner = await current.Ask(
            _port.Gateway,
            new ClusterProtocol.FindOwner { Counter = cgroup });
        if (owner.Member == _port.Self)
        {
            return await _here.QueueWork(current, cgroup);
        }

        await current.Ask(
            _port.Gateway,
            new ClusterProtocol.QueueWorkAt { Member = owner.Member, Cgroup = cgroup });
        return true;
    }

    /// <summary>
    /// Wakes the ksgxd that works. If that one dies with its process the wake-up is lost, but its successor looks for
    /// itself.
    /// </summary>
    [Linux("main.c", "wake_up", IsPart = true)]
    public async Routine WakeKsgxd(KernelTask current)
    {
        ClusterProtocol.FindOwner owner = await current.Ask(
            _port.Gateway,
            new ClusterProtocol.FindOwner { Counter = _port.FreePageCounter });
        if (owner.Member == _port.Self)
        {
            await current.Ask(current.Machine.KsgxdWaitQueue, new WaitChannelProtocol.Wake());
        }
        else
        {
            await current.Ask(_port.Gateway, new ClusterProtocol.WakeKsgxd { Member = owner.Member });
        }
    }

    [Linux("main.c", "ksgxd", IsPart = true)]
    public async Routine<bool> IsKsgxdElsewhere(KernelTask current)
    {
        ClusterProtocol.FindOwner owner = await current.Ask(
            _port.Gateway,
            new ClusterProtocol.FindOwner { Counter = _port.FreePageCounter });
        return owner.Member != _port.Self;
    }

    /// <summary>
    /// The fault will come again at once (C13). At the owner of the counter that costs no message, and would leave no
    /// CPU to the tasks that make room.
    /// </summary>
    [Linux("exit.c", "exit_to_user_mode_loop", IsPart = true)]
    public async Routine ReturnRefused(KernelTask current)
    {
        ArgumentNullException.ThrowIfNull(current);
        await current.Sleep(BeforeNextFaultNs);
    }

    private async Routine<bool> AskOthers(
        KernelTask current,
        int root,
        ReclaimPurpose purpose)
    {
        for (int member = 0; member < _port.Members; member++)
        {
            if (member == _port.Self)
            {
                continue;
            }

            ClusterProtocol.ReclaimAt there = await current.Ask(
                _port.Gateway, new ClusterProtocol.ReclaimAt { Member = member, Root = root, Purpose = purpose });
            if (there.Result > 0)
            {
                return true;
            }
        }

        return false;
    }
}

using EpcActors.Actors.Cluster;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.Waiting;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Actors.Routines;

/// <summary>
/// Steps of kernel routines that differ when the machine is spread over processes. The steps are the kernel's; those on
/// numbers that all sockets share go to the number's home, page by page or out of a stock, and those on the lists of
/// another socket are done there by a deputy.
/// </summary>
internal static class Remote
{
    /// <summary>
    /// Pause of a thread whose fault was refused: about the cost of the fault, its return and the next one on hardware.
    /// </summary>
    public const long BeforeNextFaultNs = 10_000;

    /// <summary>The part of misc_cg_try_charge that limits decide: level by level at the accounts' homes.</summary>
    /// <remarks>
    /// A refusal does not count while other processes have stock: each process gives back what it has taken in advance
    /// and does not use (drain_all_stock). The level is then asked again, until a round over all processes finds
    /// nothing.
    /// </remarks>
    /// <returns>The level that refused, everything taken back; -1: charged.</returns>
    public static async Routine<int> TryCharge(KernelTask current, ClusterPort cluster, int cgroup, long bytes)
    {
        if (cluster.ChargeBatch > 1)
        {
            ClusterProtocol.ChargeLevels here = await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.ChargeLevels { Cgroup = cgroup, Bytes = bytes });
            if (here.IsCharged)
            {
                return -1;
            }
        }

        int level = cgroup;
        while (level >= 0)
        {
            ClusterProtocol.ChargeAccount charge = await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.ChargeAccount { Account = level, Bytes = bytes });
            if (charge.Result == AccountCharge.Fits)
            {
                level = current.Machine.CgroupParents[level];
                continue;
            }

            if (cluster.ChargeBatch > 1)
            {
                if (await DrainOthers(current, cluster, level) > 0)
                {
                    continue;
                }
            }
            else
            {
                await current.Ask(
                    cluster.Exchange,
                    new ClusterProtocol.UnchargeAccount
                    {
                        Account = level,
                        Bytes = bytes,
                        IsRollBack = true,
                    });
            }

            await Uncharge(current, cluster, cgroup, level, bytes, isRollBack: true);
            return level;
        }

        return -1;
    }

    /// <summary>
    /// Takes an amount back at every level from a cgroup up to and without <paramref name="end"/>; -1 for all.
    /// </summary>
    public static async Routine Uncharge(
        KernelTask current,
        ClusterPort cluster,
        int cgroup,
        int end,
        long bytes,
        bool isRollBack)
    {
        if (cluster.ChargeBatch > 1 && end < 0 && !isRollBack)
        {
            ClusterProtocol.UnchargeLevels here = await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.UnchargeLevels { Cgroup = cgroup, Bytes = bytes });
            if (here.IsUncharged)
            {
                return;
            }
        }

        for (int level = cgroup; level != end; level = current.Machine.CgroupParents[level])
        {
            await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.UnchargeAccount
                {
                    Account = level,
                    Bytes = bytes,
                    IsRollBack = isRollBack,
                });
        }
    }

    /// <summary>A deputy's part of it: returns the stock of this process.</summary>
    /// <returns>Bytes; pages of the free-page counter.</returns>
    public static async Routine<long> DrainHere(KernelTask current, ClusterPort cluster, int account)
    {
        ClusterProtocol.TakeStock take = await current.Ask(
            cluster.Exchange,
            new ClusterProtocol.TakeStock { Account = account });
        if (take.Bytes > 0 && account == cluster.FreePageCounter)
        {
            await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.AddAccount
                {
                    Account = account,
                    Amount = take.Bytes,
                    IsGivenBack = true,
                });
        }
        else if (take.Bytes > 0)
        {
            await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.UnchargeAccount
                {
                    Account = account,
                    Bytes = take.Bytes,
                    IsRollBack = true,
                });
        }

        return take.Bytes;
    }

    /// <summary>sgx_nr_free_pages += delta, at its home; a node's own counter was changed with its list.</summary>
    public static async Routine CountFreePages(KernelTask current, ClusterPort cluster, int delta)
    {
        switch (current.Switches.FreePageCounter)
        {
            case FreePageCounterMode.Atomic:
                await current.Ask(
                    cluster.Exchange,
                    new ClusterProtocol.AddAccount { Account = cluster.FreePageCounter, Amount = delta });
                break;
            case FreePageCounterMode.Racy:
                ClusterProtocol.LoadAccount load = await current.Ask(
                    cluster.Exchange,
                    new ClusterProtocol.LoadAccount { Account = cluster.FreePageCounter });
                await current.Ask(
                    cluster.Exchange,
                    new ClusterProtocol.StoreAccount
                    {
                        Account = cluster.FreePageCounter,
                        Value = load.Value + delta,
                        Amount = delta,
                    });
                break;
            case FreePageCounterMode.PerNode:
                break;
        }
    }

    /// <summary>Number of free pages that a watermark is compared with.</summary>
    /// <remarks>
    /// percpu_counter_compare: the home's number decides while it is above the watermark. Else processes that have
    /// pages in advance give them back (percpu_counter_sum), and the counter is read again.
    /// </remarks>
    /// <param name="current">Task that asks.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="enough">Nodes are added up to here only.</param>
    public static async Routine<long> ReadFreePages(KernelTask current, ClusterPort cluster, int enough)
    {
        Machine machine = current.Machine;
        if (machine.Switches.FreePageCounter != FreePageCounterMode.PerNode)
        {
            ClusterProtocol.ReadAccount read = await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.ReadAccount { Account = cluster.FreePageCounter, Enough = enough });
            if (read.Value < enough && read.IsLowerBound)
            {
                await DrainOthers(current, cluster, cluster.FreePageCounter);
                read = await current.Ask(
                    cluster.Exchange,
                    new ClusterProtocol.ReadAccount
                    {
                        Account = cluster.FreePageCounter,
                        Enough = enough,
                        Advances = read.Advances,
                    });
            }

            return read.Value;
        }

        long free = 0;
        for (int node = 0; node < machine.NodeCount && free < enough; node++)
        {
            if (!machine.OwnsEpc[node])
            {
                continue;
            }

            NumaNodeProtocol.ReadFreePages here = await current.Ask(
                machine.Nodes[node],
                new NumaNodeProtocol.ReadFreePages());
            free += here.FreePages;
            if (cluster.IsForeign(node))
            {
                ClusterProtocol.ReadNodeAt there = await current.Ask(
                    cluster.Exchange,
                    new ClusterProtocol.ReadNodeAt { Node = node });
                free += there.FreePages;
            }
        }

        return free;
    }

    public static async Routine<bool> IsHome(KernelTask current, ClusterPort cluster, int account)
    {
        ClusterProtocol.FindHome home = await current.Ask(
            cluster.Exchange,
            new ClusterProtocol.FindHome { Account = account });
        return home.Member == cluster.Self;
    }

    /// <summary>
    /// Wakes the ksgxd that works. If that one dies with its process the wake-up is lost, but its successor looks for
    /// itself.
    /// </summary>
    public static async Routine WakeKsgxd(KernelTask current, ClusterPort cluster)
    {
        ClusterProtocol.FindHome home = await current.Ask(
            cluster.Exchange,
            new ClusterProtocol.FindHome { Account = cluster.FreePageCounter });
        if (home.Member == cluster.Self)
        {
            await current.Ask(current.Machine.KsgxdWaitQueue, new WaitChannelProtocol.Wake());
        }
        else
        {
            await current.Ask(cluster.Exchange, new ClusterProtocol.WakeKsgxd { Member = home.Member });
        }
    }

    /// <summary>queue_work() for the worker of a cgroup, where its account lives.</summary>
    public static async Routine QueueWork(KernelTask current, ClusterPort cluster, int cgroup)
    {
        ClusterProtocol.FindHome home = await current.Ask(
            cluster.Exchange,
            new ClusterProtocol.FindHome { Account = cgroup });
        if (home.Member == cluster.Self)
        {
            await current.Ask(current.Machine.CgroupWork[cgroup], new WaitChannelProtocol.Wake());
        }
        else
        {
            await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.QueueWorkAt { Member = home.Member, Cgroup = cgroup });
        }
    }

    /// <summary>Usage of a cgroup and the smallest limit up to the root, bytes.</summary>
    public static async Routine<(long Usage, long Max)> UsageAndLimit(
        KernelTask current,
        ClusterPort cluster,
        int cgroup)
    {
        long usage = 0;
        long max = long.MaxValue;
        for (int level = cgroup; level >= 0; level = current.Machine.CgroupParents[level])
        {
            ClusterProtocol.ReadAccount read = await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.ReadAccount { Account = level });
            max = Math.Min(max, read.Max);
            if (level == cgroup)
            {
                usage = read.Value;
            }
        }

        return (usage, max);
    }

    /// <summary>
    /// Writes misc.max at the home, then tells each process, so the limit outlives both the home and the writer.
    /// </summary>
    public static async Routine WriteMax(KernelTask current, ClusterPort cluster, int cgroup, ulong max)
    {
        ClusterProtocol.WriteAccountMax write = await current.Ask(
            cluster.Exchange, new ClusterProtocol.WriteAccountMax { Account = cgroup, Max = max });
        for (int member = 0; member < cluster.Members; member++)
        {
            if (member != cluster.Self)
            {
                await current.Ask(
                    cluster.Exchange,
                    new ClusterProtocol.ShareMax
                    {
                        Member = member,
                        Account = cgroup,
                        Max = max,
                        Version = write.Version,
                    });
            }
        }
    }

    /// <summary>
    /// One round of reclaim below a root. The LRU of a cgroup is in as many pieces as there are processes, and they
    /// take turns, as mem_cgroup_select_victim_node() had the nodes take turns under a limit; one without pages passes
    /// the turn on.
    /// </summary>
    public static async Routine<int> Reclaim(
        KernelTask current,
        ClusterPort cluster,
        int root,
        int wanted,
        bool ignoreAge)
    {
        for (int i = 0; i < cluster.Members; i++)
        {
            ClusterProtocol.NextVictim victim = await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.NextVictim { Root = root });
            int done;
            if (victim.Member == cluster.Self)
            {
                done = await EpcCgroup.ReclaimHere(current, root, wanted, ignoreAge);
            }
            else
            {
                ClusterProtocol.ReclaimAt there = await current.Ask(
                    cluster.Exchange,
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
                return done;
            }
        }

        return 0;
    }

    /// <summary>Has this process, or else another one, a page of the subtree on a list?</summary>
    public static async Routine<bool> CanReclaim(KernelTask current, ClusterPort cluster, int root) =>
        await EpcCgroup.CanReclaimHere(current, root) || await AskOthers(current, cluster, root, ReclaimPurpose.Look);

    /// <summary>Series v1 to v5: has another process an enclave of the subtree to kill?</summary>
    public static async Routine<bool> OomKillElsewhere(KernelTask current, ClusterPort cluster, int root) =>
        await AskOthers(current, cluster, root, ReclaimPurpose.OomKill);

    /// <summary>A page of a node of another process, onto the list of its stand-in here.</summary>
    /// <returns>False: there is none.</returns>
    public static async Routine<bool> Borrow(KernelTask current, ClusterPort cluster, int node)
    {
        if (!cluster.IsForeign(node))
        {
            return false;
        }

        ClusterProtocol.BorrowPage borrow = await current.Ask(
            cluster.Exchange,
            new ClusterProtocol.BorrowPage { Node = node });
        if (borrow.Page.IsNone)
        {
            return false;
        }

        NumaNodeProtocol.ImportPage import = await current.Ask(
            current.Machine.Nodes[node],
            new NumaNodeProtocol.ImportPage { Page = borrow.Page, Incarnation = borrow.Incarnation });
        if (import.IsRefused)
        {
            await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.ReturnPage
                {
                    Node = node,
                    Page = borrow.Page,
                    Incarnation = borrow.Incarnation,
                });
        }

        return !import.IsRefused;
    }

    /// <summary>Returns a freed page of another process's node to its home.</summary>
    public static async Routine GiveBack(KernelTask current, ClusterPort cluster, int node)
    {
        NumaNodeProtocol.ExportPage export = await current.Ask(
            current.Machine.Nodes[node],
            new NumaNodeProtocol.ExportPage());
        if (!export.Page.IsNone)
        {
            // A page of an earlier incarnation is not returned: it went with its socket.
            await current.Ask(
                cluster.Exchange,
                new ClusterProtocol.ReturnPage
                {
                    Node = node,
                    Page = export.Page,
                    Incarnation = export.Incarnation,
                });
        }
    }

    private static async Routine<long> DrainOthers(KernelTask current, ClusterPort cluster, int account)
    {
        long bytes = await DrainHere(current, cluster, account);
        for (int member = 0; member < cluster.Members; member++)
        {
            if (member != cluster.Self && cluster.Defect != ClusterDefect.LazyDrain)
            {
                ClusterProtocol.DrainStock drain = await current.Ask(
                    cluster.Exchange, new ClusterProtocol.DrainStock { Member = member, Account = account });
                bytes += drain.Bytes;
            }
        }

        return bytes;
    }

    private static async Routine<bool> AskOthers(
        KernelTask current,
        ClusterPort cluster,
        int root,
        ReclaimPurpose purpose)
    {
        for (int member = 0; member < cluster.Members; member++)
        {
            if (member == cluster.Self)
            {
                continue;
            }

            ClusterProtocol.ReclaimAt there = await current.Ask(
                cluster.Exchange, new ClusterProtocol.ReclaimAt { Member = member, Root = root, Purpose = purpose });
            if (there.Result > 0)
            {
                return true;
            }
        }

        return false;
    }
}

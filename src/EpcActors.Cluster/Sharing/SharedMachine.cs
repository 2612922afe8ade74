using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// What routines of one process do with what all processes share. The steps are the kernel's; those on numbers that all
/// sockets share go to the number's owner, page by page or out of a stock, and those on the lists of another socket are
/// done there by a request worker.
/// </summary>
public sealed partial class SharedMachine : ISharedMachine
{
    /// <summary>
    /// Pause of a thread whose fault was refused: about the cost of the fault, its return and the next one on hardware.
    /// </summary>
    private const long BeforeNextFaultNs = 10_000;

    private readonly ClusterPort _port;
    private readonly OneMachine _here = OneMachine.Instance;

    /// <param name="port">The member that this process is.</param>
    public SharedMachine(ClusterPort port) => _port = port;

    /// <summary>The member that this process is.</summary>
    public ClusterPort Port => _port;

    /// <summary>This process's own part of the machine, as the kernel has it.</summary>
    public ISharedMachine Here => _here;

    [Linux("misc.c", "misc_cg_try_charge")]
    public async Routine<MiscCharge> TryCharge(KernelTask current, int cgroup, bool takeReference, long bytes)
    {
        ArgumentNullException.ThrowIfNull(current);
        int refused = await ChargeOwners(current, cgroup, bytes);
        if (refused < 0)
        {
            // The owners of the shared counters have checked the limits; the counters here are this process's part of
            // them, without a limit, and no charge gives way to a waiter behind them.
            current.GivesWay = false;
            return await _here.TryCharge(current, cgroup, takeReference, bytes);
        }

        if (takeReference)
        {
            // As in one process: the charge is refused, and keeps the reference that the next attempts need.
            CgroupProtocol.Charge nothing = await current.Ask(
                current.Machine.Cgroups[cgroup],
                new CgroupProtocol.Charge { TakeReference = true });
            if (nothing.Result == LevelCharge.Gone)
            {
                return MiscCharge.Gone;
            }
        }

        await _here.OnRefused(current, refused);
        return MiscCharge.Refused;
    }

    /// <summary>The part here, then that of the owners. A directory is not removed while processes share it.</summary>
    [Linux("misc.c", "misc_cg_uncharge")]
    public async Routine Uncharge(KernelTask current, int cgroup)
    {
        await _here.Uncharge(current, cgroup);
        await UnchargeOwners(current, cgroup, -1, KernelConstants.PageSize, isRollBack: false);
    }

    /// <summary>
    /// Writes misc.max at the owner, then tells each process, so the limit outlives both the owner and the writer.
    /// </summary>
    [Linux("misc.c", "misc_cg_max_write", IsPart = true)]
    public async Routine WriteMax(KernelTask current, int cgroup, Limit max)
    {
        ClusterProtocol.WriteCounterMax write = await current.Ask(
            _port.Gateway, new ClusterProtocol.WriteCounterMax { Counter = cgroup, Max = max });
        for (int member = 0; member < _port.Members; member++)
        {
            if (member != _port.Self)
            {
                await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.ShareMax
                    {
                        Member = member,
                        Counter = cgroup,
                        Max = max,
                        Version = write.Version,
                    });
            }
        }
    }

    /// <summary>Usage of a cgroup and the smallest limit up to the root, pages.</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_should_reclaim", IsPart = true)]
    public async Routine<(long Usage, long Max)> UsageAndLimit(
        KernelTask current,
        int cgroup)
    {
        long usage = 0;
        long max = Limit.Max.Bytes;
        for (int level = cgroup; level >= 0; level = current.Machine.CgroupParents[level])
        {
            ClusterProtocol.ReadCounter read = await current.Ask(
                _port.Gateway,
                new ClusterProtocol.ReadCounter { Counter = level });
            max = Math.Min(max, read.MaxBytes);
            if (level == cgroup)
            {
                usage = read.Value;
            }
        }

        return (usage / KernelConstants.PageSize, max / KernelConstants.PageSize);
    }

    /// <summary>sgx_nr_free_pages += delta, at its owner; a node's own counter was changed with its list.</summary>
    [Linux("main.c", "sgx_nr_free_pages", IsPart = true)]
    public async Routine CountFreePages(KernelTask current, int delta)
    {
        switch (current.Switches.FreePageCounter)
        {
            case FreePageCounterMode.Atomic:
                await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.AddToCounter { Counter = _port.FreePageCounter, Amount = delta });
                break;
            case FreePageCounterMode.Racy:
                ClusterProtocol.LoadCounter load = await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.LoadCounter { Counter = _port.FreePageCounter });
                await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.StoreCounter
                    {
                        Counter = _port.FreePageCounter,
                        Value = load.Value + delta,
                        Amount = delta,
                    });
                break;
            case FreePageCounterMode.PerNode:
                break;
        }
    }

    [Linux("main.c", "sgx_should_reclaim")]
    public async Routine<bool> ShouldReclaim(KernelTask current, int watermark) =>
        await ReadFreePages(current, watermark) < watermark && await CanReclaim(current, 0);

    /// <summary>A request worker's part of it: returns the stock of this process.</summary>
    /// <returns>Bytes; pages of the free-page counter.</returns>
    public async Routine<long> DrainHere(KernelTask current, int counter)
    {
        ClusterProtocol.TakeStock take = await current.Ask(
            _port.Gateway,
            new ClusterProtocol.TakeStock { Counter = counter });
        if (take.Bytes > 0 && counter == _port.FreePageCounter)
        {
            await current.Ask(
                _port.Gateway,
                new ClusterProtocol.AddToCounter
                {
                    Counter = counter,
                    Amount = take.Bytes,
                    IsGivenBack = true,
                });
        }
        else if (take.Bytes > 0)
        {
            await current.Ask(
                _port.Gateway,
                new ClusterProtocol.UnchargeCounter
                {
                    Counter = counter,
                    Bytes = take.Bytes,
                    IsRollBack = true,
                });
        }

        return take.Bytes;
    }

    /// <summary>Number of free pages that a watermark is compared with.</summary>
    /// <remarks>
    /// percpu_counter_compare: the owner's number decides while it is above the watermark. Else processes that have
    /// pages in advance give them back (percpu_counter_sum), and the counter is read again.
    /// </remarks>
    /// <param name="current">Task that asks.</param>
    /// <param name="enough">Nodes are added up to here only.</param>
    private async Routine<long> ReadFreePages(KernelTask current, int enough)
    {
        Machine machine = current.Machine;
        if (machine.Switches.FreePageCounter != FreePageCounterMode.PerNode)
        {
            ClusterProtocol.ReadCounter read = await current.Ask(
                _port.Gateway,
                new ClusterProtocol.ReadCounter { Counter = _port.FreePageCounter, Enough = enough });
            if (read.Value < enough && read.IsLowerBound)
            {
                await DrainOthers(current, _port.FreePageCounter);
                read = await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.ReadCounter
                    {
                        Counter = _port.FreePageCounter,
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
            if (_port.IsForeign(node))
            {
                ClusterProtocol.ReadNodeAt there = await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.ReadNodeAt { Node = node });
                free += there.FreePages;
            }
        }

        return free;
    }

    /// <summary>
    /// The part of misc_cg_try_charge that limits decide: level by level at the shared counters' owners.
    /// </summary>
    /// <remarks>
    /// A refusal does not count while other processes have stock: each process gives back what it has taken in advance
    /// and does not use (drain_all_stock). The level is then asked again, until a round over all processes finds
    /// nothing.
    /// </remarks>
    /// <returns>The level that refused, everything taken back; -1: charged.</returns>
    private async Routine<int> ChargeOwners(KernelTask current, int cgroup, long bytes)
    {
        if (_port.ChargeBatch > 1)
        {
            ClusterProtocol.ChargeLevels here = await current.Ask(
                _port.Gateway,
                new ClusterProtocol.ChargeLevels { Cgroup = cgroup, Bytes = bytes });
            if (here.IsCharged)
            {
                return -1;
            }
        }

        int level = cgroup;
        while (level >= 0)
        {
            ClusterProtocol.ChargeCounter charge = await current.Ask(
                _port.Gateway,
                new ClusterProtocol.ChargeCounter { Counter = level, Bytes = bytes });
            if (charge.Result == CounterCharge.Fits)
            {
                level = current.Machine.CgroupParents[level];
                continue;
            }

            if (_port.ChargeBatch > 1)
            {
                if (await DrainOthers(current, level) > 0)
                {
                    continue;
                }
            }
            else
            {
                await current.Ask(
                    _port.Gateway,
                    new ClusterProtocol.UnchargeCounter
                    {
                        Counter = level,
                        Bytes = bytes,
                        IsRollBack = true,
                    });
            }

            await UnchargeOwners(current, cgroup, level, bytes, isRollBack: true);
            return level;
        }

        return -1;
    }

    /// <summary>
    /// Takes an amount back at every level from a cgroup up to and without <paramref name="end"/>; -1 for all.
    /// </summary>
    private async Routine UnchargeOwners(
        KernelTask current,
        int cgroup,
        int end,
        long bytes,
        bool isRollBack)
    {
        if (_port.ChargeBatch > 1 && end < 0 && !isRollBack)
        {
            ClusterProtocol.UnchargeLevels here = await current.Ask(
                _port.Gateway,
                new ClusterProtocol.UnchargeLevels { Cgroup = cgroup, Bytes = bytes });
            if (here.IsUncharged)
            {
                return;
            }
        }

        for (int level = cgroup; level != end; level = current.Machine.CgroupParents[level])
        {
            await current.Ask(
                _port.Gateway,
                new ClusterProtocol.UnchargeCounter
                {
                    Counter = level,
                    Bytes = bytes,
                    IsRollBack = isRollBack,
                });
        }
    }

    private async Routine<long> DrainOthers(KernelTask current, int counter)
    {
        long bytes = await DrainHere(current, counter);
        for (int member = 0; member < _port.Members; member++)
        {
            if (member != _port.Self && _port.Defect != ClusterDefect.LazyDrain)
            {
                ClusterProtocol.DrainStock drain = await current.Ask(
                    _port.Gateway, new ClusterProtocol.DrainStock { Member = member, Counter = counter });
                bytes += drain.Bytes;
            }
        }

        return bytes;
    }
}

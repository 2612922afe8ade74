using EpcActors.Actors.Cgroups;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Actors.Routines;

/// <summary>kernel/cgroup/misc.c: charging up the hierarchy.</summary>
internal static class Misc
{
    /// <summary>misc_cg_try_charge: adds at each level from the cgroup to the root, and takes all of it back when one refuses.</summary>
    /// <returns>True when every level took it; the cgroup then holds one reference more, for the page.</returns>
    public static async Routine<bool> TryCharge(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        int level = cgroup;
        while (level >= 0)
        {
            CgroupProtocol.Charge charge = await current.Ask(
                machine.Cgroups[level],
                new CgroupProtocol.Charge { Bytes = KernelConstants.PageSize, TakeReference = level == cgroup });
            if (charge.IsOver)
            {
                break;
            }

            level = machine.CgroupParents[level];
        }

        if (level < 0)
        {
            return true;
        }

        // The event belongs to the level that refused, not to the one that asked.
        for (int at = level; at >= 0; at = machine.CgroupParents[at])
        {
            if (machine.CgroupParents[at] < 0 && current.Switches.EventLevels == EventLevels.BelowRoot && at != level)
            {
                break;
            }

            await current.Ask(machine.Cgroups[at], new CgroupProtocol.CountMaxEvent { IsLocal = at == level });
        }

        int at2 = cgroup;
        while (true)
        {
            await current.Ask(
                machine.Cgroups[at2],
                new CgroupProtocol.Uncharge { Bytes = KernelConstants.PageSize, PutReference = at2 == cgroup });
            if (at2 == level)
            {
                return false;
            }

            at2 = machine.CgroupParents[at2];
        }
    }

    /// <summary>misc_cg_uncharge and the put of the page's reference: subtracts at each level up to the root. Nobody is woken.</summary>
    public static async Routine Uncharge(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        bool wasLast = false;
        for (int level = cgroup; level >= 0; level = machine.CgroupParents[level])
        {
            CgroupProtocol.Uncharge uncharge = await current.Ask(
                machine.Cgroups[level],
                new CgroupProtocol.Uncharge { Bytes = KernelConstants.PageSize, PutReference = level == cgroup });
            wasLast |= uncharge.WasLast;
        }

        if (wasLast)
        {
            await FreeCss(current, cgroup);
        }
    }

    /// <summary>css_put by somebody who only looked.</summary>
    public static async Routine PutCss(KernelTask current, int cgroup)
    {
        CgroupProtocol.PutCss put = await current.Ask(current.Machine.Cgroups[cgroup], new CgroupProtocol.PutCss());
        if (put.WasLast)
        {
            await FreeCss(current, cgroup);
        }
    }

    /// <summary>css_free: the last reference is gone; the cgroup leaves the hierarchy.</summary>
    public static async Routine FreeCss(KernelTask current, int cgroup) =>
        await current.Ask(current.Machine.CgroupTree, new CgroupTreeProtocol.RemoveCgroup { Cgroup = cgroup });
}

using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Kernel.Routines;

/// <summary>Result of one attempt to charge.</summary>
public enum MiscCharge
{
    /// <summary>Every level took the amount.</summary>
    Charged,

    /// <summary>EBUSY: a level is at its limit, or the machine's capacity.</summary>
    Refused,

    /// <summary>The cgroup was freed before a reference to it could be taken.</summary>
    Gone,
}

/// <summary>kernel/cgroup/misc.c: charging up the hierarchy, and the life of a css.</summary>
internal static class Misc
{
    /// <summary>
    /// misc_cg_try_charge: adds at each level from the cgroup to the root, and undoes all additions when one level
    /// refuses.
    /// </summary>
    /// <remarks>
    /// Between the levels, and between an addition and its roll-back, others see too much usage: they may be refused
    /// for an amount that is rolled back (C21), and the levels below the refusing one keep the mark in misc.peak. The
    /// kernel's early return for a zero amount and its EINVAL for an unknown resource have no counterpart: only pages
    /// of EPC are charged.
    /// </remarks>
    /// <param name="current">Task that charges.</param>
    /// <param name="cgroup">Cgroup to charge.</param>
    /// <param name="takeReference">Take a reference first. The caller then holds one, refused or not.</param>
    /// <param name="bytes">Amount: a page, except where a stage is set.</param>
    [Linux("misc.c", "misc_cg_try_charge")]
    public static async Routine<MiscCharge> TryCharge(
        KernelTask current,
        int cgroup,
        bool takeReference,
        long bytes = KernelConstants.PageSize)
    {
        Machine machine = current.Machine;
        int level = cgroup;
        bool isOverCapacity = false;
        while (level >= 0)
        {
            CgroupProtocol.Charge charge = await current.Ask(
                machine.Cgroups[level],
                new CgroupProtocol.Charge
                {
                    Bytes = bytes,
                    TakeReference = takeReference && level == cgroup,
                    Terms = (current.Switches.ReclaimRoot == ReclaimRoot.Refusing ? ChargeTerms.TellsCapacity : 0)
                        | (current.GivesWay ? ChargeTerms.GivesWay : 0),
                });
            if (charge.Result == LevelCharge.Gone)
            {
                return MiscCharge.Gone;
            }

            if (charge.Result == LevelCharge.Over)
            {
                isOverCapacity = charge.IsOverCapacity;
                break;
            }

            level = machine.CgroupParents[level];
        }

        if (level < 0)
        {
            return MiscCharge.Charged;
        }

        await OnRefused(current, level, isOverCapacity);
        for (int at = cgroup; ; at = machine.CgroupParents[at])
        {
            await current.Ask(machine.Cgroups[at], new CgroupProtocol.Uncharge { Bytes = bytes });
            if (at == level)
            {
                return MiscCharge.Refused;
            }
        }
    }

    /// <summary>
    /// misc_cg_uncharge and the put of the page's reference: subtracts at each level up to the root. Wakes no task.
    /// </summary>
    [Linux("misc.c", "misc_cg_uncharge")]
    public static async Routine Uncharge(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        bool mustPut = false;
        for (int level = cgroup; level >= 0; level = machine.CgroupParents[level])
        {
            CgroupProtocol.Uncharge uncharge = await current.Ask(
                machine.Cgroups[level],
                new CgroupProtocol.Uncharge { Bytes = KernelConstants.PageSize, PutReference = level == cgroup });
            mustPut |= uncharge.MustPut;
        }

        if (mustPut)
        {
            await PutCss(current, cgroup);
        }
    }

    /// <summary>css_put.</summary>
    [Linux("misc.c", "css_put", IsPart = true)]
    public static async Routine PutCss(KernelTask current, int cgroup)
    {
        CgroupProtocol.PutCss put = await current.Ask(current.Machine.Cgroups[cgroup], new CgroupProtocol.PutCss());
        if (put.WasLast)
        {
            await FreeCss(current, cgroup);
        }
    }

    /// <summary>
    /// css_release and css_free: the last reference is gone; the cgroup leaves the hierarchy, the cursors of its
    /// ancestors leave it, and it drops its reference to its parent, which may be the last one.
    /// </summary>
    /// <remarks>
    /// In the kernel a work item does this. Here the task that put the last reference does, after the time that a work
    /// item takes to start. Until then walks meet a cgroup whose reference cannot be had (C5). The reclaim work of the
    /// cgroup holds no reference, so it is cancelled first (C19); when it runs just then, its worker does the rest at
    /// its end, which has the same effect as waiting for it.
    /// </remarks>
    [Linux("misc.c", "misc_cg_free")]
    public static async Routine FreeCss(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        await current.Spend(Activity.Schedule);
        if (current.Switches.CancelWorkOnFree == Fix.Present)
        {
            WaitChannelProtocol.CancelWork cancel = await current.Ask(
                machine.CgroupWork[cgroup],
                new WaitChannelProtocol.CancelWork());
            if (cancel.IsRunning)
            {
                return;
            }
        }

        await FinishFree(current, cgroup);
    }

    /// <summary>The rest of the free, once no reclaim work of the cgroup can run any more.</summary>
    [Linux("misc.c", "misc_cg_free", IsPart = true)]
    public static async Routine FinishFree(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;

        // Read first: behind the next message the place may become another cgroup, with another parent.
        int parent = machine.CgroupParents[cgroup];
        await current.Ask(machine.CgroupTree, new CgroupTreeProtocol.RemoveCgroup { Cgroup = cgroup });
        if (current.Switches.ReclaimWalk == ReclaimWalk.Cursor && current.Switches.CursorLeavesFreed == Fix.Present)
        {
            for (int root = parent; root >= 0; root = machine.CgroupParents[root])
            {
                await current.Ask(
                    machine.CgroupTree, new CgroupTreeProtocol.AdvanceCursor { Root = root, Cgroup = cgroup });
            }
        }

        await PutCss(current, parent);
    }

    /// <summary>
    /// A level refused. Every kernel counts an event for it here; with limit-events = reclaims the caller counts, who
    /// knows what comes of it.
    /// </summary>
    [Linux("misc.c", "misc_cg_try_charge", IsPart = true)]
    public static async Routine OnRefused(KernelTask current, int level, bool isOverCapacity)
    {
        KernelSwitches switches = current.Switches;
        if (switches.ReclaimRoot == ReclaimRoot.Refusing
            || switches.LimitEvents == LimitEvents.Reclaims
            || switches.WaitersFirst == Fix.Present)
        {
            // The capacity is the machine's, at each level that compares it.
            current.RefusedBy = isOverCapacity && switches.ReclaimRoot == ReclaimRoot.Refusing ? 0 : level;
        }

        if (switches.LimitEvents == LimitEvents.Attempts)
        {
            await CountEvent(current, level);
        }
    }

    /// <summary>
    /// misc_cg_event: the event belongs to the level that refused and to those above it, not to the one that asked.
    /// Every attempt counts, the retries of one allocation too (C16).
    /// </summary>
    [Linux("misc.c", "misc_cg_event")]
    public static async Routine CountEvent(KernelTask current, int level)
    {
        Machine machine = current.Machine;
        bool hasLocal = current.Switches.EventLevels == EventLevels.BelowRoot;
        for (int at = level; at >= 0; at = machine.CgroupParents[at])
        {
            bool isHierarchical = !hasLocal || machine.CgroupParents[at] >= 0;
            bool isLocal = hasLocal && at == level;
            if (isHierarchical || isLocal)
            {
                await current.Ask(
                    machine.Cgroups[at],
                    new CgroupProtocol.CountMaxEvent { IsLocal = isLocal, IsHierarchical = isHierarchical });
            }
        }
    }
}

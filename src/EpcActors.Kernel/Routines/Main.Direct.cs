using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Processes;

namespace EpcActors.Kernel.Routines;

/// <content>Reclaim by tasks that may not reclaim while they hold a lock: before it, or behind it.</content>
internal static partial class Main
{
    /// <summary>sgx_reclaim_direct: one batch before a load that may not reclaim. Context: no lock held.</summary>
    [Linux("main.c", "sgx_reclaim_direct")]
    public static async Routine ReclaimDirect(KernelTask current)
    {
        KernelSwitches switches = current.Switches;
        if (switches.DirectReclaim == DirectReclaim.None)
        {
            return;
        }

        if (switches.DirectReclaim == DirectReclaim.OwnCgroupToo && switches.EpcCgroup == EpcCgroupMode.On)
        {
            ProcessProtocol.ReadCss css = await current.Ask(current.Process, new ProcessProtocol.ReadCss());

            // sgx_get_current_cg takes a reference: the process may be moved, and the cgroup removed, while we reclaim
            // from it.
            CgroupProtocol.TryGetCss get = await current.Ask(
                current.Machine.Cgroups[css.Cgroup],
                new CgroupProtocol.TryGetCss());
            if (get.Got)
            {
                if (await EpcCgroup.ShouldReclaim(current, css.Cgroup))
                {
                    await current.Machine.Shared.ReclaimBelow(
                        current, css.Cgroup, KernelConstants.NrToScan, ignoreAge: false, resume: -1);
                }

                await Misc.PutCss(current, css.Cgroup);
            }
        }

        if (await current.Machine.Shared.ShouldReclaim(current, KernelConstants.NrLowPages))
        {
            await Reclaim.ReclaimGlobal(current);
        }
    }

    /// <summary>
    /// With fault-reclaims: a fault was told EBUSY and has given mmap_lock back (VM_FAULT_RETRY): it reclaims a batch
    /// where its next attempt would be refused, instead of waiting for a worker or ksgxd to do so. Context: no lock
    /// held.
    /// </summary>
    [Linux("main.c", "sgx_reclaim_direct", IsPart = true)]
    public static async Routine ReclaimForFault(KernelTask current)
    {
        Machine machine = current.Machine;
        if (machine.Switches.EpcCgroup == EpcCgroupMode.On)
        {
            ProcessProtocol.ReadCss css = await current.Ask(current.Process, new ProcessProtocol.ReadCss());
            CgroupProtocol.TryGetCss get = await current.Ask(
                machine.Cgroups[css.Cgroup], new CgroupProtocol.TryGetCss());
            if (get.Got)
            {
                int full = await FirstFullLevel(current, css.Cgroup);
                if (full >= 0)
                {
                    int root = machine.Switches.ReclaimRoot == ReclaimRoot.Refusing ? full : css.Cgroup;
                    await machine.Shared.ReclaimBelow(current, root, 1, ignoreAge: false, resume: -1);
                }

                await Misc.PutCss(current, css.Cgroup);
                if (full >= 0)
                {
                    return;
                }
            }
        }

        if (await machine.Shared.ShouldReclaim(current, KernelConstants.NrLowPages))
        {
            await Reclaim.ReclaimGlobal(current);
        }
    }

    /// <summary>The level from a cgroup up that has no room for a page more; -1 for none.</summary>
    [Linux("main.c", "sgx_reclaim_direct", IsPart = true)]
    private static async Routine<int> FirstFullLevel(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        for (int level = cgroup; level >= 0; level = machine.CgroupParents[level])
        {
            CgroupProtocol.ReadUsage read = await current.Ask(machine.Cgroups[level], new CgroupProtocol.ReadUsage());
            long room = Math.Min(read.MaxBytes, (long)machine.CapacityPages * KernelConstants.PageSize) - read.Usage;
            if (room < KernelConstants.PageSize)
            {
                return level;
            }
        }

        return -1;
    }
}

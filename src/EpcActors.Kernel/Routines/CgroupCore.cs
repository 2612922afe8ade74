using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Kernel.Routines;

/// <summary>
/// kernel/cgroup/cgroup.c and the write side of misc.c: an administrator's changes of the hierarchy, with the errno of
/// the system call.
/// </summary>
internal static class CgroupCore
{
    /// <summary>
    /// mkdir (cgroup_mkdir): a free place in the table of cgroups becomes a cgroup below <paramref name="parent"/>,
    /// with its misc and memory state. It is linked last: a walk that meets it finds all of it.
    /// </summary>
    /// <param name="current">Task that makes the directory.</param>
    /// <param name="cgroup">The place; no other task uses it.</param>
    /// <param name="parent">Index of the parent, smaller than that of the place.</param>
    /// <returns>Ok; ENODEV when the parent is gone; EEXIST while the directory is there; EAGAIN while the place still
    /// belongs to a cgroup that was removed and has pages (the kernel would take another place).</returns>
    [Linux("cgroup.c", "cgroup_mkdir")]
    public static async Routine<Errno> Mkdir(KernelTask current, int cgroup, int parent)
    {
        Machine machine = current.Machine;
        ActorId tree = machine.CgroupTree;
        await current.Ask(tree, new CgroupTreeProtocol.LockHierarchy());
        CgroupTreeProtocol.ReadOnline above = await current.Ask(
            tree, new CgroupTreeProtocol.ReadOnline { Cgroup = parent });
        CgroupTreeProtocol.ReadOnline own = await current.Ask(
            tree, new CgroupTreeProtocol.ReadOnline { Cgroup = cgroup });
        Errno errno = !above.IsOnline ? Errno.ENODEV
            : own.IsOnline ? Errno.EEXIST
            : own.IsRemoved ? Errno.Ok
            : Errno.EAGAIN;
        if (errno == Errno.Ok)
        {
            machine.CgroupParents[cgroup] = parent;

            // Its parent's directory holds a reference, so this one is to be had.
            await current.Ask(machine.Cgroups[parent], new CgroupProtocol.TryGetCss());
            await current.Ask(machine.Cgroups[cgroup], new CgroupProtocol.CreateCss());
            await current.Ask(machine.MemoryCgroups[cgroup], new MemoryCgroupProtocol.CreateMemory());
            await current.Ask(machine.CgroupWork[cgroup], new WaitChannelProtocol.InitWork());
            await current.Ask(tree, new CgroupTreeProtocol.AddCgroup { Cgroup = cgroup, Parent = parent });
        }

        await current.Ask(tree, new CgroupTreeProtocol.UnlockHierarchy());
        return errno;
    }

    /// <summary>
    /// rmdir (cgroup_destroy_locked): removes the directory; charged pages keep the cgroup alive as a zombie.
    /// </summary>
    /// <returns>Ok; EBUSY with live processes or child directories, and for the root; ENOENT when it is gone
    /// already.</returns>
    [Linux("cgroup.c", "cgroup_rmdir")]
    public static async Routine<Errno> Rmdir(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        if (machine.CgroupParents[cgroup] < 0)
        {
            return Errno.EBUSY;
        }

        await current.Ask(machine.CgroupTree, new CgroupTreeProtocol.LockHierarchy());
        Errno errno = await IsPopulated(current, cgroup) ? Errno.EBUSY : Errno.Ok;
        if (errno == Errno.Ok)
        {
            CgroupTreeProtocol.MarkDying mark = await current.Ask(
                machine.CgroupTree, new CgroupTreeProtocol.MarkDying { Cgroup = cgroup });
            errno = mark.Errno;
        }

        bool wasLast = false;
        if (errno == Errno.Ok)
        {
            CgroupProtocol.KillCss kill = await current.Ask(machine.Cgroups[cgroup], new CgroupProtocol.KillCss());
            wasLast = kill.WasLast;
        }

        await current.Ask(machine.CgroupTree, new CgroupTreeProtocol.UnlockHierarchy());
        if (wasLast)
        {
            await Misc.FreeCss(current, cgroup);
        }

        return errno;
    }

    /// <summary>
    /// A write to cgroup.procs (cgroup_attach_task): later charges go to the new cgroup, pages stay where they are
    /// charged.
    /// </summary>
    /// <param name="current">Task that writes.</param>
    /// <param name="process">The process, with all its threads.</param>
    /// <param name="cgroup">New cgroup of the process.</param>
    /// <param name="memoryCgroup">New cgroup of the memory controller; -1 to keep the old one.</param>
    /// <returns>Ok; ENODEV when the directory is gone; ESRCH when the process is gone.</returns>
    [Linux("cgroup.c", "cgroup_attach_task")]
    public static async Routine<Errno> Attach(KernelTask current, ActorId process, int cgroup, int memoryCgroup)
    {
        ActorId tree = current.Machine.CgroupTree;
        await current.Ask(tree, new CgroupTreeProtocol.LockHierarchy());
        CgroupTreeProtocol.ReadOnline online = await current.Ask(
            tree,
            new CgroupTreeProtocol.ReadOnline { Cgroup = cgroup });
        Errno errno = Errno.ENODEV;
        if (online.IsOnline)
        {
            ProcessProtocol.Migrate migrate = await current.Ask(
                process, new ProcessProtocol.Migrate { Cgroup = cgroup, MemoryCgroup = memoryCgroup });
            errno = migrate.HasExited ? Errno.ESRCH : Errno.Ok;
        }

        await current.Ask(tree, new CgroupTreeProtocol.UnlockHierarchy());
        return errno;
    }

    /// <summary>One write to misc.max (misc_cg_max_write). A refused write leaves the old value.</summary>
    /// <returns>Ok, EINVAL or ERANGE; ENOENT in the root, which has no such file, and where the directory is
    /// gone.</returns>
    [Linux("misc.c", "misc_cg_max_write")]
    public static async Routine<Errno> WriteMiscMax(KernelTask current, int cgroup, string text)
    {
        if (!await HasFile(current, cgroup))
        {
            return Errno.ENOENT;
        }

        MiscWriteResult result = MiscFiles.ParseMaxWrite(
            text, MiscFilesOfCgroup.Capacities(current.Machine), out MiscResource resource, out ulong value);
        if (result != MiscWriteResult.Ok)
        {
            return result == MiscWriteResult.ERANGE ? Errno.ERANGE : Errno.EINVAL;
        }

        Invariant.That(resource == MiscResource.SgxEpc, "the machine has no other resource than EPC");
        await Store(current, cgroup, Limit.Of(value));
        return Errno.Ok;
    }

    /// <summary>The same with a number: what <c>sgx_epc N</c> does.</summary>
    /// <param name="current">Task that writes.</param>
    /// <param name="cgroup">Cgroup of the limit.</param>
    /// <param name="max">The limit.</param>
    /// <returns>Ok; EINVAL on a kernel without the resource; ENOENT as above.</returns>
    [Linux("misc.c", "misc_cg_max_write")]
    public static async Routine<Errno> WriteMiscMax(KernelTask current, int cgroup, Limit max)
    {
        if (!await HasFile(current, cgroup))
        {
            return Errno.ENOENT;
        }

        if (current.Switches.EpcCgroup == EpcCgroupMode.Off)
        {
            return Errno.EINVAL;
        }

        await Store(current, cgroup, max);
        return Errno.Ok;
    }

    /// <summary>
    /// Stores the limit: no reclaim, no rounding, no wake-up. Only v3 to v5 queue the cgroup's worker, even when the
    /// limit rises.
    /// </summary>
    [Linux("misc.c", "misc_cg_max_write", IsPart = true)]
    private static async Routine Store(KernelTask current, int cgroup, Limit max)
    {
        ISharedMachine shared = current.Machine.Shared;
        await shared.WriteMax(current, cgroup, max);
        if (current.Switches.LimitLowered == LimitLowered.Worker)
        {
            await shared.QueueWork(current, cgroup);
        }
    }

    /// <summary>WRITE_ONCE of the limit in the cgroup.</summary>
    [Linux("misc.c", "misc_cg_max_write", IsPart = true)]
    public static async Routine StoreMax(KernelTask current, int cgroup, Limit max) =>
        await current.Ask(current.Machine.Cgroups[cgroup], new CgroupProtocol.WriteMax { Max = max });

    [Linux("misc.c", "misc_cg_max_write", IsPart = true)]
    private static async Routine<bool> HasFile(KernelTask current, int cgroup)
    {
        ActorId tree = current.Machine.CgroupTree;
        if (current.Machine.CgroupParents[cgroup] < 0)
        {
            return false;
        }

        await current.Ask(tree, new CgroupTreeProtocol.LockHierarchy());
        CgroupTreeProtocol.ReadOnline online = await current.Ask(
            tree,
            new CgroupTreeProtocol.ReadOnline { Cgroup = cgroup });
        await current.Ask(tree, new CgroupTreeProtocol.UnlockHierarchy());
        return online.IsOnline;
    }

    /// <summary>
    /// cgroup_is_populated. A process that has yet to start counts: the task that starts it waits in its cgroup. A
    /// process that forks while we ask forks into its own cgroup, and its parent has answered for that one.
    /// </summary>
    [Linux("cgroup.c", "cgroup_is_populated")]
    private static async Routine<bool> IsPopulated(KernelTask current, int cgroup)
    {
        List<ActorId> processes = current.Machine.Processes;
        for (int i = 0; i < processes.Count; i++)
        {
            ProcessProtocol.ReadCss css = await current.Ask(processes[i], new ProcessProtocol.ReadCss());
            if (css.Cgroup == cgroup && !css.HasExited)
            {
                return true;
            }
        }

        return false;
    }
}

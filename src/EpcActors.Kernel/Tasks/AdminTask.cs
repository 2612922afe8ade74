using EpcActors.Engine;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Kernel.Tasks;

/// <summary>A task outside of all enclaves that makes an administrator's system calls.</summary>
public abstract class AdminTask : KernelTask
{
    private protected AdminTask(ActorId id, string name, Machine machine)
        : base(id, name, -1, 0, machine, TaskKind.Other, ActorId.None) { }

    public override ActorKind ActorKind => ActorKind.Administrator;

    /// <summary>What an administrator has not done yet does not prolong a run whose work is done.</summary>
    public override bool IsDaemon => true;

    /// <returns>Error of the system call behind the action.</returns>
    private protected async Routine<Errno> Do(AdminAction action)
    {
        switch (action)
        {
            case AdminAction.WriteMax write:
                return await CgroupCore.WriteMiscMax(this, write.Cgroup, write.Max);
            case AdminAction.WriteMaxText write:
                return await CgroupCore.WriteMiscMax(this, write.Cgroup, write.Text);
            case AdminAction.WriteMemoryMax write:
                await Shmem.WriteMemoryMax(this, write.MemoryCgroup, write.Max);
                return Errno.Ok;
            case AdminAction.KillProcess kill:
                await Ask(kill.Process, new ProcessProtocol.Kill { Reason = KillReason.Scenario });
                return Errno.Ok;
            case AdminAction.SignalProcess signal:
                await Ask(signal.Process, new ProcessProtocol.Signal());
                return Errno.Ok;
            case AdminAction.MigrateProcess migrate:
                return await CgroupCore.Attach(this, migrate.Process, migrate.Cgroup, migrate.MemoryCgroup);
            case AdminAction.RemoveCgroup remove:
                return await CgroupCore.Rmdir(this, remove.Cgroup);
            case AdminAction.CreateCgroup create:
                return await CgroupCore.Mkdir(
                    this,
                    create.Cgroup,
                    create.Parent >= 0 ? create.Parent : Machine.CgroupParents[create.Cgroup]);
            case AdminAction.Poison poison:
                for (int i = 0; i < poison.Pages.Count; i++)
                {
                    await Main.MemoryFailure(this, poison.Pages[i]);
                }

                return Errno.Ok;
            case AdminAction.PoisonGuest poison:
                return await PoisonGuest(poison);
            case AdminAction.LoseEpc:
                await Main.LoseEpc(this);
                return Errno.Ok;
            default:
                throw new InvariantViolation($"{action.GetType().Name} is not an action that the administrator knows");
        }
    }

    /// <returns>ENOENT: the guest has touched none of them.</returns>
    private async Routine<Errno> PoisonGuest(AdminAction.PoisonGuest poison)
    {
        Errno errno = Errno.ENOENT;
        for (int page = poison.First; page < poison.First + poison.Count; page++)
        {
            VirtualEpcProtocol.FindGuestPage find = await Ask(
                poison.VirtualEpc, new VirtualEpcProtocol.FindGuestPage { Index = page });
            if (!find.EpcPage.IsNone)
            {
                await Main.MemoryFailure(this, find.EpcPage);
                errno = Errno.Ok;
            }
        }

        return errno;
    }
}

using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Kernel.Tasks;

/// <summary>An action from outside at a moment of virtual time.</summary>
/// <param name="AtNs">When, nanoseconds from the start of the run.</param>
public abstract record AdminAction(long AtNs)
{
    /// <summary>Writes misc.max; long.MaxValue for max.</summary>
    public sealed record WriteMax(long AtNs, int Cgroup, long Bytes) : AdminAction(AtNs);

    /// <summary>Writes a text to misc.max.</summary>
    public sealed record WriteMaxText(long AtNs, int Cgroup, string Text) : AdminAction(AtNs);

    /// <summary>Writes memory.max; pages, -1 for max.</summary>
    public sealed record WriteMemoryMax(long AtNs, int MemoryCgroup, long Pages) : AdminAction(AtNs);

    /// <summary>kill -9.</summary>
    public sealed record KillProcess(long AtNs, ActorId Process) : AdminAction(AtNs);

    /// <summary>Writes a process into cgroup.procs.</summary>
    public sealed record MigrateProcess(long AtNs, ActorId Process, int Cgroup, int MemoryCgroup) : AdminAction(AtNs);

    /// <summary>rmdir.</summary>
    public sealed record RemoveCgroup(long AtNs, int Cgroup) : AdminAction(AtNs);

    /// <summary>A memory failure hits pages, one after the other.</summary>
    public sealed record Poison(long AtNs, IReadOnlyList<EpcPageIndex> Pages) : AdminAction(AtNs);

    /// <summary>A memory failure hits pages of a guest, wherever they are then.</summary>
    public sealed record PoisonGuest(long AtNs, ActorId VirtualEpc, int First, int Count) : AdminAction(AtNs);

    /// <summary>The whole EPC is lost.</summary>
    public sealed record LoseEpc(long AtNs) : AdminAction(AtNs);
}

/// <summary>
/// The administrator, and the hardware that reports failures: runs the actions of the scenario's script in order.
/// </summary>
public sealed class Administrator : KernelTask
{
    [Constant]
    private readonly IReadOnlyList<AdminAction> _script;
    [NotState]
    private readonly List<(int Action, Errno Errno)> _failures = [];

    /// <param name="id">Address.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="script">Actions in ascending order of time.</param>
    public Administrator(ActorId id, Machine machine, IReadOnlyList<AdminAction> script)
        : base(id, "administrator", -1, 0, machine, TaskKind.Other, ActorId.None) => _script = script;

    public override ActorKind ActorKind => ActorKind.Administrator;

    /// <summary>Actions that the kernel refused, by their place in the script.</summary>
    public IReadOnlyList<(int Action, Errno Errno)> Failures => _failures;

    /// <summary>Actions that are left in the script do not prolong a run whose work is done.</summary>
    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        for (int i = 0; i < _script.Count; i++)
        {
            if (_script[i].AtNs > NowNs)
            {
                await Sleep(_script[i].AtNs - NowNs);
            }

            ForReport<long> startNs = NowNs;
            Errno errno = await Do(_script[i]);
            Report(RunEvent.Script, startNs, i);
            if (errno != Errno.Ok)
            {
                _failures.Add((i, errno));
            }
        }
    }

    /// <returns>Error of the system call behind the action.</returns>
    private async Routine<Errno> Do(AdminAction action)
    {
        switch (action)
        {
            case AdminAction.WriteMax write:
                return await CgroupCore.WriteMiscMax(
                    this, write.Cgroup, write.Bytes == long.MaxValue ? ulong.MaxValue : (ulong)write.Bytes);
            case AdminAction.WriteMaxText write:
                return await CgroupCore.WriteMiscMax(this, write.Cgroup, write.Text);
            case AdminAction.WriteMemoryMax write:
                await Shmem.WriteMemoryMax(this, write.MemoryCgroup, write.Pages);
                return Errno.Ok;
            case AdminAction.KillProcess kill:
                await Ask(kill.Process, new ProcessProtocol.Kill { Reason = KillReason.Scenario });
                return Errno.Ok;
            case AdminAction.MigrateProcess migrate:
                return await CgroupCore.Attach(this, migrate.Process, migrate.Cgroup, migrate.MemoryCgroup);
            case AdminAction.RemoveCgroup remove:
                return await CgroupCore.Rmdir(this, remove.Cgroup);
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

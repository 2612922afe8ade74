using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Memory;
using EpcActors.Actors.Processes;
using EpcActors.Actors.Routines;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Actors.Tasks;

/// <summary>Something that somebody outside does at a moment of virtual time.</summary>
/// <param name="AtNs">When, nanoseconds from the start of the run.</param>
public abstract record AdminAction(long AtNs)
{
    /// <summary>Writes misc.max; long.MaxValue for max.</summary>
    public sealed record WriteMax(long AtNs, int Cgroup, long Bytes) : AdminAction(AtNs);

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
}

/// <summary>The administrator, and the hardware that reports failures: does what the scenario's script says, in its order.</summary>
public sealed class Administrator : KernelTask
{
    private readonly IReadOnlyList<AdminAction> _script;

    /// <param name="id">Address.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="script">Actions in ascending order of time.</param>
    public Administrator(ActorId id, Machine machine, IReadOnlyList<AdminAction> script)
        : base(id, "administrator", -1, 0, machine, TaskKind.Other, ActorId.None) => _script = script;

    /// <summary>A script that has actions left does not keep a run alive whose work is done.</summary>
    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        foreach (AdminAction action in _script)
        {
            if (action.AtNs > NowNs)
            {
                await Sleep(action.AtNs - NowNs);
            }

            await Do(action);
        }
    }

    private async Routine Do(AdminAction action)
    {
        switch (action)
        {
            case AdminAction.WriteMax write:
                await Ask(Machine.Cgroups[write.Cgroup], new CgroupProtocol.WriteMax { Max = write.Bytes });
                if (Switches.LimitLowered == LimitLowered.Worker && Switches.EpcCgroup == EpcCgroupMode.On)
                {
                    await EpcCgroup.QueueWork(this, write.Cgroup);
                }

                break;
            case AdminAction.WriteMemoryMax write:
                await Ask(
                    Machine.MemoryCgroups[write.MemoryCgroup],
                    new MemoryCgroupProtocol.WriteMemoryMax { Pages = write.Pages });
                break;
            case AdminAction.KillProcess kill:
                await Ask(kill.Process, new ProcessProtocol.Kill { Reason = KillReason.Scenario });
                break;
            case AdminAction.MigrateProcess migrate:
                await Ask(
                    migrate.Process,
                    new ProcessProtocol.Migrate { Cgroup = migrate.Cgroup, MemoryCgroup = migrate.MemoryCgroup });
                break;
            case AdminAction.RemoveCgroup remove:
                CgroupProtocol.KillCss css = await Ask(Machine.Cgroups[remove.Cgroup], new CgroupProtocol.KillCss());
                if (css.WasLast)
                {
                    await Misc.FreeCss(this, remove.Cgroup);
                }

                break;
            case AdminAction.Poison poison:
                foreach (EpcPageIndex page in poison.Pages)
                {
                    await Main.MemoryFailure(this, page);
                }

                break;
            default:
                throw new InvariantViolation($"{action.GetType().Name} is no action that the administrator knows");
        }
    }
}

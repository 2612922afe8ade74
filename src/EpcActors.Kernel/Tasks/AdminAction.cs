using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Tasks;

/// <summary>An action from outside at a moment of virtual time.</summary>
/// <param name="AtNs">When, nanoseconds from the start of the run.</param>
public abstract record AdminAction(long AtNs)
{
    /// <summary>Writes misc.max.</summary>
    public sealed record WriteMax(long AtNs, int Cgroup, Limit Max) : AdminAction(AtNs);

    /// <summary>Writes a text to misc.max.</summary>
    public sealed record WriteMaxText(long AtNs, int Cgroup, string Text) : AdminAction(AtNs);

    /// <summary>Writes memory.max.</summary>
    public sealed record WriteMemoryMax(long AtNs, int MemoryCgroup, Limit Max) : AdminAction(AtNs);

    /// <summary>kill -9.</summary>
    public sealed record KillProcess(long AtNs, ActorId Process) : AdminAction(AtNs);

    /// <summary>A signal that the process handles: what it interrupts ends early.</summary>
    public sealed record SignalProcess(long AtNs, ActorId Process) : AdminAction(AtNs);

    /// <summary>Writes a process into cgroup.procs.</summary>
    public sealed record MigrateProcess(long AtNs, ActorId Process, int Cgroup, int MemoryCgroup) : AdminAction(AtNs);

    /// <summary>rmdir.</summary>
    public sealed record RemoveCgroup(long AtNs, int Cgroup) : AdminAction(AtNs);

    /// <summary>mkdir: a free place becomes a cgroup; -1 for the parent that the scenario gives it.</summary>
    public sealed record CreateCgroup(long AtNs, int Cgroup, int Parent = -1) : AdminAction(AtNs);

    /// <summary>A memory failure hits pages, one after the other.</summary>
    public sealed record Poison(long AtNs, IReadOnlyList<EpcPageIndex> Pages) : AdminAction(AtNs);

    /// <summary>A memory failure hits pages of a guest, wherever they are then.</summary>
    public sealed record PoisonGuest(long AtNs, ActorId VirtualEpc, int First, int Count) : AdminAction(AtNs);

    /// <summary>The whole EPC is lost.</summary>
    public sealed record LoseEpc(long AtNs) : AdminAction(AtNs);
}

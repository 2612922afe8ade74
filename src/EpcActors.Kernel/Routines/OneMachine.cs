using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Kernel.Routines;

/// <summary>
/// A machine whose sockets are all in this process: every operation is the kernel's routine, without a frame of its
/// own. Has no state; one is enough for all machines.
/// </summary>
public sealed class OneMachine : ISharedMachine
{
    private OneMachine()
    {
    }

    /// <summary>The only one.</summary>
    public static OneMachine Instance { get; } = new();

    public Routine<MiscCharge> TryCharge(KernelTask current, int cgroup, bool takeReference, long bytes) =>
        Misc.TryCharge(current, cgroup, takeReference, bytes);

    /// <summary>Notes who refused a charge, and counts it, for an implementation that refuses by itself.</summary>
    public Routine OnRefused(KernelTask current, int level) => Misc.OnRefused(current, level, isOverCapacity: false);

    public Routine Uncharge(KernelTask current, int cgroup) => Misc.Uncharge(current, cgroup);

    public Routine WriteMax(KernelTask current, int cgroup, Limit max) => CgroupCore.StoreMax(current, cgroup, max);

    public Routine<(long Usage, long Max)> UsageAndLimit(KernelTask current, int cgroup) =>
        EpcCgroup.UsageAndLimit(current, cgroup);

    public Routine CountFreePages(KernelTask current, int delta) => Main.CountFreePages(current, delta);

    public Routine<bool> ShouldReclaim(KernelTask current, int watermark) => Main.ShouldReclaim(current, watermark);

    /// <summary>The list is the whole node: never.</summary>
    public Routine<bool> RefillNode(KernelTask current, int node) => default;

    /// <summary>The page is where it belongs.</summary>
    public Routine PageFreed(KernelTask current, int node) => default;

    public Routine<bool> CanReclaim(KernelTask current, int root, bool countsIsolated = false)
    {
        ArgumentNullException.ThrowIfNull(current);
        return current.Switches.EpcCgroup == EpcCgroupMode.Off
            ? Reclaim.CanReclaim(current, countsIsolated)
            : EpcCgroup.CanReclaim(current, root, countsIsolated);
    }

    public Routine<(int Scanned, int Resume)> ReclaimBelow(
        KernelTask current,
        int root,
        int wanted,
        bool ignoreAge,
        int resume) =>
        Reclaim.ReclaimBelow(current, root, wanted, ignoreAge, resume);

    public Routine<bool> OomKill(KernelTask current, int root) => EpcCgroup.OomKill(current, root);

    public Routine<bool> QueueWork(KernelTask current, int cgroup) => EpcCgroup.QueueWork(current, cgroup);

    public Routine WakeKsgxd(KernelTask current) => Main.WakeKsgxd(current);

    /// <summary>There is one ksgxd: never.</summary>
    public Routine<bool> IsKsgxdElsewhere(KernelTask current) => default;

    /// <summary>The way to user space and back is part of the price of a fault.</summary>
    public Routine ReturnRefused(KernelTask current) => default;
}

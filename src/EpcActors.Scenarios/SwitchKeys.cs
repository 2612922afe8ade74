using EpcActors.Kernel;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios;

/// <summary>One switch of the kernel in a configuration.</summary>
/// <param name="Key">Key under <c>epc.switches</c>.</param>
/// <param name="Values">What it can be, in the order of the enumeration.</param>
/// <param name="Get">Index of its value.</param>
/// <param name="Set">The switches with another value.</param>
internal sealed record SwitchKey(
    string Key,
    IReadOnlyList<string> Values,
    Func<KernelSwitches, int> Get,
    Func<KernelSwitches, int, KernelSwitches> Set)
{
    /// <summary>
    /// Largest value of a switch that is a number, 0 being <c>off</c>; its <see cref="Values"/> are examples. 0 for one
    /// that is a word.
    /// </summary>
    public int Most { get; init; }

    public string ValueOf(KernelSwitches switches)
    {
        int value = Get(switches);
        return Most == 0 ? Values[value]
            : value == 0 ? "off"
            : value.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

/// <summary>All switches, in the order of the reference configuration.</summary>
internal static class SwitchKeys
{
    /// <summary>Pages of a page table of the lowest level: what Linux takes for a large fault-around.</summary>
    private const int MostPages = 512;

    private static readonly string[] OnOff = ["off", "on"];

    public static IReadOnlyList<SwitchKey> All { get; } =
    [
        Mode("free-page-counter", s => s.FreePageCounter, (s, v) => s with { FreePageCounter = v }),
        Mode("epc-cgroup", s => s.EpcCgroup, (s, v) => s with { EpcCgroup = v }),
        Mode("at-limit", s => s.AtLimit, (s, v) => s with { AtLimit = v }),
        Mode("limit-lowered", s => s.LimitLowered, (s, v) => s with { LimitLowered = v }),
        Mode("reclaim-walk", s => s.ReclaimWalk, (s, v) => s with { ReclaimWalk = v }),
        Mode("worker-target", s => s.WorkerTarget, (s, v) => s with { WorkerTarget = v }),
        Mode("worker-queued", s => s.WorkerQueued, (s, v) => s with { WorkerQueued = v }),
        Mode("direct-reclaim", s => s.DirectReclaim, (s, v) => s with { DirectReclaim = v }),
        Mode("age-escalation", s => s.AgeEscalation, (s, v) => s with { AgeEscalation = v }),
        Mode("backing-charge", s => s.BackingCharge, (s, v) => s with { BackingCharge = v }),
        Mode("event-levels", s => s.EventLevels, (s, v) => s with { EventLevels = v }),
        OfFix("sgx2", s => s.Sgx2, (s, v) => s with { Sgx2 = v }),
        OfFix("node-walk-terminates", s => s.NodeWalkTerminates, (s, v) => s with { NodeWalkTerminates = v }),
        OfFix(
            "backing-pinned-under-mutex",
            s => s.BackingPinnedUnderMutex,
            (s, v) => s with { BackingPinnedUnderMutex = v }),
        OfFix("pcmd-truncate-checked", s => s.PcmdTruncateChecked, (s, v) => s with { PcmdTruncateChecked = v }),
        OfFix("pcmd-clear-dirties", s => s.PcmdClearDirties, (s, v) => s with { PcmdClearDirties = v }),
        OfFix("dirty-set-with-write", s => s.DirtySetWithWrite, (s, v) => s with { DirtySetWithWrite = v }),
        OfFix("backing-freed-after-load", s => s.BackingFreedAfterLoad, (s, v) => s with { BackingFreedAfterLoad = v }),
        OfFix("eaug-loads-secs", s => s.EaugLoadsSecs, (s, v) => s with { EaugLoadsSecs = v }),
        OfFix("eaug-va-busy-retries", s => s.EaugVaBusyRetries, (s, v) => s with { EaugVaBusyRetries = v }),
        OfFix("eaug-race-tolerated", s => s.EaugRaceTolerated, (s, v) => s with { EaugRaceTolerated = v }),
        OfFix("removal-marked", s => s.RemovalMarked, (s, v) => s with { RemovalMarked = v }),
        OfFix("mm-list-owns-reference", s => s.MmListOwnsReference, (s, v) => s with { MmListOwnsReference = v }),
        OfFix("memory-failure", s => s.MemoryFailure, (s, v) => s with { MemoryFailure = v }),
        OfFix(
            "reclaimer-respects-poison",
            s => s.ReclaimerRespectsPoison,
            (s, v) => s with { ReclaimerRespectsPoison = v }),
        OfFix("poison-unmarks", s => s.PoisonUnmarks, (s, v) => s with { PoisonUnmarks = v }),
        OfFix("zap-repeats", s => s.ZapRepeats, (s, v) => s with { ZapRepeats = v }),
        OfFix("ioctl-exclusive", s => s.IoctlExclusive, (s, v) => s with { IoctlExclusive = v }),
        OfFix("etrack-holds-mutex", s => s.EtrackHoldsMutex, (s, v) => s with { EtrackHoldsMutex = v }),
        OfFix("eextend-error-uncounts", s => s.EextendErrorUncounts, (s, v) => s with { EextendErrorUncounts = v }),
        OfFix("signal-spares-faults", s => s.SignalSparesFaults, (s, v) => s with { SignalSparesFaults = v }),
        OfFix("oom-counts-dying", s => s.OomCountsDying, (s, v) => s with { OomCountsDying = v }),
        OfFix("cursor-skips-dying", s => s.CursorSkipsDying, (s, v) => s with { CursorSkipsDying = v }),
        OfFix("cursor-leaves-freed", s => s.CursorLeavesFreed, (s, v) => s with { CursorLeavesFreed = v }),
        OfFix("cancel-work-on-free", s => s.CancelWorkOnFree, (s, v) => s with { CancelWorkOnFree = v }),
        OfFix("walk-skips-dying", s => s.WalkSkipsDying, (s, v) => s with { WalkSkipsDying = v }),
        OfFix("wide-usage", s => s.WideUsage, (s, v) => s with { WideUsage = v }),
        OfFix("grow-counts-va-pages", s => s.GrowCountsVaPages, (s, v) => s with { GrowCountsVaPages = v }),
        OfFix("remove-frees-va-page", s => s.RemoveFreesVaPage, (s, v) => s with { RemoveFreesVaPage = v }),
        OfFix("poison-uncounts", s => s.PoisonUncounts, (s, v) => s with { PoisonUncounts = v }),
        Mode("ewb-failure", s => s.EwbFailure, (s, v) => s with { EwbFailure = v }),
        Mode("secs-reclaim", s => s.SecsReclaim, (s, v) => s with { SecsReclaim = v }),
        OfFix("isolated-reclaimable", s => s.IsolatedReclaimable, (s, v) => s with { IsolatedReclaimable = v }),
        Mode("debug-access", s => s.DebugAccess, (s, v) => s with { DebugAccess = v }),
        OfFix("fault-looks-again", s => s.FaultLooksAgain, (s, v) => s with { FaultLooksAgain = v }),
        OfFix("vepc-maps-existing", s => s.VepcMapsExisting, (s, v) => s with { VepcMapsExisting = v }),
        OfFix("type-before-etrack", s => s.TypeBeforeEtrack, (s, v) => s with { TypeBeforeEtrack = v }),
        Mode("reclaim-root", s => s.ReclaimRoot, (s, v) => s with { ReclaimRoot = v }),
        Mode("limit-events", s => s.LimitEvents, (s, v) => s with { LimitEvents = v }),
        OfFix("vepc-retries-under-lock", s => s.VepcRetriesUnderLock, (s, v) => s with { VepcRetriesUnderLock = v }),
        Mode("poison-check", s => s.PoisonCheck, (s, v) => s with { PoisonCheck = v }),
        OfFix("waiters-first", s => s.WaitersFirst, (s, v) => s with { WaitersFirst = v }),
        OfFix("fault-reclaims", s => s.FaultReclaims, (s, v) => s with { FaultReclaims = v }),
        Pages("eaug-batch", s => s.EaugBatch, (s, v) => s with { EaugBatch = v }),
        Pages("fault-around", s => s.FaultAround, (s, v) => s with { FaultAround = v }),
        OfFix("map-populate", s => s.MapPopulate, (s, v) => s with { MapPopulate = v }),
    ];

    private static SwitchKey Mode<T>(
        string key,
        Func<KernelSwitches, T> get,
        Func<KernelSwitches, T, KernelSwitches> set)
        where T : struct, Enum
    {
        T[] values = Enum.GetValues<T>();
        return new SwitchKey(
            key,
            [.. values.Select(value => Words.Kebab(value.ToString()))],
            switches => Array.IndexOf(values, get(switches)),
            (switches, index) => set(switches, values[index]));
    }

    private static SwitchKey Pages(
        string key, Func<KernelSwitches, int> get, Func<KernelSwitches, int, KernelSwitches> set) =>
        new(key, ["off", "16"], get, set) { Most = MostPages };

    private static SwitchKey OfFix(
        string key,
        Func<KernelSwitches, Fix> get,
        Func<KernelSwitches, Fix, KernelSwitches> set
    ) => new(key, OnOff, switches => (int)get(switches), (switches, index) => set(switches, (Fix)index));
}

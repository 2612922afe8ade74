namespace EpcActors.Kernel.Cgroups;

/// <summary>
/// The interface files of the misc controller in the directory of a cgroup, byte for byte as a read would give them.
/// </summary>
public static class MiscFilesOfCgroup
{
    /// <summary>
    /// The files that a kernel has. There is no switch for them: the events below the root only, with a local count
    /// beside them, came with the same release as misc.peak (6.12), and misc.current in the root with the release that
    /// made usage 64 bits wide (6.6).
    /// </summary>
    public static MiscFileSet FilesOf(KernelSwitches switches)
    {
        ArgumentNullException.ThrowIfNull(switches);
        return switches.EventLevels switch
        {
            EventLevels.BelowRoot => MiscFileSet.Newest,
            EventLevels.IncludingRoot => MiscFileSet.BeforePeak with
            {
                HasCurrentAtRoot = switches.WideUsage == Fix.Present,
            },
        };
    }

    /// <summary>
    /// Capacities that the kernel has published: none without an EPC cgroup, whose misc controller does not know
    /// sgx_epc.
    /// </summary>
    public static MiscValues Capacities(Machine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return machine.Switches.EpcCgroup == EpcCgroupMode.On
            ? MiscValues.OfSgxEpc((ulong)machine.CapacityPages * KernelConstants.PageSize)
            : default;
    }

    /// <summary>Reads a file; null when the directory does not hold it, or is gone.</summary>
    public static string? Read(Machine machine, Cgroup cgroup, MiscFile file)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(cgroup);
        bool isRoot = machine.CgroupParents[cgroup.Index] < 0;
        if (cgroup.IsDying || !FilesOf(machine.Switches).Contains(file, isRoot))
        {
            return null;
        }

        MiscValues capacities = Capacities(machine);
        return file switch
        {
            MiscFile.Capacity => MiscFiles.FormatCapacity(capacities),
            MiscFile.Max => MiscFiles.FormatMax(capacities, MiscValues.OfSgxEpc(cgroup.Max.Value)),
            MiscFile.Current => MiscFiles.FormatCurrent(capacities, MiscValues.OfSgxEpc((ulong)cgroup.UsageBytes)),
            MiscFile.Peak => MiscFiles.FormatPeak(capacities, MiscValues.OfSgxEpc((ulong)cgroup.PeakBytes)),
            MiscFile.Events => MiscFiles.FormatEvents(capacities, MiscValues.OfSgxEpc((ulong)cgroup.Events)),
            MiscFile.EventsLocal => MiscFiles.FormatEvents(capacities, MiscValues.OfSgxEpc((ulong)cgroup.EventsLocal)),
        };
    }
}

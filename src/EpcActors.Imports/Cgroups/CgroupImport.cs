using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports.Cgroups;

/// <summary>
/// Makes a scenario of a node's cgroup files: its limits, and an enclave wherever EPC was in use, as large as that use.
/// </summary>
internal static class CgroupImport
{
    public static ScenarioDraft Read(
        IReadOnlyList<string> roots, ImportOptions options, ConfigEnvironment environment, ImportLog log)
    {
        if (roots.Count > 1)
        {
            throw log.Fail(new HoconOrigin(roots[1], 0, 0), "", "one tree at a time", "import each by itself");
        }

        string root = roots[0];
        HoconOrigin folder = new(root, 0, 0);
        if (!CgroupTree.IsCgroup(root))
        {
            throw log.Fail(
                folder,
                "",
                Directory.Exists(root)
                    ? "this folder has no misc.max and no cgroup.controllers"
                    : "there is no such folder",
                "name a copy of /sys/fs/cgroup, or of a folder in it");
        }

        IReadOnlyList<TreeCgroup> tree = CgroupTree.Read(root, environment, log);
        ScenarioDraft draft = new() { Title = Path.GetFileName(Path.TrimEndingDirectorySeparator(root)) };
        draft.Head.Add(
            "What misc.current of a cgroup has beyond those below it is one enclave here, that runs in it with this "
                + "much EPC. The files do not tell enclaves from virtual EPC of guests, nor one from several.");
        SetMachine(draft, tree[0], options, log);
        long capacity = tree[0].Capacity?.Bytes ?? long.MaxValue;
        WorkloadChoice workload = WorkloadChoice.OfOption(options, log) ?? WorkloadChoice.Default;
        UniqueNames names = new();
        foreach (TreeCgroup cgroup in tree)
        {
            AddCgroup(draft, cgroup);
            AddEnclave(draft, cgroup, tree, names, workload, log);
            if (cgroup.Max is { IsMax: false } max && max.Bytes > capacity)
            {
                log.Note(max.Origin, "", $"the limit is above the capacity, {Sizes.Text(capacity)}: it never holds");
            }
        }

        if (draft.Enclaves.Count == 0 && draft.Cgroups.Count == 0 && !log.HasErrors)
        {
            log.Error(
                folder,
                "",
                "no misc file of it names sgx_epc: no limit, no use and no capacity",
                "take the files of a kernel that charges EPC to the misc controller");
        }
        else if (draft.Enclaves.Count == 0 && !log.HasErrors)
        {
            log.Note(folder, "", "no EPC was in use when the files were copied: there are limits and no enclave");
        }

        return draft;
    }

    private static void SetMachine(ScenarioDraft draft, TreeCgroup root, ImportOptions options, ImportLog log)
    {
        if (options.Machine is null && root.Capacity is { Bytes: >= KernelConstants.PageSize and < 1L << 42 } capacity)
        {
            MachineChoice.OneNode(
                draft,
                capacity.Bytes / KernelConstants.PageSize,
                new Sourced("8", ""),
                $"misc.capacity {capacity.Bytes} ({Place.Short(capacity.Origin)}); 8 CPUs and one NUMA node assumed");
        }
        else
        {
            MachineChoice.Named(draft, options, log, out _);
        }
    }

    private static void AddCgroup(ScenarioDraft draft, TreeCgroup cgroup)
    {
        bool isLimited = cgroup.Max is { IsMax: false };
        bool hasMemory = cgroup.MemoryMax is { IsMax: false };
        bool isUsed = cgroup.Current is { Bytes: > 0 };
        if (cgroup.Path == "/" || !(isLimited || isUsed || (hasMemory && cgroup.Current is not null)))
        {
            return;
        }

        string events = cgroup.Events == 0 ? "" : $", {Counted.Of(cgroup.Events, "refusal")} (misc.events)";
        draft.Cgroups.Add(new CgroupDraft(cgroup.Path)
        {
            Max = isLimited
                ? new Sourced(HoconText.Bytes(cgroup.Max!.Value.Bytes), $"misc.max{events}")
                : new Sourced("max", $"misc.max: max{events}"),
            MemoryMax = hasMemory
                ? new Sourced(HoconText.Bytes(cgroup.MemoryMax!.Value.Bytes), "memory.max")
                : null,
        });
    }

    private static void AddEnclave(
        ScenarioDraft draft,
        TreeCgroup cgroup,
        IReadOnlyList<TreeCgroup> tree,
        UniqueNames names,
        WorkloadChoice workload,
        ImportLog log)
    {
        string prefix = cgroup.Path == "/" ? "/" : cgroup.Path + "/";
        long below = tree
            .Where(one => one.Path.Length > prefix.Length
                && one.Path.StartsWith(prefix, StringComparison.Ordinal)
                && one.Path.IndexOf('/', prefix.Length) < 0)
            .Sum(one => one.Current?.Bytes ?? 0);
        long bytes = (cgroup.Current?.Bytes ?? 0) - below;
        if (cgroup.Current is not { } current || bytes <= 0)
        {
            return;
        }

        long heap = EnclaveSize.HeapIn(bytes / KernelConstants.PageSize, 1);
        if (heap is < 1 or > 1 << 29)
        {
            log.Note(
                current.Origin, "", $"{cgroup.Path} uses {bytes} bytes of its own, no size of an enclave: left out");
            return;
        }

        string peak = cgroup.Peak is { } most
            ? string.Create(CultureInfo.InvariantCulture, $", peak {most.Bytes}")
            : "";
        bool hasMemory = tree.Any(one => one.MemoryMax is { IsMax: false }
            && (cgroup.Path + "/").StartsWith(one.Path + "/", StringComparison.Ordinal));
        draft.Enclaves.Add(new EnclaveDraft(names.Next(cgroup.Path.TrimStart('/').Replace('/', '_')))
        {
            Cgroup = cgroup.Path,
            Pages = heap + EnclaveSize.Code(1),
            Heap = new Sourced(
                HoconText.Pages(heap),
                $"misc.current {current.Bytes}{(below > 0 ? $" less {below} below" : "")}{peak}, "
                    + "beside SECS, VA pages, code and TCS"),
            AllowOom = hasMemory
                ? new Sourced("on", "evicted pages count in memory.max, which may be too small for them")
                : null,
            Steps = workload.Steps(heap),
        });
    }
}

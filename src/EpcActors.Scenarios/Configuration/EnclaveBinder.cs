using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// What was read of <c>epc.enclaves</c> and <c>epc.virtual-machines</c>, with the names that scripts use.
/// </summary>
internal sealed class Population
{
    public List<EnclaveSpec> Enclaves { get; } = [];

    public List<VirtualMachineSpec> VirtualMachines { get; } = [];

    /// <summary>Indices of enclaves by name: of one instance, or of all instances of a group.</summary>
    public Dictionary<string, IReadOnlyList<int>> EnclavesByName { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, int> VirtualMachinesByName { get; } = new(StringComparer.Ordinal);

    /// <summary>All names that a script may use, in the order of the file.</summary>
    public List<string> Names { get; } = [];
}

/// <summary>Reads <c>epc.enclaves</c>.</summary>
internal sealed class EnclaveBinder(
    LoadContext context,
    MachineSpec machine,
    IReadOnlyList<CgroupSpec> cgroups,
    KernelSwitches switches,
    string kernel,
    bool isRace = false)
{
    private const int MaxThreads = 4096;
    private const int MaxInstances = 100_000;

    /// <summary>The linear range is a power of two of pages and is counted in 31 bits.</summary>
    private const int MaxEnclavePages = 1 << 30;

    /// <summary>Ranges begin at multiples of so many pages (EnclavePageSpace).</summary>
    private const long GranulePages = 4096;

    private const int PcmdPerPage = 32;

    /// <summary>
    /// Pages of code and data beside one TCS per thread: the kernel's own test enclave has ten pages in all.
    /// </summary>
    private const int PlainCodePages = 9;

    private readonly NodeChoice _nodes = new(machine);
    private long _linearPages;

    /// <summary>Adds all instances of all enclaves.</summary>
    /// <param name="reader"><c>epc.enclaves</c>.</param>
    /// <param name="defaults"><c>epc.defaults</c>.</param>
    /// <param name="population">Where they go.</param>
    public void Read(ObjectReader reader, ObjectReader defaults, Population population)
    {
        StepBinder steps = new(defaults, switches, kernel);
        ObjectReader own = defaults.Child("enclave");
        foreach ((string name, HoconOrigin _, ObjectReader enclave) in reader.Named("<name>", own))
        {
            if (Naming.Check(enclave, name, "an enclave"))
            {
                ReadGroup(name, enclave, steps, population);
            }
        }

        reader.Finish();
        if (_linearPages > int.MaxValue)
        {
            context.Error(reader.Origin, reader.Path,
                $"the enclaves have {Setting.Number(_linearPages)} pages of address space in all, each one's rounded "
                    + "up to a power of two; "
                    + $"at most {Setting.Number(int.MaxValue)} are possible",
                "make heaps smaller or have fewer instances");
        }
    }

    private int ReadAddedPages(Setting addedSetting, int heap)
    {
        int added = addedSetting.PartOfPages(heap, "the heap", allowZero: true);
        if (added < heap && switches.Sgx2 == Fix.Absent)
        {
            addedSetting.Error(
                $"heap pages that are not added at build come by EAUG, which needs SGX2, and the kernel {kernel} has "
                    + "it not",
                "write added = 100 %, or set epc.switches.sgx2 = on");
        }

        return added;
    }

    private int ReadCodePages(Setting codeSetting, int threads)
    {
        // The tasks of a race count pages from the first on; what a page holds is nothing to them.
        int code = !codeSetting.Is("auto") ? codeSetting.Int(isRace ? 0 : 1, MaxEnclavePages)
            : isRace ? 0 : PlainCodePages + threads;
        if (code < threads && !isRace)
        {
            codeSetting.Error(
                $"{Setting.Number(code)} pages cannot hold a TCS for each of {Setting.Number(threads)} threads",
                $"write auto, or at least {Setting.Number(threads)}");
        }

        return code;
    }

    /// <summary>Pages of an enclave's address space; 1 when it has too many.</summary>
    private static long LinearPagesOf(Setting heapSetting, int code, int heap)
    {
        long linear = LinearPages((long)code + heap);
        if (linear <= MaxEnclavePages)
        {
            return linear;
        }

        heapSetting.Error(
            $"the enclave's address space, rounded up to a power of two, has {Setting.Number(linear)} pages; "
                + $"at most {Setting.Number(MaxEnclavePages)} are possible",
            "make the heap smaller");
        return 1;
    }

    private void ReadGroup(string name, ObjectReader reader, StepBinder steps, Population population)
    {
        Setting heapSetting = reader.Get("heap", "48 MiB");
        int heap = heapSetting.Pages(MaxEnclavePages);
        int added = ReadAddedPages(reader.Get("added", "100 %"), heap);

        Setting cgroupSetting = reader.Get("cgroup", "\"/\"");
        int cgroup = CgroupLookup.Find(cgroups, cgroupSetting);
        int threads = reader.Get("threads", "1").Int(1, MaxThreads);
        int code = ReadCodePages(reader.Get("code-pages", "auto"), threads);
        long linear = LinearPagesOf(heapSetting, code, heap);
        int instances = reader.Get("instances", "1").Int(1, MaxInstances);
        long start = reader.Get("start", "0 ms").DurationNs();
        long spread = reader.Get("start-spread", "0 ms").DurationNs();
        int node = _nodes.Read(reader.Get("node", "spread"));
        bool measured = reader.Get("measured", "off").OnOff();
        bool allowOom = reader.Get("allow-oom", "off").OnOff();
        if (isRace && reader.Has("steps"))
        {
            reader.Error(
                "steps",
                "an enclave of a race has no program of its own",
                "write what its threads do in epc.race.tasks");
        }

        Setting list = reader.Get("steps", "[ touch ]");
        reader.Finish("an enclave");

        List<int> indices = [];
        for (int i = 0; i < instances; i++)
        {
            string numbered = $"{name}-{Setting.Number(i)}";
            string instance = instances == 1 ? name : numbered;
            IReadOnlyList<StepSpec> own = steps.Read(list, instances == 1 ? [name] : [numbered, name], heap);
            if (i == 0 && !allowOom && !isRace)
            {
                CheckBacking(heapSetting, heap, added, cgroup, own);
            }

            indices.Add(population.Enclaves.Count);
            population.Enclaves.Add(new EnclaveSpec
            {
                Name = instance,
                Cgroup = cgroup,
                Node = node,
                Threads = threads,
                StartNs = start + (i * spread),
                CodePages = code,
                HeapPages = heap,
                AddedHeapPages = added,
                IsHeapMeasured = measured,
                Steps = own,
            });
            if (instances > 1 || i == 0)
            {
                // web-0 means web when there is one only: a sweep over the number of instances keeps its script.
                Register(reader, numbered, [indices[^1]], population, isAlias: instances == 1);
            }

            _linearPages += Math.Max(GranulePages, linear);
        }

        Register(reader, name, indices, population, isAlias: false);
    }

    private static void Register(
        ObjectReader reader,
        string name,
        IReadOnlyList<int> indices,
        Population population,
        bool isAlias)
    {
        if (population.EnclavesByName.TryAdd(name, indices))
        {
            if (!isAlias)
            {
                population.Names.Add(name);
            }
        }
        else if (!isAlias)
        {
            reader.Context.Error(reader.Origin, reader.Path, $"there is another enclave called '{name}'",
                "instances are called name-0, name-1 and so on; give one of the two another name");
        }
    }

    /// <summary>
    /// Pages that cannot stay in the EPC need RAM, contents and PCMD, charged to the memory cgroup. An enclave that
    /// must be killed for want of it is a mistake in most scenarios, and the point of a few.
    /// </summary>
    private void CheckBacking(Setting heap, int heapPages, int addedPages, int cgroup, IReadOnlyList<StepSpec> steps)
    {
        if (switches.BackingCharge == BackingCharge.Root || heap.IsMissing)
        {
            return;
        }

        Limit memoryMax = Limit.Max;
        long epc = context.EpcPages;
        string memoryPath = "/";
        for (int i = cgroup; i >= 0; i = cgroups[i].Parent)
        {
            if (cgroups[i].MemoryMax < memoryMax)
            {
                memoryMax = cgroups[i].MemoryMax;
                memoryPath = cgroups[i].Path;
            }

            if (switches.EpcCgroup == EpcCgroupMode.On && !cgroups[i].Max.IsMax)
            {
                epc = Math.Min(epc, cgroups[i].Max.Pages);
            }
        }

        if (memoryMax.IsMax)
        {
            return;
        }

        long used = steps.Any(step => step is StepSpec.Touch) ? heapPages : addedPages;
        long evicted = Math.Max(0, used - epc);
        long needed = (evicted + ((evicted + PcmdPerPage - 1) / PcmdPerPage)) * KernelConstants.PageSize;
        if (needed > memoryMax.Bytes)
        {
            heap.Error(
                $"at least {Setting.Number(evicted)} of its pages cannot stay in the EPC; their backing takes "
                    + $"{Setting.Number(needed)} bytes, "
                    + $"but memory-max of {memoryPath} is {Setting.SizeText(memoryMax.Bytes)}: the enclave must be "
                    + "OOM-killed",
                "raise memory-max or max, make the heap smaller, or set allow-oom = on if that is what the scenario is "
                    + "about");
        }
        else if ((long)heapPages * KernelConstants.PageSize > memoryMax.Bytes)
        {
            heap.Note(
                $"the heap is larger than memory-max of {memoryPath} ({Setting.SizeText(memoryMax.Bytes)}): if much of "
                    + "it is evicted, the enclave is OOM-killed");
        }
    }

    private static long LinearPages(long pages)
    {
        long size = 1;
        while (size < pages)
        {
            size <<= 1;
        }

        return size;
    }
}

/// <summary>Reads the key <c>node</c>: a node with CPUs, or <c>spread</c>.</summary>
internal sealed class NodeChoice(MachineSpec machine)
{
    /// <summary>The node, or -1 for spread.</summary>
    public int Read(Setting setting)
    {
        if (setting.Is("spread") || setting.IsMissing)
        {
            return -1;
        }

        if (machine.Nodes.Count == 0)
        {
            return -1;
        }

        int node = setting.Int(0, machine.Nodes.Count - 1, isOpen: true);
        if (machine.Nodes[node].Cpus == 0 && machine.Nodes.Any(other => other.Cpus > 0))
        {
            List<string> allowed =
            [
                .. Enumerable
                    .Range(0, machine.Nodes.Count)
                    .Where(i => machine.Nodes[i].Cpus > 0)
                    .Select(i => Setting.Number(i)),
            ];
            setting.Error(
                $"node {Setting.Number(node)} has no CPUs",
                $"nodes with CPUs: {Suggestions.List(allowed)}; or spread");
        }

        return node;
    }
}

/// <summary>Names of enclaves and virtual machines.</summary>
internal static class Naming
{
    public static bool Check(ObjectReader reader, string name, string what)
    {
        bool isGood = name.Length > 0 && char.IsAsciiLetterOrDigit(name[0])
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        if (!isGood)
        {
            reader.Context.Error(
                reader.Origin,
                reader.Path,
                $"'{name}' is not a name for {what}",
                "use letters, digits, '-', '_' and '.', a letter or digit first");
        }

        return isGood;
    }
}

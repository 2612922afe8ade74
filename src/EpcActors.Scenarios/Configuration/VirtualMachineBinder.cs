using EpcActors.Hocon;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>Reads <c>epc.virtual-machines</c>.</summary>
internal static class VirtualMachineBinder
{
    public static void Read(
        ObjectReader reader,
        ObjectReader defaults,
        MachineSpec machine,
        IReadOnlyList<CgroupSpec> cgroups,
        Population population)
    {
        NodeChoice nodes = new(machine);
        foreach (
            (string name, HoconOrigin _, ObjectReader vm) in reader.Named("<name>", defaults.Child("virtual-machine")))
        {
            if (!Naming.Check(vm, name, "a virtual machine"))
            {
                continue;
            }

            int vmm = ReadVmm(vm, population);
            int cgroup = vmm >= 0 && !vm.Has("cgroup")
                ? population.VirtualMachines[vmm].Cgroup
                : CgroupLookup.Find(cgroups, vm.Get("cgroup", "\"/\""));
            if (vmm >= 0 && cgroup != population.VirtualMachines[vmm].Cgroup)
            {
                vm.Error("cgroup", "a process is in one cgroup, that of its vmm", "drop the key");
            }

            int pages = vm.Get("epc", "16 MiB").Pages();
            int touched = vm.Get("touch", "100 %").PartOfPages(pages, "its EPC", allowZero: true);
            long work = vm.Get("work", "1 us").DurationNs(unit: "ns");
            long start = vm.Get("start", "0 ms").DurationNs();
            Setting holdSetting = vm.Get("hold", "forever");
            long hold = holdSetting.Is("forever") ? -1 : holdSetting.DurationNs();
            int node = nodes.Read(vm.Get("node", "spread"));
            vm.Finish("a virtual machine");

            if (population.EnclavesByName.ContainsKey(name))
            {
                reader.Error(name, $"there is an enclave called '{name}'", "give one of the two another name");
                continue;
            }

            population.VirtualMachinesByName.Add(name, population.VirtualMachines.Count);
            population.Names.Add(name);
            population.VirtualMachines.Add(new VirtualMachineSpec
            {
                Name = name,
                Cgroup = cgroup,
                Vmm = vmm,
                Node = node,
                StartNs = start,
                Pages = pages,
                TouchedPages = touched,
                WorkNs = work,
                HoldNs = hold,
            });
        }

        reader.Finish();
    }

    /// <summary>Index of the guest that this is another section of, or -1.</summary>
    private static int ReadVmm(ObjectReader vm, Population population)
    {
        if (!vm.TryGet("vmm", out Setting? setting))
        {
            return -1;
        }

        string name = setting.Text("vm1");
        if (!population.VirtualMachinesByName.TryGetValue(name, out int vmm))
        {
            setting.Error(
                $"there is no virtual machine '{name}' before this one",
                Suggestions.Remedy(name, [.. population.VirtualMachinesByName.Keys]));
            return -1;
        }

        if (population.VirtualMachines[vmm].Vmm >= 0)
        {
            setting.Error(
                $"'{name}' is a section itself",
                $"write vmm = {population.VirtualMachines[population.VirtualMachines[vmm].Vmm].Name}");
            return -1;
        }

        return vmm;
    }
}

using EpcActors.Hocon;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Lab.Configuration;

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

            int cgroup = CgroupLookup.Find(cgroups, vm.Get("cgroup", "\"/\""));
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
}

using EpcActors.Hocon;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Random;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Reads <c>epc.script</c>. What is left to chance is decided here, by the seed and the place in the list alone.
/// </summary>
internal sealed class ScriptBinder(
    MachineSpec machine, IReadOnlyList<CgroupSpec> cgroups, Population population, MemoryFailures failures, ulong seed,
        long durationNs)
{
    private const string Schema = "epc.script[]";

    private static readonly string[] Actions =
        ["set-max", "set-memory-max", "kill", "kill-any", "migrate", "mkdir", "rmdir", "poison", "lose-epc"];

    private static readonly string[] Losses = ["suspend", "migration"];

    /// <summary>The actions in ascending order of time; those of the same time stay in the order of the list.</summary>
    public IReadOnlyList<ScriptAction> Read(Setting list)
    {
        Prng root = new Prng(seed).Split("script");
        List<ScriptAction> actions = [];
        ulong index = 0;
        foreach (Setting item in list.Items("actions"))
        {
            // A stream per place: adding an action at the end changes none before it.
            Prng prng = root.Split(index++);
            if (item.Value is HoconObject value)
            {
                ReadAction(new ObjectReader(item.Context, value, item.Origin, item.Path, Schema), prng, actions);
            }
            else
            {
                item.Wrong("an action", "write for example { at = 5 ms, kill = web }");
            }
        }

        return [.. actions.OrderBy(action => action.AtNs)];
    }

    private void ReadAction(ObjectReader reader, Prng prng, List<ScriptAction> actions)
    {
        long at = ReadTime(reader, prng.Split("time"));
        List<string> found = [.. Actions.Where(reader.Has)];
        foreach (string action in Actions)
        {
            // All are known keys, whichever the item has.
            reader.TryGet(action, out _);
        }

        if (found.Count == 1)
        {
            ReadKnown(reader, found[0], at, prng.Split("choice"), actions);
        }
        else if (found.Count > 1)
        {
            reader.Context.Error(
                reader.Origin,
                reader.Path,
                $"an action does one thing; this one has {string.Join(" and ", found)}",
                "write two actions");
        }
        else if (reader.Keys.All(key => key is "at" or "between"))
        {
            reader.Context.Error(
                reader.Origin,
                reader.Path,
                "the action does nothing",
                $"add one of: {Suggestions.List(Actions)}");
        }

        reader.Finish("an action");
    }

    private int CgroupOf(Setting path, string what)
    {
        int cgroup = CgroupLookup.Find(cgroups, path);
        if (path.StringOrNull == "/")
        {
            path.Error($"the root cgroup cannot be {what}", "name a cgroup below it");
        }

        return cgroup;
    }

    private long ReadTime(ObjectReader reader, Prng prng)
    {
        if (!reader.TryGet("between", out Setting? between))
        {
            Setting at = reader.Get("at", "5 ms");
            return Within(at, at.DurationNs());
        }

        if (reader.Has("at"))
        {
            reader.Error("at", "an action has at or between, not both", "drop one of the two");
            reader.TryGet("at", out _);
        }

        IReadOnlyList<Setting> ends = between.Items("two times");
        if (ends.Count != 2)
        {
            if (between.List is not null)
            {
                between.Error($"found {ends.Count} times; expected two", "write for example [ 1 ms, 5 ms ]");
            }

            return 0;
        }

        long first = ends[0].DurationNs();
        long last = ends[1].DurationNs();
        if (last < first)
        {
            between.Error("the second time is before the first", "swap them");
            return first;
        }

        return Within(between, first + prng.NextBelow(last - first + 1));
    }

    private long Within(Setting setting, long at)
    {
        if (at >= durationNs)
        {
            setting.Note(
                $"the action comes at {Setting.Number(at)} ns, after the end of the run at "
                    + $"{Setting.Number(durationNs)} ns: it never happens");
        }

        return at;
    }

    private void ReadKnown(ObjectReader reader, string action, long at, Prng prng, List<ScriptAction> actions)
    {
        switch (action)
        {
            case "set-max":
            case "set-memory-max":
                ReadLimit(reader, action, at, actions);
                break;
            case "kill":
                Kill(reader.Get("kill"), at, actions);
                break;
            case "kill-any":
                KillAny(reader.Get("kill-any"), at, prng, actions);
                break;
            case "migrate":
                ObjectReader migrate = reader.Child("migrate");
                Setting who = migrate.Get("enclave", "web");
                int target = CgroupLookup.Find(cgroups, migrate.Get("cgroup", "\"/pods/b\""));
                migrate.Finish("migrate");
                foreach (int enclave in Enclaves(who))
                {
                    actions.Add(new ScriptAction.Migrate(at, enclave, target));
                }

                break;
            case "mkdir":
                actions.Add(new ScriptAction.CreateCgroup(at, CgroupOf(reader.Get("mkdir"), "made")));
                break;
            case "rmdir":
                actions.Add(new ScriptAction.RemoveCgroup(at, CgroupOf(reader.Get("rmdir"), "removed")));
                break;
            case "lose-epc":
                EpcLoss cause = (EpcLoss)reader.Get("lose-epc", "suspend").Choice(Losses, "a reason to lose the EPC");
                actions.Add(new ScriptAction.LoseEpc(at, cause));
                break;
            default:
                if (failures.Problem is { } problem)
                {
                    reader.Error("poison", problem, MemoryFailures.Remedy);
                }

                ReadPoison(reader.Child("poison"), at, actions);
                break;
        }
    }

    private void ReadLimit(ObjectReader reader, string action, long at, List<ScriptAction> actions)
    {
        ObjectReader limit = reader.Child(action);
        Setting where = limit.Get("cgroup", "\"/pods/a\"");
        int cgroup = CgroupLookup.Find(cgroups, where);
        Limit max = limit.Get("max", "8 MiB").CgroupLimit(roundsDown: action == "set-memory-max");
        limit.Finish(action);
        if (action == "set-memory-max")
        {
            actions.Add(new ScriptAction.SetMemoryMax(at, cgroup, max));
            return;
        }

        if (where.StringOrNull == "/")
        {
            where.Error("the root cgroup has no misc.max", "name a cgroup below it");
        }

        actions.Add(new ScriptAction.SetMax(at, cgroup, max));
    }

    private void ReadPoison(ObjectReader poison, long at, List<ScriptAction> actions)
    {
        if (poison.TryGet("vm", out Setting? guest))
        {
            ReadPoisonOfGuest(poison, guest, at, actions);
            return;
        }

        Setting nodeSetting = poison.Get("node", "0");
        int node = nodeSetting.Int(0, Math.Max(0, machine.Nodes.Count - 1), isOpen: true);
        Setting firstSetting = poison.Get("first", "0");
        int first = firstSetting.Int(0, int.MaxValue);
        int count = poison.Get("count", "40").Int(1, int.MaxValue);
        poison.Finish("poison");
        long pages = node < machine.Nodes.Count ? machine.Nodes[node].SectionPages.Sum(section => (long)section) : 0;
        if (machine.Nodes.Count > 0 && (long)first + count > pages)
        {
            firstSetting.Error(
                $"pages {Setting.Number(first)} to {Setting.Number((long)first + count - 1)} are not all there: "
                    + $"node {Setting.Number(node)} has {Setting.Number(pages)} EPC pages",
                "make first or count smaller, or choose another node");
        }

        actions.Add(new ScriptAction.Poison(at, node, first, count));
    }

    private void ReadPoisonOfGuest(ObjectReader poison, Setting guest, long at, List<ScriptAction> actions)
    {
        if (poison.Has("node"))
        {
            poison.Error(
                "node", "a memory failure is in pages of a node or of a guest, not both", "drop one of the two");
            poison.TryGet("node", out _);
        }

        Setting firstSetting = poison.Get("first", "0");
        int first = firstSetting.Int(0, int.MaxValue);
        int count = poison.Get("count", "1").Int(1, int.MaxValue);
        poison.Finish("poison");
        guest.May(ValueShape.Name);
        string name = guest.Text("guest");
        if (!population.VirtualMachinesByName.TryGetValue(name, out int vm))
        {
            guest.Error(
                $"there is no virtual machine '{name}'",
                Suggestions.Remedy(name, [.. population.VirtualMachinesByName.Keys.Order(StringComparer.Ordinal)]));
            return;
        }

        int pages = population.VirtualMachines[vm].Pages;
        if ((long)first + count > pages)
        {
            firstSetting.Error(
                $"pages {Setting.Number(first)} to {Setting.Number((long)first + count - 1)} are not all there: "
                    + $"'{name}' has {Setting.Number(pages)} EPC pages",
                "make first or count smaller");
        }

        actions.Add(new ScriptAction.PoisonGuest(at, vm, first, count));
    }

    private void Kill(Setting setting, long at, List<ScriptAction> actions)
    {
        setting.May(ValueShape.Name);
        if (setting.StringOrNull is { } name && population.VirtualMachinesByName.TryGetValue(name, out int vm))
        {
            actions.Add(new ScriptAction.KillVirtualMachine(at, vm));
            return;
        }

        foreach (int enclave in Enclaves(setting, withVirtualMachines: true))
        {
            actions.Add(new ScriptAction.KillEnclave(at, enclave));
        }
    }

    private void KillAny(Setting list, long at, Prng prng, List<ScriptAction> actions)
    {
        List<ScriptAction> candidates = [];
        foreach (Setting item in list.Items("names"))
        {
            Kill(item, at, candidates);
        }

        if (candidates.Count > 0)
        {
            actions.Add(candidates[prng.NextBelow(candidates.Count)]);
        }
        else if (list.List is { Count: 0 })
        {
            list.Error("the list of names is empty", "name at least one enclave");
        }
    }

    /// <summary>The enclaves that a name means.</summary>
    private IReadOnlyList<int> Enclaves(Setting setting, bool withVirtualMachines = false)
    {
        setting.May(ValueShape.Name);
        if (setting.IsMissing)
        {
            return [];
        }

        if (setting.StringOrNull is not { } name)
        {
            setting.Wrong("the name of an enclave", "write for example web, or web-1");
            return [];
        }

        if (population.EnclavesByName.TryGetValue(name, out IReadOnlyList<int>? indices))
        {
            return indices;
        }

        List<string> names =
        [
            .. population.Names.Where(n => withVirtualMachines || !population.VirtualMachinesByName.ContainsKey(n)),
        ];
        setting.Error(
            population.VirtualMachinesByName.ContainsKey(name)
                ? $"'{name}' is a virtual machine, not an enclave"
                : $"there is no enclave '{name}'",
            Suggestions.Remedy(name, names));
        return [];
    }
}

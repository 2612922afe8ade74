using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>Reads <c>epc.race</c>.</summary>
internal sealed class RaceBinder(
    LoadContext context,
    MachineSpec machine,
    IReadOnlyList<CgroupSpec> cgroups,
    Population population,
    MemoryFailures failures,
    IReadOnlyList<ScriptAction> script)
{
    private static readonly string[] Steps = ["exhaustive", "preemptions", "states", "schedules"];

    private readonly NodeChoice _nodes = new(machine);
    private Func<Scenario, RaceDefinition>? _define;

    /// <summary>The race, once read.</summary>
    public RaceSpec? Spec { get; private set; }

    /// <summary>The race of a scenario that has it.</summary>
    public RaceDefinition? Define(Scenario scenario) => _define?.Invoke(scenario);

    /// <param name="reader"><c>epc.race</c>.</param>
    /// <param name="defaults"><c>epc.defaults.race</c>.</param>
    public void Read(ObjectReader reader, ObjectReader defaults)
    {
        RefuseScript(reader);
        ObjectReader block = reader.Child("tasks");
        List<(RaceTaskSpec Spec, Setting Do)> found = ReadTasks(block, defaults.Child("task"));
        RaceNames names = RaceNames.Of(
            machine,
            cgroups,
            population.Enclaves,
            population.VirtualMachines,
            [.. found.Select(task => task.Spec.Name)]);
        List<RaceTaskSpec> tasks = ReadOperations(found, names);
        if (block.Keys.Count == 0)
        {
            reader.Error(
                "tasks",
                "there is no task",
                "write for example tasks { CPU0 { process = a, do = [ \"write 0\" ] } }");
        }

        List<RaceTaskSpec> setup = ReadSetup(reader.Get("setup", "[ \"a: build 2\" ]"), names, tasks);
        List<RaceProperty> properties = ReadProperties(
            reader.Get("properties", "[ \"always usage(/a) <= max(/a)\" ]"),
            names);
        List<string> show = ReadShow(reader.Get("show", "[ counter ]"), names);
        List<string> ignored = [.. reader.Get("ignore-rules", "[ ]").Items("rules")
            .Select(rule => LabRules.All[rule.Choice(LabRules.All, "a rule")])];
        RaceBound bound = ReadBound(reader.Child("bound", defaults.Child("bound")));
        List<string> variants = ReadVariants(reader.Child("variants"));

        CatalogueEntry entry = ReadEntry(reader, properties);
        Spec = new RaceSpec
        {
            Setup = setup,
            Tasks = tasks,
            HasKsgxd = reader.Get("ksgxd", "on").OnOff(),
            HasWorkers = reader.Get("workers", "off").OnOff(),
            Choices = ReadChoices(reader.Child("choices", defaults.Child("choices"))),
            Properties = properties,
            IgnoredRules = ignored,
            MaxSteps = reader.Get("max-steps", "2000").Int(1, int.MaxValue),
        };
        bool shrinksTopology = reader.Get("shrink-topology", "on").OnOff();
        reader.Finish("the race");
        string variant = context.Variant;
        _define = scenario => new RaceDefinition
        {
            Id = entry.Id.Length > 0 ? entry.Id : Path.GetFileNameWithoutExtension(scenario.File),
            Title = entry.Title.Length > 0 ? entry.Title : scenario.Title,
            Description = scenario.Description,
            Source = entry.Source,
            Symptom = entry.Symptom,
            Fix = entry.Fix,
            Change = entry.Change,
            Patch = entry.Patch,
            Rule = entry.Rule,
            Status = entry.Status,
            Verdict = entry.Verdict,
            Show = show,
            Bound = bound,
            ShrinksTopology = shrinksTopology,
            Variant = variant,
            Variants = variants,
            Scenario = scenario,
        };
    }

    private void RefuseScript(ObjectReader reader)
    {
        if (script.Count > 0)
        {
            reader.Context.Error(
                reader.Origin,
                reader.Path,
                "a race has no clock, so there is no time at which a script could act",
                "make each action of epc.script an operation of a task with optional = on");
        }
    }

    /// <summary>What the catalogue says of the race; nothing in it changes how the race runs.</summary>
    private static CatalogueEntry ReadEntry(ObjectReader reader, IReadOnlyList<RaceProperty> properties)
    {
        string id = reader.Get("id", "R1").Text("R1");
        string title = reader.Get("title", "a lost update").Text("a lost update");
        string source = reader.Get("source", "a commit").Text("a commit");
        string symptom = reader.Get("symptom", "a hang").Text("a hang");
        string fix = reader.Get("fix", "an atomic").Text("an atomic");
        string change = reader.Get("change", "count behind the free").Text("count behind the free");
        string patch = reader.Get("patch", "atomic_inc(&count)").Text("atomic_inc(&count)");
        RaceStatus status = reader.Get("status", "open").Choice<RaceStatus>("a status");
        RaceVerdict verdict = reader.Get("verdict", "none").Choice<RaceVerdict>("a verdict");
        string rule = ReadRule(reader.Get("rule", "free-page-counter"), properties);
        return new CatalogueEntry(id, title, source, symptom, fix, change, patch, status, verdict, rule);
    }

    private List<(RaceTaskSpec Spec, Setting Do)> ReadTasks(ObjectReader reader, ObjectReader defaults)
    {
        List<(RaceTaskSpec, Setting)> tasks = [];
        string[] processes =
        [
            .. population.Enclaves.Select(enclave => enclave.Name),
            .. population.VirtualMachines.Select(guest => guest.Name),
        ];
        foreach ((string name, HoconOrigin _, ObjectReader task) in reader.Named("<name>", defaults))
        {
            Setting processSetting = task.Get("process", "a");
            string process = processSetting.Text("a");
            if (process.Length > 0 && !processes.Contains(process) && !cgroups.Any(cgroup => cgroup.Path == process))
            {
                processSetting.Error(
                    $"there is no enclave, virtual machine or cgroup '{process}'",
                    Suggestions.Remedy(process, [.. processes, .. cgroups.Select(cgroup => cgroup.Path)]));
            }

            int node = _nodes.Read(task.Get("node", "spread"));
            bool isOptional = task.Get("optional", "off").OnOff();
            Setting operations = task.Get("do", "[ \"write 0\" ]");
            task.Finish("a task");
            if (processes.Contains(name) || !Naming.Check(task, name, "a task"))
            {
                if (processes.Contains(name))
                {
                    reader.Error(
                        name,
                        $"there is an enclave or virtual machine called '{name}'",
                        "give the task another name, for example CPU0");
                }

                continue;
            }

            tasks.Add((new RaceTaskSpec(name, process, node, [], isOptional), operations));
        }

        reader.Finish();
        return tasks;
    }

    private List<RaceTaskSpec> ReadOperations(List<(RaceTaskSpec Spec, Setting Do)> found, RaceNames names)
    {
        List<RaceTaskSpec> tasks = [];
        int errors = context.ErrorCount;
        foreach ((RaceTaskSpec spec, Setting list) in found)
        {
            IReadOnlyList<Setting> items = list.Items("operations");
            string[] texts = [.. items.Select(item => item.Text("\"write 0\""))];
            RaceTaskSpec task = RaceAssembler.Task(names, spec, texts, (at, error) => ReportIfText(items[at], error));
            tasks.Add(task);
            foreach (Operation operation in task.Operations)
            {
                CheckPoison(operation, () => items[Array.IndexOf(texts, operation.Text)]);
            }
        }

        if (context.ErrorCount == errors)
        {
            foreach ((int task, int operation, string problem) in RaceAssembler.WrongForks(tasks))
            {
                found[task].Do.Items("operations")[operation].Error(problem);
            }
        }

        return tasks;
    }

    private List<RaceTaskSpec> ReadSetup(Setting list, RaceNames names, IReadOnlyList<RaceTaskSpec> tasks)
    {
        List<RaceTaskSpec> setup = [];
        foreach (Setting item in list.Items("operations"))
        {
            Try(item, text =>
            {
                setup.Add(RaceAssembler.Setup(names, tasks, text));
                foreach (Operation operation in setup[^1].Operations)
                {
                    CheckPoison(operation, () => item);
                }
            });
        }

        return setup;
    }

    /// <summary>A memory failure in the EPC is an operation of kernels that handle it only.</summary>
    private void CheckPoison(Operation operation, Func<Setting> item)
    {
        if (operation is Operation.PoisonPage or Operation.PoisonOf && failures.Problem is { } problem)
        {
            item().Error(problem, MemoryFailures.Remedy);
        }
    }

    private static List<RaceProperty> ReadProperties(Setting list, RaceNames names)
    {
        List<RaceProperty> properties = [];
        foreach (Setting item in list.Items("properties"))
        {
            Try(item, text => properties.Add(PropertyParser.Parse(text, names)));
        }

        return properties;
    }

    private static List<string> ReadShow(Setting list, RaceNames names)
    {
        List<string> show = [];
        foreach (Setting item in list.Items("quantities"))
        {
            string quantity = item.Text("counter");
            if (Quantities.Problem(quantity, names) is { } problem)
            {
                item.Error(problem.Problem, problem.Remedy);
            }

            show.Add(quantity);
        }

        return show;
    }

    /// <summary>The name under which a violation of it is reported.</summary>
    private static string ReadRule(Setting setting, IReadOnlyList<RaceProperty> properties)
    {
        string text = setting.Text("free-page-counter").Trim();
        if (text.Length == 0 || LabRules.All.Contains(text))
        {
            return text;
        }

        RaceProperty? property = properties.FirstOrDefault(one => one.Text == text);
        if (property is null && !setting.IsMissing)
        {
            setting.Error(
                $"'{text}' is not a rule of the oracle and none of the properties",
                Suggestions.Remedy(text, [.. LabRules.All, .. properties.Select(one => one.Text)]));
        }

        return property?.Rule ?? "";
    }

    private static RaceBound ReadBound(ObjectReader reader)
    {
        RaceBound bound = new(
            reader.Get(Steps[0], "on").OnOff(),
            reader.Get(Steps[1], "2").Int(0, int.MaxValue),
            reader.Get(Steps[2], "200000").Int(1, int.MaxValue),
            reader.Get(Steps[3], "20000").Int(1, int.MaxValue));
        reader.Finish("the bound");
        return bound;
    }

    private static Dictionary<ChoicePoint, int> ReadChoices(ObjectReader reader)
    {
        Dictionary<ChoicePoint, int> choices = [];
        for (int i = 0; i < Words<ChoicePoint>.All.Count; i++)
        {
            int times = reader.Get(Words<ChoicePoint>.All[i], "1").Int(0, int.MaxValue);
            if (times > 0)
            {
                choices.Add(Enum.GetValues<ChoicePoint>()[i], times);
            }
        }

        reader.Finish("the choices");
        return choices;
    }

    /// <summary>Only their names: what a variant says is read when it lies on top of the file.</summary>
    private static List<string> ReadVariants(ObjectReader reader)
    {
        List<string> names = [];
        reader.Context.Shapes?.AddAlias($"{reader.Schema}.<name>", "epc");
        foreach ((string name, HoconOrigin _, ObjectReader variant) in reader.Named("<name>"))
        {
            if (Naming.Check(variant, name, "a variant"))
            {
                names.Add(name);
            }
        }

        reader.Finish();
        return names;
    }

    private static void Try(Setting item, Action<string> read)
    {
        item.May(ValueShape.Name);
        if (item.Value is not HoconString text)
        {
            item.Wrong("a text", "put it between quotes");
            return;
        }

        try
        {
            read(text.Value);
        }
        catch (RaceTextException e)
        {
            Report(item, e);
        }
    }

    private static void ReportIfText(Setting item, RaceTextException error)
    {
        // Anything else was reported when it was asked for its text.
        if (item.StringOrNull is not null)
        {
            Report(item, error);
        }
    }

    private static void Report(Setting item, RaceTextException error) =>
        item.ErrorAt(error.Position, error.Problem, error.Remedy);

    /// <summary>Words of a race file about the race, as <see cref="RaceDefinition"/> has them.</summary>
    private sealed record CatalogueEntry(
        string Id,
        string Title,
        string Source,
        string Symptom,
        string Fix,
        string Change,
        string Patch,
        RaceStatus Status,
        RaceVerdict Verdict,
        string Rule);
}

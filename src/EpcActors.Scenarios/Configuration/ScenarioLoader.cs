using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios.Expectations;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>A configuration that was read without error.</summary>
/// <param name="Scenario">What to run.</param>
/// <param name="Notes">What is odd but allowed.</param>
public sealed record LoadedScenario(Scenario Scenario, IReadOnlyList<ConfigurationNote> Notes)
{
    /// <summary>The race of the file; null without one.</summary>
    public RaceDefinition? Race { get; init; }
}

/// <summary>
/// Turns a configuration file into a <see cref="Scenario"/>: all of it, or an exception with every error.
/// </summary>
public static class ScenarioLoader
{
    /// <summary>Reads a scenario.</summary>
    /// <param name="file">Path of the file; all relative paths in it are relative to its folder.</param>
    /// <param name="overrides"><c>--set key=value</c>, later ones on top.</param>
    /// <param name="seed">Replaces <c>epc.seed</c>.</param>
    /// <param name="environment">Files and variables.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong.</exception>
    public static Scenario Load(
        string file,
        IReadOnlyList<KeyValuePair<string, string>> overrides,
        ulong? seed,
        ConfigEnvironment environment
    ) => LoadWithNotes(file, overrides, seed, environment).Scenario;

    /// <summary>As <see cref="Load"/>, with what else is worth knowing.</summary>
    /// <exception cref="ConfigurationException">Something in it is wrong.</exception>
    public static LoadedScenario LoadWithNotes(
        string file, IReadOnlyList<KeyValuePair<string, string>> overrides, ulong? seed, ConfigEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(overrides);
        ArgumentNullException.ThrowIfNull(environment);
        return Read(new LoadContext(file, environment), overrides, seed);
    }

    /// <summary>The effective configuration as text, after all checks.</summary>
    /// <exception cref="ConfigurationException">Something in it is wrong.</exception>
    public static string Show(
        string file,
        IReadOnlyList<KeyValuePair<string, string>> overrides,
        ConfigEnvironment environment,
        ConfigurationShowOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        LoadWithNotes(file, overrides, null, environment);
        HoconObject effective = LayeredConfiguration.Load(new LoadContext(file, environment), overrides)!;
        return ConfigurationRenderer.Render(effective, options.All ? null : LayeredConfiguration.Standard(), options);
    }

    internal static LoadedScenario Read(
        LoadContext context,
        IReadOnlyList<KeyValuePair<string, string>> overrides,
        ulong? seed)
    {
        if (LayeredConfiguration.Load(context, overrides) is not { } effective)
        {
            throw context.Failure();
        }

        HiddenCharacters.Require(context, effective);
        ObjectReader root = new(context, effective, effective.Origin, "", "");
        ObjectReader epc = root.Child("epc");
        CheckRoot(context, effective, epc);
        (Scenario scenario, RaceDefinition? race) = ReadScenario(context, epc, Files(context, effective), seed);
        context.ThrowIfErrors();
        if (effective.TryGet("akka", out HoconValue? akka) && akka is HoconObject block)
        {
            scenario = scenario with
            {
                AkkaBlock = AkkaBlock.Render(block),
                OwnAkkaBlock = AkkaBlock.RenderOwn(block),
                AkkaOrigin = ConfigurationText.Place(AkkaBlock.Origin(block)),
            };
        }

        return new LoadedScenario(scenario, context.Notes) { Race = race };
    }

    private static (Scenario Scenario, RaceDefinition? Race) ReadScenario(
        LoadContext context, ObjectReader epc, LayerFiles files, ulong? seed)
    {
        // What is not a string was reported when the layers were put together.
        string kernel = epc.Get("kernel").StringOrNull ?? "";
        KernelSwitches ofKernel = files.ReadKernel();
        KernelSwitches switches = SwitchBinder.Read(epc.Child("switches"), new KernelSwitches());
        CostProfile costs = CostBinder.Read(epc.Child("costs"), files.Costs);
        context.ClockMhz = costs.ClockMhz;
        MachineSpec machine = MachineBinder.Read(epc.Child("machine"), files.Machine);
        context.EpcPages = machine.EpcPages;

        string title = epc.Get("title").Text("two pods");
        string description = Prose(epc.Get("description").Text("what it shows"));
        ulong configured = epc.Get("seed", "1").Seed();
        RunSpec run = RunBinder.Read(epc.Child("run"));
        LiveSpec live = RunBinder.ReadLive(epc.Child("live"));
        ClusterSpec cluster = new ClusterBinder(machine, run.DurationNs).Read(epc.Child("cluster"));
        TelemetrySpec telemetry = RunBinder.ReadTelemetry(epc.Child("telemetry"));
        ObjectReader defaults = epc.Child("defaults");
        CheckDefaults(context, defaults);

        IReadOnlyList<CgroupSpec> cgroups = CgroupBinder.Read(epc.Child("cgroups"), defaults.Child("cgroup"));
        Population population = ReadPopulation(
            epc, defaults, machine, cgroups,
            new EnclaveBinder(context, machine, cgroups, switches, kernel, epc.Has("race")));
        MemoryFailures failures = new(switches, kernel);
        IReadOnlyList<ScriptAction> script =
            new ScriptBinder(machine, cgroups, population, failures, seed ?? configured, run.DurationNs)
                .Read(epc.Get("script", "[ ]"));
        RaceBinder? raceOf = epc.Has("race")
            ? new RaceBinder(context, machine, cgroups, population, failures, script) : null;
        raceOf?.Read(epc.Child("race", defaults.Child("race")), defaults.Child("race"));
        epc.Allow("race");
        IReadOnlyList<string> expectations = ExpectationBinder.Read(
            epc, kernel, NamesOf(machine, cgroups, population), run.MeasuresSlowdown);
        epc.Finish("epc");
        if (population.Names.Count == 0 && raceOf is null)
        {
            context.Note(epc.Origin, "epc.enclaves", "there is no enclave and no virtual machine: nothing will happen");
        }

        Scenario scenario = new()
        {
            File = context.File,
            Title = title,
            Description = description,
            Kernel = kernel,
            Switches = switches,
            SwitchList = [.. SwitchKeys.All.Select(key =>
                new SwitchReport(key.Key, key.ValueOf(switches), key.Get(switches) != key.Get(ofKernel)))],
            Seed = seed ?? configured,
            Machine = machine,
            Costs = costs,
            Cgroups = cgroups,
            Enclaves = population.Enclaves,
            VirtualMachines = population.VirtualMachines,
            Script = script,
            Run = run,
            Live = live,
            Cluster = cluster,
            Telemetry = telemetry,
            Race = raceOf?.Spec,
            Expectations = expectations,
        };
        return (scenario, raceOf?.Define(scenario));
    }

    /// <summary>Enclaves and virtual machines, none of them in a cgroup that is not there at the start.</summary>
    private static Population ReadPopulation(
        ObjectReader epc, ObjectReader defaults, MachineSpec machine, IReadOnlyList<CgroupSpec> cgroups,
        EnclaveBinder enclaves)
    {
        Population population = new();
        enclaves.Read(epc.Child("enclaves"), defaults, population);
        VirtualMachineBinder.Read(epc.Child("virtual-machines"), defaults, machine, cgroups, population);
        foreach (EnclaveSpec enclave in population.Enclaves.Where(one => cgroups[one.Cgroup].IsMadeLater))
        {
            epc.Context.Error(
                epc.Origin,
                "epc.enclaves",
                $"'{enclave.Name}' starts in {cgroups[enclave.Cgroup].Path}, which is made later",
                "start it elsewhere, and migrate it behind the mkdir");
        }

        return population;
    }

    /// <summary>Names that an expectation may speak of.</summary>
    private static ExpectationNames NamesOf(
        MachineSpec machine, IReadOnlyList<CgroupSpec> cgroups, Population population) =>
        new(
            [.. cgroups.Select(one => one.Path)], [.. population.Enclaves.Select(one => one.Name)],
            [.. population.VirtualMachines.Select(one => one.Name)], machine.Nodes.Count)
        {
            StepsOf = name => population.Enclaves.FirstOrDefault(one => one.Name == name) is { } one
                ? StepNames.Of(one) : [],
        };

    /// <summary>
    /// A text as written over indented lines, each paragraph in one line: how it is broken is up to the report.
    /// </summary>
    private static string Prose(string text)
    {
        IEnumerable<string> paragraphs = text.ReplaceLineEndings("\n")
            .Split("\n\n")
            .Select(paragraph =>
                string.Join(' ', paragraph.Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries)))
            .Where(paragraph => paragraph.Length > 0);
        return string.Join("\n\n", paragraphs);
    }

    /// <summary>The block for values of the file's own, which anything may stand in.</summary>
    private const string VariablesKey = "vars";

    /// <summary>Where an editor finds the schema, in a file that is JSON; means nothing here.</summary>
    internal const string SchemaKey = "$schema";

    private static void CheckRoot(LoadContext context, HoconObject root, ObjectReader epc)
    {
        foreach (string key in root.Keys)
        {
            if (key is "epc" or "akka" or VariablesKey or SchemaKey || LayeredConfiguration.FileKeys.Contains(key))
            {
                continue;
            }

            string remedy = Suggestions.Remedy(key, ["epc", "akka", VariablesKey]);
            if (
                Suggestions.Nearest(key, ["epc", "akka", VariablesKey]) is null
                && Suggestions.Nearest(key, epc.Keys) is { } meant)
            {
                remedy = $"write epc.{meant}, or put it inside epc {{ … }}";
            }
            else if (Suggestions.Nearest(key, ["epc", "akka", VariablesKey]) is null)
            {
                string path = ConfigurationText.Key(key);
                remedy += $"; a value of your own has its place in {VariablesKey} {{ … }}: write {VariablesKey}.{path}"
                    + $" and use it as ${{{VariablesKey}.{path}}}";
            }

            context.Error(root.KeyOrigin(key), key, $"there is no key '{key}' at the root", remedy);
        }

        foreach (string block in (string[])["akka", VariablesKey])
        {
            if (root.TryGet(block, out HoconValue? value) && value is not (HoconObject or HoconNull))
            {
                new Setting(context, value, value.Origin, block).Wrong("an object", $"write {block} {{ … }}");
            }
        }
    }

    /// <summary>
    /// A default may have the keys of the reference, no others; whether its value is right is seen where it is used.
    /// </summary>
    private static void CheckDefaults(LoadContext context, ObjectReader defaults)
    {
        if (!LayeredConfiguration.Reference().TryGetPath(["epc", "defaults"], out HoconValue? reference))
        {
            return;
        }

        foreach (string section in ((HoconObject)reference).Keys)
        {
            ObjectReader reader = defaults.Child(section);
            if (((HoconObject)reference)[section] is HoconObject keys)
            {
                foreach (string key in keys.Keys)
                {
                    reader.Allow(key);
                }
            }

            reader.Finish($"the defaults of {section}");
        }

        defaults.Finish("the defaults");
    }

    private static LayerFiles Files(LoadContext context, HoconObject root)
    {
        return new LayerFiles(Reader("kernel-file"), Reader("costs-file"), Reader("machine-file"));

        ObjectReader Reader(string key) =>
            new(context, root.TryGet(key, out HoconValue? value) ? value as HoconObject : null, root.Origin, "", key);
    }

    /// <summary>The contents of the files that the scenario names.</summary>
    private sealed record LayerFiles(ObjectReader Kernel, ObjectReader Costs, ObjectReader Machine)
    {
        public KernelSwitches ReadKernel()
        {
            foreach (string text in (string[])["title", "description"])
            {
                if (Kernel.TryGet(text, out Setting? setting))
                {
                    setting.Text("what it stands for");
                }
            }

            KernelSwitches switches = SwitchBinder.Read(Kernel.Child("switches"), new KernelSwitches());
            Kernel.Finish("a kernel file");
            return switches;
        }
    }
}

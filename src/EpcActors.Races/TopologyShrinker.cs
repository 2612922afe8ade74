using System.Globalization;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races;

/// <summary>A topology made smaller, with the schedule that breaks it still.</summary>
/// <param name="Scenario">The smaller scenario.</param>
/// <param name="Settings">Settings that make it smaller, <c>key=value</c>, on top of the settings before.</param>
/// <param name="Shrunk">Its schedule.</param>
public sealed record SmallerTopology(
    Scenario Scenario,
    IReadOnlyList<KeyValuePair<string, string>> Settings,
    ShrunkSchedule Shrunk);

/// <summary>
/// Takes away what a violation does not need. Of a race: operations of tasks, lines of the setup, kernel tasks,
/// choices. Of a whole scenario: instances, threads, the script. Of both: nodes, pages of EPC and of enclaves. Each
/// step is a setting on top of the file, so that the result replays anywhere; it is kept when the same rule can still
/// be broken.
/// </summary>
public sealed class TopologyShrinker
{
    private const int MostTries = 80;

    private readonly Func<IReadOnlyList<KeyValuePair<string, string>>, Scenario> _load;
    private readonly Func<Scenario, LabWorld> _newWorld;
    private readonly ulong _seed;

    /// <param name="load">Loads the file with settings on top.</param>
    /// <param name="newWorld">Makes a world.</param>
    /// <param name="seed">Of the searches.</param>
    public TopologyShrinker(
        Func<IReadOnlyList<KeyValuePair<string, string>>, Scenario> load, Func<Scenario, LabWorld> newWorld, ulong seed)
    {
        _load = load;
        _newWorld = newWorld;
        _seed = seed;
    }

    /// <summary>Schedules in which a smaller topology must break the rule.</summary>
    public int Schedules { get; init; } = 200;

    /// <summary>Schedules that are tried to make one shorter.</summary>
    public int ShrinkRuns { get; init; } = 600;

    /// <summary>Shrinks.</summary>
    /// <param name="scenario">The scenario in which it was found.</param>
    /// <param name="shrunk">The schedule that was found in it, shrunk.</param>
    /// <param name="cancellation">Ends it with the best so far.</param>
    public SmallerTopology Shrink(Scenario scenario, ShrunkSchedule shrunk, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(shrunk);
        SmallerTopology best = new(scenario, [], shrunk);
        HashSet<string> tried = [];
        bool hasImproved = true;
        while (hasImproved)
        {
            hasImproved = false;
            foreach (
                KeyValuePair<string, string> candidate in best.Scenario.Race is null
                    ? OfScenario(best.Scenario)
                    : OfRace(best.Scenario))
            {
                if (cancellation.IsCancellationRequested || tried.Count >= MostTries)
                {
                    return best;
                }

                KeyValuePair<string, string>[] settings =
                [
                    .. best.Settings.Where(one => one.Key != candidate.Key),
                    candidate,
                ];
                if (tried.Add(string.Join('\n', settings)) && Try(settings, best, cancellation) is { } smaller)
                {
                    best = smaller;
                    hasImproved = true;
                    break;
                }
            }
        }

        return best;
    }

    private SmallerTopology? Try(
        KeyValuePair<string, string>[] settings,
        SmallerTopology best,
        CancellationToken cancellation)
    {
        string rule = best.Shrunk.Finding.Rule;
        try
        {
            Scenario scenario = _load(settings);
            if (SizeOf(scenario) >= SizeOf(best.Scenario))
            {
                // A key that matches no enclave makes a new one, or changes nothing.
                return null;
            }

            HuntResult hunt = Hunt.Run(
                new HuntPlan
                {
                    NewWorld = () => _newWorld(scenario),
                    MaxSchedules = Schedules,
                    Workers = 1,
                    Seed = _seed,
                    Target = rule,
                    SelfCheckEvery = 0,
                    CountStatesEvery = 0,
                },
                null,
                cancellation);
            return hunt.Found is null
                ? null
                : new SmallerTopology(
                    scenario,
                    settings,
                    Shrinker.Shrink(_newWorld(scenario), hunt.Found, ShrinkRuns, cancellation));
        }
        catch (Exception wrong) when (wrong is ConfigurationException or RaceSetupException or InvariantViolation)
        {
            // The rest is not valid: a part of it needs what was removed.
            return null;
        }
    }

    /// <summary>Size of a scenario, to read and to run, in one number.</summary>
    private static long SizeOf(Scenario scenario)
    {
        long size =
            scenario.Machine.EpcPages
            + scenario.Machine.Nodes.Count
            + scenario.Script.Count
            + (10 * scenario.Enclaves.Count);
        foreach (EnclaveSpec enclave in scenario.Enclaves)
        {
            size += enclave.HeapPages + enclave.CodePages + enclave.Threads;
        }

        if (scenario.Race is { } race)
        {
            size +=
                race.Setup.Count
                + race.Tasks.Sum(task => task.Operations.Count)
                + race.Choices.Values.Sum()
                + (race.HasKsgxd ? 1 : 0)
                + (race.HasWorkers ? 1 : 0);
        }

        return size;
    }

    private static IEnumerable<KeyValuePair<string, string>> OfScenario(Scenario scenario)
    {
        if (scenario.Script.Count > 0)
        {
            yield return new("epc.script", "[]");
        }

        foreach (EnclaveSpec enclave in scenario.Enclaves)
        {
            // Instances are called name-0, name-1 and so on; the file knows the name. One of the two is not a key and
            // is refused.
            int dash = enclave.Name.LastIndexOf('-');
            string[] keys =
                dash > 0 && int.TryParse(enclave.Name.AsSpan(dash + 1), out _)
                    ? [enclave.Name[..dash], enclave.Name]
                    : [enclave.Name];
            foreach (string key in keys)
            {
                yield return new($"epc.enclaves.\"{key}\".instances", "1");
                if (enclave.Threads > 1)
                {
                    yield return new($"epc.enclaves.\"{key}\".threads", "1");
                }

                for (int pages = 1; pages < enclave.HeapPages; pages *= 8)
                {
                    yield return new($"epc.enclaves.\"{key}\".heap", $"{Text(pages)} pages");
                }

                if (enclave.CodePages > 1)
                {
                    yield return new($"epc.enclaves.\"{key}\".code-pages", "1");
                }
            }
        }

        foreach (KeyValuePair<string, string> smaller in SmallerMachines(scenario.Machine))
        {
            yield return smaller;
        }
    }

    /// <summary>Ways to make a race smaller by one thing, the most promising first.</summary>
    private static IEnumerable<KeyValuePair<string, string>> OfRace(Scenario scenario)
    {
        RaceSpec spec = scenario.Race!;
        if (spec.HasKsgxd)
        {
            yield return new("epc.race.ksgxd", "off");
        }

        if (spec.HasWorkers)
        {
            yield return new("epc.race.workers", "off");
        }

        foreach ((ChoicePoint point, int _) in spec.Choices.Where(choice => choice.Value > 0))
        {
            yield return new($"epc.race.choices.{ChoicePoints.Name(point)}", "0");
        }

        foreach (RaceTaskSpec task in spec.Tasks)
        {
            for (int i = task.Operations.Count; i >= 0; i--)
            {
                // All of them first: a task that does nothing is not a task.
                string[] left =
                    i == task.Operations.Count
                        ? []
                        : [.. task.Operations.Where((_, at) => at != i).Select(operation => operation.Text)];
                if (left.Length < task.Operations.Count && (left.Length > 0 || i == task.Operations.Count))
                {
                    yield return new($"epc.race.tasks.\"{task.Name}\".do", List(left));
                }
            }
        }

        string[] setup = [.. spec.Setup.Select(line => $"{Who(line)}: {line.Operations[0].Text}")];
        for (int i = setup.Length - 1; i >= 0; i--)
        {
            yield return new("epc.race.setup", List([.. setup.Where((_, at) => at != i)]));
        }

        foreach (KeyValuePair<string, string> smaller in SmallerMachines(scenario.Machine))
        {
            yield return smaller;
        }

        foreach (EnclaveSpec enclave in scenario.Enclaves.Where(enclave => enclave.HeapPages > 1))
        {
            yield return new($"epc.enclaves.\"{enclave.Name}\".heap", $"{Text(enclave.HeapPages / 2)} pages");
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> SmallerMachines(MachineSpec machine)
    {
        if (machine.Nodes.Count > 1)
        {
            yield return new("epc.machine.nodes", Nodes([.. machine.Nodes.SkipLast(1)]));
        }

        for (int i = 0; i < machine.Nodes.Count; i++)
        {
            NodeSpec node = machine.Nodes[i];
            int[] sizes = node.SectionPages.Count == 1 ? [16, 64, node.SectionPages[0] / 2] : [];
            foreach (int pages in sizes.Where(pages => pages > 0 && pages < node.SectionPages[0]))
            {
                List<NodeSpec> nodes = [.. machine.Nodes];
                nodes[i] = node with { SectionPages = [pages] };
                yield return new("epc.machine.nodes", Nodes(nodes));
            }
        }
    }

    private static string Nodes(IReadOnlyList<NodeSpec> nodes) =>
        $"[{string.Join(", ", nodes.Select(node => $"{{ cpus = {Text(node.Cpus)}, {Epc(node)} }}"))}]";

    private static string Epc(NodeSpec node) =>
        node.SectionPages.Count == 1
            ? $"epc = {Text(node.SectionPages[0])} pages"
            : $"epc = [{string.Join(", ", node.SectionPages.Select(pages => $"{Text(pages)} pages"))}]";

    private static string Who(RaceTaskSpec line) => line.Name;

    private static string List(IReadOnlyList<string> texts) =>
        $"[{string.Join(", ", texts.Select(text => $"\"{text}\""))}]";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using EpcActors.Actors;
using EpcActors.Engine;
using EpcActors.Lab.Configuration;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Lab.Races;

/// <summary>A race made smaller, with the schedule that breaks it still.</summary>
/// <param name="Race">The smaller race.</param>
/// <param name="Settings">What makes it so, <c>key=value</c>, on top of the settings before.</param>
/// <param name="Shrunk">Its schedule.</param>
public sealed record SmallerRace(RaceDefinition Race, IReadOnlyList<KeyValuePair<string, string>> Settings, ShrunkSchedule Shrunk);

/// <summary>
/// Takes away what a violation does not need: operations of tasks, lines of the setup, kernel tasks, choices, nodes, pages of EPC and of enclaves. Each step is a setting on top of the race file, so that
/// the result replays anywhere; it is kept when the same rule can still be broken.
/// </summary>
public static class TopologyShrinker
{
    private const int Schedules = 200;
    private const int ShrinkRuns = 600;
    private const int MostTries = 80;

    /// <summary>Shrinks.</summary>
    /// <param name="load">Loads the race with settings on top.</param>
    /// <param name="race">The race.</param>
    /// <param name="shrunk">The schedule that was found in it, shrunk.</param>
    /// <param name="seed">Of the searches.</param>
    /// <param name="cancellation">Ends it with the best so far.</param>
    public static SmallerRace Shrink(
        Func<IReadOnlyList<KeyValuePair<string, string>>, RaceDefinition> load,
        RaceDefinition race,
        ShrunkSchedule shrunk,
        ulong seed,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(race);
        ArgumentNullException.ThrowIfNull(shrunk);
        SmallerRace best = new(race, [], shrunk);
        HashSet<string> tried = [];
        int tries = 0;
        bool hasImproved = true;
        while (hasImproved)
        {
            hasImproved = false;
            foreach (KeyValuePair<string, string> candidate in Candidates(best.Race))
            {
                if (cancellation.IsCancellationRequested || tries >= MostTries)
                {
                    return best;
                }

                if (!tried.Add($"{string.Join('\n', best.Settings)}\n{candidate}"))
                {
                    continue;
                }

                tries++;
                KeyValuePair<string, string>[] settings = [.. best.Settings.Where(one => one.Key != candidate.Key), candidate];
                if (Try(load, settings, best, seed, cancellation) is { } smaller)
                {
                    best = smaller;
                    hasImproved = true;
                    break;
                }
            }
        }

        return best;
    }

    private static SmallerRace? Try(
        Func<IReadOnlyList<KeyValuePair<string, string>>, RaceDefinition> load,
        KeyValuePair<string, string>[] settings,
        SmallerRace best,
        ulong seed,
        CancellationToken cancellation)
    {
        string rule = best.Shrunk.Finding.Rule;
        try
        {
            RaceDefinition race = load(settings);
            RaceWorld world = new(race.Scenario) { Target = rule };
            HuntResult hunt = Hunt.Run(
                new HuntPlan
                {
                    NewWorld = () => new RaceWorld(race.Scenario),
                    MaxSchedules = Schedules,
                    Workers = 1,
                    Seed = seed,
                    Target = rule,
                    SelfCheckEvery = 0,
                    CountStatesEvery = 0,
                },
                null,
                cancellation);
            return hunt.Found is null ? null : new SmallerRace(race, settings, Shrinker.Shrink(world, hunt.Found, ShrinkRuns, cancellation));
        }
        catch (Exception wrong) when (wrong is ConfigurationException or RaceSetupException or InvariantViolation)
        {
            // What is left makes no race: an operation needs what was taken away.
            return null;
        }
    }

    /// <summary>Ways to make a race smaller by one thing, the most promising first.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Candidates(RaceDefinition race)
    {
        Scenario scenario = race.Scenario;
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
                // All of them first: a task that does nothing is no task.
                string[] left = i == task.Operations.Count ? [] : [.. task.Operations.Where((_, at) => at != i).Select(operation => operation.Text)];
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
            if (node.SectionPages.Count == 1 && node.SectionPages[0] > 1)
            {
                List<NodeSpec> nodes = [.. machine.Nodes];
                nodes[i] = node with { SectionPages = [node.SectionPages[0] / 2] };
                yield return new("epc.machine.nodes", Nodes(nodes));
            }
        }
    }

    private static string Nodes(IReadOnlyList<NodeSpec> nodes) =>
        $"[{string.Join(", ", nodes.Select(node => $"{{ cpus = {Text(node.Cpus)}, {Epc(node)} }}"))}]";

    private static string Epc(NodeSpec node) =>
        node.SectionPages.Count == 1 ? $"epc = {Text(node.SectionPages[0])} pages" : $"epc = [{string.Join(", ", node.SectionPages.Select(pages => $"{Text(pages)} pages"))}]";

    private static string Who(RaceTaskSpec line) => line.Name;

    private static string List(IReadOnlyList<string> texts) => $"[{string.Join(", ", texts.Select(text => $"\"{text}\""))}]";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

using System.Text.RegularExpressions;
using EpcActors.Kernel.Tasks;
using EpcActors.Races;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.TestKit;
using EpcActors.TestKit.Akka;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// The engine's Akka actors as they are, not conducted, under the laboratory for any Akka.NET actors: which mailbox
/// handles its next message is all that it decides.
/// </summary>
public sealed partial class ExploredActorsTests : AkkaRaces
{
    private const string Rule = "counter == free pages";

    /// <summary>The engine brings its dispatcher along; named here, it is the laboratory's.</summary>
    protected override string Configuration => "akka.actor.epc-dispatcher { type = Dispatcher }";

    /// <summary>
    /// The lost update of the free-page counter (R1). What the laboratory finds among Akka's messages is a schedule of
    /// the simulation, line by line, and breaks its rule there, too. It is longer than the one in the catalogue: here
    /// the tasks go on to their end, there the oracle stops at the step.
    /// </summary>
    [Fact]
    public void R1_is_found_among_the_actors_as_the_simulation_finds_it()
    {
        Scenario scenario = R1("buggy");
        FoundActorRace found = Race(race => Machine(race, scenario)).FreshSystems().Expect(Rule);
        string[] steps = [.. RequestsOf(found, scenario)];
        Assert.Contains("CPU0 StorePages free-page-counter", steps);
        string schedule = string.Join(
            '\n',
            [
                "# EpcActors schedule 1", "race: R1", "variant: buggy", "rule: free-page-counter", "steps:", .. steps,
                "",
            ]);
        RaceTest.Schedule(schedule).MustBreak();
    }

    [Theory]
    [InlineData("fixed")]
    [InlineData("per-node")]
    public void R1s_repairs_hold_in_every_order(string variant)
    {
        Scenario scenario = R1(variant);
        CleanActorRace clean = Race(race => Machine(race, scenario)).FreshSystems().Schedules(20).Check();
        Assert.True(clean.IsComplete, clean.Bound);
    }

    /// <summary>Requests as lines of a schedule of the simulation: who asks, what, whom.</summary>
    private static IEnumerable<string> RequestsOf(FoundActorRace found, Scenario scenario)
    {
        Topology topology = new(scenario);
        ActorPaths paths = new(topology);
        Dictionary<string, string> names = topology.Resources.ToDictionary(paths.Of, resource => resource.Name);
        foreach (ActorStep step in found.Steps)
        {
            // The other envelopes are answers, on their way back to a task.
            if (Message().Match(step.Message) is { Success: true } message
                && names.TryGetValue(step.Actor, out string? resource))
            {
                yield return $"{step.Sender.Split('/')[^1]} {message.Groups[1].Value} {resource}";
            }
        }
    }

    private static Scenario R1(string variant) =>
        RaceFile.LoadText(Catalogue.TextOf(Catalogue.FileOf("R1")!), variant).Scenario;

    private static void Machine(Race race, Scenario scenario)
    {
        Topology topology = new(scenario);
        AkkaEngine engine = new(race.System);
        ActorPaths paths = new(topology);
        Quantities quantities = new(topology, new RunCounts(), scenario);
        foreach (Resource resource in topology.Resources)
        {
            engine.Add(resource, paths.Of(resource));
        }

        foreach (OperationTask task in topology.RaceTasks.Select(one => one.Task).Concat(topology.RaceSetup))
        {
            engine.Add(task, $"{(topology.RaceSetup.Contains(task) ? "setup" : "race")}/{task.Name}");
        }

        foreach (OperationTask task in topology.RaceSetup)
        {
            engine.Start(task);
        }

        engine.BeginUnder(race.RunToRest);
        race.RunToRest();
        foreach ((OperationTask task, bool _) in topology.RaceTasks)
        {
            engine.Start(task);
        }

        race.Finally(
            () =>
            {
                engine.RequestStop(RunEnd.Stopped);
                Assert.Equal(quantities.Get("free-pages")(), quantities.Get("counter")());
            },
            Rule);
    }

    [GeneratedRegex(@"^Envelope\[(\w+)\]$")]
    private static partial Regex Message();
}

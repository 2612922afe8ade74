using EpcActors.Exploration;
using EpcActors.Scenarios;

namespace EpcActors.Races;

/// <summary>Number of critical sections of a scenario from its first process to its end.</summary>
public static class ScenarioLength
{
    /// <summary>Most steps that are looked at.</summary>
    public const int Most = 10_000_000;

    /// <summary>
    /// Runs the scenario once with every task in turn. Another order needs more steps or fewer, mostly by little:
    /// threads that fault in vain are what makes the difference.
    /// </summary>
    /// <returns>Steps; null when the scenario does not end within <see cref="Most"/>.</returns>
    public static int? Measure(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ScenarioWorld world = new(scenario, Most);
        RoundRobin inTurn = new();
        inTurn.Begin(world.Engine, scenario.Seed);
        ExploredEnd end = world.Engine.Run(inTurn, Most);
        return end == ExploredEnd.StepLimit ? null : world.Engine.Steps;
    }
}

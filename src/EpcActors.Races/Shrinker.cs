using EpcActors.Exploration;

namespace EpcActors.Races;

/// <summary>A schedule made as short as it gets.</summary>
/// <param name="Decisions">The record up to the violation; for a hang up to the end of its first lap.</param>
/// <param name="Finding">Its violation, of the same rule as before.</param>
/// <param name="CycleStart">For a hang: index of the decision at which the repeating part begins, -1 else.</param>
/// <param name="Steps">Steps of it.</param>
/// <param name="Switches">Changes from one task to another.</param>
/// <param name="Runs">Schedules that were tried.</param>
public sealed record ShrunkSchedule(
    ushort[] Decisions,
    Finding Finding,
    int CycleStart,
    int Steps,
    int Switches,
    int Runs);

/// <summary>Makes a failing schedule of a race short (<see cref="DecisionShrinker{TFinding}"/>).</summary>
public static class Shrinker
{
    /// <summary>Shrinks; the result was replayed and breaks the rule.</summary>
    /// <param name="world">The world in which it was found.</param>
    /// <param name="found">The failing schedule.</param>
    /// <param name="maxRuns">Most schedules to try.</param>
    /// <param name="cancellation">Ends it with the best so far.</param>
    public static ShrunkSchedule Shrink(
        LabWorld world,
        FoundSchedule found,
        int maxRuns,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(found);
        string? target = world.Target;
        string rule = found.Finding.Rule;
        world.Target = rule;
        try
        {
            ShrunkDecisions<Finding> shrunk = new DecisionShrinker<Finding>(
                () => world.Engine, Attempt, found.Decisions, found.Finding, found.CycleStart, maxRuns)
                .Shrink(cancellation);
            return new ShrunkSchedule(
                shrunk.Decisions, shrunk.Finding, shrunk.CycleStart, shrunk.Steps, shrunk.Switches, shrunk.Runs);
        }
        finally
        {
            world.Target = target;
        }

        (Finding?, int) Attempt(Replay replay)
        {
            ScheduleOutcome outcome = world.Run(replay, 0);
            return (outcome.Finding?.Rule == rule ? outcome.Finding : null, outcome.CycleStart);
        }
    }
}

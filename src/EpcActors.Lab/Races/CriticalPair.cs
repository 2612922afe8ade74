using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Lab.Results;

namespace EpcActors.Lab.Races;

/// <summary>
/// Points at the two accesses that make a schedule fail. What an access breaks at once conflicts with the last one before it, by another task at the same resource. What shows only at the end is traced
/// back to its point of no return: the step after which no continuation that was tried ends well; it conflicts with the last one before it in the same way.
/// </summary>
internal static class CriticalPair
{
    private const int RandomContinuations = 24;

    /// <summary>Numbers of the two steps; null when they cannot be told.</summary>
    /// <param name="world">The world of the trace, which ran it last.</param>
    /// <param name="trace">The failing schedule.</param>
    /// <param name="rule">What it breaks.</param>
    public static (int First, int Second)? Find(LabWorld world, RaceTrace trace, string rule)
    {
        if (trace.ViolatedAtStep > 0)
        {
            return Neighbour(trace, trace.ViolatedAtStep - 1) is { } before ? (trace.Steps[before].Number, trace.ViolatedAtStep) : null;
        }

        ushort[] decisions = world.Engine.Log.ToArray();
        List<int> places = Places(decisions);
        string? target = world.Target;
        world.Target = rule;
        try
        {
            for (int step = Math.Min(places.Count, trace.Steps.Count) - 1; step >= 0; step--)
            {
                if (IsSaved(world, decisions.AsSpan(0, places[step]).ToArray(), rule))
                {
                    return Neighbour(trace, step) is { } first ? (trace.Steps[first].Number, trace.Steps[step].Number) : null;
                }
            }
        }
        finally
        {
            world.Target = target;
        }

        return null;
    }

    /// <summary>The last step at the same resource by another task.</summary>
    private static int? Neighbour(RaceTrace trace, int second)
    {
        RaceStep later = trace.Steps[second];
        for (int first = second - 1; first >= 0 && later.Resource >= 0; first--)
        {
            RaceStep earlier = trace.Steps[first];
            if (earlier.Resource == later.Resource && earlier.Task != later.Task && !earlier.IsParked)
            {
                return first;
            }
        }

        return null;
    }

    private static bool IsSaved(LabWorld world, ushort[] prefix, string rule)
    {
        Strategy[] continuations = [new DelayBounding(0), new RoundRobin(), .. Enumerable.Repeat(new RandomWalk(), RandomContinuations)];
        for (int i = 0; i < continuations.Length; i++)
        {
            if (world.Run(new Replay(prefix, isStrict: false, continuations[i]), (ulong)i).Finding?.Rule != rule)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where each step stands in the record, which has choices between them.</summary>
    private static List<int> Places(ushort[] decisions)
    {
        List<int> places = [];
        for (int i = 0; i < decisions.Length; i++)
        {
            if (!Decision.IsChoice(decisions[i]))
            {
                places.Add(i);
            }
        }

        return places;
    }
}

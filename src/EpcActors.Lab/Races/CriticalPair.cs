using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Lab.Results;

namespace EpcActors.Lab.Races;

/// <summary>
/// Points at the two accesses that make a schedule fail: two steps of different tasks at one resource, in an order that matters. Each pair of neighbours at a resource is tried the other way round, with
/// everything before it as it was; the last pair whose reversal saves the run is the one. Without such a pair nothing is said.
/// </summary>
internal static class CriticalPair
{
    private const int MostTries = 80;

    /// <summary>Numbers of the two steps; null when no single reversal helps.</summary>
    /// <param name="world">The world of the trace, which ran it last.</param>
    /// <param name="trace">The failing schedule.</param>
    /// <param name="rule">What it breaks.</param>
    public static (int First, int Second)? Find(LabWorld world, RaceTrace trace, string rule)
    {
        ushort[] decisions = world.Engine.Log.ToArray();
        List<int> places = Places(decisions);
        string? target = world.Target;
        world.Target = rule;
        int tries = 0;
        try
        {
            for (int second = trace.Steps.Count - 1; second > 0; second--)
            {
                if (Neighbour(trace, second) is { } first && tries++ < MostTries && IsSavedByReversal(world, decisions, places, first, second, rule))
                {
                    return (trace.Steps[first].Number, trace.Steps[second].Number);
                }
            }
        }
        finally
        {
            world.Target = target;
        }

        return null;
    }

    /// <summary>The step at the same resource before this one, when it is another task's.</summary>
    private static int? Neighbour(RaceTrace trace, int second)
    {
        RaceStep later = trace.Steps[second];
        if (later.Resource < 0 || later.IsParked)
        {
            return null;
        }

        for (int first = second - 1; first >= 0; first--)
        {
            RaceStep earlier = trace.Steps[first];
            if (earlier.Resource == later.Resource && !earlier.IsParked)
            {
                return earlier.Task == later.Task ? null : first;
            }
        }

        return null;
    }

    /// <summary>The later task goes on up to its step before the earlier one makes its own.</summary>
    private static bool IsSavedByReversal(LabWorld world, ushort[] decisions, List<int> places, int first, int second, string rule)
    {
        ushort task = decisions[places[second]];
        int at = places[first];
        int end = second + 1 < places.Count ? places[second + 1] : decisions.Length;
        List<ushort> moved = [];
        List<ushort> rest = [];
        for (int step = first; step <= second; step++)
        {
            int stepEnd = step + 1 < places.Count ? places[step + 1] : decisions.Length;
            (decisions[places[step]] == task ? moved : rest).AddRange(decisions.AsSpan(places[step], stepEnd - places[step]));
        }

        ushort[] reversed = [.. decisions.AsSpan(0, at), .. moved, .. rest, .. decisions.AsSpan(end)];
        Replay replay = new(reversed, isStrict: false, new DelayBounding(0));
        return world.Run(replay, 0).Finding?.Rule != rule;
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

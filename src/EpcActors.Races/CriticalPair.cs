using EpcActors.Exploration;
using EpcActors.Results;

namespace EpcActors.Races;

/// <summary>
/// Points at the two accesses that make a schedule fail. An access that breaks a rule at once conflicts with the last
/// one before it, by another task at the same resource. A violation that shows only at the end is traced back to its
/// point of no return: the step after which every continuation that was tried fails. That step conflicts with the last
/// access before it in the same way.
/// </summary>
internal static class CriticalPair
{
    private const int RandomContinuations = 24;

    /// <summary>
    /// A longer schedule is not traced back: each of its steps would be tried as the last but for all continuations.
    /// </summary>
    private const int MostSteps = 2000;

    /// <summary>Numbers of the two steps; -1 when they cannot be told.</summary>
    /// <param name="world">The world of the trace, which ran it last.</param>
    /// <param name="trace">The failing schedule.</param>
    /// <param name="rule">Rule that it breaks.</param>
    public static (int First, int Second) Find(LabWorld world, RaceTrace trace, string rule)
    {
        if (trace.ViolatedAtStep > 0)
        {
            return Neighbour(trace, trace.ViolatedAtStep - 1) is { } before
                ? (trace.Steps[before].Number, trace.ViolatedAtStep)
                : LastPair(trace);
        }

        bool canTrace = trace.CycleStart < 0 && world.ProvesHangs && trace.Steps.Count <= MostSteps;
        return (canTrace ? AroundNoReturn(world, trace, rule) : null) ?? LastPair(trace);
    }

    private static (int First, int Second)? AroundNoReturn(LabWorld world, RaceTrace trace, string rule)
    {
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
                    return PairAround(trace, step);
                }
            }
        }
        finally
        {
            world.Target = target;
        }

        return null;
    }

    /// <summary>The last step that has such a neighbour: what two tasks last did to one another.</summary>
    private static (int First, int Second) LastPair(RaceTrace trace)
    {
        for (int second = trace.Steps.Count - 1; second > 0; second--)
        {
            if (!trace.Steps[second].IsParked && Neighbour(trace, second) is { } first)
            {
                return (trace.Steps[first].Number, trace.Steps[second].Number);
            }
        }

        return (-1, -1);
    }

    /// <summary>
    /// The last step at the same resource by another task, one of the two being a write: two looks at the same thing do
    /// not conflict.
    /// </summary>
    private static int? Neighbour(RaceTrace trace, int second)
    {
        RaceStep later = trace.Steps[second];
        for (int first = second - 1; first >= 0 && later.Resource >= 0; first--)
        {
            RaceStep earlier = trace.Steps[first];
            if (
                earlier.Resource == later.Resource
                && earlier.Task != later.Task
                && !earlier.IsParked
                && (earlier.IsWrite || later.IsWrite))
            {
                return first;
            }
        }

        return null;
    }

    /// <summary>
    /// The step of no return may only look (at what another task writes later). Then the write that makes the look a
    /// lie is the next one at that resource by another task.
    /// </summary>
    private static (int First, int Second)? PairAround(RaceTrace trace, int step)
    {
        RaceStep fatal = trace.Steps[step];
        for (int next = step + 1; next < trace.Steps.Count && !fatal.IsWrite && fatal.Resource >= 0; next++)
        {
            RaceStep later = trace.Steps[next];
            if (later.Resource == fatal.Resource && later.Task != fatal.Task && later.IsWrite && !later.IsParked)
            {
                return (fatal.Number, later.Number);
            }
        }

        return Neighbour(trace, step) is { } first ? (trace.Steps[first].Number, fatal.Number) : null;
    }

    private static bool IsSaved(LabWorld world, ushort[] prefix, string rule)
    {
        IStrategy[] continuations =
        [
            new DelayBounding(0),
            new RoundRobin(),
            .. Enumerable.Repeat(new RandomWalk(), RandomContinuations),
        ];
        for (int i = 0; i < continuations.Length; i++)
        {
            if (world.Run(new Replay(prefix, isStrict: false, continuations[i]), (ulong)i).Finding?.Rule != rule)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Position of each step in the record, which has choices between them.</summary>
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

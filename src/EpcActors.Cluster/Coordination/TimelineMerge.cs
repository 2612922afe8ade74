using EpcActors.Results;

namespace EpcActors.Cluster.Coordination;

/// <summary>
/// Puts the samples of all processes on the times of the one with most of them: what is a level at a moment is what
/// each process had by then, what happened between two samples falls to the first of the common times that is not
/// before it. Pure.
/// </summary>
internal static class TimelineMerge
{
    public static Timeline Of((int Member, RunReport Report)[] parts, ClusterOutcome outcome)
    {
        Timeline[] of = [.. parts.Select(part => part.Report.Timeline).Where(one => one.AtNs.Count > 0)];
        if (of.Length == 0)
        {
            return Timeline.Empty with { Marks = outcome.Marks };
        }

        Timeline grid = of.MaxBy(one => one.AtNs.Count)!;
        IReadOnlyList<long> at = grid.AtNs;
        return grid with
        {
            Cgroups = [.. grid.Cgroups.Select((cgroup, i) => Cgroup(at, of, cgroup, i))],
            Nodes =
            [
                .. grid.Nodes.Select(node => node with
                {
                    FreePages = Level(at, of, one => one.Nodes.FirstOrDefault(other => other.Id == node.Id)?.FreePages),
                }),
            ],
            FreePageCounter = Level(at, of, one => one.FreePageCounter),
            Faults = Between(at, of, one => one.Faults),
            Evictions = Between(at, of, one => one.Evictions),
            Reloads = Between(at, of, one => one.Reloads),
            FaultRetries = Between(at, of, one => one.FaultRetries),

            // Quantiles of different processes cannot be added: the worst of them bounds them.
            FaultP50Ns = Worst(at, of, one => one.FaultP50Ns),
            FaultP99Ns = Worst(at, of, one => one.FaultP99Ns),
            Marks =
            [
                .. of.SelectMany(one => one.Marks)
                    .Concat(outcome.Marks)
                    .Concat(Deaths(outcome))
                    .Distinct()
                    .OrderBy(mark => mark.AtNs),
            ],
        };
    }

    private static IEnumerable<TimelineMark> Deaths(ClusterOutcome outcome) =>
        outcome.Deaths.Select(death => new TimelineMark(death.AtNs, $"process {death.Member} is dead: {death.Reason}"));

    private static CgroupTimeline Cgroup(IReadOnlyList<long> at, Timeline[] of, CgroupTimeline cgroup, int i) =>
        cgroup with
        {
            CurrentBytes = Level(at, of, one => one.Cgroups[i].CurrentBytes),
            MaxBytes = Latest(at, of, one => one.Cgroups[i].MaxBytes),

            // The owner of the counter knows the peak, every other process says 0.
            PeakBytes = Highest(at, of, one => one.Cgroups[i].PeakBytes),
            Events = Level(at, of, one => one.Cgroups[i].Events),
            EventsLocal = Level(at, of, one => one.Cgroups[i].EventsLocal),
            Faults = Between(at, of, one => one.Cgroups[i].Faults),
        };

    /// <summary>Sum over all processes of the last sample that is not later.</summary>
    private static long[] Level(IReadOnlyList<long> at, Timeline[] of, Func<Timeline, IReadOnlyList<long>?> values) =>
        Fold(at, of, values, static (sum, value, _) => sum + value);

    /// <summary>Highest so far, of all processes: an owner that was rebuilt elsewhere begins anew.</summary>
    private static long[] Highest(IReadOnlyList<long> at, Timeline[] of, Func<Timeline, IReadOnlyList<long>> values)
    {
        long[] highest = Fold(at, of, values, static (most, value, _) => Math.Max(most, value));
        for (int i = 1; i < highest.Length; i++)
        {
            highest[i] = Math.Max(highest[i], highest[i - 1]);
        }

        return highest;
    }

    /// <summary>Values of the process whose last sample is the newest: a written limit reaches all.</summary>
    private static T[] Latest<T>(IReadOnlyList<long> at, Timeline[] of, Func<Timeline, IReadOnlyList<T>> values)
    {
        long[] newest = new long[at.Count];
        Array.Fill(newest, long.MinValue);
        return Fold(at, of, values, (latest, value, sample) =>
        {
            if (sample.AtNs < newest[sample.I])
            {
                return latest;
            }

            newest[sample.I] = sample.AtNs;
            return value;
        });
    }

    /// <summary>Puts together, for each time, the last samples of all processes that are not later.</summary>
    /// <param name="at">The times.</param>
    /// <param name="of">The processes.</param>
    /// <param name="values">Selects one of their series; null or empty for none.</param>
    /// <param name="add">Adds to the sum so far a sample, with the index of the time and the time at which it was
    /// taken.</param>
    private static T[] Fold<T>(
        IReadOnlyList<long> at,
        Timeline[] of,
        Func<Timeline, IReadOnlyList<T>?> values,
        Func<T, T, (int I, long AtNs), T> add)
    {
        T[] all = new T[at.Count];
        foreach (Timeline one in of)
        {
            if (values(one) is not { Count: > 0 } own)
            {
                continue;
            }

            int next = 0;
            for (int i = 0; i < all.Length; i++)
            {
                while (next < own.Count && one.AtNs[next] <= at[i])
                {
                    next++;
                }

                if (next > 0)
                {
                    all[i] = add(all[i], own[next - 1], (i, one.AtNs[next - 1]));
                }
            }
        }

        return all;
    }

    private static long[] Between(IReadOnlyList<long> at, Timeline[] of, Func<Timeline, IReadOnlyList<long>> values)
    {
        long[] sum = new long[at.Count];
        ForEach(at, of, values, (i, value) => sum[i] += value);
        return sum;
    }

    private static long[] Worst(IReadOnlyList<long> at, Timeline[] of, Func<Timeline, IReadOnlyList<long>> values)
    {
        long[] worst = new long[at.Count];
        ForEach(at, of, values, (i, value) => worst[i] = Math.Max(worst[i], value));
        return worst;
    }

    private static void ForEach(
        IReadOnlyList<long> at,
        Timeline[] of,
        Func<Timeline, IReadOnlyList<long>> values,
        Action<int, long> take)
    {
        foreach (Timeline one in of)
        {
            IReadOnlyList<long> own = values(one);
            int i = 0;
            for (int sample = 0; sample < own.Count; sample++)
            {
                while (i < at.Count - 1 && at[i] < one.AtNs[sample])
                {
                    i++;
                }

                take(i, own[sample]);
            }
        }
    }
}

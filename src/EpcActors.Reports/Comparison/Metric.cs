using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Meaning of a higher value of a metric.</summary>
internal enum Direction
{
    /// <summary>Neither good nor bad by itself.</summary>
    Neutral,

    LessIsBetter,
}

/// <summary>Result of the comparison of a value with the first run.</summary>
internal enum Standing
{
    Same,

    Different,

    Better,

    Worse,
}

/// <summary>One row of a comparison. A value that was not measured is null.</summary>
internal sealed record Metric(
    string Group, string Name, Direction Direction, IReadOnlyList<double?> Values, IReadOnlyList<string> Texts)
{
    /// <summary>By run: the value is what a run had reached when it was cut off; null when none was.</summary>
    public IReadOnlyList<bool>? IsCutOff { get; init; }

    /// <summary>Below this a difference is not worth a colour.</summary>
    private const double Noticeable = 0.01;

    public bool IsSame => Texts.All(t => t == Texts[0]);

    public Standing StandingOf(int run)
    {
        if (run == 0 || Texts[run] == Texts[0])
        {
            return Standing.Same;
        }

        if (Values[0] is not { } first || Values[run] is not { } value)
        {
            return Standing.Different;
        }

        if (IsCutOff is { } cut && (cut[0] || cut[run]))
        {
            return Standing.Different;
        }

        bool isNoticeable = Math.Abs(value - first) > Noticeable * Math.Abs(first);
        return Direction == Direction.Neutral || !isNoticeable ? Standing.Different
            : value < first ? Standing.Better : Standing.Worse;
    }

    /// <summary>
    /// The change against the first run in words; empty where there is none or no share of it can be told.
    /// </summary>
    public string ChangeOf(int run) =>
        StandingOf(run) == Standing.Same || Values[0] is not { } first || first == 0 || Values[run] is not { } value
            || (IsCutOff is { } cut && cut[0])
            ? ""
            : (IsCutOff is { } open && open[run] ? "at least " : "") + Units.Change(first, value);
}

/// <summary>The rows of a comparison.</summary>
internal static class Metrics
{
    public static IReadOnlyList<Metric> Of(IReadOnlyList<RunReport> runs)
    {
        List<Metric> rows =
        [
            Words(runs, "run", "verdict", r => Wording.Key(r.Verdict), r => r.Verdict == Verdict.Violation ? 1 : 0),
            Count(runs, "run", "broken rules", r => r.Violations.Count),
            Count(runs, "run", "expectations not met", r => r.Expectations.Count(e => e.IsUnmet)),
            Time(runs),
            Count(runs, "run", "programs cut off", r => runs.Any(one => one.WorkLeft > 0) ? r.WorkLeft : null),
            Count(runs, "run", "enclaves that ended badly", r => r.Enclaves.Count(e => Wording.IsBad(e.Outcome))),
            Count(runs, "machine", "faults", r => Root(r)?.Faults),
            Count(runs, "machine", "fault retries", r => Root(r)?.FaultRetries),
            Amount(runs, "machine", "evictions", r => Root(r)?.Evictions),
            Amount(runs, "machine", "reloads", r => Root(r)?.Reloads),
            Latency(runs, "machine", "fault p50", r => r.FaultLatency, l => l.P50Ns),
            Latency(runs, "machine", "fault p99", r => r.FaultLatency, l => l.P99Ns),
            Latency(runs, "machine", "fault p99.9", r => r.FaultLatency, l => l.P999Ns),
            Row(runs, "machine", "slowdown", Direction.LessIsBetter, r => Root(r)?.Slowdown, v => Units.Slowdown(v)),
            Row(runs, "machine", "remote allocations", Direction.LessIsBetter, RemoteShare, Units.Percent),
            Amount(runs, "machine", "counter minus free lists", r => r.FreePageCounter - r.Nodes.Sum(n => n.FreePages)),
            Amount(runs, "ksgxd", "wake-ups", r => r.Ksgxd.Wakeups),
            Amount(runs, "ksgxd", "pages reclaimed", r => r.Ksgxd.PagesReclaimed),
            Row(runs, "ksgxd", "busy", Direction.LessIsBetter, r => r.Ksgxd.BusyShare, Units.Percent),
        ];
        foreach (string path in Paths(runs))
        {
            rows.Add(Words(runs, path, "misc.max", r => Find(r, path) is { } c ? Units.Limit(c.MaxBytes) : "-",
                _ => null));
            rows.Add(Row(runs, path, "misc.peak", Direction.Neutral, r => Find(r, path)?.PeakBytes,
                v => Units.Bytes((long)v)));
            rows.Add(Count(runs, path, "events", r => Find(r, path)?.Events));
            rows.Add(Count(runs, path, "faults", r => Find(r, path)?.Faults));
            rows.Add(Amount(runs, path, "evictions", r => Find(r, path)?.Evictions));
            rows.Add(Latency(runs, path, "fault p99", r => Find(r, path)?.FaultLatency, l => l.P99Ns));
            rows.Add(Row(runs, path, "slowdown", Direction.LessIsBetter, r => Find(r, path)?.Slowdown,
                v => Units.Slowdown(v)));
        }

        AddSteps(rows, runs);

        // A row of dashes says nothing.
        rows.RemoveAll(m => m.Texts.All(t => t == "-"));
        return rows;
    }

    /// <summary>Paths of all runs below the root, in the order of the run that first has them.</summary>
    public static IReadOnlyList<string> Paths(IReadOnlyList<RunReport> runs) =>
        [.. runs.SelectMany(r => r.Cgroups.Select(c => c.Path)).Where(p => p != "/").Distinct()];

    /// <summary>The time of the runs; where one was cut off it says so, and is neither better nor worse.</summary>
    private static Metric Time(IReadOnlyList<RunReport> runs)
    {
        Metric time = Row(runs, "run", runs.Any(one => one.Live is not null) ? "real time" : "virtual time",
            Direction.LessIsBetter, r => r.VirtualTimeNs, v => Units.Duration((long)v));
        return time with
        {
            Texts = [.. time.Texts.Select((text, i) => runs[i].WorkLeft > 0 ? text + ", cut off" : text)],
            IsCutOff = [.. runs.Select(run => run.WorkLeft > 0)],
        };
    }

    /// <summary>The steps of the enclaves that all tables can show.</summary>
    private static void AddSteps(List<Metric> rows, IReadOnlyList<RunReport> runs)
    {
        string[] names = [.. runs.SelectMany(r => r.Enclaves.Where(e => e.Steps.Count > 0).Select(e => e.Name))
            .Distinct()];
        foreach (string name in names.Take(StepTexts.MostCompared))
        {
            StepReport[][] steps = [.. runs.Select(
                r => (StepReport[])[.. r.Enclaves.FirstOrDefault(e => e.Name == name)?.Steps ?? []])];
            foreach (string label in steps.SelectMany(one => one.Select(StepTexts.Label)).Distinct())
            {
                StepReport?[] of = [.. steps.Select(one => one.FirstOrDefault(step => StepTexts.Label(step) == label))];
                string group = $"{name}: {label}";
                rows.Add(Each(group, "time", of, s => s.TimeNs, v => Units.Duration((long)v)) with
                {
                    Texts = [.. of.Select(s => s is null ? "-" : StepTexts.Time(s))],
                    IsCutOff = [.. of.Select(s => s is { IsUnfinished: true })],
                });
                if (of.Any(s => s is { Faults: > 0 }))
                {
                    rows.Add(Each(group, "faults", of, s => s.Faults, v => Units.Count((long)v)));
                }

                rows.Add(Each(group, "slowdown", of, s => s.Slowdown, v => Units.Slowdown(v)));
            }
        }
    }

    private static Metric Each(string group, string name, StepReport?[] of, Func<StepReport, double?> value,
        Func<double, string> format)
    {
        double?[] values = [.. of.Select(s => s is null ? null : value(s))];
        return new Metric(group, name, Direction.LessIsBetter, values,
            [.. values.Select(v => v is { } number ? format(number) : "-")]);
    }

    private static CgroupReport? Root(RunReport r) => Find(r, "/");

    private static CgroupReport? Find(RunReport r, string path) => r.Cgroups.FirstOrDefault(c => c.Path == path);

    private static double? RemoteShare(RunReport r)
    {
        long all = r.Nodes.Sum(n => n.Allocations);
        return r.Nodes.Count < 2 || all == 0 ? null : (double)r.Nodes.Sum(n => n.RemoteAllocations) / all;
    }

    private static Metric Count(
        IReadOnlyList<RunReport> runs, string group, string name, Func<RunReport, long?> value) =>
        Row(runs, group, name, Direction.LessIsBetter, r => value(r), v => Units.Count((long)v));

    /// <summary>
    /// A number that is neither good nor bad by itself: a kernel that hangs evicts little.
    /// </summary>
    private static Metric Amount(
        IReadOnlyList<RunReport> runs, string group, string name, Func<RunReport, long?> value) =>
        Row(runs, group, name, Direction.Neutral, r => value(r), v => Units.Count((long)v));

    private static Metric Latency(IReadOnlyList<RunReport> runs, string group, string name,
        Func<RunReport, LatencyReport?> latency, Func<LatencyReport, long> ns) =>
        Row(runs, group, name, Direction.LessIsBetter, r => latency(r) is { Count: > 0 } l ? ns(l) : null,
            v => Units.Duration((long)v));

    private static Metric Row(IReadOnlyList<RunReport> runs, string group, string name, Direction direction,
        Func<RunReport, double?> value, Func<double, string> format)
    {
        List<double?> values = [.. runs.Select(value)];
        return new Metric(group, name, direction, values,
            [.. values.Select(v => v is { } number ? format(number) : "-")]);
    }

    private static Metric Words(IReadOnlyList<RunReport> runs, string group, string name, Func<RunReport, string> text,
        Func<RunReport, double?> rank) =>
        new(group, name, Direction.LessIsBetter, [.. runs.Select(rank)], [.. runs.Select(text)]);
}

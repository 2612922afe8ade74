using EpcActors.Cli.Terminal;
using EpcActors.Reports;
using EpcActors.Runs;
using EpcActors.Runs.Live;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EpcActors.Cli.Running;

/// <summary>
/// Shows the state of a live run as it goes, on standard error: a table that is redrawn on a terminal, elsewhere a line
/// every five seconds.
/// </summary>
internal sealed class LiveRunDisplay(CommandShell shell, bool isQuiet)
{
    private const int MostCgroups = 20;

    private const int MostMessages = 8;

    private const long BetweenLinesNs = 5_000_000_000;

    private LiveStatus? _last;

    /// <summary>Runs <paramref name="run"/> and shows what it says of itself.</summary>
    public T Follow<T>(string label, Func<Action<LiveStatus>?, T> run)
    {
        if (isQuiet)
        {
            return run(null);
        }

        return shell.ShowsLiveProgress
            ? shell.ErrorConsole.Live(new Text(label.Length == 0 ? "starting" : $"{label}, starting"))
                .AutoClear(true)
                .Start(context => run(status =>
                {
                    context.UpdateTarget(Draw(label, status));
                    _last = status;
                }))
            : run(status =>
            {
                if (status.NowNs - (_last?.NowNs ?? 0) >= BetweenLinesNs)
                {
                    shell.Error.WriteLine((label.Length == 0 ? "" : $"{label}: ") + Line(status));
                    _last = status;
                }
            });
    }

    /// <summary>The state as a line or as a table, with what has changed since the last call.</summary>
    internal (string Line, Rows Table) Next(LiveStatus now)
    {
        (string, Rows) both = (Line(now), Draw("", now));
        _last = now;
        return both;
    }

    private string Line(LiveStatus now)
    {
        long free = now.Nodes.Sum(node => node.FreePages);
        return $"{Units.Duration(now.NowNs)} elapsed, {Rate(now, one => one.Steps)} messages/s, "
            + $"{Rate(now, one => one.Faults)} faults/s, "
            + $"{Rate(now, one => one.Evictions)} evictions/s, {Tasks(now)}, {Units.Count(free)} pages free, "
            + $"{Audit(now)}";
    }

    private Rows Draw(string label, LiveStatus now)
    {
        List<IRenderable> rows =
        [
            new Text(
                $"{(label.Length == 0 ? "" : $"{label}: ")}{Units.Duration(now.NowNs)} of at most "
                    + $"{Units.Duration(now.LimitNs)}   "
                    + $"{Rate(now, one => one.Steps)} messages/s   {Rate(now, one => one.Faults)} faults/s   "
                    + $"{Rate(now, one => one.Evictions)} evictions/s"),
            new Text($"{Tasks(now)}   {Audit(now)}", now.Violations > 0 ? new Style(Color.Red) : (Style?)null),
            Cgroups(now),
        ];
        if (now.Cgroups.Count > MostCgroups)
        {
            rows.Add(new Text($"and {Units.Count(now.Cgroups.Count - MostCgroups)} more"));
        }

        rows.Add(new Columns(
            Nodes(now),
            MessagesBy(now, "messages", one => one.Kind),
            MessagesBy(now, "asker -> asked", one => $"{one.Asker} -> {one.Resource}")));
        return new Rows(rows);
    }

    /// <summary>As the tree has them while all have room; else the root, then the busiest.</summary>
    private Table Cgroups(LiveStatus now)
    {
        Table table = NewTable("cgroup", "current", "max", "events", "faults/s");
        IEnumerable<int> all = Enumerable.Range(0, now.Cgroups.Count);
        IEnumerable<int> order = now.Cgroups.Count <= MostCgroups ? all : all
            .OrderByDescending(i => i == 0)
            .ThenByDescending(i => now.Cgroups[i].Faults - Before(now.Cgroups[i]).Faults)
            .ThenByDescending(i => now.Cgroups[i].CurrentBytes)
            .ThenBy(i => i);
        foreach (int i in order.Take(MostCgroups))
        {
            LiveCgroup cgroup = now.Cgroups[i];
            table.AddRow(
                new Text(cgroup.Path),
                new Text(Units.Bytes(cgroup.CurrentBytes)),
                new Text(Units.Limit(cgroup.Max.BytesOrNull)),
                new Text(Units.Count(cgroup.Events)),
                new Text(PerSecond(now, cgroup.Faults - Before(cgroup).Faults)));
        }

        return table;
    }

    private static Table Nodes(LiveStatus now)
    {
        Table table = NewTable("node", "free pages", "of");
        foreach (LiveNode node in now.Nodes)
        {
            table.AddRow(
                new Text($"{node.Id}"),
                new Text(Units.Count(node.FreePages)),
                new Text(Units.Count(node.CapacityPages)));
        }

        table.AddRow(new Text("sgx_nr_free_pages"), new Text(Units.Count(now.FreePageCounter)), new Text(""));
        return table;
    }

    /// <summary>The most frequent since the last look.</summary>
    private Table MessagesBy(LiveStatus now, string name, Func<LiveMessages, string> key)
    {
        Dictionary<string, long> before = Sums(_last?.Messages ?? [], key);
        Table table = NewTable(name, "per second");
        foreach ((string text, long count) in Sums(now.Messages, key)
            .Select(sum => (sum.Key, Count: sum.Value - before.GetValueOrDefault(sum.Key)))
            .OrderByDescending(sum => sum.Count).ThenBy(sum => sum.Key, StringComparer.Ordinal)
            .Take(MostMessages))
        {
            table.AddRow(new Text(text), new Text(PerSecond(now, count)));
        }

        return table;
    }

    private static Dictionary<string, long> Sums(
        IReadOnlyList<LiveMessages> messages, Func<LiveMessages, string> key) =>
        messages.GroupBy(key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(one => one.Count), StringComparer.Ordinal);

    private static Table NewTable(string name, params string[] figures)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(name);
        foreach (string figure in figures)
        {
            table.AddColumn(new TableColumn(figure).RightAligned());
        }

        return table;
    }

    /// <summary>The cgroup at the last look; nothing for one that was made since.</summary>
    private LiveCgroup Before(LiveCgroup cgroup) =>
        _last?.Cgroups.FirstOrDefault(one => one.Path == cgroup.Path) ?? default;

    private static string Tasks(LiveStatus now) =>
        $"{Units.Count(now.GoingTasks)} of {Units.Count(now.Tasks)} tasks under way, "
            + $"{Units.Count(Math.Max(0, now.Tasks - now.GoingTasks))} waiting";

    private static string Audit(LiveStatus now)
    {
        string audits =
            now.Audits == 0
                ? "no audit yet"
                : $"{Units.Count(now.Audits)} audits, the last {Units.Duration(now.NowNs - now.LastAuditNs)} ago in "
                    + $"{Units.Duration(now.LastAuditTookNs)}";
        return now.Violations == 0 ? audits : $"{audits}, {Units.Count(now.Violations)} RULES BROKEN";
    }

    private string Rate(LiveStatus now, Func<LiveStatus, long> count) =>
        PerSecond(now, count(now) - (_last is { } last ? count(last) : 0));

    private string PerSecond(LiveStatus now, long count) =>
        Units.SiPrefixed(count * 1e9 / Math.Max(1, now.NowNs - (_last?.NowNs ?? 0)));
}

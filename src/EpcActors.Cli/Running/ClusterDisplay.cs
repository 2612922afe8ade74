using EpcActors.Cli.Terminal;
using EpcActors.Cluster.Coordination;
using EpcActors.Reports;
using EpcActors.Results.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EpcActors.Cli.Running;

/// <summary>
/// Shows the state of all processes as one, on standard error: a table that is redrawn on a terminal, elsewhere a line
/// when something changes and every five seconds.
/// </summary>
internal sealed class ClusterDisplay(CommandShell shell, bool isQuiet)
{
    private const long BetweenLinesNs = 5_000_000_000;

    private readonly LiveRunDisplay _machine = new(shell, isQuiet);
    private string _phase = "";
    private long _lineNs;
    private ClusterStatus? _last;

    /// <summary>Runs <paramref name="run"/> and shows what it says of itself.</summary>
    public Task<T> FollowAsync<T>(Func<Action<ClusterStatus>?, Task<T>> run)
    {
        if (isQuiet)
        {
            return run(null);
        }

        return shell.ShowsLiveProgress
            ? shell
                .ErrorConsole.Live(new Text("starting"))
                .AutoClear(true)
                .StartAsync(context => run(status => context.UpdateTarget(Draw(status))))
            : run(Write);
    }

    /// <summary>A line of one of the processes.</summary>
    public void Say(string line)
    {
        if (!isQuiet && !shell.ShowsLiveProgress)
        {
            shell.Error.WriteLine(line);
        }
    }

    private void Write(ClusterStatus status)
    {
        if (status.Phase != _phase)
        {
            _phase = status.Phase;
            shell.Error.WriteLine(status.Phase);
        }

        // Deaths and returns are worth a line of their own.
        foreach (MemberStatus member in status.Members)
        {
            MemberStatus? before = _last?.Members.FirstOrDefault(one => one.Sockets.SequenceEqual(member.Sockets));
            if (
                before is not null
                && ((before.State == "dead") != (member.State == "dead") || IsNewLife(before, member)))
            {
                shell.Error.WriteLine(
                    $"process {member.Number} (sockets {Sockets(member)}): {member.State}, life {member.Incarnation}, "
                        + $"view {status.Epoch}");
            }
        }

        _last = status;
        if (status.Machine is { } machine && machine.NowNs - _lineNs >= BetweenLinesNs)
        {
            _lineNs = machine.NowNs;
            int alive = status.Members.Count(one => one.State is not ("dead" or "starting"));
            shell.Error.WriteLine(
                $"{_machine.Next(machine).Line}; {alive} of {Counted.Of(status.Members.Count, "process")}, "
                    + $"{Audits(status)}");
        }
    }

    /// <summary>
    /// One that is started again at once may never be seen dead: it is starting, and later there as another life.
    /// </summary>
    private static bool IsNewLife(MemberStatus before, MemberStatus now) =>
        (before.State is "at work" or "done" && now.State == "starting")
        || (before.Incarnation > 0 && before.Incarnation != now.Incarnation);

    private Rows Draw(ClusterStatus status)
    {
        List<IRenderable> rows =
        [
            new Text($"{status.Phase}   view {status.Epoch}   {Audits(status)}"),
            Members(status),
        ];
        if (status.Machine is { } machine)
        {
            rows.Add(_machine.Next(machine).Table);
        }

        _last = status;
        return new Rows(rows);
    }

    private static Table Members(ClusterStatus status)
    {
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumn("process")
            .AddColumn("sockets")
            .AddColumn("state");
        foreach (string figure in (string[])["life", "messages", "faults", "evictions", "frames sent"])
        {
            table.AddColumn(new TableColumn(figure).RightAligned());
        }

        foreach (MemberStatus member in status.Members)
        {
            table.AddRow(
                new Text(member.Number < 0 ? "-" : $"{member.Number}"),
                new Text(Sockets(member)),
                new Text(member.State, member.State == "dead" ? new Style(Color.Red) : (Style?)null),
                new Text($"{member.Incarnation}"),
                new Text(Units.Count(member.Live?.Steps ?? 0)),
                new Text(Units.Count(member.Live?.Faults ?? 0)),
                new Text(Units.Count(member.Live?.Evictions ?? 0)),
                new Text(Units.Count(member.FramesOut)));
        }

        return table;
    }

    private static string Sockets(MemberStatus member) => string.Join(", ", member.Sockets);

    private static string Audits(ClusterStatus status) =>
        $"{Units.Count(status.Audits)} audits over all processes"
        + (status.DroppedAudits == 0 ? "" : $", {Units.Count(status.DroppedAudits)} dropped");
}

using EpcActors.Hocon;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Reads <c>epc.cluster</c>. What a machine over processes cannot do is no matter of the file: <c>ClusterCheck</c> says
/// that when such a run is prepared.
/// </summary>
internal sealed class ClusterBinder(MachineSpec machine, long durationNs)
{
    private const string Schema = "epc.cluster.faults[]";
    private const int MostWindow = 65_536;
    private const int MostProcesses = 1024;

    /// <summary>
    /// A process says twenty times a second that it lives: with less than two of them missing no process is dead.
    /// </summary>
    private const long LeastFailureTimeoutNs = 100_000_000;

    private const long LeastJoinTimeoutNs = 100_000_000;

    private const long LeastResendNs = 1_000_000;

    private static readonly string[] Kinds = ["kill", "pause", "partition", "restart"];

    public ClusterSpec Read(ObjectReader reader)
    {
        Setting processes = reader.Get("processes", "auto");
        int count = processes.Is("auto") ? 0 : processes.Int(1, MostProcesses);
        CheckProcesses(processes, count);
        int errorsBefore = reader.Context.ErrorCount;
        Setting resend = reader.Get("resend", "200 ms");
        Setting failure = reader.Get("failure-timeout", "5 s");
        ClusterSpec cluster = new()
        {
            Processes = count,
            ChargeBatch = reader.Get("charge-batch", "64").Int(1, ClusterSpec.MostChargeBatch),
            CounterBatch = reader.Get("counter-batch", "64").Int(1, ClusterSpec.MostChargeBatch),
            Window = reader.Get("window", "256").Int(1, MostWindow),
            ResendNs = resend.DurationNs(LeastResendNs),
            FailureTimeoutNs = failure.DurationNs(LeastFailureTimeoutNs, unit: "s"),
            JoinTimeoutNs = reader.Get("join-timeout", "60 s").DurationNs(LeastJoinTimeoutNs, unit: "s"),
            AuditEveryNs = reader.Get("audit-every", "1 s").DurationNs(minimumNs: 0, unit: "s"),
            Restarts = reader.Get("restart", "off").OnOff(),
            Faults = ReadFaults(reader.Get("faults", "[ ]"), count),
        };
        if (reader.Context.ErrorCount == errorsBefore && cluster.ResendNs >= cluster.FailureTimeoutNs)
        {
            // At the one that the file says.
            (resend.Origin.Source.StartsWith(BuiltInFiles.Prefix, StringComparison.Ordinal) ? failure : resend).Error(
                $"a call is sent again after {Setting.Number(cluster.ResendNs)} ns, but who does not answer is dead "
                    + $"after {Setting.Number(cluster.FailureTimeoutNs)} ns",
                "make resend shorter than failure-timeout");
        }

        reader.Finish("a cluster");
        return cluster;
    }

    private void CheckProcesses(Setting setting, int count)
    {
        // Without any node something else is wrong, and said.
        int nodes = machine.NodesWithEpc;
        if (nodes > 0 && count > nodes)
        {
            setting.Error(
                $"{Setting.Number(count)} processes for {Setting.Number(nodes)} NUMA {(nodes == 1 ? "node" : "nodes")} "
                    + "with EPC: each needs one",
                $"write at most {Setting.Number(nodes)}, or auto");
        }
    }

    /// <summary>The faults in ascending order of time; those of the same time stay in the order of the list.</summary>
    private List<ClusterFault> ReadFaults(Setting list, int processes)
    {
        List<ClusterFault> faults = [];
        foreach (Setting item in list.Items("faults"))
        {
            if (item.Value is not HoconObject value)
            {
                item.Wrong("a fault", "write for example { at = 2 s, kill = 2 }");
            }
            else if (
                ReadFault(new ObjectReader(item.Context, value, item.Origin, item.Path, Schema), processes) is { } fault
            )
            {
                faults.Add(fault);
            }
        }

        return [.. faults.OrderBy(fault => fault.AtNs)];
    }

    private ClusterFault? ReadFault(ObjectReader reader, int processes)
    {
        Setting atSetting = reader.Get("at", "2 s");
        long at = atSetting.DurationNs(unit: "s");
        if (at >= durationNs)
        {
            atSetting.Note(
                $"the fault comes at {Setting.Number(at)} ns, after the end of the run at {Setting.Number(durationNs)} "
                    + "ns: it never happens");
        }

        List<string> found = [.. Kinds.Where(reader.Has)];
        foreach (string key in Kinds)
        {
            // All are known keys, whichever the item has.
            reader.TryGet(key, out _);
        }

        ClusterFault? fault = null;
        if (found.Count == 1)
        {
            fault = ReadKnown(reader, found[0], at, processes);
        }
        else if (found.Count > 1)
        {
            reader.Context.Error(
                reader.Origin,
                reader.Path,
                $"a fault is one thing; this one is {string.Join(" and ", found)}",
                "write two faults");
            reader.Allow("for");
            reader.Allow("when");
        }
        else
        {
            reader.Allow("for");
            reader.Allow("when");
            if (reader.Keys.All(key => key is "at" or "for" or "when"))
            {
                reader.Context.Error(
                    reader.Origin,
                    reader.Path,
                    "the fault does nothing",
                    $"add one of: {Suggestions.List(Kinds)}");
            }
        }

        reader.Finish("a fault");
        return fault;
    }

    private ClusterFault ReadKnown(ObjectReader reader, string kind, long at, int processes)
    {
        Setting whom = reader.Get(kind);
        switch (kind)
        {
            case "kill":
                bool isInReclaim =
                    reader.TryGet("when", out Setting? when) && when.Choice(["reclaim"], "a moment to wait for") == 0;
                No(
                    reader,
                    "for",
                    "a killed process stays dead; write restart to have it come back at once, or epc.cluster.restart = "
                        + "on");
                return new ClusterFault.Kill(at, Member(whom, processes), isInReclaim);
            case "pause":
                No(reader, "when", "only kill waits for a moment");
                return new ClusterFault.Pause(at, Member(whom, processes), For(reader));
            case "partition":
                No(reader, "when", "only kill waits for a moment");
                return new ClusterFault.Partition(at, Side(whom, processes), For(reader));
            default:
                No(reader, "when", "only kill waits for a moment");
                No(reader, "for", "a restarted process comes back at once");
                return new ClusterFault.Restart(at, Member(whom, processes));
        }
    }

    private static long For(ObjectReader reader) => reader.Get("for", "2 s").DurationNs(minimumNs: 1, unit: "s");

    /// <summary>A key that belongs to other faults.</summary>
    private static void No(ObjectReader reader, string key, string why)
    {
        reader.Allow(key);
        if (reader.Has(key))
        {
            reader.Error(key, $"'{key}' has no place in this fault", why);
        }
    }

    private List<int> Side(Setting setting, int processes)
    {
        List<int> members = [];
        int errorsBefore = setting.Context.ErrorCount;
        IReadOnlyList<Setting> items = setting.Items("members");
        foreach (Setting item in items)
        {
            int member = Member(item, processes);
            if (members.Contains(member))
            {
                if (setting.Context.ErrorCount == errorsBefore)
                {
                    item.Error($"member {Setting.Number(member)} is on this side twice", "name it once");
                }
            }
            else
            {
                members.Add(member);
            }
        }

        if (setting.Context.ErrorCount > errorsBefore || setting.List is null)
        {
            return members;
        }

        if (items.Count == 0)
        {
            setting.Error("no process is on this side of the partition", "write for example [ 0, 1 ]");
        }
        else if (members.Count == MostMembers(processes))
        {
            setting.Error("all processes are on this side of the partition", "leave one on the other side");
        }

        members.Sort();
        return members;
    }

    private int Member(Setting setting, int processes) =>
        setting.Int(0, Math.Max(0, MostMembers(processes) - 1), isOpen: true);

    /// <summary>With auto the command may say how many, but no more than there are nodes with EPC.</summary>
    private int MostMembers(int processes)
    {
        int nodes = machine.NodesWithEpc;
        return processes > 0 ? processes : nodes > 0 ? nodes : int.MaxValue;
    }
}

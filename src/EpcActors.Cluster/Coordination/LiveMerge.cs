using EpcActors.Runs.Live;

namespace EpcActors.Cluster.Coordination;

/// <summary>Makes one live status of those of all processes. Pure.</summary>
internal static class LiveMerge
{
    /// <param name="parts">By member: what it said last, null when there is nothing.</param>
    /// <param name="placement">Parts of the machine by process.</param>
    /// <param name="nowNs">Time since the start.</param>
    public static LiveStatus? Of(IReadOnlyList<LiveStatus?> parts, Placement? placement, long nowNs)
    {
        LiveStatus[] said = [.. parts.OfType<LiveStatus>()];
        if (said.Length == 0 || placement is null)
        {
            return null;
        }

        LiveStatus first = said[0];
        return new LiveStatus
        {
            NowNs = nowNs,
            LimitNs = first.LimitNs,
            Steps = said.Sum(one => one.Steps),
            Faults = said.Sum(one => one.Faults),
            Evictions = said.Sum(one => one.Evictions),
            Messages =
            [
                .. said.SelectMany(one => one.Messages).GroupBy(one => one with { Count = 0 })
                    .Select(group => group.Key with { Count = group.Sum(one => one.Count) }),
            ],
            Tasks = said.Sum(one => one.Tasks),
            GoingTasks = said.Sum(one => one.GoingTasks),
            Cgroups =
            [
                .. first.Cgroups.Select((cgroup, i) => cgroup with
                {
                    CurrentBytes = said.Sum(one => one.Cgroups[i].CurrentBytes),
                    Events = said.Sum(one => one.Cgroups[i].Events),
                    Faults = said.Sum(one => one.Cgroups[i].Faults),
                }),
            ],
            Nodes =
            [
                .. first.Nodes.Select(
                    (node, i) => parts[placement.MemberOfNode[i]]?.Nodes[i] ?? node with { FreePages = 0 }),
            ],
            FreePageCounter = said.Sum(one => one.FreePageCounter),
            Audits = said.Max(one => one.Audits),
            LastAuditNs = said.Max(one => one.LastAuditNs),
            LastAuditTookNs = said.Max(one => one.LastAuditTookNs),
            Violations = said.Sum(one => one.Violations),
        };
    }
}

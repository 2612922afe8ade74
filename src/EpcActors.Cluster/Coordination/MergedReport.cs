using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Expectations;

namespace EpcActors.Cluster.Coordination;

/// <summary>
/// One report of the whole machine out of those of its processes. Pure: the same outcome gives the same report.
/// </summary>
public static class MergedReport
{
    /// <summary>
    /// Lanes of the Chrome trace are numbered in each process from 0: those of the next process begin here.
    /// </summary>
    private const int LanesOfProcess = 1_000_000;

    /// <param name="scenario">Scenario of the run.</param>
    /// <param name="outcome">Outcome of the run.</param>
    /// <param name="replayCommand">The command that runs the same again.</param>
    /// <param name="wallTimeMs">Host time, milliseconds.</param>
    public static RunReport Of(Scenario scenario, ClusterOutcome outcome, string replayCommand, double wallTimeMs)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(outcome);
        outcome = outcome with { Members = [.. outcome.Members.Select(member => OnTheClockOfTheRun(member, outcome))] };
        (int Member, RunReport Report)[] parts =
        [
            .. outcome
                .Members.Where(member => member.Result is not null)
                .Select(member => (member.Number, member.Result!.Report)),
        ];
        RunReport[] reports = [.. parts.Select(part => part.Report)];
        List<ViolationReport> violations = Violations(outcome, parts);
        string[] missing =
        [
            .. outcome
                .Members.Where(member =>
                    member.Result is null && !member.Missing.StartsWith("dead", StringComparison.Ordinal))
                .Select(Missing),
        ];
        bool isInconclusive =
            outcome.End == RunEndKind.Cancelled
            || reports.Length == 0
            || missing.Length > 0
            || (outcome.End == RunEndKind.Stopped && violations.Count == 0);
        RunReport merged = new()
        {
            Scenario = scenario.File,
            Title = scenario.Title,
            Description = scenario.Description,
            Verdict = violations.Count > 0 ? Verdict.Violation : isInconclusive ? Verdict.Inconclusive : Verdict.Pass,
            Kernel = scenario.Kernel,
            Switches = scenario.SwitchList,
            Engine = reports.Length == 0 ? "none" : reports[0].Engine,
            Seed = scenario.Seed,
            TraceHash = "",
            VirtualTimeNs = outcome.RunNs,
            WallTimeMs = wallTimeMs,
            Steps = reports.Sum(report => report.Steps),
            ReplayCommand = replayCommand,
            Live = Live(scenario, outcome, reports),
            Cluster = Cluster(outcome),
            Cgroups = Cgroups(scenario, outcome, reports),
            Nodes = Nodes(scenario, outcome),
            FreePageCounter = Counter(scenario, outcome, reports),
            Enclaves = Enclaves(scenario, outcome),
            VirtualEpcs = Guests(scenario, outcome),
            MemoryCgroups = MemoryCgroups(reports),
            Messages = MessageTotals.Sum(reports.SelectMany(report => report.Messages)),
            Ksgxd = new KsgxdReport(
                reports.Sum(report => report.Ksgxd.Wakeups),
                reports.Sum(report => report.Ksgxd.PagesReclaimed),
                null),
            Reclaim = new ReclaimReport(
                reports.Sum(report => report.Reclaim.Pages),
                reports.Sum(report => report.Reclaim.Young),
                reports.Sum(report => report.Reclaim.IpiWaves)),
            FaultLatency = LatencyMerge.Of(reports.Select(report => report.FaultLatency)),
            Violations = violations,
            Notes = Notes(outcome, parts, missing),
            Timeline = TimelineMerge.Of(parts, outcome),
            TraceEvents = Trace(scenario, parts),
        };
        merged = WorkLeft.Judge(scenario, merged, isCutOff: outcome.End == RunEndKind.TimeLimit);
        return merged with { Expectations = Expectation.Evaluate(scenario.Expectations, merged) };
    }

    /// <summary>
    /// A process that came back counts time from its return; the report counts it from the start of the run.
    /// </summary>
    private static MemberOutcome OnTheClockOfTheRun(MemberOutcome member, ClusterOutcome outcome)
    {
        DeathReport? death = outcome.Deaths.LastOrDefault(one =>
            one.Member == member.Number && one.Incarnation < member.Incarnations);
        if (member.Result is not { } result || death is not { BackNs: { } backNs })
        {
            return member;
        }

        long byNs = death.AtNs + backNs;
        RunReport report = result.Report;
        return member with
        {
            Result = result with
            {
                Report = report with
                {
                    Enclaves =
                    [
                        .. report.Enclaves.Select(one =>
                            one with
                            {
                                StartNs = one.StartNs + byNs,
                                EndNs = one.EndNs + byNs,
                            }),
                    ],
                    Violations = [.. report.Violations.Select(one => one with { AtNs = one.AtNs + byNs })],
                    Timeline = report.Timeline with
                    {
                        AtNs = [.. report.Timeline.AtNs.Select(at => at + byNs)],
                        Marks = [.. report.Timeline.Marks.Select(mark => mark with { AtNs = mark.AtNs + byNs })],
                    },
                    TraceEvents = [.. report.TraceEvents.Select(one => one with { StartNs = one.StartNs + byNs })],
                },
            },
        };
    }

    private static string Missing(MemberOutcome member) =>
        $"process {member.Number} (sockets {string.Join(", ", member.Sockets)}) has no report: {member.Missing}";

    private static LiveReport Live(Scenario scenario, ClusterOutcome outcome, RunReport[] reports) => new()
    {
        Workers = reports.Sum(report => report.Live?.Workers ?? 0),
        Tasks = reports.Sum(report => report.Live?.Tasks ?? 0),
        Resources = reports.Sum(report => report.Live?.Resources ?? 0),
        MessagesPerSecond = reports.Sum(report => report.Live?.MessagesPerSecond ?? 0),
        Cuts = outcome.Audits,
        CutMs = outcome.AuditsTookNs / 1e6,
        LongestCutMs = outcome.LongestAuditNs / 1e6,
        Actions = scenario.Script.Count,
        ActionsLeft = scenario.Script.Count(action => action.AtNs > outcome.RunNs),
    };

    private static ClusterReport Cluster(ClusterOutcome outcome) => new()
    {
        Processes = [.. outcome.Members.Select(Process)],
        Deaths = outcome.Deaths,
        Views = outcome.Views,
        Audits = outcome.Audits,
        DroppedAudits = outcome.DroppedAudits,
        AuditMs = outcome.AuditsTookNs / 1e6,
        LongestAuditMs = outcome.LongestAuditNs / 1e6,
        WasAuditedAtTheEnd = outcome.WasAuditedAtTheEnd,
    };

    private static ProcessReport Process(MemberOutcome member)
    {
        ProcessReport process = new()
        {
            Member = member.Number,
            Sockets = member.Sockets,
            Host = member.Host,
            ProcessId = member.ProcessId,
            Incarnations = member.Incarnations,
            HasReport = member.Result is not null,
            Missing = member.Result is null ? member.Missing : "",
        };
        if (member.Result is not { } result)
        {
            return process;
        }

        RunReport report = result.Report;
        return process with
        {
            Verdict = report.Verdict,
            Steps = report.Steps,
            MessagesPerSecond = report.Live?.MessagesPerSecond ?? 0,
            Faults = report.Cgroups.Count > 0 ? report.Cgroups[0].Faults : 0,
            Evictions = report.Cgroups.Count > 0 ? report.Cgroups[0].Evictions : 0,
            Enclaves = report.Enclaves.Count,
            Cuts = report.Live?.Cuts ?? 0,
            Violations = report.Violations.Count,
            FramesOut = result.Wire.FramesOut,
            FramesIn = result.Wire.FramesIn,
            BytesOut = result.Wire.BytesOut,
            BytesIn = result.Wire.BytesIn,
            FramesDropped = result.Wire.FramesDropped,
            Writes = result.Wire.Writes,
            SentAgain = result.SentAgain,
            FencedFrames = result.FencedFrames,
        };
    }

    /// <summary>
    /// By path: what happened is added up; usage, peak and limit are those of the counter at its owner.
    /// </summary>
    private static List<CgroupReport> Cgroups(Scenario scenario, ClusterOutcome outcome, RunReport[] reports)
    {
        List<CgroupReport> merged = [];
        if (reports.Length == 0)
        {
            return merged;
        }

        for (int i = 0; i < reports[0].Cgroups.Count; i++)
        {
            string path = reports[0].Cgroups[i].Path;
            CgroupReport[] of = [.. reports.Select(report => report.Cgroups.First(cgroup => cgroup.Path == path))];
            int counter = scenario
                .Cgroups.Select((cgroup, index) => (cgroup.Path, index))
                .First(one => one.Path == path)
                .index;
            OwnedCounter? owned = Owner(outcome, counter);
            merged.Add(of[0] with
            {
                MaxBytes = (owned is not null ? Limit.Of(owned.Max) : scenario.Cgroups[counter].Max).BytesOrNull,

                // Between two owners the counter is the sum of all grants.
                CurrentBytes = owned?.Value ?? Granted(outcome, counter),
                StockBytes = scenario.Cluster.ChargeBatch > 1
                    ? outcome.Members.Sum(member => member.Result?.Rest.Gateway.Stock[counter] ?? 0)
                    : null,
                PeakBytes = owned?.Peak ?? Granted(outcome, counter),
                Events = of.Sum(one => one.Events),
                EventsLocal = of.Sum(one => one.EventsLocal),
                Faults = of.Sum(one => one.Faults),
                FaultRetries = of.Sum(one => one.FaultRetries),
                Evictions = of.Sum(one => one.Evictions),
                Reloads = of.Sum(one => one.Reloads),
                Accesses = of.Sum(one => one.Accesses),
                Slowdown = null,
                IsDying = of.Any(one => one.IsDying),
                FaultLatency = LatencyMerge.Of(of.Select(one => one.FaultLatency)),
            });
        }

        return merged;
    }

    private static long Granted(ClusterOutcome outcome, int counter) =>
        outcome.Members.Sum(member => member.Result?.Rest.Gateway.Granted[counter] ?? 0);

    private static OwnedCounter? Owner(ClusterOutcome outcome, int counter) =>
        outcome
            .Members.Select(member =>
                member.Result?.Rest.Gateway.Owners.FirstOrDefault(owned => owned.Counter == counter))
            .FirstOrDefault(owned => owned is not null);

    /// <summary>Of the process that has the node; the pages of it that others have are theirs to count.</summary>
    private static List<NodeReport> Nodes(Scenario scenario, ClusterOutcome outcome)
    {
        List<NodeReport> nodes = [];
        for (int node = 0; node < scenario.Machine.Nodes.Count; node++)
        {
            NodeReport? own = outcome
                .Members[outcome.Placement.MemberOfNode[node]]
                .Result?.Report.Nodes.FirstOrDefault(one => one.Id == node);
            if (own is null)
            {
                nodes.Add(new NodeReport
                {
                    Id = node,
                    CapacityPages = scenario.Machine.Nodes[node].SectionPages.Sum(pages => (long)pages),
                    Cpus = scenario.Machine.Nodes[node].Cpus,
                });
                continue;
            }

            NodeReport[] everywhere =
            [
                .. outcome
                    .Members.Select(member => member.Result?.Report.Nodes.FirstOrDefault(one => one.Id == node))
                    .OfType<NodeReport>(),
            ];
            nodes.Add(
                own with
                {
                    CapacityPages = scenario.Machine.Nodes[node].SectionPages.Sum(pages => (long)pages),
                    FreePages = everywhere.Sum(one => one.FreePages),
                    PoisonedPages = everywhere.Sum(one => one.PoisonedPages),
                    Allocations = everywhere.Sum(one => one.Allocations),
                    RemoteAllocations = everywhere.Sum(one => one.RemoteAllocations),
                });
        }

        return nodes;
    }

    private static long Counter(Scenario scenario, ClusterOutcome outcome, RunReport[] reports) =>
        scenario.Switches.FreePageCounter == Kernel.FreePageCounterMode.PerNode
            ? reports.Sum(report => report.FreePageCounter)
            : (Owner(outcome, scenario.Cgroups.Count)?.Value ?? Granted(outcome, scenario.Cgroups.Count))
                - Stock(outcome, scenario.Cgroups.Count);

    /// <summary>Amount that processes have in advance of a shared counter.</summary>
    private static long Stock(ClusterOutcome outcome, int counter) =>
        outcome.Members.Sum(member => member.Result?.Rest.Gateway.Stock[counter] ?? 0);

    /// <summary>
    /// In the order of the scenario. Those of a dead process count as killed: no process is left that could report
    /// more.
    /// </summary>
    private static List<EnclaveReport> Enclaves(Scenario scenario, ClusterOutcome outcome)
    {
        List<EnclaveReport> enclaves = [];
        for (int i = 0; i < scenario.Enclaves.Count; i++)
        {
            EnclaveSpec spec = scenario.Enclaves[i];
            MemberOutcome member = outcome.Members[outcome.Placement.MemberOfEnclave[i]];
            enclaves.Add(
                member.Result?.Report.Enclaves.FirstOrDefault(one => one.Name == spec.Name)
                    ?? new EnclaveReport
                    {
                        Name = spec.Name,
                        Cgroup = scenario.Cgroups[spec.Cgroup].Path,
                        Outcome = EnclaveOutcome.Killed,
                        StartNs = spec.StartNs,
                        EndNs = outcome.Deaths.LastOrDefault(death => death.Member == member.Number)?.AtNs
                            ?? outcome.RunNs,
                        Detail = $"with process {member.Number}: {member.Missing}",
                    });
        }

        return enclaves;
    }

    private static List<VirtualEpcReport> Guests(Scenario scenario, ClusterOutcome outcome)
    {
        List<VirtualEpcReport> guests = [];
        for (int i = 0; i < scenario.VirtualMachines.Count; i++)
        {
            VirtualMachineSpec spec = scenario.VirtualMachines[i];
            MemberOutcome member = outcome.Members[outcome.Placement.MemberOfGuest[i]];
            guests.Add(
                member.Result?.Report.VirtualEpcs.FirstOrDefault(one => one.Name == spec.Name)
                    ?? new VirtualEpcReport(
                        spec.Name,
                        scenario.Cgroups[spec.Cgroup].Path,
                        EnclaveOutcome.Killed,
                        0,
                        0,
                        $"with process {member.Number}: {member.Missing}"));
        }

        return guests;
    }

    /// <summary>
    /// Each process charges the backing RAM of its enclaves to memory cgroups of its own, so the peaks need not have
    /// come at the same moment: their sum is an upper bound.
    /// </summary>
    private static List<MemoryCgroupReport> MemoryCgroups(RunReport[] reports)
    {
        List<MemoryCgroupReport> merged = [];
        if (reports.Length == 0)
        {
            return merged;
        }

        foreach (MemoryCgroupReport first in reports[0].MemoryCgroups)
        {
            MemoryCgroupReport[] of =
            [
                .. reports
                    .Select(report => report.MemoryCgroups.FirstOrDefault(one => one.Path == first.Path))
                    .OfType<MemoryCgroupReport>(),
            ];
            merged.Add(
                first with
                {
                    CurrentBytes = of.Sum(one => one.CurrentBytes),
                    PeakBytes = of.Sum(one => one.PeakBytes),
                    OomKills = of.Sum(one => one.OomKills),
                });
        }

        return merged;
    }

    private static List<ViolationReport> Violations(ClusterOutcome outcome, (int Member, RunReport Report)[] parts)
    {
        List<ViolationReport> all = [.. outcome.Violations];
        foreach ((int member, RunReport report) in parts)
        {
            all.AddRange(report.Violations.Select(one => one with { Detail = $"process {member}: {one.Detail}" }));
        }

        List<string> gravest = [.. Rules.BySeverity];
        return
        [
            .. all.OrderBy(one => gravest.IndexOf(one.Rule) is var rank and >= 0 ? rank : int.MaxValue)
                .ThenBy(one => one.AtNs),
        ];
    }

    private static List<string> Notes(ClusterOutcome outcome, (int Member, RunReport Report)[] parts, string[] missing)
    {
        List<string> notes = [.. outcome.Notes];
        notes.AddRange(missing);
        if (!outcome.WasAuditedAtTheEnd)
        {
            notes.Add(
                "the processes were not compared with one another at the end: some were not there to send their state");
        }

        // What all of them say is said once.
        Dictionary<string, List<int>> said = [];
        List<string> order = [];
        foreach ((int member, RunReport report) in parts)
        {
            foreach (string note in report.Notes)
            {
                if (!said.TryGetValue(note, out List<int>? who))
                {
                    said.Add(note, who = []);
                    order.Add(note);
                }

                who.Add(member);
            }
        }

        notes.AddRange(
            order.Select(note =>
                said[note].Count == parts.Length ? note : $"process {string.Join(", ", said[note])}: {note}"));
        return notes;
    }

    private static List<TraceEvent> Trace(Scenario scenario, (int Member, RunReport Report)[] parts)
    {
        List<TraceEvent> events = [];
        foreach ((int member, RunReport report) in parts)
        {
            events.AddRange(
                report.TraceEvents.Select(one =>
                    one with
                    {
                        Lane = one.Lane + (member * LanesOfProcess),
                        LaneName = $"{one.LaneName} of process {member}",
                    }));
        }

        return [.. events.OrderBy(one => one.StartNs).Take(scenario.Run.TraceEvents)];
    }
}

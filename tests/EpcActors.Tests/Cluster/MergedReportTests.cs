using System.Text.Json;
using EpcActors.Cluster;
using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;
using EpcActors.Tests.Reports;

namespace EpcActors.Tests.Cluster;

/// <summary>One report out of those of all processes.</summary>
public sealed class MergedReportTests
{
    private static readonly Scenario Whole = Loading.Load(CoordinatorRig.Machine);

    [Fact]
    public void Figures_are_added_up_and_what_has_a_owner_comes_from_there()
    {
        RunReport merged = Merge(Outcome());
        CgroupReport a = merged.Cgroups.Single(cgroup => cgroup.Path == "/a");

        Assert.Equal((3, 5L, 7L), (merged.Cluster!.Processes.Count, a.Faults, a.Evictions));
        Assert.Equal((4096L, 8192L, 524_288L), (a.CurrentBytes, a.PeakBytes, a.MaxBytes));
        Assert.Equal(14, merged.Steps);
        Assert.Equal(10, merged.Live!.MessagesPerSecond);
        Assert.Equal(Verdict.Pass, merged.Verdict);
        Assert.Equal(["x", "y"], merged.Enclaves.Select(enclave => enclave.Name));
        Assert.Equal(EnclaveOutcome.Finished, merged.Enclaves[0].Outcome);
        Assert.Equal(EnclaveOutcome.Killed, merged.Enclaves[1].Outcome);
        Assert.Equal("with process 2: dead: killed", merged.Enclaves[1].Detail);
        Assert.Equal(4, merged.Nodes.Count);
        Assert.Equal(0, merged.Nodes[3].FreePages);
        Assert.Equal(30, merged.Nodes[0].FreePages);
    }

    [Fact]
    public void Latencies_are_merged_bucket_by_bucket()
    {
        LatencyReport one = new(2, 5, 10, 20, 20, 20, 20, [new(10, 1), new(20, 1)]) { SumNs = 30 };
        LatencyReport other = new(8, 3, 10, 10, 10, 10, 9, [new(10, 8)]) { SumNs = 70 };
        LatencyReport merged = LatencyMerge.Of([one, LatencyReport.Empty, other]);

        Assert.Equal((10L, 3L, 20L, 100L), (merged.Count, merged.MinNs, merged.MaxNs, merged.SumNs));
        Assert.Equal([new LatencyBucket(10, 9), new LatencyBucket(20, 1)], merged.Buckets);
        Assert.Equal((10L, 10L, 20L), (merged.P50Ns, merged.P90Ns, merged.P99Ns));
        Assert.Equal(LatencyReport.Empty, LatencyMerge.Of([]));
    }

    [Fact]
    public void Samples_fall_on_common_times_and_nothing_that_happened_is_lost()
    {
        Timeline left = Samples([10, 20, 30], [1, 2, 3], [5, 6, 7]);
        Timeline right = Samples([15, 35], [10, 20], [100, 200]);
        Timeline merged = TimelineMerge.Of([(0, Of(left)), (1, Of(right))], Outcome());

        Assert.Equal([10, 20, 30], merged.AtNs);
        Assert.Equal([1, 12, 13], merged.FreePageCounter);
        Assert.Equal([5, 106, 207], merged.Faults);
        Assert.Equal(318, merged.Faults.Sum());
        Assert.Contains(merged.Marks, mark => mark.Text == "process 2 is dead: killed");
    }

    [Fact]
    public void A_limit_is_the_newest_that_a_process_knows_and_the_peak_is_that_of_the_owner()
    {
        static Timeline With(Timeline timeline, long?[] max, long[] peak) => timeline with
        {
            Cgroups = [new CgroupTimeline { Path = "/a", CurrentBytes = peak, MaxBytes = max, PeakBytes = peak }],
        };
        Timeline left = With(Samples([10, 20, 30], [1, 2, 3], [5, 6, 7]), [null, null, null], [0, 0, 0]);
        Timeline right = With(Samples([20, 30], [10, 20], [100, 200]), [8192, 4096], [8192, 12288]);
        CgroupTimeline merged = TimelineMerge.Of([(0, Of(left)), (1, Of(right))], Outcome()).Cgroups[0];

        Assert.Equal([null, 8192, 4096], merged.MaxBytes);
        Assert.Equal([0, 8192, 12288], merged.PeakBytes);
    }

    [Fact]
    public void What_a_process_that_came_back_did_is_on_the_clock_of_the_run()
    {
        // Process 2 died at 1 s and was back at work 2 s later: its own times begin there.
        ClusterOutcome outcome = Outcome();
        RunReport own = outcome.Members[1].Result!.Report with
        {
            Timeline = Samples([10], [7], [5]),
            Enclaves =
            [
                new EnclaveReport
                {
                    Name = "y",
                    Cgroup = "/b",
                    Outcome = EnclaveOutcome.Finished,
                    StartNs = 1,
                    EndNs = 20,
                },
            ],
        };
        MemberOutcome back = outcome.Members[2] with
        {
            Incarnations = 2,
            Missing = "",
            Result = outcome.Members[1].Result! with { Report = own },
        };
        RunReport merged = Merge(
            outcome with
            {
                Members = [outcome.Members[0], outcome.Members[1], back],
                Deaths = [outcome.Deaths[0] with { BackNs = 2_000_000_000 }],
            });
        EnclaveReport enclave = merged.Enclaves.Single(one => one.Name == "y");
        Assert.Equal((3_000_000_001, 3_000_000_020), (enclave.StartNs, enclave.EndNs));
        Assert.Equal([3_000_000_010], merged.Timeline.AtNs);
    }

    [Fact]
    public void A_violation_says_which_process_it_is_of()
    {
        ClusterOutcome outcome = Outcome(new ViolationReport("cgroup-usage", 3, "between them")) with { };
        outcome = outcome with
        {
            Members = [outcome.Members[0], WithViolation(outcome.Members[1]), outcome.Members[2]],
        };
        RunReport merged = Merge(outcome);
        Assert.Equal(Verdict.Violation, merged.Verdict);
        Assert.Equal(
            [("page-conservation", "process 1: twice"), ("cgroup-usage", "between them")],
            merged.Violations.Select(one => (one.Rule, one.Detail)));
    }

    [Theory]
    [InlineData(RunEndKind.Cancelled, "dead: killed", Verdict.Inconclusive)]
    [InlineData(RunEndKind.Finished, "it sent no result within 20 s", Verdict.Inconclusive)]
    [InlineData(RunEndKind.TimeLimit, "dead: killed", Verdict.Pass)]
    public void A_process_that_is_silent_cannot_be_judged_and_a_dead_one_need_not(
        RunEndKind end,
        string missing,
        Verdict verdict)
    {
        ClusterOutcome outcome = Outcome();
        RunReport merged = Merge(
            outcome with
            {
                End = end,
                Members = [outcome.Members[0], outcome.Members[1], outcome.Members[2] with { Missing = missing }],
            });
        Assert.Equal(verdict, merged.Verdict);
        Assert.Equal(missing, merged.Cluster!.Processes[2].Missing);
    }

    [Fact]
    public void Every_format_has_a_section_for_each_process_and_each_death()
    {
        RunReport merged = Merge(Outcome());
        using JsonDocument json = JsonDocument.Parse(JsonReport.ToJson(merged));
        JsonElement cluster = json.RootElement.GetProperty("cluster");
        Assert.Equal(3, cluster.GetProperty("processes").GetArrayLength());
        Assert.Equal(640, cluster.GetProperty("processes")[0].GetProperty("bytes_out").GetInt64());
        Assert.Equal(JsonValueKind.Null, cluster.GetProperty("processes")[2].GetProperty("verdict").ValueKind);
        Assert.Equal(50_000_000, cluster.GetProperty("deaths")[0].GetProperty("known_to_all_ns").GetInt64());

        using StringWriter html = new();
        HtmlReport.Write(html, merged);
        Assert.Contains("3 processes", html.ToString(), StringComparison.Ordinal);
        Assert.Contains("Deaths, and how long until all processes knew", html.ToString(), StringComparison.Ordinal);
        string text = Render.Console(merged, 160);
        Assert.Contains(
            "process 2, life 1, was found dead at 1.00 s: killed; all knew 50.0 ms later",
            string.Join(' ', text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    private static RunReport Merge(ClusterOutcome outcome) => MergedReport.Of(Whole, outcome, "epc cluster x", 5);

    private static MemberOutcome WithViolation(MemberOutcome member) =>
        member with
        {
            Result = member.Result! with
            {
                Report = member.Result.Report with
                {
                    Violations = [new ViolationReport("page-conservation", 9, "twice")],
                },
            },
        };

    /// <summary>Three processes; the third, with sockets 2 and 3, is dead.</summary>
    private static ClusterOutcome Outcome(params ViolationReport[] violations)
    {
        Placement placement = Placement.Of(Whole, [0, 1, 2, 2]);
        ClusterView view = ClusterView.First(3, placement.OwnerOfCounter).Next([1, 1, 0]);
        return new ClusterOutcome
        {
            End = RunEndKind.Finished,
            RunNs = 2_000_000_000,
            Placement = placement,
            Members =
            [
                new MemberOutcome(0, [0], "h", 1, 1, Result(view, 0, 2, 3, 10), ""),
                new MemberOutcome(1, [1], "h", 2, 1, Result(view, 1, 3, 4, 20), ""),
                new MemberOutcome(2, [2, 3], "h", 3, 1, null, "dead: killed"),
            ],
            Deaths = [new DeathReport(2, 1, 1_000_000_000, "killed", 50_000_000, 200_000_000, null)],
            Views = 2,
            Audits = 3,
            DroppedAudits = 1,
            AuditsTookNs = 9_000_000,
            LongestAuditNs = 4_000_000,
            WasAuditedAtTheEnd = true,
            Violations = violations,
            Notes = [],
            Marks = [],
            Failure = "",
        };
    }

    private static ControlMessage.Result Result(ClusterView view, int member, long faults, long evictions, long free)
    {
        GatewaySnapshot gateway = AuditParts.Gateway(view, member);
        gateway = gateway with
        {
            Owners =
            [
                .. gateway.Owners.Select(owner =>
                    owner.Counter == 1 ? owner with { Value = 4096, Peak = 8192, Max = 524_288 } : owner),
            ],
        };
        return new ControlMessage.Result(
            AuditParts.Report(Whole) with
            {
                Cgroups =
                [
                    new CgroupReport
                    {
                        Path = "/",
                        Faults = faults,
                        Evictions = evictions,
                    },
                    new CgroupReport
                    {
                        Path = "/a",
                        Faults = faults,
                        Evictions = evictions,
                        CurrentBytes = 99,
                    },
                ],
                Nodes =
                [
                    .. Whole.Machine.Nodes.Select(
                        (node, id) => new NodeReport { Id = id, FreePages = id == 0 ? free : 0 }),
                ],
                Enclaves =
                    member == 0
                        ?
                        [
                            new EnclaveReport
                            {
                                Name = "x",
                                Cgroup = "/a",
                                Outcome = EnclaveOutcome.Finished,
                            },
                        ]
                        : [],
            },
            new ControlMessage.CutPart(1, gateway, [], 1, IsComplete: true),
            new WireCounts(10, 640, 9, 600, 0, 5),
            1,
            2);
    }

    private static RunReport Of(Timeline timeline) => AuditParts.Report(Whole) with { Timeline = timeline };

    private static Timeline Samples(long[] at, long[] counter, long[] faults) => new()
    {
        AtNs = at,
        FreePageCounter = counter,
        Faults = faults,
        Evictions = faults,
        Reloads = faults,
        FaultRetries = faults,
        FaultP50Ns = faults,
        FaultP99Ns = faults,
    };
}

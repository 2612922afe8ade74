using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;
using EpcActors.Tests.OracleTests;

namespace EpcActors.Tests.Live;

/// <summary>Scenarios on worker threads, from their configuration to their report.</summary>
public sealed class LiveRunTests
{
    /// <summary>
    /// A race that shows in nine runs of ten is not found by so many in one case of a very large number.
    /// </summary>
    private const int MostAttempts = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Enclaves_that_page_against_each_other_end_with_every_page_free(int workers)
    {
        RunReport report = LiveRig.Run(LiveRig.Tight().Live(workers));

        Assert.Equal([], report.Violations);
        Assert.Equal(Verdict.Pass, report.Verdict);
        Assert.All(report.Enclaves, enclave => Assert.Equal(EnclaveOutcome.Finished, enclave.Outcome));
        Assert.All(report.Nodes, node => Assert.Equal(node.CapacityPages, node.FreePages));
        Assert.All(report.Cgroups, cgroup => Assert.Equal(0, cgroup.CurrentBytes));
        Assert.Equal(report.Nodes.Sum(node => node.CapacityPages), report.FreePageCounter);
        Assert.True(report.Cgroups[0].Evictions > 0);
    }

    [Fact]
    public void A_live_report_says_what_it_is_and_has_nothing_that_only_virtual_time_has()
    {
        RunReport report = LiveRig.Run(LiveRig.Tight().Live(workers: 2, traceEvents: 100));

        Assert.Equal("threads", report.Engine);
        Assert.Equal("", report.TraceHash);
        Assert.Empty(report.Profile);
        Assert.Null(report.Ksgxd.BusyShare);
        Assert.All(report.Enclaves, enclave => Assert.Null(enclave.Slowdown));
        Assert.Contains(report.Notes, note =>
            note.StartsWith("a live run shows what real threads do to each other", StringComparison.Ordinal));
        Assert.NotNull(report.Live);
        Assert.Equal(2, report.Live.Workers);
        Assert.True(report.Live.Cuts > 0);
        Assert.True(report.Live.Tasks >= 5, "four threads and ksgxd");
        Assert.True(report.Live.MessagesPerSecond > 0);
        Assert.Equal(100, report.TraceEvents.Count);
        Assert.Equal(report.FaultLatency.Count, report.Cgroups[0].Faults);
        Assert.Equal(report.FaultLatency.Count, report.Timeline.Faults.Sum());
    }

    [Fact]
    public void The_racy_counter_loses_updates_on_real_threads()
    {
        Scenario scenario = LiveRig.Counter(FreePageCounterMode.Racy);
        bool isFound = false;
        for (int attempt = 0; attempt < MostAttempts && !isFound; attempt++)
        {
            // Hanging is what it comes to; the count is wrong long before.
            RunReport report = LiveRig.Run(scenario with { Run = scenario.Run with { DurationNs = 2_000_000_000 } });
            isFound = report.Violations.Any(violation => violation.Rule == "free-page-counter");
        }

        Assert.True(isFound, $"no update was lost in {MostAttempts} runs");
    }

    [Theory]
    [InlineData(FreePageCounterMode.Atomic)]
    [InlineData(FreePageCounterMode.PerNode)]
    public void The_fixed_counters_lose_none(FreePageCounterMode mode)
    {
        for (int i = 0; i < 3; i++)
        {
            RunReport report = LiveRig.Run(LiveRig.Counter(mode));
            Assert.Equal([], report.Violations);
            Assert.Equal(report.Nodes.Sum(node => node.FreePages), report.FreePageCounter);
        }
    }

    [Fact]
    public void Work_without_an_end_ends_with_the_duration()
    {
        Scenario scenario = LiveRig.Forever();
        RunReport report = LiveRig.Run(scenario with { Run = scenario.Run with { DurationNs = 50_000_000 } });

        Assert.Equal(Verdict.Pass, report.Verdict);
        Assert.Equal(EnclaveOutcome.Running, report.Enclaves[0].Outcome);
        Assert.Contains(report.Notes,
            note => note.StartsWith("epc.run.duration (50 ms, real time) ended the run with work left",
            StringComparison.Ordinal));
    }

    [Fact]
    public void Cancellation_ends_with_a_report_of_what_there_is()
    {
        using CancellationTokenSource source = new();
        RunReport report = new LiveScenarioRunner(LiveRig.Forever(), LiveRig.NewEngine, status =>
        {
            // On a busy host the thread that looks may be ahead of the first fault.
            if (status.Faults > 0)
            {
                source.Cancel();
            }
        }).Run("", source.Token);

        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.True(report.Cgroups[0].Faults > 0);
        Assert.Contains(report.Notes, note => note.StartsWith("the run was cancelled", StringComparison.Ordinal));
    }

    [Fact]
    public void An_actor_that_fails_ends_the_run_with_its_name_and_reason()
    {
        InvariantViolation failure = Assert.Throws<InvariantViolation>(() =>
            LiveRig.Run(LiveRig.Forever(), WithBrokenActor));

        Assert.Contains("saboteur failed", failure.Message, StringComparison.Ordinal);
        Assert.Contains("page 5 is in two places", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pauses_take_real_time_and_an_action_of_the_script_that_comes_too_late_is_told()
    {
        Scenario scenario = PlantedRun
            .Make(
                [PlantedRun.Enclave("a", 64, [new StepSpec.Touch(AccessKind.Write, 0), new StepSpec.Pause(2_000_000)])],
                [new NodeSpec(2, [256])])
            .Live();
        scenario = scenario with
        {
            Script =
            [
                new ScriptAction.SetMax(1, 1, Limit.OfBytes(1 << 20)),
                new ScriptAction.SetMax(100_000_000_000, 1, Limit.OfBytes(1 << 19)),
            ],
            Expectations =
            [
                "cgroup /a events > 0",
                "cgroup /a peak == 1",
                "verdict == pass",
                "enclave a slowdown < 1.1",
                "violation liveness",
                "no violation liveness",
                "verdict == violation",
            ],
        };
        RunReport report = LiveRig.Run(scenario);

        Assert.True(report.VirtualTimeNs >= 2_000_000, $"{report.VirtualTimeNs}");
        Assert.Equal(1, report.Live!.ActionsLeft);
        Assert.Contains(report.Notes, note =>
            note.StartsWith("1 of 2 actions of the script were not due", StringComparison.Ordinal));
        Assert.Equal(
            [
                "how much is a matter of who is faster",
                "the script meets other work in a live run",
                "",
                "compares virtual time",
                "a race need not show in a live run",
                "",
                "a race need not show in a live run",
            ],
            report.Expectations.Select(one => one.NotJudged));
        Assert.DoesNotContain(report.Expectations, one => one.IsUnmet);
    }

    [Fact]
    public void A_watcher_sees_the_state_as_it_changes()
    {
        List<LiveStatus> seen = [];
        using CancellationTokenSource source = new();
        new LiveScenarioRunner(LiveRig.Forever(), LiveRig.NewEngine, status =>
        {
            seen.Add(status);

            // On a busy host the first look comes before the enclave has touched all of its pages.
            if (status is { Steps: > 0, Faults: >= 64, Audits: > 0 })
            {
                source.Cancel();
            }
        }).Run("", source.Token);

        Assert.All(seen, status =>
        {
            Assert.Equal(["/", "/a", "/b"], status.Cgroups.Select(cgroup => cgroup.Path));
            Assert.Equal(256, Assert.Single(status.Nodes).CapacityPages);
            Assert.InRange(status.GoingTasks, 0, status.Tasks);
        });
        LiveStatus last = seen[^1];
        Assert.True(last.Steps > 0 && last.Faults >= 64 && last.Audits > 0);
    }

    internal static LiveEngine WithBrokenActor(Scenario scenario)
    {
        LiveEngine engine = LiveRig.NewEngine(scenario);
        Topology topology = new(scenario);
        int free = topology.Tasks.Max(one => one.Task.Id.Index) + 1;
        Saboteur saboteur = new(new ActorId(free), "saboteur", topology.Machine, async task =>
        {
            await task.Sleep(1_000_000);
            throw new InvalidOperationException("page 5 is in two places");
        }, isDaemon: false);
        engine.Add(saboteur, "saboteur");
        engine.Start(saboteur);
        return engine;
    }
}

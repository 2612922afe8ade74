using System.Diagnostics;
using System.Diagnostics.Metrics;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;
using EpcActors.Tests.Live;
using EpcActors.Tests.OracleTests;
using EpcActors.Tests.Reports;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Telemetry;

/// <summary>Listeners are of the whole process: nothing else may run live meanwhile that counts them.</summary>
[CollectionDefinition(nameof(TelemetryCollection), DisableParallelization = true)]
public sealed class TelemetryCollection;

/// <summary>Listeners of System.Diagnostics during a live run, and the cost without any.</summary>
[Collection(nameof(TelemetryCollection))]
public sealed class LiveTelemetryTests
{
    [Fact]
    public void A_meter_listener_sees_at_the_end_what_the_report_says()
    {
        Dictionary<string, double> seen = new(StringComparer.Ordinal);
        double latencies = 0;
        double faults = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == LiveMeter.Name)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (!instrument.IsObservable)
            {
                latencies += value;
                faults++;
                return;
            }

            Assert.True(seen.TryAdd(Key(instrument.Name, tags), value), $"{instrument.Name} twice");
        });
        listener.Start();
        Probe probe = new(end: _ => listener.RecordObservableInstruments());
        RunReport report = Run(PlantedRun.Tight().Live(workers: 2), probe);

        Assert.Equal(Verdict.Pass, report.Verdict);
        Assert.Equal(report.Steps, seen["epc_steps"]);
        Assert.Equal(report.Nodes.Sum(node => node.CapacityPages), seen["sgx_nr_total_epc_pages"]);
        Assert.Equal(report.FreePageCounter, seen["sgx_nr_free_pages"]);
        Assert.Equal(32, seen["sgx_nr_low_pages"]);
        Assert.Equal(64, seen["sgx_nr_high_pages"]);
        Assert.Equal(0, seen["sgx_nr_enclaves"]);
        Assert.Equal(report.Cgroups[0].Evictions, seen["sgx_nr_evicted"]);
        Assert.Equal(report.Cgroups[0].Reloads, seen["sgx_loaded_back"]);
        Assert.Equal(
            report.Reclaim,
            new ReclaimReport(
                (long)seen["sgx_nr_reclaim"],
                (long)seen["sgx_nr_marked_old"],
                (long)seen["epc_ipi_waves"]));
        Assert.Equal(report.Nodes.Sum(node => node.Allocations), seen["sgx_nr_alloc_pages"]);
        Assert.Equal(report.Live!.Cuts, seen["epc_cuts"]);
        Assert.Equal(report.Ksgxd.PagesReclaimed, seen["epc_ksgxd_reclaimed_pages"]);
        Assert.Contains(seen, one =>
            one.Key.StartsWith("epc_run_info", StringComparison.Ordinal)
            && one.Key.EndsWith("verdict=pass", StringComparison.Ordinal));
        foreach (CgroupReport cgroup in report.Cgroups)
        {
            Assert.Equal(cgroup.CurrentBytes, seen[$"container_misc_usage id={cgroup.Path} resource=sgx_epc"]);
            Assert.Equal(
                cgroup.MaxBytes ?? double.PositiveInfinity,
                seen[$"container_misc_max id={cgroup.Path} resource=sgx_epc"]);
            Assert.Equal(cgroup.PeakBytes, seen[$"container_misc_peak id={cgroup.Path} resource=sgx_epc"]);
            Assert.Equal(cgroup.Events, seen[$"container_misc_events id={cgroup.Path} resource=sgx_epc"]);
            Assert.Equal(cgroup.EventsLocal, seen[$"container_misc_events_local id={cgroup.Path} resource=sgx_epc"]);
            Assert.Equal(cgroup.Faults, seen[$"epc_faults id={cgroup.Path}"]);
            Assert.Equal(cgroup.FaultRetries, seen[$"epc_fault_retries id={cgroup.Path}"]);
        }

        Assert.Equal(report.FaultLatency.P99Ns / 1e9, seen["epc_cgroup_fault_latency_seconds id=/ quantile=0.99"], 9);
        Assert.Equal(report.FaultLatency.Count, faults);
        Assert.InRange(
            latencies,
            report.FaultLatency.SumNs!.Value / 1e9 * 0.95,
            report.FaultLatency.SumNs.Value / 1e9 * 1.05);

        // Names that OpenTelemetry takes.
        Assert.All(seen.Keys, name => Assert.Matches("^[a-z][a-z0-9_]{0,254}( |$)", name));
    }

    [Fact]
    public void The_page_of_a_live_run_and_the_file_of_its_end_have_the_same_names_and_values()
    {
        string page = "";
        RunReport report = Run(
            PlantedRun.Tight().Live(workers: 2),
            new Probe(end: metrics => page = Render.Text(writer => OpenMetrics.Write(writer, metrics.Read()))));

        OpenMetricsPage live = OpenMetricsPage.Parse(page);
        OpenMetricsPage file = OpenMetricsPage.Parse(Render.Text(writer => OpenMetrics.Write(writer, report)));
        Assert.Equal(["epc_tasks"], live.Types.Keys.Except(file.Types.Keys));
        Assert.All(live.Types.Where(one => file.Types.ContainsKey(one.Key)), one =>
            Assert.Equal(one.Value, file.Types[one.Key]));
        foreach ((string name, double value) in live.Samples)
        {
            // The page has fixed bounds, the file those that were hit.
            if (
                !name.Contains("_bucket", StringComparison.Ordinal)
                && !name.StartsWith("epc_tasks", StringComparison.Ordinal))
            {
                Assert.Equal(value, file.Samples[name], 6);
            }
        }

        Assert.Equal(report.FaultLatency.Count, live.Samples["epc_fault_latency_seconds_bucket{le=\"+Inf\"}"]);
    }

    [Fact]
    public void Metrics_are_gone_with_the_run_and_do_not_fail()
    {
        LiveMetrics? kept = null;
        Run(PlantedRun.Tight().Live(workers: 1), new Probe(end: metrics => kept = metrics));
        Assert.Empty(kept!.Read());
        Assert.Equal("# EOF\n", Render.Text(writer => OpenMetrics.Write(writer, kept.Read())));
    }

    [Fact]
    public void Only_the_cgroups_closest_to_the_root_have_metrics_when_there_are_too_many()
    {
        Scenario scenario = PlantedRun.Tight().Live(workers: 1);
        scenario = scenario with { Telemetry = scenario.Telemetry with { MostCgroups = 2 } };
        (int, int) cgroups = default;
        string page = "";
        Run(
            scenario,
            new Probe(
                metrics => cgroups = metrics.Cgroups,
                metrics => page = Render.Text(writer => OpenMetrics.Write(writer, metrics.Read()))));

        Assert.Equal((2, 3), cgroups);
        OpenMetricsPage parsed = OpenMetricsPage.Parse(page);
        Assert.True(parsed.Samples.ContainsKey("container_misc_usage{id=\"/a\",resource=\"sgx_epc\"}"));
        Assert.DoesNotContain(parsed.Samples.Keys, name => name.Contains("id=\"/b\"", StringComparison.Ordinal));
    }

    [Fact]
    public void An_activity_listener_sees_the_run_with_its_verdict_its_cuts_and_the_actions_of_the_script()
    {
        List<Activity> seen = [];
        Scenario scenario = PlantedRun
            .Make(
                [
                    PlantedRun.Enclave(
                        "a",
                        64,
                        [new StepSpec.Touch(AccessKind.Write, 0), new StepSpec.Pause(30_000_000)]),
                ],
                [new NodeSpec(2, [256])])
            .Live();
        scenario = scenario with
        {
            Script = [new ScriptAction.SetMax(1, 1, Limit.OfBytes(1 << 20))],
            Telemetry = scenario.Telemetry with { SlowFaultNs = 1 },
        };
        RunReport report;
        using (Listen(seen))
        {
            report = Run(scenario, null);
        }

        Activity run = Assert.Single(seen, one => one.OperationName == "epc run");
        Assert.Equal("pass", run.GetTagItem("epc.verdict"));
        Assert.Equal(scenario.Kernel, run.GetTagItem("epc.kernel"));
        Assert.Equal("threads", run.GetTagItem("epc.engine"));
        Assert.Equal(ActivityStatusCode.Unset, run.Status);
        Assert.All(seen.Where(one => one != run), one => Assert.Equal(run.SpanId, one.ParentSpanId));
        Assert.Contains(seen, one => one.OperationName == "cut");
        Activity script = Assert.Single(seen, one => one.OperationName == "script");
        Assert.Equal("/a: misc.max 1 MiB", script.GetTagItem("epc.action"));

        // 64 pages were touched, and every fault is slow here: one shows in each tenth of a second, however many tenths
        // a busy host needs for them.
        Assert.InRange(
            seen.Count(one => one.OperationName == "page fault"), 1, 1 + (report.VirtualTimeNs / 100_000_000));
        Assert.Null(Activity.Current);
    }

    [Fact]
    public void Broken_rules_are_events_of_the_run_and_make_it_an_error()
    {
        List<Activity> seen = [];
        using (Listen(seen))
        {
            LiveSpans spans = LiveSpans.Begin(PlantedRun.Tight());
            spans.StartClock();
            spans.End(SampleReports.Hang(3));
        }

        Activity activity = Assert.Single(seen, one => one.OperationName == "epc run");
        ActivityEvent violation = activity.Events.First();
        Assert.Equal("violation", activity.GetTagItem("epc.verdict"));
        Assert.Equal(ActivityStatusCode.Error, activity.Status);
        Assert.Equal(SampleReports.Hang(3).Violations.Count, activity.Events.Count());
        Assert.Equal(
            SampleReports.Hang(3).Violations[0].Rule,
            violation.Tags.Single(tag => tag.Key == "epc.rule").Value);
        Assert.Contains("broken: liveness", activity.StatusDescription, StringComparison.Ordinal);
    }

    [Fact]
    public void Spans_cost_nothing_without_a_listener()
    {
        Scenario scenario = PlantedRun.Tight();
        LiveSpans spans = LiveSpans.Begin(scenario);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            spans.Cut(i, i + 1, i, 0);
            Assert.False(spans.IsWanted || spans.IsSlow(long.MaxValue - 1));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_run_that_fails_ends_its_span_as_an_error()
    {
        List<Activity> seen = [];
        using (Listen(seen))
        {
            Assert.Throws<Engine.InvariantViolation>(() =>
                LiveRig.Run(LiveRig.Forever(), LiveRunTests.WithBrokenActor));
        }

        Activity run = Assert.Single(seen, one => one.OperationName == "epc run");
        Assert.Equal(ActivityStatusCode.Error, run.Status);
        Assert.Contains("saboteur failed", run.StatusDescription, StringComparison.Ordinal);
    }

    [Fact]
    public void The_defaults_of_the_reference_are_those_of_the_code() =>
        Assert.Equal(new TelemetrySpec(), Loading.Load("").Telemetry);

    [Fact]
    public void The_read_me_names_every_family_of_a_live_run()
    {
        string text = Repository.Text("docs/metrics.md");
        List<string> missing = [];
        Run(
            PlantedRun.Tight().Live(workers: 1),
            new Probe(metrics =>
                missing.AddRange(
                    metrics
                        .Families.Where(family => !text.Contains($"`{family.Name}`", StringComparison.Ordinal))
                        .Select(family => family.Name))));
        Assert.Equal([], missing);
    }

    private static RunReport Run(Scenario scenario, ILiveTelemetry? telemetry) =>
        new LiveScenarioRunner(scenario, LiveRig.NewEngine, null, telemetry).Run("", CancellationToken.None);

    private static ActivityListener Listen(List<Activity> seen)
    {
        ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == LiveSpans.Name,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (seen)
                {
                    seen.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static string Key(string name, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            name += $" {tag.Key}={tag.Value}";
        }

        return name;
    }

    /// <summary>Calls back at the beginning and at the end.</summary>
    private sealed class Probe(Action<LiveMetrics>? begin = null, Action<LiveMetrics>? end = null) : ILiveTelemetry
    {
        private LiveMetrics? _metrics;

        public void Begin(LiveMetrics metrics)
        {
            _metrics = metrics;
            begin?.Invoke(metrics);
        }

        public void End(RunReport report) => end?.Invoke(_metrics!);
    }
}

using EpcActors.Cli;
using EpcActors.Cli.Running;
using EpcActors.Results;
using EpcActors.Scenarios.Expectations;
using EpcActors.Tests.Reports;

namespace EpcActors.Tests.Expectations;

/// <summary>
/// Expectations against a report: every quantity is found, units are those of the report, what is not measured is not
/// judged.
/// </summary>
public sealed class JudgeTests
{
    [Fact]
    public void Every_quantity_reads_a_value_of_its_kind()
    {
        RunReport report = Report();
        foreach (Subject subject in ExpectationTable.Subjects)
        {
            (string name, object row) = subject.Rows(report).First(one => one.Row is not StepReport { Faults: 0 });
            foreach (Quantity quantity in subject.Quantities)
            {
                ExpectedValue value = Assert.NotNull(quantity.Read(row));
                Assert.Equal(quantity.Kind == ValueKind.Word, value.Number is null);
                string text = quantity.Kind == ValueKind.Word ? value.Word : value.Text(quantity.Kind).Split(" (")[0];
                string thing = subject.Names == NameOf.Step
                    ? $"enclave {name.Replace(" ", " step ", StringComparison.Ordinal)}" : $"{subject.Word} {name}";
                string written = $"{thing} {quantity.Name} == {text}";
                ExpectationReport judged = Assert.Single(Expectation.Evaluate([written], report));
                Assert.True(judged.IsMet, $"{written}: {judged.Found}");
                Assert.False(Assert.Single(
                    Expectation.Evaluate([written.Replace("==", "!=", StringComparison.Ordinal)], report)).IsMet);
            }
        }
    }

    [Fact]
    public void The_value_compared_is_that_of_the_thing_named()
    {
        RunReport report = Report();
        string[] met =
        [
            "cgroup /b peak == 8 MiB", "cgroup /a peak == 3 MiB", "cgroup * peak >= 3 MiB", "cgroup /a max == max",
                "cgroup /b max == 16 MiB",
            "fault p50 == 11 us", "cgroup /b fault p99 == 99 us", "free-pages == 30", "node 1 free-pages == 20 pages",
                "node 0 free-pages < 80 KiB",
            "count cgroup * peak > 4 MiB == 1", "count enclave * outcome != finished == 1",
                "enclave dead outcome == sigbus",
            "ksgxd busy-share == 25 %", "machine time == 2 s", "memory /b current == 4096 B", "no violation liveness",
        ];
        string[] unmet =
        [
            "cgroup * peak <= 3 MiB", "cgroup /a max <= 16 MiB", "fault p50 < 11 us", "enclave * outcome == finished",
                "violation liveness",
            "count cgroup * peak > 4 MiB == 2", "cgroup /nowhere peak == 0",
        ];
        Assert.All(Expectation.Evaluate(met, report), one => Assert.True(one.IsMet, $"{one.Text}: {one.Found}"));
        Assert.All(Expectation.Evaluate(unmet, report), one => Assert.True(one.IsUnmet, $"{one.Text}: {one.Found}"));
    }

    [Fact]
    public void What_was_found_is_told_with_its_unit()
    {
        string[] texts = ["cgroup /b peak < 1", "fault p50 < 1 us", "node * free-pages < 1",
            "enclave * outcome == killed", "ksgxd busy-share < 1 %"];
        Assert.Equal(
            ["8388608 B (8 MiB)", "11 us", "10 pages, 20 pages", "finished, sigbus", "25 %"],
            Expectation.Evaluate(texts, Report()).Select(one => one.Found));
    }

    [Fact]
    public void What_was_not_measured_is_not_judged_and_a_pass_would_prove_nothing()
    {
        RunReport report = Report();
        report = report with
        {
            Enclaves = [.. report.Enclaves.Select(one => one with { Slowdown = null })],
            Expectations = [],
        };
        ExpectationReport judged = Assert.Single(Expectation.Evaluate(["enclave fine slowdown < 2"], report));
        Assert.False(judged.IsMet || judged.IsUnmet);
        Assert.Contains("epc.run.slowdown", judged.NotJudged, StringComparison.Ordinal);

        RunReport judgedReport = report with { Expectations = [judged] };
        Assert.Equal(ExitCode.Inconclusive, Verdicts.CodeOf(judgedReport, checksExpectations: true));
        Assert.Equal(ExitCode.Pass, Verdicts.CodeOf(judgedReport, checksExpectations: false));
        Assert.Equal(ExitCode.Pass,
            Verdicts.CodeOf(judgedReport with { Live = new LiveReport() }, checksExpectations: true));
    }

    [Theory]
    [InlineData("enclave fine step load time == 1 us", true)]
    [InlineData("enclave fine step 2 time == 4 us", true)]
    [InlineData("enclave fine step run time <= 5 us", true)]
    [InlineData("enclave fine step run time <= 4 us", false)]
    [InlineData("enclave fine step warm-up faults == 9", true)]
    [InlineData("enclave fine step 3 slowdown == 2.5", true)]
    [InlineData("enclave * step exit fault-mean < 1 us", false)]
    [InlineData("count enclave fine step * faults >= 8 == 4", true)]
    [InlineData("count enclave * step run faults > 10 == 1", true)]
    [InlineData("enclave dead step run time > 0", false)]
    public void A_step_is_named_or_numbered(string text, bool isMet) =>
        Assert.Equal(isMet, Assert.Single(Expectation.Evaluate([text], Report())).IsMet);

    private static StepReport Step(StepRole role, int number, string name, long ns, long faults) => new()
    {
        Role = role,
        Number = number,
        Name = name,
        TimeNs = ns,
        Faults = faults,
        FaultNs = 5 * faults,
        Slowdown = 2.5,
    };

    private static RunReport Report() => SampleReports.Quiet() with
    {
        Verdict = Verdict.Pass,
        Live = null,
        VirtualTimeNs = 2_000_000_000,
        Violations = [],
        FaultLatency = new LatencyReport(7, 1, 11_000, 12_000, 13_000, 14_000, 15_000, []),
        FreePageCounter = 29,
        Cgroups =
        [
            new CgroupReport { Path = "/a", PeakBytes = 3 << 20, FaultLatency =
                LatencyReport.Empty with { Count = 1, P99Ns = 7 }, Slowdown = 1.25 },
            new CgroupReport { Path = "/b", MaxBytes = 16 << 20, PeakBytes = 8 << 20, FaultLatency =
                LatencyReport.Empty with { Count = 1, P99Ns = 99_000 } },
        ],
        Nodes =
        [
            new NodeReport { Id = 0, CapacityPages = 100, FreePages = 10, Cpus = 4, Allocations = 5,
                RemoteAllocations = 1 },
            new NodeReport { Id = 1, CapacityPages = 100, FreePages = 20, Cpus = 4, Allocations = 6,
                RemoteAllocations = 2 },
        ],
        Enclaves =
        [
            new EnclaveReport
            {
                Name = "fine",
                Cgroup = "/a",
                Outcome = EnclaveOutcome.Finished,
                Faults = 3,
                EndNs = 1500,
                Slowdown = 1.2345,
                Steps =
                [
                    Step(StepRole.Load, 0, "load", 1000, 0),
                    Step(StepRole.Step, 1, "touch", 2000, 8),
                    Step(StepRole.WarmUp, 2, "warm-up", 3000, 9),
                    Step(StepRole.Step, 2, "run", 4000, 10),
                    Step(StepRole.Step, 3, "run", 5000, 11),
                    Step(StepRole.Exit, 0, "exit", 6000, 0),
                ],
            },
            new EnclaveReport { Name = "dead", Cgroup = "/b", Outcome = EnclaveOutcome.Sigbus, Slowdown = 3 },
        ],
        VirtualEpcs = [new VirtualEpcReport("guest", "/a", EnclaveOutcome.Finished, 256, 12, "")],
        MemoryCgroups = [new MemoryCgroupReport("/a", null, 0, 0, 0),
            new MemoryCgroupReport("/b", 8192, 4096, 8192, 1)],
        Ksgxd = new KsgxdReport(3, 17, 0.25),
    };
}

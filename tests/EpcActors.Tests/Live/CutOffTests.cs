using EpcActors.Cli;
using EpcActors.Cli.Running;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Expectations;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Live;

/// <summary>Report of a live run on the work that its duration cut off.</summary>
public sealed class CutOffTests
{
    private const string Machine = """
        epc {
          machine { nodes = [ { cpus = 1, epc = 1 MiB } ] }
          cgroups { "/a" { max = 512 KiB } }
          enclaves {
            ends { cgroup = "/a", heap = 64 KiB, steps = [ touch ] }
            endless { cgroup = "/a", heap = 64 KiB, steps = [ touch,
                { run { pattern = uniform, accesses = forever } } ] }
          }
        }
        """;

    [Theory]
    [InlineData(EnclaveOutcome.Running, EnclaveOutcome.Running, 1)]
    [InlineData(EnclaveOutcome.Running, EnclaveOutcome.Finished, 1)]
    [InlineData(EnclaveOutcome.Finished, EnclaveOutcome.Running, 0)]
    [InlineData(EnclaveOutcome.Enomem, EnclaveOutcome.Running, 0)]
    public void Work_without_an_end_leaves_nothing_over(EnclaveOutcome ends, EnclaveOutcome endless, int left)
    {
        Scenario scenario = Loading.Load(Machine);
        RunReport report = Report(Verdict.Pass, 0) with
        {
            Enclaves = [Enclave("ends", ends), Enclave("endless", endless)],
        };
        RunReport judged = WorkLeft.Judge(scenario, report, isCutOff: true);
        Assert.Equal(left, judged.WorkLeft);
        Assert.Equal(left > 0 ? Verdict.Inconclusive : Verdict.Pass, judged.Verdict);
        Assert.Equal(
            Verdict.Violation,
            WorkLeft.Judge(scenario, report with { Verdict = Verdict.Violation }, isCutOff: true).Verdict);
        Assert.Same(report, WorkLeft.Judge(scenario, report, isCutOff: false));
    }

    [Theory]
    [InlineData("verdict == pass", false)]
    [InlineData("enclave ends outcome == finished", false)]
    [InlineData("enclave * outcome == finished", true)]
    [InlineData("enclave died outcome == finished", true)]
    [InlineData("cgroup /a current == 0", false)]
    [InlineData("cgroup /a peak <= 100", true)]
    [InlineData("cgroup /a peak == 300", false)]
    [InlineData("cgroup /a peak == 100", true)]
    [InlineData("cgroup /a events == 0", true)]
    [InlineData("cgroup /a events == 7", false)]
    [InlineData("faults < 1", false)]
    [InlineData("free_page_counter == 5", false)]
    [InlineData("node 0 free_pages == 5", false)]
    [InlineData("enclave ends resident_pages == 5", false)]
    [InlineData("count enclave * outcome == finished >= 2", false)]
    [InlineData("count enclave * outcome == enomem == 0", true)]
    [InlineData("count enclave * outcome == running == 0", false)]
    [InlineData("cgroup /nowhere current == 0", true)]
    [InlineData("no violation liveness", true)]
    public void An_expectation_is_judged_at_a_cut_off_only_when_nothing_could_have_mended_it(string text, bool isJudged)
    {
        RunReport report = Report(Verdict.Inconclusive, 1) with
        {
            Enclaves = [Enclave("ends", EnclaveOutcome.Running), Enclave("died", EnclaveOutcome.Enomem)],
            Cgroups = [new CgroupReport { Path = "/a", CurrentBytes = 100, PeakBytes = 200, Events = 3 }],
            Nodes = [new NodeReport { Id = 0, CapacityPages = 256, FreePages = 10, Cpus = 1 }],
            Violations = [new ViolationReport("liveness", 1, "")],
            FaultLatency = LatencyReport.Empty with { Count = 5 },
            FreePageCounter = 10,
        };
        if (text == "faults < 1")
        {
            report = report with { FaultLatency = LatencyReport.Empty };
        }

        ExpectationReport found = Assert.Single(Expectation.Evaluate([text], report));
        Assert.Equal(text == "faults < 1", found.IsMet);
        Assert.Equal(isJudged, found.IsUnmet);
        Assert.Equal(isJudged || found.IsMet ? "" : "ended with work left", found.NotJudged);

        // Run to its end, the same report is judged.
        Assert.Equal(!found.IsMet, Assert.Single(Expectation.Evaluate([text], report with { WorkLeft = 0 })).IsUnmet);
    }

    [Fact]
    public void A_run_that_was_cut_off_ends_with_2_and_with_1_only_for_what_is_broken_for_good()
    {
        RunReport report = Report(Verdict.Inconclusive, 1);
        Assert.Equal(ExitCode.Inconclusive, Verdicts.CodeOf(report, checksExpectations: false));
        Assert.Equal(
            ExitCode.Inconclusive,
            Verdicts.CodeOf(
                report with
                {
                    Expectations = [new ExpectationReport("x", false, "") { NotJudged = "ended with work left" }],
                },
                checksExpectations: true));
        RunReport broken = report with { Expectations = [new ExpectationReport("x", false, "")] };
        Assert.Equal(ExitCode.Violation, Verdicts.CodeOf(broken, checksExpectations: true));
        Assert.Equal(ExitCode.Inconclusive, Verdicts.CodeOf(broken, checksExpectations: false));
        Assert.Equal(ExitCode.Inconclusive, Verdicts.CodeOf(broken with { WorkLeft = 0 }, checksExpectations: true));
        Assert.Equal(
            ExitCode.Violation,
            Verdicts.CodeOf(report with { Verdict = Verdict.Violation }, checksExpectations: false));
        Assert.Equal(
            ExitCode.Pass,
            Verdicts.CodeOf(report with { Verdict = Verdict.Pass, WorkLeft = 0 }, checksExpectations: true));
    }

    private static EnclaveReport Enclave(string name, EnclaveOutcome outcome) =>
        new()
        {
            Name = name,
            Cgroup = "/a",
            Outcome = outcome,
        };

    private static RunReport Report(Verdict verdict, int workLeft) => new()
    {
        Scenario = "test",
        Verdict = verdict,
        Kernel = "epc-cgroup-v8",
        Engine = "akka",
        Seed = 1,
        TraceHash = "",
        VirtualTimeNs = 1_000_000,
        WallTimeMs = 1,
        Steps = 7,
        ReplayCommand = "",
        Ksgxd = new KsgxdReport(1, 2, null),
        WorkLeft = workLeft,
        Live = new LiveReport { Workers = 2, Tasks = 3, Resources = 4, MessagesPerSecond = 5 },
    };
}

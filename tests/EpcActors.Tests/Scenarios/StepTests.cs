using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Scenarios;

/// <summary>
/// The time of each step, and what a slowdown is measured against. Files in Cases are questions that people put, with
/// the answers that the emulator once gave and
/// should have given.
/// </summary>
public sealed class StepTests
{
    [Trait("tier", "slow")] // Whole runs with their slowdowns.
    [Theory]
    [InlineData("51 MiB", false)]
    [InlineData("53 MiB", true)]
    public void A_short_run_and_a_long_one_name_the_same_limit_for_95_percent_of_the_speed(string limit, bool isEnough)
    {
        (string, string) max = ("epc.cgroups./kubepods./app.max", limit);
        double shorter = Run("01b-pod-95.conf", max).Enclaves[0].Slowdown!.Value;
        double longer = Run("01c-pod-95-long.conf", max).Enclaves[0].Slowdown!.Value;

        Assert.Equal(longer, shorter, 0.004);
        Assert.Equal(isEnough, shorter <= 1 / 0.95);
        Assert.Equal(isEnough, longer <= 1 / 0.95);
    }

    [Fact]
    public void Load_and_first_touch_are_steps_of_their_own_and_do_not_dilute_the_slowdown()
    {
        EnclaveReport app = Run("01b-pod-95.conf", ("epc.cgroups./kubepods./app.max", "40 MiB")).Enclaves[0];

        Assert.Equal(["load", "touch", "warm-up", "run", "exit", "total"], app.Steps.Select(step => step.Name));
        Assert.Equal([0, 1, 2, 2, 0, 0], app.Steps.Select(step => step.Number));
        StepReport total = app.Steps[^1];
        Assert.Equal(app.Accesses, total.Accesses);
        Assert.Equal(app.Faults, total.Faults);
        Assert.Equal(app.Faults, app.Steps.SkipLast(1).Sum(step => step.Faults));
        Assert.Equal(app.Reloads, app.Steps.SkipLast(1).Sum(step => step.Reloads));
        Assert.Equal(15360, Step(app, "touch").Accesses);
        Assert.Equal(60000, Step(app, "warm-up").Accesses);
        Assert.Equal(60000, Step(app, "run").Accesses);
        Assert.All(app.Steps, step => Assert.True(step.TimeNs > 0 && !step.IsUnfinished, step.Name));
        Assert.InRange(app.Steps.Take(2).Sum(step => step.TimeNs), total.TimeNs / 10, total.TimeNs);
        Assert.Equal(app.Slowdown, Step(app, "run").Slowdown);
        Assert.True(total.Slowdown > 1);
    }

    [Trait("tier", "slow")] // Whole runs with their slowdowns.
    [Fact]
    public void Remote_EPC_shows_against_the_same_program_on_the_other_socket()
    {
        EnclaveReport remote = Run("47-numa-slowdown-hidden.conf").Enclaves[0];
        EnclaveReport local = Run("47-numa-slowdown-hidden.conf", ("epc.enclaves.n1.node", "0")).Enclaves[0];

        StepReport total = remote.Steps[^1];
        Assert.Equal(1.33, total.Slowdown!.Value, 0.02);
        Assert.Equal((double)total.TimeNs / local.Steps[^1].TimeNs, total.Slowdown.Value, 0.001);
        Assert.InRange(remote.Slowdown!.Value, 1.3, 1.4);
        Assert.Equal(1, local.Slowdown!.Value, 0.001);
    }

    [Fact]
    public void Gaps_of_a_trace_are_work_unless_it_says_that_they_are_arrivals()
    {
        RunReport work = Run("36-trace-gaps-are-work.conf");
        RunReport arrivals = Run("36-trace-gaps-are-work.conf", ("epc.defaults.trace.gaps", "arrivals"));

        Assert.InRange(work.Enclaves[0].Slowdown!.Value, 1.8, 2.4);
        Assert.Equal(1, arrivals.Enclaves[0].Slowdown!.Value, 0.05);

        // The faults come on top of 200 ms of work; in arrivals they fit into the gaps.
        StepReport trace = Step(work.Enclaves[0], "trace");
        Assert.Equal(20_000, trace.Faults);
        Assert.Equal(199_990_000 + trace.FaultNs, trace.TimeNs, 10_000_000.0);
        Assert.Equal(199_990_000, Step(arrivals.Enclaves[0], "trace").TimeNs, 1_000_000.0);
    }

    [Fact]
    public void A_run_that_its_duration_cuts_off_is_no_pass()
    {
        string text = File.ReadAllText(
            Loading.RepositoryPath("tests/EpcActors.Tests/Scenarios/Cases/24-oe-matrix.conf"))
            .Replace("work = 100 us", "work = 1 ms", StringComparison.Ordinal)
            .Replace("64 MiB", "8 MiB", StringComparison.Ordinal)
            .Replace("60 s", "100 ms", StringComparison.Ordinal);
        RunReport report = Load(text);

        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.Equal(1, report.WorkLeft);
        Assert.Equal(100_000_000, report.CutOffNs);
        Assert.True(report.Enclaves[0].IsCutOff);
        Assert.Contains(report.Enclaves[0].Steps, step => step.IsUnfinished);
        Assert.Contains(report.Notes, note => note.Contains("epc.run.duration (100 ms)", StringComparison.Ordinal));
    }

    [Fact]
    public void Work_without_an_end_is_not_cut_off_and_is_measured_as_far_as_it_came()
    {
        RunReport report = Load("""
            epc {
              machine { nodes = [ { cpus = 2, epc = 4 MiB } ] }
              enclaves {
                a { heap = 6 MiB, steps = [ touch, { run { pattern = uniform, work = 2 us } } ] }
                b { heap = 1 MiB, node = 0, steps = [ touch ] }
              }
              run { duration = 60 ms }
            }
            """);

        Assert.Equal(Verdict.Pass, report.Verdict);
        Assert.Equal(0, report.WorkLeft);
        Assert.False(report.Enclaves[0].IsCutOff);
        Assert.True(report.Enclaves[0].Slowdown > 2, $"{report.Enclaves[0].Slowdown}");
    }

    [Theory]
    [InlineData("", 500, 500)]
    [InlineData(", warm-up = off", 0, 1000)]
    [InlineData(", warm-up = 0", 0, 1000)]
    [InlineData(", warm-up = 1 pass", 64, 1000)]
    [InlineData(", warm-up = 70", 70, 1000)]
    public void A_warm_up_comes_on_top_and_one_of_its_own_accord_is_a_part_of_the_accesses(string key, int warmUp,
        int counted)
    {
        EnclaveReport a = Load($$"""
            epc {
              machine { nodes = [ { cpus = 2, epc = 4 MiB } ] }
              enclaves { a { heap = 64 pages, steps = [ { run { pattern = uniform, accesses = 1000{{key}} } } ] } }
            }
            """).Enclaves[0];

        Assert.Equal(warmUp, a.Steps.Where(step => step.Role == StepRole.WarmUp).Sum(step => step.Accesses));
        Assert.Equal(counted, Step(a, "run").Accesses);
    }

    [Fact]
    public void A_neighbour_that_takes_the_CPU_shows_and_threads_of_ones_own_do_not()
    {
        RunReport report = Load("""
            epc {
              machine { nodes = [ { cpus = 2, epc = 8 MiB } ] }
              enclaves {
                a { heap = 1 MiB, node = 0, steps = [ { run { pattern = uniform, accesses = 5000, work = 2 us } } ] }
                b { heap = 1 MiB, node = 0, threads = 4, steps =
                    [ { run { pattern = uniform, accesses = 5000, work = 2 us } } ] }
              }
              kernel = "linux-6.16"
            }
            """);

        Assert.InRange(report.Enclaves[0].Slowdown!.Value, 1.5, 4);
        Assert.InRange(report.Enclaves[1].Slowdown!.Value, 1, 1.6);
    }

    [Fact]
    public void A_forked_child_has_steps_of_its_own()
    {
        EnclaveReport a = Load("""
            epc {
              machine { nodes = [ { cpus = 4, epc = 8 MiB } ] }
              enclaves { a { heap = 1 MiB, steps =
                  [ touch, { fork = [ touch, { pause = 1 ms } ] }, { pause = 3 ms } ] } }
            }
            """).Enclaves[0];

        Assert.Equal(
            ["load", "touch", "fork", "pause", "exit", "child-0/touch", "child-0/pause", "total"],
            a.Steps.Where(step => step.Name != "child-0/exit").Select(step => step.Name));
        Assert.Equal(256, Step(a, "child-0/touch").Accesses);
    }

    private static StepReport Step(EnclaveReport enclave, string name) =>
        enclave.Steps.Single(step => step.Name == name);

    private static RunReport Run(string file, params (string Key, string Value)[] overrides) => new ScenarioRunner(
        ScenarioLoader.Load(
            Loading.RepositoryPath("tests/EpcActors.Tests/Scenarios/Cases/" + file),
            [.. overrides.Select(one => new KeyValuePair<string, string>(one.Key, one.Value))],
            null,
            ConfigEnvironment.Default)).Run("", CancellationToken.None);

    private static RunReport Load(string text) =>
        new ScenarioRunner(Loading.Load(text)).Run("", CancellationToken.None);
}

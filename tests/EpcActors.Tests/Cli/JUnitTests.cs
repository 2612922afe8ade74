using System.Globalization;
using EpcActors.Cli;
using EpcActors.Results;
using EpcActors.Tests.Reports.JUnit;

namespace EpcActors.Tests.Cli;

/// <summary>
/// <c>--junit</c>: a build server must come to the verdict of the exit code, and must be told why.
/// </summary>
public sealed class JUnitTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_run_that_passes_has_a_case_for_each_rule_and_expectation()
    {
        JUnitDocument document = await Document(0, "run", _cli.GoodFile, "--seed", "11");

        Assert.Equal(
            ["the run comes to its end", .. Rules.BySeverity.Select(rule => $"rule {rule}"), "expect verdict == pass"],
            document.Cases.Select(one => one.Attribute("name")!.Value));
        Assert.Equal("11", document.Property("seed"));
        Assert.Equal("epc-cgroup-v8", document.Property("kernel"));
        Assert.Equal(EpcCommand.Version, document.Property("version"));
        Assert.Equal("epc.run.good.epc-cgroup-v8", document.Cases.First().Attribute("classname")!.Value);
        Assert.NotEqual("0.000", document.Suites[0].Attribute("time")!.Value);
        Assert.StartsWith("epc run ", document.Property("command"), StringComparison.Ordinal);
        Assert.Contains("pass: ", document.Suites[0].Element("system-out")!.Value, StringComparison.Ordinal);
    }

    /// <summary>A file with a failure in it and exit code 0 would contradict each other.</summary>
    [Fact]
    public async Task An_expectation_that_is_not_met_fails_without_being_asked_for()
    {
        JUnitDocument document = await Document(1, "run", _cli.DisappointedFile);

        Assert.Equal(["expect faults == 0"], document.With("failure"));
        string message = document.Case("expect faults == 0").Element("failure")!.Attribute("message")!.Value;
        Assert.StartsWith("expected faults == 0; found ", message, StringComparison.Ordinal);
        Assert.Contains("--expect", document.Property("command"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_rule_fails_with_its_detail_and_the_command_that_repeats_it()
    {
        JUnitDocument document = await Document(1, "run", _cli.RacyFile, "--set", "epc.kernel=linux-5.15");

        Assert.Contains("rule free-page-counter", document.With("failure"));
        string text = document.Case("rule free-page-counter").Element("failure")!.Value;
        Assert.Contains("off the free list", text, StringComparison.Ordinal);
        Assert.EndsWith(document.Property("command") + "\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_was_cut_off_is_an_error_and_its_rules_are_not_called_kept()
    {
        JUnitDocument document = await Document(
            2,
            "run",
            _cli.GoodFile,
            "--set",
            "epc.run.duration=1 ms",
            "--no-slowdown");

        Assert.Equal(["the run comes to its end"], document.With("error"));
        Assert.Contains("rule liveness", document.With("skipped"));
        Assert.Contains(
            "cut off by epc.run.duration after 1 ms",
            document.Cases.First().Element("error")!.Attribute("message")!.Value,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_live_run_leaves_to_the_simulation_is_skipped()
    {
        string file = _cli.Write("live.conf", (await File.ReadAllTextAsync(_cli.GoodFile))
            .Replace("\"verdict == pass\"", "\"verdict == pass\", \"fault p99 < 1 ns\"", StringComparison.Ordinal));
        JUnitDocument document = await Document(0, "run", file, "--engine", "threads", "--workers", "2");

        Assert.Equal(["expect fault p99 < 1 ns"], document.With("skipped"));
        Assert.Contains("not judged: ", document.Cases.Last().Element("skipped")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comparison_has_a_suite_for_each_run()
    {
        JUnitDocument document = await Document(
            1, "compare", _cli.DisappointedFile, "--vary", "epc.seed=1,2", "--no-slowdown");

        Assert.Equal(2, document.Suites.Count);
        Assert.Equal(["expect faults == 0", "expect faults == 0"], document.With("failure"));
        Assert.Equal(
            ["epc.run.disappointed.epc-cgroup-v8.seed=1", "epc.run.disappointed.epc-cgroup-v8.seed=2"],
            document.Suites.Select(one => one.Elements("testcase").First().Attribute("classname")!.Value));
    }

    /// <summary>A control that shows the fault is a success, and one that shows nothing proves nothing.</summary>
    [Theory]
    [InlineData(0, "linux-5.15,linux-5.15-atomic-counter")]
    [InlineData(2, "linux-5.15-atomic-counter,linux-6.16")]
    public async Task A_control_of_a_comparison_is_one_case(int code, string kernels)
    {
        JUnitDocument document = await Document(
            code, "compare", _cli.RacyFile, "--kernels", kernels, "--known-bad", kernels.Split(',')[0]);

        Assert.Equal("the control breaks a rule", document.Cases.First().Attribute("name")!.Value);
        Assert.Equal(code == 0 ? [] : ["the control breaks a rule"], document.With("error").Distinct());
    }

    [Fact]
    public async Task A_check_has_a_case_for_each_rule()
    {
        JUnitDocument document = await Document(0, "check", _cli.GoodFile, "--budget", "4", "--workers", "1");

        Assert.Equal("the search comes to a verdict", document.Cases.First().Attribute("name")!.Value);
        Assert.Empty(document.With("skipped"));
        Assert.Equal(Rules.BySeverity.Count + 2, document.Cases.Count());
        Assert.Equal("epc.check.good.epc-cgroup-v8", document.Cases.First().Attribute("classname")!.Value);
        Assert.Contains("PASS: ", document.Suites[0].Element("system-out")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_whose_schedules_were_cut_is_an_error()
    {
        string longer = _cli.Write("longer.conf", (await File.ReadAllTextAsync(_cli.GoodFile))
            .Replace("accesses = 200", "accesses = 100000", StringComparison.Ordinal));
        JUnitDocument document = await Document(2, "check", longer, "--budget", "4", "--steps", "100");

        Assert.Equal(["the search comes to a verdict"], document.With("error"));
        Assert.Equal(document.Cases.Count() - 1, document.With("skipped").Length);
        Assert.Contains("--budget 4 ", document.Property("command"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_finds_something_has_the_listing()
    {
        string race = _cli.Write("race.conf", await File.ReadAllTextAsync(
            Configuration.Loading.RepositoryPath("config/races/R01.conf")));
        JUnitDocument document = await Document(1, "check", race, "--budget", "2000");

        string failed = Assert.Single(document.With("failure"));
        string text = document.Case(failed).Element("failure")!.Value;
        Assert.Contains("VIOLATION free-page-counter", text, StringComparison.Ordinal);
        Assert.Contains("CPU0", text, StringComparison.Ordinal);
        Assert.Contains("sgx_nr_free_pages", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_race_that_is_found_is_one_failure_and_the_other_rules_were_not_watched()
    {
        JUnitDocument document = await Document(1, "race", "find", "R1");

        Assert.Equal(["rule free-page-counter"], document.With("failure"));
        Assert.Contains("rule liveness", document.With("skipped"));
        Assert.Contains(
            "looks for free-page-counter only",
            document.Case("rule liveness").Value,
            StringComparison.Ordinal);
        Assert.Contains(
            "tmp = sgx_nr_free_pages",
            document.Case("rule free-page-counter").Value,
            StringComparison.Ordinal);
        Assert.Equal("epc.race.R1.buggy", document.Cases.First().Attribute("classname")!.Value);
        Assert.Equal("linux-5.15", document.Property("kernel"));
    }

    [Fact]
    public async Task A_race_that_is_clean_has_its_properties_and_marks_as_cases()
    {
        string file = Race("finally events(/a) >= 0", "sometimes free-pages < 64");
        JUnitDocument document = await Document(0, "race", "find", file, "--budget", "50");

        Assert.Empty(document.With("skipped"));
        Assert.NotNull(document.Case("property: finally events(/a) >= 0"));
        Assert.NotNull(document.Case("sometimes free-pages < 64"));
    }

    [Fact]
    public async Task A_mark_that_was_never_seen_is_an_error()
    {
        string file = Race("finally events(/a) >= 0", "sometimes free-pages > 1000");
        JUnitDocument document = await Document(2, "race", "find", file, "--budget", "50");

        Assert.Equal(["sometimes free-pages > 1000"], document.With("error"));
    }

    [Fact]
    public async Task A_search_that_its_budget_ends_is_an_error()
    {
        JUnitDocument document = await Document(
            2, "race", "find", "R1", "--variant", "fixed", "--strategy", "pct3", "--budget", "1ms");

        Assert.Equal(["the search comes to a verdict"], document.With("error"));
        Assert.Contains("rule free-page-counter", document.With("skipped"));
    }

    [Fact]
    public async Task A_replay_has_a_case_for_the_rule_of_its_schedule()
    {
        JUnitDocument broken = await Document(1, "race", "replay", "R1");
        Assert.Equal(["rule free-page-counter"], broken.With("failure"));

        JUnitDocument holds = await Document(0, "race", "replay", "R1", "--variant", "fixed");
        Assert.Equal(
            ["the schedule fits and ends", "rule free-page-counter"],
            holds.Cases.Select(one => one.Attribute("name")!.Value));
    }

    [Fact]
    public async Task A_measurement_has_a_case_for_each_race()
    {
        JUnitDocument document = await Document(0, "race", "measure", "R9", "--quiet");

        Assert.Equal("R9", Assert.Single(document.Cases).Attribute("name")!.Value);
    }

    [Fact]
    public async Task A_schedule_that_does_not_fit_is_an_error()
    {
        string folder = _cli.At("r1");
        await CliHarness.Call("race", "find", "R1", "--quiet", "--out", folder);
        string schedule = Path.Combine(folder, "race.schedule");
        string text = await File.ReadAllTextAsync(schedule);
        await File.WriteAllTextAsync(
            schedule,
            text.Replace("CPU1  FreePage ", "CPU1  TakePage ", StringComparison.Ordinal));
        JUnitDocument document = await Document(2, "race", "replay", schedule);

        Assert.Equal(["the schedule fits and ends"], document.With("error"));
        Assert.Equal(["rule free-page-counter"], document.With("skipped"));
    }

    [Theory]
    [InlineData("run {good} --junit -")]
    [InlineData("compare {good} --kernels linux-6.16,epc-cgroup-v8 --no-slowdown --junit -")]
    [InlineData("check {good} --budget 2 --junit -")]
    [InlineData("race find R1 --variant fixed --budget 20 --junit -")]
    [InlineData("race replay R1 --junit -")]
    public async Task Standard_output_holds_the_document_and_nothing_else(string command)
    {
        CliResult result = await CliHarness.Call(Words(command));

        Assert.NotEmpty(JUnitDocument.Parse(result.Out).Cases);
        Assert.NotEmpty(result.ErrorLines);
    }

    [Fact]
    public async Task Two_documents_do_not_share_standard_output()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--json", "-", "--junit", "-");

        Assert.Equal(64, result.Code);
        Assert.Equal(
            "epc: --json - and --junit -: standard output takes one document; write the other to a file",
            Assert.Single(result.ErrorLines));
        Assert.Empty(result.Out);
    }

    [Theory]
    [InlineData("race find R1", "epc race find R1 --variant buggy")]
    [InlineData("run {disappointed}", "epc run ")]
    public async Task The_last_line_of_a_failure_stays_the_command_that_repeats_it(string command, string last)
    {
        CliResult result = await CliHarness.Call([.. Words(command), "--junit", _cli.At("results.xml")]);

        Assert.Contains(result.OutLines, line => line == $"wrote {_cli.At("results.xml")}");
        Assert.StartsWith(last, result.LastOutLine, StringComparison.Ordinal);
    }

    private async Task<JUnitDocument> Document(int code, params string[] words)
    {
        string file = _cli.At("results.xml");
        CliResult result = await CliHarness.Call([.. words, "--junit", file]);
        Assert.True(
            result.Code == code,
            string.Create(CultureInfo.InvariantCulture, $"{result.Code}\n{result.Out}\n{result.Error}"));
        JUnitDocument document = JUnitDocument.Parse(await File.ReadAllTextAsync(file));

        // The document says the same as the exit code, whatever was asked.
        int said = document.With("failure").Length > 0 ? 1 : document.With("error").Length > 0 ? 2 : 0;
        Assert.Equal(code, said);
        return document;
    }

    private string[] Words(string command) =>
    [
        .. command.Split(' ').Select(word => word
            .Replace("{good}", _cli.GoodFile, StringComparison.Ordinal)
            .Replace("{disappointed}", _cli.DisappointedFile, StringComparison.Ordinal)),
    ];

    private string Race(params string[] properties) => _cli.Write("own.conf", $$"""
        epc {
          machine { nodes = [ { cpus = 2, epc = 64 pages } ] }
          cgroups { /a { max = 32 pages } }
          race {
            tasks { CPU0 { process = /a, do = [ allocate, free ] }, CPU1 { process = /a, do = [ allocate, free ] } }
            bound { schedules = 50 }
            properties = [ {{string.Join(", ", properties.Select(one => $"\"{one}\""))}} ]
          }
        }
        """);
}

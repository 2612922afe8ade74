using EpcActors.Races;

namespace EpcActors.Tests.Cli;

/// <summary><c>epc race</c> and <c>epc check</c>, as a user types them.</summary>
public sealed class RaceCommandTests : IDisposable
{
    private readonly CliHarness _harness = new();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public async Task Find_shows_the_schedule_and_how_to_repeat_it()
    {
        CliResult found = await CliHarness.Call("race", "find", "R1");
        Assert.Equal(1, found.Code);
        Assert.Contains("FOUND free-page-counter", found.Out, StringComparison.Ordinal);
        Assert.Contains("tmp = sgx_nr_free_pages", found.Out, StringComparison.Ordinal);
        Assert.Equal("epc race find R1 --variant buggy", found.LastOutLine);
        CliResult clean = await CliHarness.Call("race", "find", "r1", "--variant", "fixed", "--budget", "500");
        Assert.Equal(0, clean.Code);
        Assert.Contains("CLEAN: every schedule (", clean.LastOutLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_find_writes_replays_here_and_on_the_fixed_kernel()
    {
        string folder = _harness.At("r1");
        CliResult found = await CliHarness.Call("race", "find", "R1", "--quiet", "--out", folder);
        Assert.Equal(1, found.Code);
        string[] files =
        [
            .. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal),
        ];
        Assert.Equal(
            ["commit-message.txt", "race.html", "race.json", "race.mmd", "race.schedule", "race.txt", "trace.json"],
            files);
        Assert.Equal(1, (await CliHarness.Call([.. CliHarness.SplitAsShell(found.LastOutLine).Skip(1)])).Code);
        string schedule = Path.Combine(folder, "race.schedule");
        CliResult fixedOne = await CliHarness.Call("race", "replay", schedule, "--variant", "fixed");
        Assert.Equal(0, fixedOne.Code);
        Assert.Contains("HOLDS in this schedule", fixedOne.LastOutLine, StringComparison.Ordinal);
        CliResult oneSwitch = await CliHarness.Call(
            "race",
            "replay",
            schedule,
            "--quiet",
            "--set",
            "epc.switches.free-page-counter=per-node");
        Assert.Equal(0, oneSwitch.Code);
    }

    [Fact]
    public async Task The_command_that_repeats_a_search_has_all_that_it_depends_on()
    {
        CliResult found = await CliHarness.Call(
            "race",
            "find",
            "R1",
            "--variant",
            "fixed",
            "--strategy",
            "pct3,pos",
            "--seed",
            "7",
            "--budget",
            "300",
            "--set",
            "epc.switches.free-page-counter=racy",
            "--quiet");
        Assert.Equal(1, found.Code);
        Assert.Equal(
            "epc race find R1 --variant fixed --strategy pct3,pos --seed 7 --budget 300 --set "
                + "epc.switches.free-page-counter=racy",
            found.LastOutLine);
    }

    [Fact]
    public async Task A_race_of_the_catalogue_replays_by_its_id()
    {
        CliResult replayed = await CliHarness.Call("race", "replay", "R1", "--quiet");

        Assert.Equal(1, replayed.Code);
        Assert.Equal("R1 buggy: BROKEN free-page-counter", replayed.OutLines[0]);
    }

    [Fact]
    public async Task A_replay_that_breaks_another_rule_than_the_file_names_does_not_hold()
    {
        string text = (
            Catalogue.ScheduleOf("R1")! with
            {
                Rule = "contents",
                Scenario = Catalogue.TextOf(Catalogue.FileOf("R1")!),
            }
        ).ToString();
        CliResult replayed = await CliHarness.Call("race", "replay", _harness.Write("other.schedule", text), "--quiet");
        Assert.Equal(1, replayed.Code);
        Assert.Contains("BROKEN free-page-counter", replayed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_race_file_that_is_no_text_is_a_mistake_of_the_user()
    {
        string file = _harness.At("binary.conf");
        File.WriteAllBytes(file, [0xff, 0xfe, 0x80, 0x00]);
        CliResult wrong = await CliHarness.Call("race", "find", file);
        Assert.Equal(64, wrong.Code);
        Assert.Contains("binary.conf: cannot read it: it is not valid UTF-8", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_an_id_of_the_catalogue_is_not_taken_for_that_race()
    {
        string text = Catalogue
            .TextOf(Catalogue.FileOf("R13")!)
            .Replace("id = R13", "id = R1", StringComparison.Ordinal);
        CliResult shown = await CliHarness.Call("race", "show", _harness.Write("mine.conf", text));
        Assert.Equal(0, shown.Code);
        Assert.Contains("The walk over the nodes never ends", shown.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Free-page counter", shown.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schedule_that_does_not_fit_is_told_with_its_first_step_that_does_not()
    {
        string text = (
            Catalogue.ScheduleOf("R1")! with
            {
                Scenario = Catalogue.TextOf(Catalogue.FileOf("R1")!),
            }
        ).ToString();
        string file = _harness.Write(
            "wrong.schedule",
            text.Replace("CPU1  StorePages", "CPU1  LoadPages", StringComparison.Ordinal));
        CliResult diverged = await CliHarness.Call("race", "replay", file, "--quiet");
        Assert.Equal(2, diverged.Code);
        Assert.Contains("DIVERGED at line ", diverged.Out, StringComparison.Ordinal);
        Assert.Contains("here CPU1 is at StorePages of free-page-counter", diverged.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("race.schedule:1:1: a schedule begins with the line", "hello\n")]
    [InlineData("race.schedule:1:1: this is '# EpcActors schedule 7'; this version", "# EpcActors schedule 7\n")]
    [InlineData(
        "race.schedule:3:1: 'colour: red' is not a line of a header",
        "# EpcActors schedule 1\nrace: R1\ncolour: red\nsteps:\n")]
    [InlineData(
        "race.schedule:3:1: 'race:' stands there twice",
        "# EpcActors schedule 1\nrace: R1\nrace: R1\nsteps:\n")]
    [InlineData(
        "race.schedule:5:1: 'CPU0 TakePage' is not a step",
        "# EpcActors schedule 1\nrace: R1\nvariant: buggy\nsteps:\nCPU0 TakePage\n")]
    [InlineData(
        "race.schedule:5:1: 'T ? ewb-fails maybe' is not a choice",
        "# EpcActors schedule 1\nrace: R1\nvariant: buggy\nsteps:\nT ? ewb-fails maybe\n")]
    [InlineData("the line 'steps:' is missing", "# EpcActors schedule 1\nrace: R1\nvariant: buggy\n")]
    [InlineData("the catalogue has no race 'R999'", "# EpcActors schedule 1\nrace: R999\nvariant: buggy\nsteps:\n")]
    [InlineData(
        "R1 has the variants buggy, fixed, per-node",
        "# EpcActors schedule 1\nrace: R1\nvariant: bugy\nsteps:\n")]
    public async Task A_text_that_is_no_schedule_is_told_with_its_place(string message, string text)
    {
        CliResult wrong = await CliHarness.Call("race", "replay", _harness.Write("race.schedule", text));
        Assert.Equal(64, wrong.Code);
        Assert.Contains(message, wrong.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("there is no race of that name, and no such file; did you mean", "race", "find", "R111")]
    [InlineData("R1 has the variants buggy, fixed, per-node", "race", "find", "R1", "--variant", "bugy")]
    [InlineData("there is no such strategy; there are random", "race", "find", "R1", "--strategy", "pct3,luck")]
    [InlineData(
        "write a number of schedules (100000), or a time with its unit",
        "race",
        "find",
        "R1",
        "--budget",
        "soon")]
    [InlineData("a number of threads from 1 to 1024", "race", "find", "R1", "--workers", "0")]
    [InlineData(
        "there is no such file; 'epc race find RACE --out DIR' writes one",
        "race",
        "replay",
        "nowhere.schedule")]
    [InlineData(
        "--kernel-style and --mermaid: one form at a time",
        "race",
        "show",
        "R1",
        "--mermaid",
        "--kernel-style")]
    [InlineData("there is no race of that name", "race", "measure", "R999")]
    [InlineData("a whole scenario has too many orders for that", "check", "config.conf", "--strategy", "exhaustive")]
    public async Task Mistakes_are_told_with_the_remedy(string message, params string[] args)
    {
        CliResult wrong = await CliHarness.Call([
            .. args.Select(arg => arg == "config.conf" ? _harness.GoodFile : arg),
        ]);
        Assert.Equal(64, wrong.Code);
        Assert.Contains(message, wrong.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--kernel-style", "CPU0")]
    [InlineData("--as-mail", "Evidence")]
    [InlineData("--mermaid", "sequenceDiagram")]
    [InlineData("--schedule", "# EpcActors schedule 1")]
    [InlineData("--json", "\"schema\"")]
    [InlineData(null, "source")]
    public async Task Show_tells_a_race_in_several_forms(string? form, string expected)
    {
        CliResult shown = await CliHarness.Call(form is null ? ["race", "show", "R1"] : ["race", "show", "R1", form]);
        Assert.Equal(0, shown.Code);
        Assert.Contains(expected, shown.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_that_its_budget_ends_is_inconclusive()
    {
        CliResult cut = await CliHarness.Call(
            "race",
            "find",
            "R1",
            "--variant",
            "fixed",
            "--strategy",
            "random",
            "--budget",
            "50ms");
        Assert.Equal(2, cut.Code);
        Assert.Contains("INCONCLUSIVE", cut.Out, StringComparison.Ordinal);
    }

    /// <summary>The command line wins over the variant, and the one who typed both hears of it.</summary>
    [Theory]
    [InlineData("linux-5.15-atomic-counter", 0)]
    [InlineData("linux-6.16", 0)]
    [InlineData("linux-5.15", 1)]
    public async Task A_kernel_of_the_command_line_wins_over_a_variant(string kernel, int code)
    {
        CliResult result = await CliHarness.Call(
            "race", "find", "R1", "--variant", "buggy", "--set", $"epc.kernel={kernel}", "--budget", "3000", "--quiet");
        Assert.Equal(code, result.Code);
        Assert.Equal(
            code == 0,
            result.Error.Contains(
                "epc.switches.free-page-counter: the variant 'buggy' or its file says racy",
                StringComparison.Ordinal));

        Assert.DoesNotContain("nothing will happen", result.Error, StringComparison.Ordinal);
        CliResult kept = await CliHarness.Call(
            "race",
            "find",
            "R1",
            "--variant",
            "buggy",
            "--set",
            $"epc.kernel={kernel}",
            "--set",
            "epc.switches.free-page-counter=racy",
            "--budget",
            "3000",
            "--quiet");
        Assert.Equal(1, kept.Code);
    }

    [Fact]
    public async Task Check_passes_a_good_scenario_and_goes_on_where_it_stopped()
    {
        string state = _harness.At("check.json");
        CliResult first = await CliHarness.Call(
            "check",
            _harness.GoodFile,
            "--budget",
            "3",
            "--steps",
            "20000",
            "--resume",
            state);
        Assert.Equal(0, first.Code);
        Assert.Contains("no rule broken in 3 schedules", first.LastOutLine, StringComparison.Ordinal);
        CliResult second = await CliHarness.Call(
            "check",
            _harness.GoodFile,
            "--budget",
            "2",
            "--steps",
            "20000",
            "--resume",
            state,
            "--quiet");
        Assert.Contains("no rule broken in 5 schedules", second.LastOutLine, StringComparison.Ordinal);
        CliResult other = await CliHarness.Call(
            "check",
            _harness.GoodFile,
            "--seed",
            "99",
            "--budget",
            "2",
            "--resume",
            state);
        Assert.Equal(64, other.Code);
        Assert.Contains("name another file", other.Error, StringComparison.Ordinal);
    }

    [Trait("tier", "slow")] // Many schedules of a whole scenario.
    [Fact]
    public async Task Check_finds_a_lost_update_in_a_whole_scenario()
    {
        CliResult found = await CliHarness.Call(
            "check",
            _harness.RacyFile,
            "--set",
            "epc.kernel=linux-5.15",
            "--budget",
            "6",
            "--steps",
            "50000");
        Assert.Equal(1, found.Code);
        Assert.Contains("VIOLATION free-page-counter", found.Out, StringComparison.Ordinal);
        Assert.Equal(
            1,
            (await CliHarness.Call([.. CliHarness.SplitAsShell(found.LastOutLine).Skip(1), "--quiet"])).Code);
    }
}

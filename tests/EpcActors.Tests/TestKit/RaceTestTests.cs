using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.TestKit;

namespace EpcActors.Tests.TestKit;

/// <summary>The kit's verdicts and what its failures say.</summary>
public sealed class RaceTestTests
{
    private const string Signals = "finally signals(a) == 0";

    /// <summary>R9: on 6.16 one of two threads that touch one new page is killed.</summary>
    private static readonly RaceTest TwoThreads = RaceTest.Of(race => race
        .Node(epcPages: 8).Enclave("a", pages: 4).Setup("a: build 1")
        .Task("CPU0", "a", "write 1").Task("CPU1", "a", "write 1").Property(Signals)).SchedulesTo(null);

    private static readonly RaceTest Buggy = TwoThreads.On("linux-6.16");
    private static readonly RaceTest Good = TwoThreads.On("linux-6.16-r9-r10-fixed");

    [Fact]
    public void A_failure_says_all_there_is_to_say()
    {
        string folder = Directory.CreateTempSubdirectory("epc-kit-").FullName;
        try
        {
            RaceFoundException failure = Assert.Throws<RaceFoundException>(() => Buggy.SchedulesTo(folder).Check());
            string file = Path.Combine(folder, "TwoThreads.schedule");
            Assert.Equal(file, failure.File);
            string[] parts =
            [
                "rule:     property: finally signals(a) == 0",
                "detail:   signals(a) is 1",
                "conflict: step ",
                " (CPU1: ",
                "kernel   linux-6.16",
                "xa_insert(&encl->page_array, 1):",
                "RaceTest.Replay(\"" + file.Replace('\\', '/') + "\");",
                $"epc race replay \"{file}\"",
            ];
            string message = string.Join(
                ' ',
                failure.Message.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
            Assert.All(parts, part =>
                Assert.Contains(
                    string.Join(' ', part.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
                    message,
                    StringComparison.Ordinal));
            Assert.True(new FileInfo(Path.ChangeExtension(file, ".html")).Length > 1000);

            // The file is all that a replay needs, the kernel included.
            Assert.Equal(failure.Race.Trace.Steps.Count, RaceTest.Replay(file).Trace.Steps.Count);
            Assert.Contains("set: epc.kernel=linux-6.16\n", File.ReadAllText(file), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Where_nothing_is_written_the_message_holds_the_schedule()
    {
        RaceFoundException failure = Assert.Throws<RaceFoundException>(() => Buggy.Check());
        Assert.Null(failure.File);
        Assert.Contains("# EpcActors schedule 1", failure.Message, StringComparison.Ordinal);
        RaceTest.Replay(failure.Race.Schedule.ToString());
    }

    [Fact]
    public void What_is_clean_says_within_what_bound()
    {
        CleanRace all = Good.Exhaustive().Check();
        Assert.Matches(@"^every schedule \([\d,]+ states\)$", all.Bound);
        Assert.InRange(all.States, 100, 100_000);
        CleanRace some = Good.Strategy("pct3", "random").Schedules(100).Check();
        Assert.Equal(("100 random schedules", 0, 100L), (some.Bound, some.States, some.Schedules));
    }

    [Fact]
    public void A_budget_that_ends_first_is_no_verdict()
    {
        Assert.Contains(
            "Make the race smaller",
            Assert.Throws<RaceInconclusiveException>(() => Good.Exhaustive(states: 20).Check()).Message,
            StringComparison.Ordinal);
        Assert.Throws<RaceInconclusiveException>(() => Good.Exhaustive().Within(TimeSpan.Zero).Check());
    }

    [Fact]
    public void What_is_expected_and_not_there_fails()
    {
        RaceNotFoundException failure = Assert.Throws<RaceNotFoundException>(() => Good.Schedules(50).Expect(Signals));
        Assert.Contains(
            "no schedule breaks 'property: finally signals(a) == 0' on linux-6.16-r9-r10-fixed",
            failure.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_finds_the_same_schedule_with_any_number_of_threads()
    {
        FoundRace[] found =
        [
            .. ((int[])[1, 3]).Select(workers =>
                Buggy.Strategy("random").Seed(5).Schedules(2_000).Workers(workers).Expect()),
        ];
        Assert.Equal(found[0].Schedule.ToString(), found[1].Schedule.ToString());
    }

    [Fact]
    public void A_switch_in_code_is_a_setting_in_the_schedule()
    {
        FoundRace found = Good.With(switches => switches with { EaugRaceTolerated = Fix.Absent }).Expect();
        Assert.Contains("epc.switches.eaug-race-tolerated=off", found.Schedule.Settings);
        RaceTest.Replay(found.Schedule.ToString());
    }

    [Fact]
    public void Variants_in_code_are_checked_against_each_other()
    {
        RaceTest both = RaceTest
            .Of(race =>
                race.Node(8)
                    .Enclave("a", 4)
                    .Setup("a: build 1")
                    .Task("CPU0", "a", "write 1")
                    .Task("CPU1", "a", "write 1")
                    .Property(Signals)
                    .Rule(Signals)
                    .Variant("buggy", switches => switches with { EaugRaceTolerated = Fix.Absent })
                    .Variant("fixed", switches => switches with { EaugRaceTolerated = Fix.Present }))
            .On("linux-6.16")
            .SchedulesTo(null);
        (FoundRace buggy, CleanRace good) = both.CheckBoth();
        Assert.Equal("buggy", buggy.Schedule.Variant);
        Assert.StartsWith("every schedule", good.Bound, StringComparison.Ordinal);
        Assert.Throws<RaceNotFoundException>(() => both.Schedules(50).CheckBoth("fixed", "buggy"));
    }

    [Fact]
    public void A_mark_that_is_never_seen_fails_a_clean_test()
    {
        RaceTest idle = RaceTest.Of(race =>
            race.Node(8)
                .Enclave("a", 4)
                .Setup("a: build 1")
                .Task("CPU0", "a", "write 0")
                .Property("sometimes evictions >= 1", "sometimes resident(a) >= 1"));
        NeverSeenException failure = Assert.Throws<NeverSeenException>(() => idle.Check());
        Assert.Equal(["sometimes evictions >= 1"], failure.Marks);
        Assert.Contains("never seen: sometimes evictions >= 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Races_of_the_catalogue_are_there_by_their_ids()
    {
        RaceTest.FromCatalogue("r1").Variant("buggy").Expect();
        Assert.Contains(
            "no race 'R777'",
            Assert.Throws<RaceDefinitionException>(() => RaceTest.FromCatalogue("R777")).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epc { race { tasks { A { do = [ wriet 1 ] } } } }", "TheName", "wriet")]
    [InlineData(
        "epc { race { tasks { A { do = [ allocate ] } }, properties = [ \"finally errno(B) == 0\" ] } }",
        "TheName",
        "there is no task 'B'")]
    [InlineData("epc { race { tasks { A { do = [ allocate ] } } } ", "TheName", "race.conf:1:")]
    [InlineData("epc { }", "TheName", "there is no race in this file")]
    public void Mistakes_in_a_file_have_their_place(string text, string name, string part) =>
        Assert.Contains(
            part,
            Assert.Throws<RaceDefinitionException>(() => RaceTest.FromHocon(text, name).Check()).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Mistakes_in_code_show_the_file_that_it_became()
    {
        string message = Assert.Throws<RaceDefinitionException>(
            () => RaceTest.Of(race => race.Enclave("a", 4).Task("CPU0", "b", "write 0")).Check()).Message;
        Assert.Contains("there is no enclave, virtual machine or cgroup 'b'", message, StringComparison.Ordinal);
        Assert.Contains("\"CPU0\" { process = \"b\"", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_do_not_exist_are_said_to()
    {
        Assert.Contains(
            "there is no variant 'nix'",
            Wrong(() => TwoThreads.Variant("nix").Check()),
            StringComparison.Ordinal);
        Assert.Contains("nix", Wrong(() => TwoThreads.On("nix").Check()), StringComparison.Ordinal);
        Assert.Contains(
            "there is no strategy 'nix'",
            Wrong(() => TwoThreads.Strategy("nix")),
            StringComparison.Ordinal);
        Assert.Contains(
            "'nix' is not a rule of the oracle",
            Wrong(() => TwoThreads.Expect("nix")),
            StringComparison.Ordinal);
        Assert.Contains("there is no nix.conf", Wrong(() => RaceTest.FromFile("nix.conf")), StringComparison.Ordinal);
        Assert.Contains(
            "there is no task yet",
            Wrong(() => RaceTest.Of(race => race.Then("write 0"))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_setup_that_does_not_work_is_a_mistake_of_the_test() =>
        Assert.Contains(
            "setup",
            Wrong(() =>
                RaceTest.Of(race => race.Enclave("a", 4).Setup("a: write 0").Task("CPU0", "a", "write 0")).Check()),
            StringComparison.Ordinal);

    [Fact]
    public void Everything_that_a_draft_says_arrives()
    {
        RaceTest all = RaceTest.Of(race =>
            race.Node(4)
                .Node(0, cpus: 1)
                .Cgroup("/p/a", maxPages: 4, memoryMaxPages: 64)
                .Enclave("e", 2, "/p/a", node: 0)
                .Guest("vm", 2, "/p/a")
                .Setup("e: build 1")
                .Task("CPU0", "e", 0, "write 0")
                .Then("read 0")
                .Optional("admin", "kill e")
                .Task("vcpu", "vm", "vepc-touch 0")
                .Ksgxd()
                .Workers()
                .Choice(ChoicePoint.EwbFails, 2)
                .Property("always usage(/p/a) <= 4")
                .Ignore("contents")
                .MaxSteps(77)
                .Show("counter")
                .Hocon("race.bound.states = 99")
                .Watch("evictions"));
        RaceDefinition race = all.Load().Definition;
        RaceSpec spec = race.Scenario.Race!;
        Assert.Equal(["CPU0", "admin", "vcpu"], spec.Tasks.Select(task => task.Name));
        Assert.Equal(["write 0", "read 0"], spec.Tasks[0].Operations.Select(operation => operation.Text));
        Assert.Equal((true, true, 77, true), (spec.HasKsgxd, spec.HasWorkers, spec.MaxSteps, spec.Tasks[1].IsOptional));
        Assert.Equal(2, spec.Choices[ChoicePoint.EwbFails]);
        Assert.Equal(
            ["always usage(/p/a) <= 4", "always evictions >= 0"],
            spec.Properties.Select(property => property.Text));
        Assert.Equal(["contents"], spec.IgnoredRules);
        Assert.Equal(
            (99, "Everything_that_a_draft_says_arrives", "Everything that a draft says arrives"),
            (race.Bound.States, race.Id, race.Title));
        Assert.Equal(4 * 4096, race.Scenario.Cgroups.Single(cgroup => cgroup.Path == "/p/a").Max.Bytes);
    }

    private static string Wrong(Action test) => Assert.Throws<RaceDefinitionException>(test).Message;
}

using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary>Scripts, with what the seed decides in them; traces; and the notes of a scenario.</summary>
public sealed class ScriptTests
{
    private const long Ms = 1_000_000;

    private const string World = """
        epc { cgroups { /a {}, /b {} }
          enclaves { web { heap = 4 MiB, instances = 3 }, db { heap = 4 MiB, cgroup = /a } }
          virtual-machines { vm { epc = 4 MiB } }
        }

        """;

    [Fact]
    public void All_actions_arrive_in_the_order_of_time()
    {
        IReadOnlyList<ScriptAction> script = Script(
            """
            { at = 9 ms, kill = web-1 }, { at = 1 ms, set-max { cgroup = /a, max = 8 MiB } },
            { at = 2 ms, set-memory-max { cgroup = /, max = max } },
            { at = 3 ms, kill = web }, { at = 3 ms, kill = vm }, { at = 4 ms, migrate { enclave = db, cgroup = /b } },
            { at = 5 ms, rmdir = /a }, { at = 6 ms, poison { node = 1, first = 2, count = 3 } },
            { at = 7 ms, kill = db-0 },
            { at = 10 ms, lose-epc = suspend }, { at = 11 ms, lose-epc = migration }
            """);
        Assert.Equal(
            [
                new ScriptAction.SetMax(1 * Ms, 1, Limit.OfBytes(8L << 20)),
                new ScriptAction.SetMemoryMax(2 * Ms, 0, Limit.Max),
                new ScriptAction.KillEnclave(3 * Ms, 0),
                new ScriptAction.KillEnclave(3 * Ms, 1),
                new ScriptAction.KillEnclave(3 * Ms, 2),
                new ScriptAction.KillVirtualMachine(3 * Ms, 0),
                new ScriptAction.Migrate(4 * Ms, 3, 2),
                new ScriptAction.RemoveCgroup(5 * Ms, 1),
                new ScriptAction.Poison(6 * Ms, 1, 2, 3),
                new ScriptAction.KillEnclave(7 * Ms, 3),
                new ScriptAction.KillEnclave(9 * Ms, 1),
                new ScriptAction.LoseEpc(10 * Ms, EpcLoss.Suspend),
                new ScriptAction.LoseEpc(11 * Ms, EpcLoss.Migration),
            ],
            script);
    }

    [Fact]
    public void A_random_kill_depends_on_the_seed_alone()
    {
        const string Kill = "{ between = [ 1 ms, 5 ms ], kill-any = [ web, db, vm ] }";
        HashSet<ScriptAction> seen = [];
        HashSet<long> times = [];
        for (ulong seed = 0; seed < 64; seed++)
        {
            ScriptAction action = Assert.Single(Script(Kill, seed));
            Assert.Equal(action, Assert.Single(Script(Kill, seed)));
            Assert.InRange(action.AtNs, 1 * Ms, 5 * Ms);
            times.Add(action.AtNs);
            seen.Add(action with { AtNs = 0 });
        }

        Assert.Equal(5, seen.Count);
        Assert.True(times.Count > 60, "the times hardly differ");
    }

    [Fact]
    public void What_else_the_scenario_says_does_not_move_a_random_kill()
    {
        const string Kill = "{ between = [ 1 ms, 5 ms ], kill-any = [ web, db ] }";
        ScriptAction alone = Assert.Single(Script(Kill, 3));
        Assert.Contains(alone, Script(Kill + ", { between = [ 1 ms, 2 ms ], rmdir = /a }", 3));
        Assert.Equal(alone, Assert.Single(Loading.Load(
            World + $"epc {{ kernel = linux-6.16, seed = 3, run.jitter = 3 %, script = [ {Kill} ] }}").Script));
    }

    [Fact]
    public void Two_random_actions_of_one_script_differ()
    {
        IReadOnlyList<ScriptAction> script = Script(
            "{ between = [ 1 ms, 5 ms ], kill = db }, { between = [ 1 ms, 5 ms ], kill = db }",
            1);
        Assert.NotEqual(script[0].AtNs, script[1].AtNs);
    }

    [Fact]
    public void An_action_after_the_end_is_worth_a_note()
    {
        LoadedScenario loaded = Loading.LoadWith(
            World + "epc { run.duration = 5 ms, script = [ { at = 5 ms, kill = db }, { at = 4 ms, kill = db } ] }");
        ConfigurationNote note = Assert.Single(loaded.Notes);
        Assert.Equal("lab/test.conf:5:46", note.Place);
        Assert.Contains("it never happens", note.Message, StringComparison.Ordinal);
        Assert.Equal(2, loaded.Scenario.Script.Count);
    }

    [Fact]
    public void A_trace_is_read_for_the_enclave_of_its_name()
    {
        const string Text = "# us enclave page kind\n0 other 9 r\n1 web 3 w\n2 web 4 r\n";
        LoadedScenario loaded = Loading.LoadWith(
            "epc.enclaves.web { heap = 20 KiB, steps = [ { trace = \"t/a.trace\" } ] }",
            ("lab/t/a.trace", Text));
        StepSpec.Trace trace = Assert.IsType<StepSpec.Trace>(Assert.Single(loaded.Scenario.Enclaves[0].Steps));
        Assert.Equal("web", trace.Accesses.Enclaves[trace.TraceEnclave]);
        loaded = Loading.LoadWith(
            "epc.enclaves.x { heap = 40 KiB, steps = [ { trace { file = \"t/a.trace\", enclave = other } } ] }",
            ("lab/t/a.trace", Text));
        trace = Assert.IsType<StepSpec.Trace>(Assert.Single(loaded.Scenario.Enclaves[0].Steps));
        Assert.Equal("other", trace.Accesses.Enclaves[trace.TraceEnclave]);
    }

    [Theory]
    [InlineData("trace = ¦\"no.trace\"", "there is no file 'lab/no.trace'")]
    [InlineData("trace = ¦\"two.trace\"", "the trace has 2 enclaves, none of them called 'web'")]
    [InlineData("trace { file = \"two.trace\", enclave = ¦aa }", "did you mean 'a'")]
    [InlineData("trace { file = \"one.trace\", ¦enclav = a }", "did you mean 'enclave'")]
    [InlineData("trace = ¦\"far.trace\"", "set heap to at least '3 pages'")]
    [InlineData("trace = ¦\"empty.trace\"", "no accesses")]
    public void A_wrong_trace_is_an_error_of_the_configuration(string step, string words) => Loading.OnlyErrorAtMark(
        $"epc.enclaves.web {{ heap = 8 KiB, steps = [ {{ {step} }} ] }}",
        words,
        ("lab/one.trace", "0 a 1 r\n"),
        ("lab/two.trace", "0 a 1 r\n1 b 0 r\n"),
        ("lab/far.trace", "0 a 2 r\n"),
        ("lab/empty.trace", "# nothing\n"));

    [Fact]
    public void A_bad_line_of_a_trace_has_its_own_place() =>
        Loading.Only(
            Loading.ErrorsWith(
                "epc.enclaves.web { heap = 8 KiB, instances = 2, steps = [ { trace = \"bad.trace\" } ] }",
                ("lab/bad.trace", "0 a 1 r\n1 a 0 q\n")),
            "lab/bad.trace:2:7",
            "'q' is not a kind of access");

    [Fact]
    public void An_enclave_that_its_backing_cannot_hold_must_be_meant()
    {
        // 8 MiB of heap, 4 MiB in the EPC: 1024 pages of contents and 32 of PCMD have to go to RAM.
        const string Limits = "epc.cgroups { /a { max = 4 MiB, memory-max = {0} } }\n";
        const string Enclave = "epc.enclaves.e { heap = 8 MiB, cgroup = /a }";
        string tooSmall = Limits.Replace("{0}", "1055 pages", StringComparison.Ordinal);
        string justEnough = Limits.Replace("{0}", "1056 pages", StringComparison.Ordinal);
        Loading.OnlyError(
            tooSmall + Enclave,
            "lab/test.conf:2:25",
            "1024 of its pages",
            "must be OOM-killed",
            "allow-oom = on");
        Assert.Empty(Loading.LoadWith(tooSmall + Enclave + "\nepc.enclaves.e.allow-oom = on").Notes);
        Assert.Contains(
            "larger than memory-max of /a",
            Assert.Single(Loading.LoadWith(justEnough + Enclave).Notes).Message,
            StringComparison.Ordinal);

        // Without an EPC cgroup the limit does not count, and what is never touched needs no backing.
        Assert.Single(Loading.LoadWith("epc.kernel = linux-6.16\n" + tooSmall + Enclave).Notes);
        Assert.Single(Loading.LoadWith(tooSmall + Enclave + "\nepc.enclaves.e { added = 0 %, steps = [] }").Notes);

        // An old kernel charged the root, which has no limit.
        Assert.Empty(Loading.LoadWith("epc.kernel = linux-5.15\n" + tooSmall + Enclave).Notes);
    }

    [Fact]
    public void A_limit_of_an_ancestor_counts_for_backing_too()
    {
        Loading.OnlyError(
            "epc { cgroups { /a { max = 4 MiB, /b { memory-max = 1 MiB } } }, enclaves.e { heap = 8 MiB, cgroup = /a/b "
                + "} }",
            "lab/test.conf:1:86", "memory-max of /a/b is 1 MiB");
        Loading.OnlyError(
            "epc { cgroups { /a { memory-max = 1 MiB, /b { max = 4 MiB } } }, enclaves.e { heap = 8 MiB, cgroup = /a/b "
                + "} }",
            "lab/test.conf:1:86", "memory-max of /a is 1 MiB");
    }

    private static IReadOnlyList<ScriptAction> Script(string actions, ulong seed = 1) =>
        Loading.Load(World + $"epc {{ seed = {seed}, script = [ {actions} ] }}").Script;
}

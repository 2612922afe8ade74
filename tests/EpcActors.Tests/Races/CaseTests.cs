using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>Files that people brought, and what the driver does with them.</summary>
public sealed class CaseTests
{
    [Fact]
    public void A_waiting_writer_of_mmap_lock_stops_reclaimer_and_debugger_without_any_poison()
    {
        RaceFinding finding = Find("d6writer", "buggy");
        Assert.Equal(VerdictKind.Found, finding.Verdict.Kind);
        Assert.Equal(Rules.Liveness, finding.Shrunk!.Finding.Rule);
    }

    [Trait("tier", "slow")] // Two searches through thousands of states.
    [Fact]
    public void A_signal_that_waits_at_the_limit_is_SIGBUS()
    {
        Assert.Equal(VerdictKind.Found, Find("sig", "buggy").Verdict.Kind);
        RaceFinding without = Find("sig", "nosig", schedules: 100);
        Assert.Null(without.Shrunk);
    }

    [Trait("tier", "slow")] // Six hundred pages go through every order.
    [Theory]
    [InlineData("600 pages", "linux-5.15")]
    [InlineData("8 pages", "linux-5.15")]
    [InlineData("8 pages", "linux-6.16")]
    public void Sanitising_loses_no_update_of_the_counter_on_one_node(string epc, string kernel)
    {
        string text = File.ReadAllText(PathOf("boot1"))
            .Replace("600 pages", epc, StringComparison.Ordinal)
            .Replace("linux-5.15", kernel, StringComparison.Ordinal);
        RaceFinding finding = RaceSearch.Find(
            RaceFile.LoadText(text, "buggy"),
            new RaceSearchOptions { MaxSchedules = 60, Workers = 1 },
            null,
            CancellationToken.None);
        Assert.Null(finding.Shrunk);
        if (epc == "8 pages")
        {
            Assert.Equal(VerdictKind.Clean, finding.Verdict.Kind);
        }
    }

    [Fact]
    public void Two_nodes_lose_an_update_at_boot()
    {
        // The same file with a second node: ksgxd counts a page of node 1 under that node's lock while an allocator
        // counts one of node 0.
        string text = File.ReadAllText(PathOf("boot1")).Replace(
            "{ cpus = 2, epc = 600 pages }",
            "{ cpus = 1, epc = 4 pages }, { cpus = 1, epc = 4 pages }",
            StringComparison.Ordinal);
        RaceFinding finding = RaceSearch.Find(
            RaceFile.LoadText(text, "buggy"), new RaceSearchOptions { Workers = 1 }, null, CancellationToken.None);
        Assert.Equal(Rules.FreePageCounter, finding.Shrunk?.Finding.Rule);
    }

    /// <summary>
    /// An EPC of three pages holds VA page, SECS and one page. Upstream goes on: each allocation that fails wakes
    /// ksgxd. With the series the charge fails first, at the capacity, and neither wakes ksgxd nor gives the worker
    /// anything to do: C14's variant of a full machine.
    /// </summary>
    [Theory]
    [InlineData("linux-5.15", "")]
    [InlineData("linux-6.16", "")]
    [InlineData("epc-cgroup-v8", "liveness")]
    [InlineData("epc-cgroup-v17", "liveness")]
    public async Task Three_pages_of_EPC_are_enough_upstream_and_hang_with_the_series(string kernel, string rule)
    {
        CliResult run = await CliHarness.Call("run", PathOf("three-pages"), "--set", $"epc.kernel={kernel}");
        Assert.Equal(rule.Length == 0 ? 0 : 1, run.Code);
        if (rule.Length > 0)
        {
            Assert.Contains($"1 rule broken: {rule}", run.Out, StringComparison.Ordinal);
        }
    }

    private static RaceFinding Find(string name, string variant, long schedules = 1000) => RaceSearch.Find(
        RaceFile.Load(PathOf(name), variant),
        new RaceSearchOptions { MaxSchedules = schedules, ShrinkRuns = 0, Workers = 1 },
        null,
        CancellationToken.None);

    private static string PathOf(string name) =>
        Loading.RepositoryPath($"tests/EpcActors.Tests/Races/Cases/{name}.conf");
}

using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Scenarios;

/// <summary>Memory failures in the pages of a guest: the script names the guest's page, not the machine's.</summary>
public sealed class GuestPoisonTests
{
    private static string Guest(string script) => $$"""
        epc {
          kernel = "linux-6.16"
          machine { nodes = [ { cpus = 2, epc = 256 KiB } ] }
          virtual-machines {
            other { epc = 64 KiB }
            guest { epc = 64 KiB, touch = 50 %, work = 0 ns }
          }
          script = [ {{script}} ]
          run { duration = 20 ms, slowdown = off }
        }
        """;

    private static RunReport Run(string script) =>
        new ScenarioRunner(Loading.Load(Guest(script)), null).Run("", CancellationToken.None);

    [Fact]
    public void A_failed_page_stays_with_the_guest_and_goes_to_the_poison_list_with_it()
    {
        const string Poison = "{ at = 5 ms, poison { vm = guest, first = 3, count = 2 } }";
        RunReport alive = Run(Poison);
        RunReport killed = Run(Poison + ", { at = 10 ms, kill = guest }");

        Assert.Empty(alive.Violations);
        Assert.Empty(killed.Violations);
        Assert.Equal((0, 64 - 16 - 8), (alive.Nodes[0].PoisonedPages, alive.Nodes[0].FreePages));
        Assert.Equal((2, 64 - 16 - 2), (killed.Nodes[0].PoisonedPages, killed.Nodes[0].FreePages));
    }

    /// <summary>Of pages 6 to 9 the guest has touched two.</summary>
    [Fact]
    public void Pages_that_the_guest_has_not_touched_are_in_no_EPC_page()
    {
        const string Kill = ", { at = 10 ms, kill = guest }";
        RunReport some = Run("{ at = 5 ms, poison { vm = guest, first = 6, count = 4 } }" + Kill);
        RunReport none = Run("{ at = 5 ms, poison { vm = guest, first = 8, count = 4 } }" + Kill);

        Assert.Equal(2, some.Nodes[0].PoisonedPages);
        Assert.Equal(0, none.Nodes[0].PoisonedPages);
        Assert.Contains(none.Notes, note => note.Contains("ENOENT", StringComparison.Ordinal));
        Assert.DoesNotContain(some.Notes, note => note.Contains("ENOENT", StringComparison.Ordinal));
    }

    [Fact]
    public void The_script_names_guest_and_pages()
    {
        ScriptAction action = Assert.Single(
            Loading.Load(Guest("{ at = 5 ms, poison { vm = guest, first = 3, count = 1 } }")).Script);

        Assert.Equal(new ScriptAction.PoisonGuest(5_000_000, 1, 3, 1), action);
    }

    [Theory]
    [InlineData("vm = gest, first = 0, count = 1", "there is no virtual machine 'gest'", "did you mean 'guest'?")]
    [InlineData("vm = guest, first = 15, count = 2", "pages 15 to 16 are not all there", "has 16 EPC pages")]
    [InlineData(
        "vm = guest, node = 0, first = 0, count = 1",
        "in pages of a node or of a guest, not both",
        "drop one of the two")]
    public void Mistakes_are_told(string poison, string problem, string remedy)
    {
        string error = Assert.Single(Loading.Errors(Guest($"{{ at = 5 ms, poison {{ {poison} }} }}")));

        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.Contains(remedy, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_before_memory_failures_refuse_it() => Assert.Contains(
        "arch_memory_failure() came with Linux 5.17",
        Assert.Single(Loading.Errors(
            Guest("{ at = 5 ms, poison { vm = guest, first = 0, count = 1 } }"), "epc.kernel=linux-5.15")),
        StringComparison.Ordinal);
}

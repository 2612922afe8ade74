using EpcActors.Results;

namespace EpcActors.Tests.Sizing;

/// <summary>What cgroups come to when all of them are at their limits.</summary>
[Trait("tier", "slow")] // Many simulations for each answer.
public sealed class InterferenceTests
{
    [Fact]
    public void Limits_that_fit_keep_what_they_keep_alone()
    {
        SizingReport report = SizingRig.Size(Pods("16 MiB"));
        TogetherSizing together = report.Together!;
        Assert.Equal(SizingVerdict.Sized, report.Verdict);
        Assert.True(together.Fits);
        Assert.Equal(report.Cgroups.Sum(one => one.Chosen!.LimitPages!.Value), together.SumPages);
        Assert.Equal(together.SumPages, Assert.Single(together.Sums).Pages);
        Assert.Empty(together.Others);
        Assert.All(together.Rows, row =>
        {
            Assert.True(row.Keeps);
            Assert.InRange(row.Together!.Value / row.Alone!.Value, 0.99, 1.01);
            Assert.InRange(row.Alone.Value, 1.03, (1 / 0.95) + 0.005);
            Assert.Empty(row.SlowedBy);
        });
    }

    /// <summary>
    /// Each keeps to its limit, and yet both are slowed: by one another, since ksgxd takes from both.
    /// </summary>
    [Fact]
    public void Limits_beyond_the_machine_say_who_slows_whom()
    {
        SizingReport report = SizingRig.Size(Pods("6 MiB"));
        TogetherSizing together = report.Together!;
        Assert.Equal(SizingVerdict.NotKept, report.Verdict);
        Assert.False(together.Fits);
        Assert.Contains(together.Rows, row => !row.Keeps && row.Death.Length == 0);
        foreach (NeighbourSizing row in together.Rows)
        {
            Assert.InRange(row.Alone!.Value, 1.03, (1 / 0.95) + 0.005);
            if (!row.Keeps && row.Death.Length == 0)
            {
                (string path, double factor) = Assert.Single(row.SlowedBy);
                Assert.Equal(row.Path == "/a" ? "/b" : "/a", path);
                Assert.True(row.Together > row.Alone + 0.02, $"{row.Path}: {row.Together} beside {row.Alone}");
                Assert.Equal(row.Together!.Value / row.Alone.Value, factor, factor * 0.02);
            }
        }

        // The answers themselves are those of each alone, on every machine.
        Assert.Equal(
            SizingRig.Size(Pods("16 MiB")).Cgroups.Select(one => one.Chosen!.LimitPages),
            report.Cgroups.Select(one => one.Chosen!.LimitPages));
    }

    [Fact]
    public void An_enclave_that_no_limit_is_for_counts_and_is_named()
    {
        SizingReport report = SizingRig.Size(
            Pods("16 MiB", "guest { heap = 2 MiB, steps = [ { run { pattern = uniform, accesses = 100 } } ] }"));
        TogetherSizing together = report.Together!;
        Assert.Equal(["guest"], together.Others);
        Assert.Equal(
            report.Cgroups.Sum(one => one.Chosen!.LimitPages!.Value) + 512 + 10 + 2 + 1, together.SumPages);
        Assert.All(together.Rows, row => Assert.True(row.Keeps));
    }

    [Fact]
    public void A_cgroup_of_guests_needs_what_they_touch_and_has_no_curve()
    {
        CgroupSizing one = SizingRig.Size("""
            epc {
              machine { nodes = [ { cpus = 4, epc = 16 MiB } ] }
              cgroups { /vm {} }
              virtual-machines { g { cgroup = /vm, epc = 4 MiB } }
            }
            """).Cgroups[0];
        Assert.Equal(1024, one.Least.Pages);
        Assert.True(one.Least.FailsBelow);
        Assert.Equal(1024, one.Chosen!.LimitPages);
        Assert.Empty(one.Points);
        Assert.Equal(["g"], one.Guests);
    }

    private static string Pods(string epc, string more = "") => $$"""
        epc {
          costs = "client-sgx1"
          machine { nodes = [ { cpus = 8, epc = {{epc}} } ] }
          cgroups { /a {}, /b {} }
          enclaves {
            a { cgroup = /a, heap = 4 MiB, steps = [ touch, { run { pattern = zipf, accesses = 500, work = 2 us } } ] }
            b { cgroup = /b, heap = 3 MiB, steps = [ touch, { run { pattern = uniform, accesses = 500,
                work = 2 us } } ] }
            {{more}}
          }
        }
        """;
}

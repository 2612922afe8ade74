using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;
using EpcActors.Tests.Races;

namespace EpcActors.Tests.Cgroups;

/// <summary>Cgroups that are made while a scenario or a race runs.</summary>
public sealed class MadeLaterTests
{
    private const string Text = """
        epc {
          kernel = "epc-cgroup-v17"
          machine { nodes = [ { cpus = 4, epc = 4 MiB } ] }
          cgroups { /a { made-later = on, /b { made-later = on } }, /c {} }
          enclaves {
            e {
              cgroup = /c, heap = 2 MiB
              steps = [ touch, { run { pattern = uniform, accesses = 20000, work = 1 us } } ]
            }
          }
          script = [
            { at = 1 ms, mkdir = /a }, { at = 2 ms, mkdir = /a/b }, { at = 2 ms, mkdir = /a }
            { at = 2 ms, set-max { cgroup = /a, max = 1 MiB } }
            { at = 3 ms, migrate { enclave = e, cgroup = /a/b } }
            { at = 4 ms, rmdir = /c }, { at = 5 ms, mkdir = /c }
          ]
          run { slowdown = off }
        }
        """;

    [Fact]
    public void A_script_makes_cgroups_and_charges_them()
    {
        RunReport report = new ScenarioRunner(Loading.Load(Text)).Run("", CancellationToken.None);
        Assert.Equal(Verdict.Pass, report.Verdict);
        string[] notes = [.. report.Notes];
        Assert.Contains("the script's \"mkdir /a\" at 2 ms failed: EEXIST", notes);
        Assert.Contains("the script's \"mkdir /c\" at 5 ms failed: EAGAIN", notes);
    }

    [Fact]
    public void The_new_limit_bites()
    {
        Scenario scenario = Loading.Load(Text.Replace("at = 3 ms", "at = 2100 us", StringComparison.Ordinal));
        RunReport report = new ScenarioRunner(scenario).Run("", CancellationToken.None);
        Assert.Equal(Verdict.Pass, report.Verdict);
        CgroupReport made = report.Cgroups.Single(cgroup => cgroup.Path == "/a");
        Assert.InRange(made.PeakBytes, 1, 1 << 20);
        Assert.Equal(0, made.CurrentBytes);
    }

    [Theory]
    [InlineData("/a { ¦made-later = on, max = 1 MiB }", "begins without limits")]
    [InlineData("/a { made-later = on, /b { ¦made-later = off } }", "set made-later = on here too")]
    public void What_makes_no_sense_is_refused(string cgroups, string words) =>
        Loading.OnlyErrorAtMark($"epc {{ cgroups {{ {cgroups} }}, enclaves {{ e {{ heap = 1 MiB }} }} }}", words);

    [Fact]
    public void An_enclave_cannot_start_in_a_cgroup_that_is_made_later() => Assert.Contains(
        "which is made later",
        Assert.Single(Loading.Errors(
            "epc { cgroups { /a { made-later = on } }, enclaves { e { heap = 1 MiB, cgroup = /a } } }")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData(ReclaimWalk.Cursor)]
    [InlineData(ReclaimWalk.ScanBudget)]
    public void A_race_removes_a_cgroup_and_makes_it_again(ReclaimWalk walk)
    {
        RaceRig rig = RaceRig.Run(
            new RaceBuilder(new KernelSwitches { ReclaimWalk = walk }).Cgroup("/a").Cgroup("/x")
                .Enclave("a", 1, "/a").Enclave("b", 1, "/a")
                .Setup("a: build 1", "b: build 1")
                .Task("T", "", "mkdir /x", "rmdir /x", "mkdir /x", "mkdir /x", "reclaim"));
        Assert.Equal(
            [Errno.EEXIST, Errno.Ok, Errno.Ok, Errno.EEXIST],
            rig.Task("T").Results.Take(4).Select(result => result.Errno));
        Assert.Equal(2, rig["evictions"]);
    }
}

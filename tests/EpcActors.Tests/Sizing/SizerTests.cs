using EpcActors.Results;
using EpcActors.Runs.Sizing;

namespace EpcActors.Tests.Sizing;

[Trait("tier", "slow")] // Hundreds of simulations for each answer.
public sealed class SizerTests
{
    /// <summary>
    /// The same pod with a short and a long run: the limit is about the speed, not about the length, and keeps the
    /// share when it is set and the scenario is run as it is written.
    /// </summary>
    [Fact]
    public void A_short_and_a_long_run_have_the_same_limit_and_it_stands()
    {
        string brief = SizingRig.Pod(60_000);
        string lengthy = SizingRig.Pod(600_000);
        CgroupSizing one = Assert.Single(SizingRig.Size(brief).Cgroups);
        CgroupSizing other = Assert.Single(SizingRig.Size(lengthy).Cgroups);

        long limit = one.Chosen!.LimitPages!.Value;
        Assert.Equal(0, limit % PodSizer.PageBatch);
        Assert.InRange(other.Chosen!.LimitPages!.Value, limit - 16, limit + 16);
        Assert.InRange(limit, 12_800, 13_600);
        foreach (string text in (string[])[brief, lengthy])
        {
            EnclaveReport app = Assert.Single(SizingRig.Run(text, ("/kubepods/app", limit)).Enclaves);
            Assert.Equal(EnclaveOutcome.Finished, app.Outcome);
            Assert.InRange(app.Slowdown!.Value, 1.03, 1 / 0.95);
        }

        // A mebibyte less is too little for both.
        Assert.True(SizingRig.Run(lengthy, ("/kubepods/app", limit - 512)).Enclaves[0].Slowdown > 1 / 0.95);
    }

    /// <summary>Every simulated limit from the answer on keeps the share, and a batch below it one does not.</summary>
    [Fact]
    public void The_answer_is_exact_to_a_page_batch_for_every_seed()
    {
        SizingReport report = SizingRig.Size(Small, one => one with
        {
            Seeds = 3,
            Shares = [0.90, 0.95, 0.99],
            Jobs = 2
        });
        CgroupSizing pod = Assert.Single(report.Cgroups);
        Assert.Equal([1, 2, 3], report.Seeds);
        Assert.Equal(3, pod.Answers.Count);
        foreach (SizeAnswer answer in pod.Answers)
        {
            double most = 1 / answer.Share!.Value;
            SizePoint[] above = [.. pod.Points.Where(point => point.LimitPages >= answer.LimitPages)];
            Assert.All(above, point => Assert.True(point.Slowdown <= most, $"{answer.Share}: {point}"));
            Assert.Equal(3, above.Count(point => point.LimitPages == answer.LimitPages));
            Assert.Contains(
                pod.Points, point => point.LimitPages == answer.LimitPages - 16 && !(point.Slowdown <= most));
            Assert.InRange(answer.LowestPages, 16, answer.HighestPages);
        }

        Assert.True(pod.Answers[0].LimitPages < pod.Answers[1].LimitPages);
        Assert.True(pod.Answers[1].LimitPages < pod.Answers[2].LimitPages);
        Assert.Equal(pod.Answers[1], pod.Chosen);
        Assert.True(pod.IsSteady, pod.Steadiness);
        Assert.Empty(pod.NotMonotone);
    }

    [Fact]
    public void The_threads_of_a_sizing_do_not_change_its_answer()
    {
        CgroupSizing one = SizingRig.Size(Small, request => request with { Seeds = 2 }).Cgroups[0];
        CgroupSizing two = SizingRig.Size(Small, request => request with { Seeds = 2, Jobs = 4 }).Cgroups[0];
        Assert.Equal(one.Points, two.Points);
        Assert.Equal(one.Chosen, two.Chosen);
    }

    /// <summary>An expectation decides: it is met at the answer, and not a batch below.</summary>
    [Fact]
    public void An_expectation_decides_instead_of_a_share()
    {
        SizingReport report = SizingRig.Size(
            Small, one => one with { Until = "cgroup /pod reloads < 2000", Shares = [0.95] });
        CgroupSizing pod = report.Cgroups[0];
        Assert.Null(pod.Chosen!.Share);
        Assert.All(
            pod.Points.Where(point => point.LimitPages >= pod.Chosen.LimitPages), point => Assert.True(point.IsMet));
        Assert.Contains(
            pod.Points, point => point.LimitPages == pod.Chosen.LimitPages - 16 && !point.IsMet);
        Assert.NotEqual(pod.Answers[0].LimitPages, pod.Chosen.LimitPages);
    }

    [Fact]
    public void A_ring_has_a_cliff_where_it_fits_and_nowhere_else()
    {
        CgroupSizing pod = SizingRig.Size("""
            epc {
              costs = "client-sgx1"
              machine { nodes = [ { cpus = 4, epc = 16 MiB } ] }
              cgroups { /pod {} }
              enclaves {
                a { cgroup = /pod, heap = 4 MiB, steps = [ touch, { run { pattern = sweep, accesses = 3 passes,
                    work = 1 us } } ] }
              }
            }
            """, one => one with { Shares = [0.5, 0.95, 0.99] }).Cgroups[0];

        // 1024 pages of heap, VA pages, SECS; code pages are not touched again.
        Assert.All(pod.Answers, answer => Assert.InRange(answer.LimitPages!.Value, 1024, 1056));
        Assert.All(
            pod.Points.Where(point => point.LimitPages is > 64 and < 900), point => Assert.InRange(point.MissRatio,
                0.95, 1));
        Assert.All(pod.Lru.Where(point => point.LimitPages < 1000), point => Assert.Equal(1, point.MissRatio, 3));
        Assert.Equal(0, pod.Lru[^1].MissRatio);
    }

    [Fact]
    public void Work_after_work_is_weighed_by_the_accesses_that_the_file_gives_it()
    {
        long Limit(int small, int large) => SizingRig.Size($$"""
            epc {
              costs = "client-sgx1"
              machine { nodes = [ { cpus = 4, epc = 16 MiB } ] }
              cgroups { /pod {} }
              enclaves {
                a {
                  cgroup = /pod, heap = 4 MiB
                  steps = [
                    touch
                    { run { pattern = hotspot, hot = 20 %, hot-accesses = 100 %, accesses = {{small}}, work = 5 us } }
                    { run { pattern = uniform, accesses = {{large}}, work = 5 us } }
                  ]
                }
              }
            }
            """).Cgroups[0].Chosen!.LimitPages!.Value;

        long mostlySmall = Limit(1_000_000, 5_000);
        long mostlyLarge = Limit(5_000, 1_000_000);
        Assert.InRange(mostlySmall, 200, 700);
        Assert.InRange(mostlyLarge, 940, 1056);
    }

    internal const string Small = """
        epc {
          costs = "client-sgx1"
          machine { nodes = [ { cpus = 4, epc = 16 MiB } ] }
          cgroups { /pod { max = 8 MiB } }
          enclaves {
            a { cgroup = /pod, heap = 4 MiB, threads = 2, steps = [ touch, { run { pattern = zipf, accesses = 500,
                work = 2 us } } ] }
          }
        }
        """;
}

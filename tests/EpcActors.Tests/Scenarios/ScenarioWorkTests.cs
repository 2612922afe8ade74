using EpcActors.Engine;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Scenarios;

/// <summary>A scenario in pieces, as the page runs it.</summary>
public sealed class ScenarioWorkTests
{
    private const string Text = """
        epc {
          machine { nodes = [ { cpus = 4, epc = 1 MiB } ] }
          enclaves {
            a { heap = 1 MiB, steps = [ touch, { run { pattern = uniform, accesses = 9000, work = 1 us } } ] }
            b { heap = 1 MiB, steps = [ touch, { run { pattern = uniform, accesses = 9000, work = 1 us } } ] }
          }
        }
        """;

    [Fact]
    public void Pieces_are_small_and_make_up_the_run()
    {
        ScenarioWork work = new(Loading.Load(Text));
        List<long> seen = [];
        while (!work.IsOver)
        {
            work.Advance(CancellationToken.None);
            seen.Add(work.Progress.Steps);
        }

        Assert.True(seen.Distinct().Count() > 5, $"{seen.Count} pieces");
        RunReport report = work.Report("epc run x");

        // The engine in one go, without any piece.
        TimedRun whole = new(Loading.Load(Text), "whole", null);
        Assert.Equal(RunEnd.Finished, whole.Execute(CancellationToken.None));
        Assert.Equal(whole.TraceHash, report.TraceHash);
        Assert.Equal(whole.Steps, report.Steps);
        Assert.Equal(Verdict.Pass, report.Verdict);

        // Each enclave was alone as well.
        Assert.All(report.Enclaves, enclave => Assert.True(enclave.Slowdown > 1, $"{enclave.Slowdown}"));
    }

    [Fact]
    public void A_run_that_is_stopped_is_inconclusive_and_says_what_there_is()
    {
        using CancellationTokenSource stop = new();
        ScenarioWork work = new(Loading.Load(Text));
        work.Advance(stop.Token);
        long before = work.Progress.Steps;
        Assert.Throws<InvalidOperationException>(() => work.Report(""));
        stop.Cancel();
        while (!work.IsOver)
        {
            work.Advance(stop.Token);
        }

        RunReport report = work.Report("");

        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.InRange(report.Steps, before, report.Steps);
        Assert.All(report.Enclaves, enclave => Assert.Null(enclave.Slowdown));
    }
}

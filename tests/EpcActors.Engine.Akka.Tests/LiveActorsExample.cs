using Akka.TestKit;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// Example of a user's test: schedules of the laboratory, and whole runs, on the actors of a test's own system.
/// docs/writing-race-tests.md shows it.
/// </summary>
[Trait("tier", "slow")] // A whole machine in real time.
public sealed class LiveActorsExample : global::Akka.TestKit.Xunit2.TestKit
{
    [Fact]
    public void The_lost_update_of_the_free_page_counter_shows_on_live_actors() =>
        RaceTest.Schedule("R1").ConductedOn(() => new AkkaEngine(Sys)).MustBreak();

    [Fact]
    public void Its_fix_holds_on_live_actors() =>
        RaceTest.Schedule("R1").Variant("fixed").ConductedOn(() => new AkkaEngine(Sys)).MustHold();

    [Fact]
    public void A_run_in_the_tests_own_system_tells_its_end()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(RunEnded));
        Scenario scenario = ScenarioLoader.Load(
            "config/quickstart.conf", [new("epc.run.duration", "60 s")], null, ConfigEnvironment.Default);
        using LiveRun run = new(scenario, _ => new AkkaEngine(Sys));
        run.Execute(CancellationToken.None);
        Assert.Equal(RunEnd.Finished, ExpectMsg<RunEnded>(TimeSpan.FromMinutes(1)).End);
        Assert.Empty(run.Oracle.Violations);
    }
}

/// <summary>A run whose time a test has in its hand, as docs/writing-race-tests.md shows it.</summary>
[Trait("tier", "slow")] // A whole machine under a scheduler in the hands of the test.
public sealed class TimeInHandExample()
    : global::Akka.TestKit.Xunit2.TestKit(
        "akka.scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\"")
{
    [Fact]
    public async Task Sleeps_of_a_run_end_when_the_test_says_so()
    {
        AkkaEngine engine = new(Sys);
        Scenario scenario = ScenarioLoader.Load("config/quickstart.conf", [], null, ConfigEnvironment.Default);
        using LiveRun run = new(scenario, _ => engine);
        Task ended = Task.Run(() => run.Execute(CancellationToken.None));
        while (!ended.IsCompleted)
        {
            await engine.WhenAsleep();
            ((TestScheduler)Sys.Scheduler).Advance(TimeSpan.FromMilliseconds(100));
        }

        await ended;
        Assert.Empty(run.Oracle.Violations);
    }
}

using Akka.Actor;
using EpcActors.Engine.Live;
using EpcActors.Scenarios;
using EpcActors.Tests.Conformance;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>The suite of all engines, in systems of their own.</summary>
public sealed class AkkaConformance : EngineConformance
{
    protected override EngineUnderTest NewEngine() => new LiveUnderTest(new AkkaEngine());
}

/// <summary>
/// The other corner: every actor goes to the back of the line after each message, resources have one thread of their
/// own, tasks another.
/// </summary>
[Trait("tier", "slow")] // An actor system for each test, with pinned threads.
public sealed class PinnedAkkaConformance : EngineConformance
{
    private const string OneThreadEach = """
        akka.actor {
          epc-resources {
            type = ForkJoinDispatcher
            throughput = 1
            dedicated-thread-pool { thread-count = 1 }
          }
          epc-tasks {
            type = ForkJoinDispatcher
            throughput = 1
            dedicated-thread-pool { thread-count = 1 }
          }
        }
        """;

    protected override EngineUnderTest NewEngine() =>
        new LiveUnderTest(new AkkaEngine(new AkkaOptions { AkkaBlock = OneThreadEach }));
}

/// <summary>Schedules of the laboratory on Akka actors, all in one system.</summary>
[Trait("tier", "slow")] // Schedules of many races, step by step on an actor system.
public sealed class AkkaReplays : ConductedReplays, IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("replays");

    public void Dispose() => Assert.True(_system.Terminate().Wait(EngineHarness.Patience));

    protected override LiveEngine NewEngine() => new AkkaEngine(_system);
}

/// <summary>The shipped scenarios on Akka actors.</summary>
[Trait("tier", "slow")] // Whole scenarios in real time.
public sealed class AkkaScenarios : ScenarioConformance
{
    protected override LiveEngine NewEngine(Scenario scenario) => new AkkaEngine();
}

using EpcActors.Engine.Live;
using EpcActors.Engine.Live.Threads;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Conformance;

public sealed class SimulationConformance : EngineConformance
{
    protected override EngineUnderTest NewEngine() => new SimulationUnderTest();
}

public sealed class ThreadsConformance : EngineConformance
{
    protected override EngineUnderTest NewEngine() =>
        new LiveUnderTest(new ThreadsEngine(new ThreadsOptions { Workers = 4 }));
}

/// <summary>One worker, and each task goes to the back of the queue after each request: the opposite extreme.</summary>
public sealed class OneThreadConformance : EngineConformance
{
    protected override EngineUnderTest NewEngine() =>
        new LiveUnderTest(new ThreadsEngine(new ThreadsOptions { Workers = 1, TaskBatch = 1, MailboxBatch = 1 }));
}

[Trait("tier", "slow")] // Schedules of many races, step by step on threads.
public sealed class ThreadsReplays : ConductedReplays
{
    protected override LiveEngine NewEngine() => new ThreadsEngine(new ThreadsOptions { Workers = 2 });
}

[Trait("tier", "slow")] // Whole scenarios in real time.
public sealed class ThreadsScenarios : ScenarioConformance
{
    protected override LiveEngine NewEngine(Scenario scenario) => new ThreadsEngine(new ThreadsOptions { Workers = 2 });
}

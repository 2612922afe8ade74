using EpcActors.Engine.Live;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Engines;

/// <summary>Runs a scenario; one method of an engine is all that the command needs of it.</summary>
/// <param name="scenario">What to run.</param>
/// <param name="replayCommand">The command that repeats this run.</param>
/// <param name="progress">Called now and then from the thread that runs.</param>
/// <param name="cancellationToken">Ends the run with what there is.</param>
internal delegate RunReport EngineRun(
    Scenario scenario, string replayCommand, Action<RunProgress>? progress, CancellationToken cancellationToken);

/// <summary>An engine and how to start a run on it.</summary>
internal sealed record EngineEntry
{
    /// <summary>Value of <c>--engine</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its purpose.</summary>
    public required string Purpose { get; init; }

    /// <summary>Its promises, and their limits.</summary>
    public required string Guarantees { get; init; }

    /// <summary>Real threads and real time instead of virtual time; what <c>--live</c> chooses among.</summary>
    public bool IsLive { get; init; }

    /// <summary>Runs a scenario in virtual time; null for a live engine.</summary>
    public EngineRun? Run { get; init; }

    /// <summary>
    /// Makes a live engine for one run, as the scenario's <see cref="Scenario.Live"/> says; null for the simulation.
    /// </summary>
    public Func<Scenario, LiveEngine>? NewEngine { get; init; }

    /// <summary>The library below it, with the version: <c>Akka.NET 1.5.74</c>; empty for .NET alone.</summary>
    public string BuiltOn { get; init; } = "";
}

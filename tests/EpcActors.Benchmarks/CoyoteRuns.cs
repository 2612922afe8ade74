using Microsoft.Coyote;
using Microsoft.Coyote.Actors;
using Microsoft.Coyote.SystematicTesting;

namespace EpcActors.Benchmarks;

/// <summary>Random schedules of a program of Coyote's actors.</summary>
internal static class CoyoteRuns
{
    /// <summary>Runs so many of them.</summary>
    /// <param name="schedules">How many.</param>
    /// <param name="begin">Makes the actors of one schedule.</param>
    /// <returns>Schedules, and steps of one as Coyote counts them.</returns>
    /// <exception cref="InvalidOperationException">Coyote found a bug.</exception>
    public static (int Schedules, double Steps) Run(int schedules, Action<IActorRuntime> begin)
    {
        Configuration configuration = Configuration
            .Create()
            .WithTestingIterations((uint)schedules)
            .WithRandomStrategy()
            .WithRandomGeneratorSeed(1)
            .WithVerbosityEnabled(Microsoft.Coyote.Logging.VerbosityLevel.None)
            .WithTelemetryEnabled(false);
        using TestingEngine engine = TestingEngine.Create(configuration, begin);

        // It tells the console of each iteration, whatever its verbosity.
        TextWriter console = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            engine.Run();
        }
        finally
        {
            Console.SetOut(console);
        }

        if (engine.TestReport.NumOfFoundBugs > 0)
        {
            throw new InvalidOperationException(engine.TestReport.GetText(configuration));
        }

        long explored = engine.TestReport.TotalExploredFairSteps + engine.TestReport.TotalExploredUnfairSteps;
        int runs = engine.TestReport.NumOfExploredFairPaths + engine.TestReport.NumOfExploredUnfairPaths;
        return (runs, explored / (double)Math.Max(1, runs));
    }
}

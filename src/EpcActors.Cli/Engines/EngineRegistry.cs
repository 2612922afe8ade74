using EpcActors.Engine.Live;
using EpcActors.Engine.Threads;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Cli.Engines;

/// <summary>
/// The engines that this build has or could have. A new engine adds its entry to <see cref="OfThisBuild"/>; options, errors,
/// help and <c>epc engines</c> follow from the entry.
/// </summary>
internal sealed class EngineRegistry(IReadOnlyList<EngineEntry> entries)
{
    /// <summary>Engines, the default first; of the live ones first the one that <c>--live</c> takes when this build has it.</summary>
    public IReadOnlyList<EngineEntry> Entries { get; } = entries;

    /// <summary>The engine that runs when none is named.</summary>
    public EngineEntry Default => Entries[0];

    /// <summary>The engine of live runs when none is named; null when this build has none.</summary>
    public EngineEntry? DefaultLive => Entries.FirstOrDefault(one => one is { IsLive: true, IsAvailable: true });

    /// <summary>The Akka.NET that this build refers to; null when its packages could not be restored.</summary>
    public static string? AkkaPackages =>
#if AKKA
        EpcActors.Engine.Akka.AkkaVersion.Loaded;
#else
        null;
#endif

    public static EngineRegistry OfThisBuild() => new(
    [
        new EngineEntry
        {
            Name = "simulation",
            Purpose = "stress and sizing: who faults, who slows whom, what the misc files show",
            Guarantees = "one thread, virtual time from a cost profile, seeded: the same seed, file and version give the same trace hash on every machine",
            Run = (scenario, replayCommand, progress, cancellationToken) =>
                new ScenarioRunner(scenario, progress).Run(replayCommand, cancellationToken),
        },
        new EngineEntry
        {
            Name = "akka",
            Purpose = "live runs on Akka.NET, with its dispatchers, logging and TestKit",
            IsLive = true,
            Guarantees = "each resource and task is an Akka actor, FIFO per sender and receiver, at most once; a run cannot be repeated exactly",
            NewEngine = NewAkkaEngine,
            BuiltOn = AkkaPackages is { } version ? $"Akka.NET {version}" : "",
            HowToGet = AkkaHowToGet,
        },
        new EngineEntry
        {
            Name = "threads",
            Purpose = "live runs on worker threads with nothing but .NET: concurrency stress on real cores",
            IsLive = true,
            Guarantees = "real parallelism and real races; a run cannot be repeated exactly",
            NewEngine = scenario => new ThreadsEngine(new ThreadsOptions
            {
                Workers = scenario.Live.WorkersOrCores,
                TaskBatch = scenario.Live.TaskBatch,
                MailboxBatch = scenario.Live.MailboxBatch,
            }),
        },
    ]);

#if AKKA
    /// <summary>The file's own block says how the ActorSystem is; a number of threads asked for here or in <c>epc.live</c> stands over it.</summary>
    private static Func<Scenario, LiveEngine>? NewAkkaEngine => scenario => new EpcActors.Engine.Akka.AkkaEngine(new EpcActors.Engine.Akka.AkkaOptions
    {
        AkkaBlock = scenario.Live.Workers == 0
            ? scenario.AkkaBlock
            : $"{scenario.AkkaBlock}\nakka.actor.epc-dispatcher.fork-join-executor {{ parallelism-min = {scenario.Live.Workers}, parallelism-max = {scenario.Live.Workers} }}",
    });
#else
    private static Func<Scenario, LiveEngine>? NewAkkaEngine => null;
#endif

    private static string AkkaHowToGet => AkkaPackages is not null
        ? ""
        : "The Akka engine is built when the packages Akka, Akka.Cluster and Akka.TestKit.Xunit2 can be restored from your NuGet "
            + "package sources: see 'dotnet nuget list source', add a source that carries them, and build again. "
            + "A build with -p:AkkaEngine=true insists on them and shows what NuGet says.";

    /// <summary>The engine of that name, ready to run.</summary>
    /// <exception cref="CommandException">unknown (usage), or known and missing here (not supported).</exception>
    public EngineEntry Require(string? name)
    {
        if (name is null)
        {
            return Default;
        }

        EngineEntry? entry = Entries.FirstOrDefault(one => one.Name == name);
        string have = string.Join(", ", Entries.Where(one => one.IsAvailable).Select(one => one.Name));
        if (entry is null)
        {
            throw CommandException.Usage($"--engine {name}: there is no such engine{Suggestions.DidYouMeanOrStop(name, Entries.Select(one => one.Name))} "
                + $"This build has: {have}. 'epc engines' says what each is for.");
        }

        return entry.IsAvailable
            ? entry
            : throw new CommandException(
                ExitCode.NotSupported, $"--engine {name}: not in this build, which has: {have}.\n{entry.HowToGet}");
    }
}

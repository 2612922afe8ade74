using EpcActors.Engine.Akka;
using EpcActors.Engine.Live.Threads;
using EpcActors.Reports;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Engines;

/// <summary>
/// The engines. A new one adds its entry to <see cref="All"/>; options, errors, help and <c>epc engines</c> follow from
/// the entry.
/// </summary>
internal sealed class EngineRegistry(IReadOnlyList<EngineEntry> entries)
{
    /// <summary>Engines, the default first; the first live one is the one that <c>--live</c> takes.</summary>
    public IReadOnlyList<EngineEntry> Entries { get; } = entries;

    /// <summary>The engine that runs when none is named.</summary>
    public EngineEntry Default => Entries[0];

    /// <summary>The engine of live runs when none is named.</summary>
    public EngineEntry DefaultLive => Entries.First(one => one.IsLive);

    /// <summary>Every engine there is.</summary>
    public static EngineRegistry All() =>
        new([
            new EngineEntry
            {
                Name = "simulation",
                Purpose = "stress and sizing: who faults, who slows whom, what the misc files show",
                Guarantees =
                    "one thread, virtual time from a cost profile, seeded: the same seed, file and version give the "
                        + "same trace hash on every machine",
                Run = (scenario, replayCommand, progress, cancellationToken) =>
                    new ScenarioRunner(scenario, progress).Run(replayCommand, cancellationToken),
            },
            new EngineEntry
            {
                Name = "akka",
                Purpose = "live runs on Akka.NET, with its dispatchers, logging and TestKit",
                IsLive = true,
                Guarantees =
                    "each resource and task is an Akka actor, FIFO per sender and receiver, at most once; a run cannot "
                        + "be repeated exactly",
                NewEngine = NewAkkaEngine,
                BuiltOn = $"Akka.NET {AkkaVersion.Loaded}",
            },
            new EngineEntry
            {
                Name = "threads",
                Purpose = "live runs on worker threads with nothing but .NET: concurrency stress on real cores",
                IsLive = true,
                Guarantees = "real parallelism and real races; a run cannot be repeated exactly",
                NewEngine = scenario => new ThreadsEngine(
                    new ThreadsOptions
                    {
                        Workers = scenario.Live.WorkersOrCores,
                        TaskBatch = scenario.Live.TaskBatch,
                        MailboxBatch = scenario.Live.MailboxBatch,
                    }),
            },
        ]);

    /// <summary>
    /// The file's own block says how the ActorSystem is; a number of threads asked for here or in <c>epc.live</c>
    /// stands over it.
    /// </summary>
    private static AkkaEngine NewAkkaEngine(Scenario scenario) =>
        new(
            new AkkaOptions
            {
                AkkaBlock =
                    scenario.Live.Workers == 0
                        ? scenario.AkkaBlock
                        : $"{scenario.AkkaBlock}\nakka.actor.epc-dispatcher.fork-join-executor {{ parallelism-min = "
                            + $"{scenario.Live.Workers}, parallelism-max = {scenario.Live.Workers} }}",
                Words = KernelWords.Of,
            });

    /// <summary>The engine of that name.</summary>
    /// <exception cref="CommandException">there is none of that name (usage).</exception>
    public EngineEntry Require(string? name)
    {
        if (name is null)
        {
            return Default;
        }

        return Entries.FirstOrDefault(one => one.Name == name)
            ?? throw CommandException.Usage(
                $"--engine {name}: there is no such "
                    + $"engine{Suggestions.DidYouMeanOrStop(name, Entries.Select(one => one.Name))} "
                    + $"There are: {string.Join(", ", Entries.Select(one => one.Name))}. 'epc engines' says what each "
                    + "is for.");
    }
}

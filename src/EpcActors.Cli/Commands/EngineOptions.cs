using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Engines;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Commands;

/// <summary>The options that say what a scenario runs on.</summary>
internal sealed class EngineOptions
{
    private readonly Option<string?> _engine = CommonOptions.Engine();

    private readonly Option<bool> _live = CommonOptions.Flag(
        "--live", "runs it on real threads in real time: on the live engine that 'epc engines' calls the default");

    private readonly Option<int?> _workers = new("--workers")
    {
        HelpName = "N",
        Description = "threads of a live run (default: epc.live.workers, one per core)",
        CustomParser = static result =>
        {
            if (
                int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int workers)
                && workers is >= 1 and <= LiveSpec.MostWorkers)
            {
                return workers;
            }

            result.AddError(
                $"--workers {result.Tokens[0].Value}: a number of threads from 1 to {LiveSpec.MostWorkers}");
            return null;
        },
    };

    public IEnumerable<Option> All => [_engine, _live, _workers];

    /// <summary>The engine that was asked for, ready to run.</summary>
    /// <exception cref="CommandException">unknown, or the options contradict each other.</exception>
    public EngineEntry Engine(ParseResult parsed, EngineRegistry engines)
    {
        string? name = parsed.GetValue(_engine);
        bool isLive = parsed.GetValue(_live);
        EngineEntry engine = name is not null || !isLive
            ? engines.Require(name)
            : engines.DefaultLive;
        if (isLive && !engine.IsLive)
        {
            throw CommandException.Usage(
                $"--live --engine {name}: the {name} engine runs in virtual time; leave out one of the two");
        }

        return parsed.GetValue(_workers) is { } workers && !engine.IsLive
            ? throw CommandException.Usage(
                $"--workers {workers}: the {engine.Name} engine runs on one thread; --workers is for live runs (--live)"
            )
            : engine;
    }

    /// <summary>Threads that were asked for; null for what the file says.</summary>
    public int? Workers(ParseResult parsed) => parsed.GetValue(_workers);
}

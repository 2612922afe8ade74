using EpcActors.Exploration;

namespace EpcActors.Races.Explorer;

/// <summary>
/// Lets strategies go on from a position, schedule by schedule, until a rule is broken.
/// </summary>
public sealed class GoOn : IExplorerJob
{
    private readonly LabWorld _world;
    private readonly Replay[] _strategies;
    private readonly ulong _seed;

    /// <param name="explorer">The race.</param>
    /// <param name="path">The position.</param>
    /// <param name="strategies">Names of strategies, taken in turn; empty for the portfolio.</param>
    /// <param name="seed">Seed of the first schedule.</param>
    /// <param name="maxSchedules">Most schedules.</param>
    /// <param name="rule">The rule that counts; null for what the explorer looks for.</param>
    public GoOn(
        RaceExplorer explorer,
        IReadOnlyList<RaceMove> path,
        IReadOnlyList<string> strategies,
        ulong seed,
        int maxSchedules,
        string? rule)
    {
        ArgumentNullException.ThrowIfNull(explorer);
        ArgumentNullException.ThrowIfNull(strategies);
        ushort[] decisions = explorer.DecisionsOf(path);
        _strategies =
        [
            .. (strategies.Count > 0 ? strategies : StrategyNames.Portfolio).Select(name => new Replay(
                decisions,
                isStrict: false,
                StrategyNames.Create(name) ?? throw new ArgumentException($"there is no strategy '{name}'"))),
        ];
        _world = explorer.NewWorld();
        _world.Target = rule ?? explorer.Target;
        _seed = seed;
        MaxSchedules = maxSchedules;
    }

    /// <summary>Most schedules.</summary>
    public int MaxSchedules { get; }

    /// <summary>Schedules that were run.</summary>
    public int Schedules { get; private set; }

    /// <summary>The way that breaks a rule, from the start of the race; null so far.</summary>
    public IReadOnlyList<RaceMove>? Found { get; private set; }

    /// <summary>The rule that it breaks.</summary>
    public Finding? Finding { get; private set; }

    /// <summary>For a hang: number of the step at which its cycle begins; -1 else.</summary>
    public int CycleStart { get; private set; } = -1;

    public bool IsOver => Found is not null || Schedules >= MaxSchedules;

    public void Advance()
    {
        ScheduleOutcome outcome = _world.Run(
            _strategies[Schedules % _strategies.Length], Hunt.SeedOf(_seed, Schedules));
        Schedules++;
        if (outcome.Finding is not null)
        {
            ReadOnlySpan<ushort> log = _world.Engine.Log;
            Found = RaceExplorer.PathOf(_world, log);
            Finding = outcome.Finding;
            CycleStart = outcome.CycleStart < 0
                ? -1
                : Decision.StepsOf(log[..Math.Min(outcome.CycleStart, log.Length)]) + 1;
        }
    }
}

using EpcActors.Exploration;

namespace EpcActors.Races.Explorer;

/// <summary>
/// Makes a way that breaks a rule short, from the start of the race; of a hang, the way into its cycle.
/// </summary>
public sealed class Shorten : IExplorerJob
{
    private readonly LabWorld _world;
    private readonly DecisionShrinker<Finding> _shrinker;

    /// <param name="explorer">The race.</param>
    /// <param name="path">The way.</param>
    /// <param name="maxRuns">Most schedules to try.</param>
    /// <exception cref="ArgumentException">The way breaks no rule.</exception>
    public Shorten(RaceExplorer explorer, IReadOnlyList<RaceMove> path, int maxRuns)
    {
        ArgumentNullException.ThrowIfNull(explorer);
        ushort[] decisions = explorer.DecisionsOf(path);
        _world = explorer.NewWorld();

        // A path ends where it ends; as a record it goes on fairly, which shows a hang.
        ScheduleOutcome outcome = _world.Run(new Replay(decisions, isStrict: false), 0);
        Finding finding = outcome.Finding ?? throw new ArgumentException("the way breaks no rule", nameof(path));
        _world.Target = finding.Rule;
        _shrinker = new DecisionShrinker<Finding>(
            () => _world.Engine, Attempt, _world.Engine.Log.ToArray(), finding, outcome.CycleStart, maxRuns);
        MaxRuns = maxRuns;
    }

    /// <summary>Most schedules to try.</summary>
    public int MaxRuns { get; }

    /// <summary>Schedules that were tried.</summary>
    public int Runs => _shrinker.Best.Runs;

    /// <summary>Steps of the shortest way so far.</summary>
    public int Steps => _shrinker.Best.Steps;

    /// <summary>The shortest way so far.</summary>
    public IReadOnlyList<RaceMove> Shortest => RaceExplorer.PathOf(_world, _shrinker.Best.Decisions);

    /// <summary>For a hang: number of the step at which its cycle begins; -1 else.</summary>
    public int CycleStart => _shrinker.Best.CycleStart is >= 0 and int start
        ? Decision.StepsOf(_shrinker.Best.Decisions.AsSpan(0, start)) + 1
        : -1;

    public bool IsOver { get; private set; }

    public void Advance() => IsOver = IsOver || !_shrinker.Advance();

    private (Finding?, int) Attempt(Replay replay)
    {
        ScheduleOutcome outcome = _world.Run(replay, 0);
        return (outcome.Finding?.Rule == _world.Target ? outcome.Finding : null, outcome.CycleStart);
    }
}

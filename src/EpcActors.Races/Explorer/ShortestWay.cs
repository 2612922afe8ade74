using EpcActors.Exploration;

namespace EpcActors.Races.Explorer;

/// <summary>
/// Looks for the shortest way from a position to a broken rule: breadth first over the states, so the first way found
/// is one of the shortest. A hang is not a state and is not found by it.
/// </summary>
public sealed class ShortestWay : IExplorerJob
{
    private readonly LabWorld _world;
    private readonly Queue<(ushort[] Before, ushort Task, ushort[] Answers)> _queue = new();
    private readonly Stack<(ushort[] Before, ushort Task, ushort[] Answers)> _answered = new();
    private readonly HashSet<ulong> _known = [];
    private readonly StateProbe _probe;

    /// <param name="explorer">The race.</param>
    /// <param name="path">The position.</param>
    /// <param name="rule">The rule; null for what the explorer looks for.</param>
    /// <param name="maxStates">Most states.</param>
    public ShortestWay(RaceExplorer explorer, IReadOnlyList<RaceMove> path, string? rule, int maxStates)
    {
        ArgumentNullException.ThrowIfNull(explorer);
        ushort[] decisions = explorer.DecisionsOf(path);
        _world = explorer.NewWorld();
        _world.Target = rule ?? explorer.Target;
        MaxStates = maxStates;
        _probe = new StateProbe(_world);
        _probe.Load(decisions);
        Run();
    }

    /// <summary>Most states.</summary>
    public int MaxStates { get; }

    /// <summary>Different states met.</summary>
    public int States => _known.Count;

    /// <summary>Steps of the ways that are being tried, from the start of the race.</summary>
    public int Depth { get; private set; }

    /// <summary>The way, from the start of the race; null so far.</summary>
    public IReadOnlyList<RaceMove>? Found { get; private set; }

    /// <summary>The rule that it breaks.</summary>
    public Finding? Finding { get; private set; }

    public bool IsOver => Found is not null || HasNothingLeft || States >= MaxStates;

    /// <summary>Every state was looked at, and none breaks the rule.</summary>
    public bool IsExhausted => Found is null && HasNothingLeft;

    private bool HasNothingLeft => _queue.Count == 0 && _answered.Count == 0;

    public void Advance()
    {
        if (IsOver)
        {
            return;
        }

        // The same step with other answers comes before longer ways.
        if (!_answered.TryPop(out (ushort[] Before, ushort Task, ushort[] Answers) next))
        {
            next = _queue.Dequeue();
        }

        (ushort[] before, ushort task, ushort[] answers) = next;
        ushort[] decisions = [.. before, task, .. answers];
        _probe.Load(decisions);
        Run();

        // Choices that came up behind those that were given were answered with no: try each of them with yes.
        ReadOnlySpan<ushort> log = _world.Engine.Log;
        for (int i = before.Length + 1 + answers.Length; i < log.Length && Found is null; i++)
        {
            ushort yes = Decision.OfChoice(Decision.PointOf(log[i]), true);
            _answered.Push((before, task, [.. log[(before.Length + 1)..i], yes]));
        }
    }

    private void Run()
    {
        ScheduleOutcome outcome = _world.Follow(_probe);
        Depth = _world.Engine.Steps;
        if (outcome.Finding is { } finding)
        {
            Finding = finding;
            Found = RaceExplorer.PathOf(_world, _world.Engine.Log);
        }
        else if (outcome.End == ExploredEnd.Abandoned && _known.Add(_probe.State))
        {
            ushort[] log = _world.Engine.Log.ToArray();
            foreach (int task in _probe.Enabled)
            {
                _queue.Enqueue((log, (ushort)task, []));
            }
        }
    }
}

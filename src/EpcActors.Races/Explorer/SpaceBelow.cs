using EpcActors.Exploration;
using EpcActors.Results;

namespace EpcActors.Races.Explorer;

/// <summary>
/// Counts what lies below a position: states, ends, ends that break a rule. Where no end breaks one and every schedule
/// was looked at, the position is safe.
/// </summary>
public sealed class SpaceBelow : IExplorerJob
{
    private readonly PrefixedWorld _world;
    private readonly ExhaustiveSearch _search;
    private readonly bool _findsHangs;

    /// <param name="explorer">The race.</param>
    /// <param name="path">The position; the run is not over there.</param>
    /// <param name="maxStates">Most states.</param>
    public SpaceBelow(RaceExplorer explorer, IReadOnlyList<RaceMove> path, int maxStates)
        : this(NewWorld(explorer), explorer.DecisionsOf(path), maxStates)
    {
    }

    /// <param name="world">The world; others may use it between two pieces.</param>
    /// <param name="decisions">Record of the position; the run is not over there.</param>
    /// <param name="maxStates">Most states.</param>
    internal SpaceBelow(LabWorld world, ushort[] decisions, int maxStates)
    {
        _world = new PrefixedWorld(world, decisions);
        _findsHangs = world.IsFinding(Rules.Liveness);
        _search = new ExhaustiveSearch(
            _world,
            new SearchBounds
            {
                MaxStates = maxStates,
                MaxSteps = world.MaxSteps * 4,
                FindsHangs = _findsHangs,
                Reduces = false,
                StopsAtFirst = false,
            });
        MaxStates = maxStates;
    }

    /// <summary>Most states.</summary>
    public int MaxStates { get; }

    /// <summary>Different states met.</summary>
    public int States => _search.States;

    /// <summary>Ways that came to an end of their own.</summary>
    public long Ends => _search.Ends;

    /// <summary>Ways that break a rule at their end or before it.</summary>
    public long Violations => _world.Violations;

    /// <summary>Ways whose tasks wait for one another for ever.</summary>
    public long Deadlocks => _world.Deadlocks;

    /// <summary>A cycle was met in which tasks go round for ever and nothing useful happens; known at the
    /// end.</summary>
    public bool HasHang { get; private set; }

    /// <summary>Every schedule was looked at.</summary>
    public bool IsExhausted => _search.IsComplete;

    /// <summary>No schedule below breaks a rule.</summary>
    public bool IsSafe => IsExhausted && Violations == 0 && !HasHang;

    public bool IsOver { get; private set; }

    /// <summary>The numbers so far.</summary>
    public SpaceCount Count() => new(States, Ends, Violations, Deadlocks, HasHang, IsExhausted, IsOver);

    public void Advance()
    {
        if (IsOver || _search.Advance())
        {
            return;
        }

        HasHang = _findsHangs && _search.FindHang().Decisions is not null;
        IsOver = true;
    }

    private static LabWorld NewWorld(RaceExplorer explorer)
    {
        ArgumentNullException.ThrowIfNull(explorer);
        return explorer.NewWorld();
    }
}

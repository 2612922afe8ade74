using EpcActors.Engine;
using EpcActors.Exploration;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Races.Explorer;

/// <summary>
/// Draws the state graph around a position: breadth first to a depth, equal states merged by their fingerprints; then
/// counts what lies below each state, the one with the smallest count first, so that all numbers grow while one looks.
/// </summary>
public sealed class Neighbourhood : IExplorerJob
{
    /// <summary>More states than this are a web, not a drawing.</summary>
    public const int MostStates = 48;

    private readonly LabWorld _world;
    private readonly StateProbe _probe;
    private readonly Dictionary<ActorId, string> _resources;
    private readonly List<State> _states = [];
    private readonly List<StateMapStep> _steps = [];
    private readonly Dictionary<(ulong Fingerprint, StateKind Kind, string Rule), int> _known = [];
    private readonly Queue<(int From, ushort Task, ushort[] Answers)> _queue = new();
    private readonly Stack<(int From, ushort Task, ushort[] Answers)> _answered = new();
    private readonly int _mostCounted;
    private bool _isFull;

    /// <param name="explorer">The race.</param>
    /// <param name="path">The position.</param>
    /// <param name="depth">Steps to draw.</param>
    /// <param name="mostCounted">Most states of a count below one state.</param>
    public Neighbourhood(RaceExplorer explorer, IReadOnlyList<RaceMove> path, int depth, int mostCounted)
    {
        ArgumentNullException.ThrowIfNull(explorer);
        ushort[] decisions = explorer.DecisionsOf(path);
        _world = explorer.NewWorld();
        _probe = new StateProbe(_world);
        _resources = _world.Topology.Resources.ToDictionary(resource => resource.Id, resource => resource.Name);
        _mostCounted = mostCounted;
        Depth = depth;
        _probe.Load(decisions);
        Add(Run(), -1);
    }

    /// <summary>Steps to draw.</summary>
    public int Depth { get; }

    /// <summary>Every state to the depth is drawn.</summary>
    public bool IsDrawn => _queue.Count == 0 && _answered.Count == 0;

    public bool IsOver => IsDrawn && _states.TrueForAll(state => state.Below is null or { IsOver: true });

    /// <summary>The map as far as it is drawn and counted.</summary>
    public StateMap Map()
    {
        bool[] hasMore = new bool[_states.Count];
        for (int i = 0; i < hasMore.Length; i++)
        {
            hasMore[i] = _states[i] is { Kind: StateKind.Open, IsExpanded: false };
        }

        foreach ((int from, ushort _, ushort[] _) in _queue.Concat(_answered))
        {
            hasMore[from] = true;
        }

        return new StateMap(
            [
                .. _states.Select((state, i) => new StateMapNode(
                    state.Depth, state.Kind, state.Rule, RacePath.Format(state.Path), hasMore[i] || state.IsCut,
                    state.Below?.Count())),
            ],
            [.. _steps],
            Depth,
            IsDrawn && !_isFull);
    }

    public void Advance()
    {
        if (IsDrawn)
        {
            _states.Select(state => state.Below)
                .Where(below => below is { IsOver: false })
                .MinBy(below => below!.States)
                ?.Advance();
            return;
        }

        // The same step with other answers comes before other steps.
        if (!_answered.TryPop(out (int From, ushort Task, ushort[] Answers) next))
        {
            next = _queue.Dequeue();
        }

        State from = _states[next.From];
        _probe.Load([.. from.Record, next.Task, .. next.Answers]);
        ScheduleOutcome outcome = Run();
        int to = Add(outcome, next.From);
        if (to >= 0)
        {
            ActorId target = _world.Engine.LastResource?.Id ?? ActorId.None;
            string message = _world.Engine.LastCode == 0
                ? MessageNames.Time
                : $"{MessageNames.Of(_world.Engine.LastCode)} {_resources.GetValueOrDefault(target, "")}".TrimEnd();
            bool isFault = next.Answers.Any(Decision.ValueOf);
            _steps.Add(new StateMapStep(next.From, to, _world.Engine.Task(next.Task).Name, message, isFault));
        }

        // Choices that came up behind those that were given were answered with no: try each of them with yes.
        ReadOnlySpan<ushort> log = _world.Engine.Log;
        int start = from.Record.Length + 1;
        for (int i = start + next.Answers.Length; i < log.Length; i++)
        {
            ushort yes = Decision.OfChoice(Decision.PointOf(log[i]), true);
            _answered.Push((next.From, next.Task, [.. log[start..i], yes]));
        }
    }

    private ScheduleOutcome Run() => _world.Follow(_probe);

    /// <returns>Index of the state; -1 when there is no room for it.</returns>
    private int Add(ScheduleOutcome outcome, int from)
    {
        StateKind kind = outcome.Finding is not null ? StateKind.Violation
            : outcome.End == ExploredEnd.Abandoned ? StateKind.Open
            : outcome.End == ExploredEnd.Deadlock ? StateKind.DeadEnd
            : StateKind.End;
        string rule = outcome.Finding?.Rule ?? "";
        ulong fingerprint = kind == StateKind.Open ? _probe.State : _world.Fingerprint();
        if (_known.TryGetValue((fingerprint, kind, rule), out int known))
        {
            return known;
        }

        if (_states.Count >= MostStates)
        {
            _isFull = true;
            _states[from].IsCut = true;
            return -1;
        }

        ushort[] record = _world.Engine.Log.ToArray();
        State state = new(record, RaceExplorer.PathOf(_world, record), kind, rule)
        {
            Depth = from < 0 ? 0 : _states[from].Depth + 1,
            Below = kind == StateKind.Open ? new SpaceBelow(_world, record, _mostCounted) : null,
        };
        int index = _states.Count;
        _states.Add(state);
        _known.Add((fingerprint, kind, rule), index);
        if (kind == StateKind.Open && state.Depth < Depth)
        {
            state.IsExpanded = true;
            foreach (int task in _probe.Enabled)
            {
                _queue.Enqueue((index, (ushort)task, []));
            }
        }

        return index;
    }

    private sealed class State(ushort[] record, IReadOnlyList<RaceMove> path, StateKind kind, string rule)
    {
        public ushort[] Record { get; } = record;

        public IReadOnlyList<RaceMove> Path { get; } = path;

        public StateKind Kind { get; } = kind;

        public string Rule { get; } = rule;

        public int Depth { get; init; }

        public SpaceBelow? Below { get; init; }

        /// <summary>Its steps are drawn, or will be.</summary>
        public bool IsExpanded { get; set; }

        /// <summary>Some of its steps have no room.</summary>
        public bool IsCut { get; set; }
    }
}

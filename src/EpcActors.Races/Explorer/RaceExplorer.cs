using EpcActors.Engine;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Explorer;

/// <summary>
/// One race under one set of settings, walked by hand: shows every position that a path leads to. A path is run from
/// the start each time, so going back costs as little as going on.
/// </summary>
/// <remarks>One thread at a time may use it.</remarks>
public sealed class RaceExplorer
{
    private const int MostKept = 256;

    private readonly RaceWorld _world;
    private readonly ActorStates _states;
    private readonly int _tasks;
    private readonly Dictionary<string, RacePosition> _positions = new(StringComparer.Ordinal);

    /// <param name="race">The race, loaded with its variant and settings.</param>
    /// <exception cref="RaceSetupException">Its setup does not come to its end.</exception>
    public RaceExplorer(RaceDefinition race)
    {
        ArgumentNullException.ThrowIfNull(race);
        Race = race;
        Target = RaceSearch.TargetOf(race, new RaceSearchOptions());
        _world = NewWorld();

        // The tasks of the setup have the highest ordinals; their work is done.
        _tasks = _world.Engine.TaskCount - _world.Topology.RaceSetup.Count;
        _states = new ActorStates(_world, _tasks);
    }

    /// <summary>The race and variant.</summary>
    public RaceDefinition Race { get; }

    /// <summary>
    /// The one rule that ends a run, as for <c>epc race find</c>: that of the race in a variant that has it; null for
    /// any.
    /// </summary>
    public string? Target { get; }

    /// <summary>A world of its own for a search that runs beside this explorer.</summary>
    internal RaceWorld NewWorld() => new(Race.Scenario) { Target = Target };

    /// <summary>The position behind a path; what cannot be made of it is left out with all that follows.</summary>
    public RacePosition Look(IReadOnlyList<RaceMove> path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string key = RacePath.Format(path);
        if (_positions.TryGetValue(key, out RacePosition? known))
        {
            return known;
        }

        if (_positions.Count >= MostKept)
        {
            _positions.Clear();
        }

        RacePosition position = Make(path);
        _positions[key] = position;
        return position;
    }

    /// <summary>The part of a path of another kernel that can be made here, each step as soon as its turn
    /// comes.</summary>
    /// <returns>The path, and how many steps were left out.</returns>
    public (IReadOnlyList<RaceMove> Path, int Skipped) Carry(IReadOnlyList<RaceMove> path)
    {
        MoveReplay replay = new(_world.Engine, path, isLenient: true);
        _world.Follow(replay);
        return ([.. replay.Taken], replay.Skipped);
    }

    /// <summary>The steps of a path that were really made, and the answers with them.</summary>
    public IReadOnlyList<RaceMove> Normalise(IReadOnlyList<RaceMove> path)
    {
        MoveReplay replay = new(_world.Engine, path, isLenient: false);
        _world.Follow(replay);
        return [.. replay.Taken];
    }

    /// <summary>A record by names.</summary>
    public IReadOnlyList<RaceMove> PathOf(ReadOnlySpan<ushort> decisions) => PathOf(_world, decisions);

    /// <summary>The path of a schedule, as far as it can be made here.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="divergence">First point at which schedule and race differ; null for none.</param>
    public IReadOnlyList<RaceMove> PathOf(Schedule schedule, out string? divergence)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        NamedReplay replay = new(_world, schedule, isStrict: true);
        _world.Reset();
        replay.Begin(_world.Engine, 0);
        _world.Engine.Run(replay, int.MaxValue);
        divergence = replay.Divergence;
        return PathOf(_world, _world.Engine.Log);
    }

    /// <summary>The path as a schedule, for <c>epc race replay</c>.</summary>
    /// <param name="path">The path.</param>
    /// <param name="settings">Settings on top of the file.</param>
    /// <param name="text">Text of the race file; empty for a race of the catalogue.</param>
    public Schedule ScheduleOf(IReadOnlyList<RaceMove> path, IReadOnlyList<string> settings, string text)
    {
        ushort[] decisions = DecisionsOf(path);
        Finding? finding = _world.Finding;
        return new Schedule
        {
            Race = Race.Id,
            Variant = Race.Variant,
            Rule = finding?.Rule ?? "",
            Found = "by hand in the explorer",
            Settings = settings,
            Steps = Schedule.Name(_world, decisions),
            Scenario = text,
        };
    }

    /// <summary>The race has a task of this name.</summary>
    internal bool HasTask(string name) =>
        Enumerable.Range(0, _tasks).Any(task => _world.Engine.Task(task).Name == name);

    /// <summary>What could go wrong in each task that goes on alone from a position: what the settings allow.</summary>
    internal IReadOnlyList<(string Task, ChoicePoint Point)> FaultsAhead(IReadOnlyList<RaceMove> path)
    {
        ushort[] decisions = DecisionsOf(path);
        List<(string, ChoicePoint)> faults = [];
        foreach (int task in _world.Engine.Enabled.ToArray().Order())
        {
            FaultAhead ahead = new(decisions, task, -1);
            _world.Follow(ahead);
            faults.AddRange(ahead.Met.Select(point => (_world.Engine.Task(task).Name, (ChoicePoint)point)));
        }

        return faults;
    }

    /// <summary>The path on which a task goes on alone until something goes wrong in it.</summary>
    /// <returns>Null where the task does not come to it, or the settings do not allow it any more.</returns>
    internal IReadOnlyList<RaceMove>? WithFault(IReadOnlyList<RaceMove> path, string task, ChoicePoint point)
    {
        ushort[] decisions = DecisionsOf(path);
        foreach (int ordinal in _world.Engine.Enabled.ToArray().Where(one => _world.Engine.Task(one).Name == task))
        {
            FaultAhead ahead = new(decisions, ordinal, (int)point);
            _world.Follow(ahead);
            return ahead.IsMade ? PathOf(_world, _world.Engine.Log) : null;
        }

        return null;
    }

    /// <summary>The record of a path.</summary>
    internal ushort[] DecisionsOf(IReadOnlyList<RaceMove> path)
    {
        _world.Follow(new MoveReplay(_world.Engine, path, isLenient: false));
        return _world.Engine.Log.ToArray();
    }

    internal static IReadOnlyList<RaceMove> PathOf(LabWorld world, ReadOnlySpan<ushort> decisions)
    {
        List<RaceMove> path = [];
        foreach (ushort decision in decisions)
        {
            if (!Decision.IsChoice(decision))
            {
                path.Add(new RaceMove(world.Engine.Task(decision).Name));
                continue;
            }

            if (path.Count == 0)
            {
                path.Add(new RaceMove(""));
            }

            path[^1] = path[^1] with { Answers = path[^1].Answers + (Decision.ValueOf(decision) ? '1' : '0') };
        }

        for (int i = 0; i < path.Count; i++)
        {
            path[i] = path[i] with { Answers = path[i].Answers.TrimEnd('0') };
        }

        path.RemoveAll(move => move.Task.Length == 0 && move.Answers.Length == 0);
        return path;
    }

    private RacePosition Make(IReadOnlyList<RaceMove> path)
    {
        List<(ulong State, long Progress)> seen = [];
        IReadOnlyList<ActorState> last = [];
        IReadOnlyList<ActorState> before = [];
        int steps = path.Count(move => move.Task.Length > 0);
        MoveReplay replay = new(_world.Engine, path, isLenient: false)
        {
            AtPosition = () =>
            {
                seen.Add((_world.Fingerprint(), _world.Progress));
                if (_world.Engine.Steps >= steps - 1)
                {
                    before = last;
                    last = _states.Read();
                }
            },
        };
        (IReadOnlyList<RaceStep> made, IReadOnlyList<long> initially, ScheduleOutcome outcome) =
            TraceRecorder.RecordTail(_world, replay, Shown, 0);
        bool isOver = outcome.End != ExploredEnd.Abandoned;
        if (isOver)
        {
            seen.Add((_world.Fingerprint(), _world.Progress));
            before = last;
            last = _states.Read();
        }

        string? divergence = replay.Divergence
            ?? (made.Count < steps ? $"The run is over after {made.Count} of the {steps} steps of the path." : null);
        RaceTrace trace = Trace(made, initially, outcome);
        RacePosition position = new()
        {
            Trace = trace,
            Actors = last,
            Before = before,
            End = isOver ? Describe(outcome) : "",
            SameAsStep = SameAs(seen),
            Divergence = divergence ?? "",
            TraceHash = HashOf(trace),
            StateHash = seen[^1].State,
        };
        return isOver ? position : position with { Choices = Choices([.. replay.Taken], made.Count) };
    }

    private IReadOnlyList<string> Shown => RaceSearch.Header(Race, "", "").Quantities;

    private RaceTrace Trace(IReadOnlyList<RaceStep> steps, IReadOnlyList<long> initially, ScheduleOutcome outcome)
    {
        List<RaceLane> tasks = [];
        List<string> programs = [];
        for (int i = 0; i < _tasks; i++)
        {
            TaskActor task = _world.Engine.Task(i);
            tasks.Add(new RaceLane(task.Name, task.Cpu >= 0 ? $"node {task.Node}" : ""));
            if (task is OperationTask { Operations.Count: > 0 } operations)
            {
                programs.Add($"{task.Name}: {string.Join(", ", operations.Operations.Select(one => one.Text))}");
            }
        }

        RaceTrace trace = RaceSearch.Header(Race, "", "") with
        {
            Tasks = tasks,
            Resources = [.. _world.Topology.Resources.Select(resource => new RaceLane(resource.Name, ""))],
            Before = initially,
            Programs = programs,
            Steps = steps,
        };
        if (outcome.Finding is not { } finding)
        {
            return trace;
        }

        trace = trace with
        {
            Rule = finding.Rule,
            Detail = finding.Detail,
            ViolatedAtStep = outcome.End is ExploredEnd.Stopped or ExploredEnd.Failed ? steps.Count : -1,
        };
        return trace with { Conflict = TraceRecorder.ConflictOf(_world, trace, finding.Rule) };
    }

    private static ulong HashOf(RaceTrace trace)
    {
        ulong hash = 0;
        foreach (RaceStep step in trace.Steps)
        {
            string text = string.Join('|', (string[])
            [
                trace.Tasks[step.Task].Name,
                step.Message,
                step.Resource >= 0 ? trace.Resources[step.Resource].Name : "",
                string.Join(' ', step.Request), string.Join(' ', step.Answer), string.Join(' ', step.Events),
                string.Join(' ', step.Locks), string.Join(' ', step.Choices), string.Join(' ', step.Values),
                string.Join(' ', step.Wakes), $"{step.IsParked} {step.IsWrite}",
            ]);
            hash = StableHash.Fnv1a(hash ^ StableHash.Fnv1a(text));
        }

        return hash;
    }

    /// <summary>Tries each step that could come next, with and without each fault that it would meet.</summary>
    private RaceChoice[] Choices(IReadOnlyList<RaceMove> path, int steps)
    {
        List<RaceChoice> choices = [];
        foreach (int task in _world.Engine.Enabled.ToArray().Order())
        {
            RaceMove move = new(_world.Engine.Task(task).Name);
            int asked = Try(move);
            for (int i = 0; i < asked; i++)
            {
                Try(move with { Answers = new string('0', i) + "1" });
            }
        }

        return
        [
            .. choices.Select(choice => choice with
            {
                ConflictsWith =
                [
                    .. Enumerable.Range(0, choices.Count).Where(other => Conflict(choice.Step, choices[other].Step)),
                ],
            }),
        ];

        int Try(RaceMove move)
        {
            MoveReplay replay = new(_world.Engine, [.. path, move], isLenient: false);
            (IReadOnlyList<RaceStep> made, _, ScheduleOutcome outcome) =
                TraceRecorder.RecordTail(_world, replay, Shown, steps);
            choices.Add(new RaceChoice
            {
                Move = move.ToString(),
                Step = made[^1],
                Rule = outcome.Finding?.Rule ?? "",
                Detail = outcome.Finding?.Detail ?? "",
                IsLast = outcome.End != ExploredEnd.Abandoned,
            });
            return replay.Asked.Count;
        }
    }

    /// <summary>Steps of two tasks at one resource, of which one at least changes it.</summary>
    private static bool Conflict(RaceStep one, RaceStep other) =>
        one.Task != other.Task && one.Resource >= 0 && one.Resource == other.Resource && (one.IsWrite || other.IsWrite);

    /// <summary>The last earlier position with the state of the last one and nothing useful in between.</summary>
    private static int SameAs(List<(ulong State, long Progress)> seen) =>
        seen.Count < 2 ? -1 : seen.LastIndexOf(seen[^1], seen.Count - 2);

    private static string Describe(ScheduleOutcome outcome) => outcome switch
    {
        { Finding: not null, End: ExploredEnd.Stopped or ExploredEnd.Failed } => "The rule is broken.",
        { Finding: not null } => "The run is over, and what it leaves behind breaks the rule.",
        { End: ExploredEnd.Finished or ExploredEnd.TasksEnded } =>
            "Every task has come to its end, and no rule is broken.",
        { End: ExploredEnd.Deadlock } => "Tasks wait for one another, and nothing can happen any more.",
        _ => "The run is over.",
    };
}

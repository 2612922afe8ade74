using System.Globalization;
using System.Text;
using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Scenarios;

namespace EpcActors.Races;

/// <summary>One line of a schedule: a step, or a choice that its task meets on the way to its next request.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Message">Name of the message that is handled, or of the choice.</param>
/// <param name="Resource">Name of the resource; empty for a choice and for time that passes.</param>
/// <param name="Choice">The choice; null for a step.</param>
/// <param name="Line">Line of the file, 0 when it comes from none.</param>
public sealed record ScheduleStep(string Task, string Message, string Resource, bool? Choice, int Line = 0);

/// <summary>
/// A schedule as text: the task of each step, in order. It replays anywhere, and people can read and edit it.
/// </summary>
/// <remarks>
/// <code>
/// # EpcActors schedule 1
/// race: R1
/// variant: buggy
/// rule: free-page-counter
/// found: random, seed 17, after 3 schedules; shrunk from 42 steps to 8
/// steps:
/// CPU0  TakePage  node-0
/// CPU1  TakePage  node-1
/// ksgxd  ? ewb-fails yes
/// cycle:
/// CPU0  TakePage  node-0
/// scenario:
/// epc { ... }
/// </code>
/// The steps after <c>cycle:</c> repeat for ever. The text after <c>scenario:</c> is the race file, so that a schedule
/// needs nothing else; it is missing where the topology was made in code.
/// </remarks>
public sealed record Schedule
{
    private const string Heading = "# EpcActors schedule 1";

    /// <summary>Id in the catalogue, or the file that it is of.</summary>
    public required string Race { get; init; }

    /// <summary>Variant of the race; empty for the race file as it is.</summary>
    public required string Variant { get; init; }

    /// <summary>The rule that it breaks; empty for none.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Search that found it.</summary>
    public string Found { get; init; } = "";

    /// <summary><c>key=value</c> settings that were on top of the file when it was found.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    public required IReadOnlyList<ScheduleStep> Steps { get; init; }

    /// <summary>Index of the step at which the repeating part of a hang begins; -1 for none.</summary>
    public int CycleStart { get; init; } = -1;

    /// <summary>The race file; empty where the topology was made in code.</summary>
    public string Scenario { get; init; } = "";

    /// <summary>Puts names to a record.</summary>
    /// <param name="world">The world that it was recorded in; it is replayed there once.</param>
    /// <param name="decisions">The record.</param>
    public static IReadOnlyList<ScheduleStep> Name(LabWorld world, ReadOnlyMemory<ushort> decisions)
    {
        ArgumentNullException.ThrowIfNull(world);
        Namer namer = new(world, decisions);
        world.Reset();
        namer.Begin(world.Engine, 0);
        world.Engine.Run(namer, int.MaxValue);
        return namer.Steps;
    }

    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Heading).Append('\n');
        Append(text, "race", Race);
        Append(text, "variant", Variant);
        Append(text, "rule", Rule);
        Append(text, "found", Found);
        foreach (string setting in Settings)
        {
            Append(text, "set", setting);
        }

        text.Append("steps:\n");
        int width = Steps.Count == 0 ? 0 : Steps.Max(step => step.Task.Length);
        int messageWidth = Steps.Count == 0 ? 0 : Steps.Max(step => step.Message.Length);
        for (int i = 0; i < Steps.Count; i++)
        {
            if (i == CycleStart)
            {
                text.Append("cycle:\n");
            }

            ScheduleStep step = Steps[i];
            string line = step.Choice is { } choice
                ? $"{step.Task.PadRight(width)}  ? {step.Message} {(choice ? "yes" : "no")}"
                : $"{step.Task.PadRight(width)}  {step.Message.PadRight(messageWidth)}  {step.Resource}";
            text.Append(line.TrimEnd()).Append('\n');
        }

        if (Scenario.Length > 0)
        {
            text.Append("scenario:\n").Append(Scenario.ReplaceLineEndings("\n"));
            if (!Scenario.EndsWith('\n'))
            {
                text.Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Reads a schedule.</summary>
    /// <param name="text">The text.</param>
    /// <param name="file">Name of the file, for errors.</param>
    /// <exception cref="ScheduleFormatException">It is none.</exception>
    public static Schedule Parse(string text, string file)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(file);
        return new Parser(text, file).Parse();
    }

    private static void Append(StringBuilder text, string key, string value)
    {
        if (value.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{key}: {value.ReplaceLineEndings(" ")}\n");
        }
    }

    private sealed class Parser(string text, string file)
    {
        private readonly List<ScheduleStep> _steps = [];
        private readonly List<string> _settings = [];
        private readonly Dictionary<string, string> _header = new(StringComparer.Ordinal);
        private int _cycleStart = -1;

        public Schedule Parse()
        {
            string[] lines = text.ReplaceLineEndings("\n").Split('\n');
            if (lines[0].TrimEnd() != Heading)
            {
                throw Wrong(1, lines[0].StartsWith("# EpcActors schedule", StringComparison.Ordinal)
                    ? $"this is '{lines[0].Trim()}'; this version of EpcActors reads '{Heading}'"
                    : $"a schedule begins with the line '{Heading}'");
            }

            bool isBody = false;
            string scenario = "";
            for (int i = 1; i < lines.Length; i++)
            {
                string line = lines[i].Trim();
                if (line.Length == 0 || line[0] == '#')
                {
                    continue;
                }

                if (line == "scenario:")
                {
                    scenario = string.Join('\n', lines.AsSpan(i + 1)!);
                    break;
                }

                if (line == "steps:")
                {
                    isBody = true;
                }
                else if (line == "cycle:")
                {
                    _cycleStart = _steps.Count;
                }
                else if (isBody)
                {
                    _steps.Add(Step(line, i + 1));
                }
                else
                {
                    Header(line, i + 1);
                }
            }

            if (!isBody)
            {
                throw Wrong(lines.Length, "the line 'steps:' is missing");
            }

            return new Schedule
            {
                Race = _header.GetValueOrDefault("race") ?? throw Wrong(1, "the line 'race: …' is missing"),
                Variant = _header.GetValueOrDefault("variant", ""),
                Rule = _header.GetValueOrDefault("rule", ""),
                Found = _header.GetValueOrDefault("found", ""),
                Settings = _settings,
                Steps = _steps,
                CycleStart = _cycleStart,
                Scenario = scenario,
            };
        }

        private void Header(string line, int number)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            string key = colon < 0 ? line : line[..colon].Trim();
            string value = colon < 0 ? "" : line[(colon + 1)..].Trim();
            if (key == "set" && colon > 0)
            {
                _settings.Add(value);
            }
            else if (key is not ("race" or "variant" or "rule" or "found") || colon < 0)
            {
                throw Wrong(
                    number, $"'{line}' is not a line of a header: race, variant, rule, found, set, then 'steps:'");
            }
            else if (!_header.TryAdd(key, value))
            {
                throw Wrong(number, $"'{key}:' stands there twice");
            }
        }

        private ScheduleStep Step(string line, int number)
        {
            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            int question = Array.IndexOf(words, "?");
            if (question >= 1)
            {
                return words.Length == question + 3 && words[^1] is "yes" or "no"
                    ? new ScheduleStep(string.Join(' ', words[..question]), words[^2], "", words[^1] == "yes", number)
                    : throw Wrong(number, $"'{line}' is not a choice: a task, '?', the choice, 'yes' or 'no'");
            }

            return words switch
            {
                [string task, MessageNames.Time] => new ScheduleStep(task, MessageNames.Time, "", null, number),
                [string task, string message, string resource] => new ScheduleStep(
                    task,
                    message,
                    resource,
                    null,
                    number),
                _ => throw Wrong(number, $"'{line}' is not a step: a task, a message and a resource"),
            };
        }

        private ScheduleFormatException Wrong(int line, string message) => new($"{file}:{line}:1: {message}");
    }

    /// <summary>Follows a record and writes down what each step was.</summary>
    private sealed class Namer(LabWorld world, ReadOnlyMemory<ushort> decisions) : IStrategy
    {
        private readonly Replay _inner = new(decisions, isStrict: true);
        private readonly Dictionary<ActorId, string> _resources = world.Topology.Resources.ToDictionary(
            resource => resource.Id,
            resource => resource.Name);

        public List<ScheduleStep> Steps { get; } = [];

        public void Begin(Execution execution, ulong seed) => _inner.Begin(execution, seed);

        public int Next(Execution execution)
        {
            int task = _inner.Next(execution);
            if (task >= 0)
            {
                ActorId target = world.Engine.PendingTarget(task);
                Steps.Add(
                    new ScheduleStep(
                        world.Engine.Task(task).Name,
                        MessageNames.Of(world.Engine.PendingCode(task)),
                        target.IsNone ? "" : _resources[target],
                        null));
            }

            return task;
        }

        public bool Choose(Execution execution, int task, int point)
        {
            bool value = _inner.Choose(execution, task, point);
            Steps.Add(new ScheduleStep(world.Engine.Task(task).Name, ChoicePoints.Name((ChoicePoint)point), "", value));
            return value;
        }
    }
}

/// <summary>A text that is not a schedule, with file, line and column.</summary>
public sealed class ScheduleFormatException(string message) : Exception(message);

/// <summary>
/// Replays a schedule by its names. Strict: the first line that is not what would happen here ends the replay and is
/// explained. Lenient: a line that does not fit is left out, and after the last the tasks run on, one after the other,
/// so that a schedule of one kernel can be shown on another.
/// </summary>
public sealed class NamedReplay : IReplay
{
    private readonly LabWorld _world;
    private readonly Schedule _schedule;
    private readonly bool _isStrict;
    private readonly Dictionary<string, int> _tasks = new(StringComparer.Ordinal);
    private readonly Dictionary<ActorId, string> _resources;
    private readonly DelayBounding _then = new(0);
    private int _next;

    public NamedReplay(LabWorld world, Schedule schedule, bool isStrict)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(schedule);
        _world = world;
        _schedule = schedule;
        _isStrict = isStrict;
        _resources = world.Topology.Resources.ToDictionary(resource => resource.Id, resource => resource.Name);
        for (int i = 0; i < world.Engine.TaskCount; i++)
        {
            _tasks.TryAdd(world.Engine.Task(i).Name, i);
        }
    }

    public override string ToString() => _isStrict ? "replay" : "replay-leniently";

    /// <summary>First point at which the schedule and this world differ; null for none. Strict replays only.</summary>
    public string? Divergence { get; private set; }

    /// <summary>Lines of the schedule that were taken up.</summary>
    public int Followed => _next;

    public int RecordedSteps => _schedule.Steps.Count;

    public bool IsAtEndOfRecord => Divergence is null;

    public bool HasLap => _schedule.CycleStart >= 0;

    public bool IsInLap { get; private set; }

    /// <summary>Lines that a lenient replay left out.</summary>
    public int Skipped { get; private set; }

    public void Begin(Execution execution, ulong seed)
    {
        _next = 0;
        Divergence = null;
        Skipped = 0;
        IsInLap = false;
        _then.Begin(execution, 0);
    }

    public int Next(Execution execution)
    {
        while (_next < _schedule.Steps.Count)
        {
            ScheduleStep step = _schedule.Steps[_next];
            string? problem = Compare(_world.Engine, step, out int task);
            _next++;
            if (problem is null)
            {
                IsInLap = HasLap && _next > _schedule.CycleStart;
                return task;
            }

            if (_isStrict)
            {
                string place = step.Line > 0 ? $"line {step.Line}" : $"step {_next}";
                Divergence = $"{place} ({$"{step.Task} {step.Message} {step.Resource}".TrimEnd()}): {problem}";
                return -1;
            }

            Skipped++;
        }

        IsInLap = false;
        return _isStrict ? -1 : _then.Next(execution);
    }

    public bool Choose(Execution execution, int task, int point)
    {
        string name = ChoicePoints.Name((ChoicePoint)point);
        if (
            _next < _schedule.Steps.Count
            && _schedule.Steps[_next] is { Choice: { } value } step
            && step.Message == name)
        {
            _next++;
            return value;
        }

        return false;
    }

    private string? Compare(ExploredEngine engine, ScheduleStep step, out int task)
    {
        if (step.Choice is not null)
        {
            task = -1;
            return $"nothing is asked here; the choice '{step.Message}' does not come up";
        }

        if (!_tasks.TryGetValue(step.Task, out task))
        {
            return $"there is no task '{step.Task}' here; there are {string.Join(", ", _tasks.Keys)}";
        }

        TaskActor actor = engine.Task(task);
        if (!engine.IsEnabled(task))
        {
            return actor.HasStopped ? $"{actor.Name} has ended before"
                : !actor.HasStarted ? $"{actor.Name} has not started yet"
                : $"{actor.Name} waits for {Describe(engine, task)}";
        }

        string message = MessageNames.Of(engine.PendingCode(task));
        ActorId target = engine.PendingTarget(task);
        string resource = target.IsNone ? "" : _resources[target];
        return message == step.Message && resource == step.Resource
            ? null
            : $"here {actor.Name} is at {Describe(engine, task)}";
    }

    private string Describe(ExploredEngine engine, int task)
    {
        ActorId target = engine.PendingTarget(task);
        return target.IsNone
            ? MessageNames.Time
            : $"{MessageNames.Of(engine.PendingCode(task))} of {_resources[target]}";
    }
}

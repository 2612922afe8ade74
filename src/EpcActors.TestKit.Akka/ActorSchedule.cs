using System.Globalization;
using System.Text;
using EpcActors.Exploration;

namespace EpcActors.TestKit.Akka;

/// <summary>One line of a schedule: a step, or a choice of a fault.</summary>
/// <param name="Actor">Path of the actor below /user; <c>time</c> for a timer.</param>
/// <param name="Message">Type of the message; name of the fault for a choice.</param>
/// <param name="Sender">Path of the sender; empty for none.</param>
/// <param name="Choice">Whether the fault was chosen; null for a step.</param>
public sealed record ActorScheduleLine(string Actor, string Message, string Sender, bool? Choice = null);

/// <summary>A schedule as text, which people read and edit: who handles what, in order.</summary>
/// <remarks>
/// <code>
/// # EpcActors actor schedule 1
/// race: Both_updates_count
/// rule: finally
/// found: random, seed 1, after 1 schedule; shrunk from 6 steps to 6, 2 switches
/// steps:
/// a        Go
/// counter  Get  a
/// b        ? crash no
/// </code>
/// </remarks>
public sealed record ActorSchedule
{
    private const string Heading = "# EpcActors actor schedule 1";

    /// <summary>Name of the race: the test method.</summary>
    public required string Race { get; init; }

    /// <summary>The rule that it breaks.</summary>
    public required string Rule { get; init; }

    /// <summary>Search that found it.</summary>
    public string Found { get; init; } = "";

    public required IReadOnlyList<ActorScheduleLine> Lines { get; init; }

    /// <summary>Reads a schedule.</summary>
    /// <param name="textOrPath">The text, or the path of a file, from the current folder or that of the test
    /// assembly.</param>
    /// <exception cref="ActorScheduleException">It is none.</exception>
    public static ActorSchedule Read(string textOrPath)
    {
        ArgumentNullException.ThrowIfNull(textOrPath);
        return textOrPath.Contains('\n', StringComparison.Ordinal)
            ? Parse(textOrPath, "schedule")
            : Parse(File.ReadAllText(Find(textOrPath)), textOrPath);
    }

    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Heading).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"race: {Race}\nrule: {Rule}\nfound: {Found}\nsteps:\n");
        int actors = Lines.Select(line => line.Actor.Length).DefaultIfEmpty().Max();
        int messages = Lines.Select(line => line.Message.Length).DefaultIfEmpty().Max();
        foreach (ActorScheduleLine line in Lines)
        {
            string rest = line.Choice is { } choice
                ? $"? {line.Message} {(choice ? "yes" : "no")}"
                : $"{line.Message.PadRight(messages)}  {line.Sender}";
            text.Append($"{line.Actor.PadRight(actors)}  {rest}".TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private static string Find(string path)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, path);
        return File.Exists(path) ? path
            : File.Exists(beside) ? beside
            : throw new ActorScheduleException($"there is no schedule {path}, here or in {AppContext.BaseDirectory}");
    }

    private static ActorSchedule Parse(string text, string name)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        if (lines[0].TrimEnd() != Heading)
        {
            throw new ActorScheduleException($"{name}:1: a schedule begins with the line '{Heading}'");
        }

        Dictionary<string, string> header = [];
        List<ActorScheduleLine>? steps = null;
        for (int i = 1; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (steps is not null)
            {
                steps.Add(Line(line) ?? throw new ActorScheduleException(
                    $"{name}:{i + 1}: '{line}' is not a valid step: an actor, a message and a sender"));
            }
            else if (line == "steps:")
            {
                steps = [];
            }
            else
            {
                string[] parts = line.Split(':', 2);
                header[parts[0]] = parts.Length > 1 ? parts[1].Trim() : "";
            }
        }

        return new ActorSchedule
        {
            Race = header.GetValueOrDefault("race", ""),
            Rule = header.GetValueOrDefault("rule", ""),
            Found = header.GetValueOrDefault("found", ""),
            Lines = steps ?? throw new ActorScheduleException($"{name}: the line 'steps:' is missing"),
        };
    }

    private static ActorScheduleLine? Line(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            [string actor, "?", string fault, "yes" or "no"] when Faults.PointOf(fault) >= 0 =>
                new ActorScheduleLine(actor, fault, "", words[3] == "yes"),
            [string actor, string message] => new ActorScheduleLine(actor, message, ""),
            [string actor, string message, string sender] => new ActorScheduleLine(actor, message, sender),
            _ => null,
        };
    }
}

/// <summary>
/// Follows a schedule by its names. Strict: the first line that is not what could happen here ends the run. Lenient:
/// such a line is left out, and after the last one the actors go on one after the other.
/// </summary>
internal sealed class NamedActorReplay(ActorSchedule schedule, bool isStrict) : IReplay
{
    private readonly DelayBounding _then = new(0);
    private int _next;

    /// <summary>The first line that does not fit, and why; null for none.</summary>
    public string? Divergence { get; private set; }

    public int RecordedSteps => schedule.Lines.Count;

    public bool IsAtEndOfRecord => Divergence is null;

    public bool HasLap => false;

    public bool IsInLap => false;

    public override string ToString() => "replay";

    public void Begin(Execution execution, ulong seed)
    {
        _next = 0;
        Divergence = null;
        _then.Begin(execution, 0);
    }

    public int Next(Execution execution)
    {
        ActorWorld world = (ActorWorld)execution;
        while (_next < schedule.Lines.Count)
        {
            ActorScheduleLine line = schedule.Lines[_next++];
            if (line.Choice is null && Find(world, line) is >= 0 and var task)
            {
                return task;
            }

            if (isStrict)
            {
                Divergence = $"step {_next} ({line.Actor} {line.Message}) does not come up; what can happen there: "
                    + Able(world);
                return -1;
            }
        }

        return isStrict ? -1 : _then.Next(execution);
    }

    public bool Choose(Execution execution, int task, int point)
    {
        if (_next < schedule.Lines.Count
            && schedule.Lines[_next] is { Choice: { } value } line
            && Faults.PointOf(line.Message) == point)
        {
            _next++;
            return value;
        }

        return false;
    }

    private static int Find(ActorWorld world, ActorScheduleLine line)
    {
        foreach (int task in world.Enabled)
        {
            if (world.NextOf(task) == (line.Actor, line.Message))
            {
                return task;
            }
        }

        return -1;
    }

    private static string Able(ActorWorld world) => string.Join(
        ", ",
        world.Enabled.ToArray().Order().Select(world.NextOf).Select(next => $"{next.Actor} {next.Message}"));
}

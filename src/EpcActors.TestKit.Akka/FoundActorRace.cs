using System.Globalization;
using System.Text;

namespace EpcActors.TestKit.Akka;

/// <summary>A schedule that breaks a rule, short.</summary>
public sealed class FoundActorRace
{
    private const string Outside = "test";

    private readonly string _name;
    private readonly ScheduleRun _run;

    internal FoundActorRace(string name, ScheduleRun run, ActorSchedule schedule)
    {
        _name = name;
        _run = run;
        Schedule = schedule;
        Finding = run.Finding!;
    }

    /// <summary>The rule, and what was seen.</summary>
    public ActorFinding Finding { get; }

    public IReadOnlyList<ActorStep> Steps => _run.Steps;

    /// <summary>The schedule, for a file.</summary>
    public ActorSchedule Schedule { get; }

    /// <summary>All steps and what was seen in them, on one text: equal for equal runs.</summary>
    public string Trace => _run.Trace;

    /// <summary>The interleaving, a line a step: who handles what, from whom.</summary>
    public string Listing
    {
        get
        {
            StringBuilder text = new();
            Line(text, "race", _name);
            Line(text, "found", Schedule.Found);
            Line(text, "broken", $"{Finding.Rule}: {FirstLines(Finding.Detail)}");
            bool hasTime = Steps.Any(step => step.At > TimeSpan.Zero);
            int actors = Steps.Select(step => step.Actor.Length).Append(5).Max();
            int details = Steps.Select(step => step.Detail.Length).Append(7).Max();
            text.Append('\n').Append($"step  {(hasTime ? "  at  " : "")}{"actor".PadRight(actors)}  "
                + $"{"handles".PadRight(details)}  from\n");
            for (int i = 0; i < Steps.Count; i++)
            {
                ActorStep step = Steps[i];
                string at = hasTime
                    ? step.At.TotalSeconds.ToString("0.##", CultureInfo.InvariantCulture).PadLeft(3) + "s  "
                    : "";
                string number = (i + 1).ToString(CultureInfo.InvariantCulture).PadLeft(4);
                string line = $"{step.Actor.PadRight(actors)}  {step.Detail.PadRight(details)}  {step.Sender}";
                text.Append($"{number}  {at}{line}".TrimEnd()).Append('\n');
                IEnumerable<string> notes = step.Fault.Length > 0 ? [step.Fault, .. step.Happened] : step.Happened;
                foreach (string note in notes)
                {
                    text.Append("      ! ").Append(note).Append('\n');
                }
            }

            return text.Append("      <-- broken: ").Append(Finding.Rule).Append('\n').ToString();
        }
    }

    /// <summary>The interleaving as a sequence diagram of Mermaid.</summary>
    public string Mermaid
    {
        get
        {
            StringBuilder text = new("sequenceDiagram\n");
            Dictionary<string, string> ids = new(StringComparer.Ordinal);
            foreach (string actor in Steps.SelectMany(step => (string[])[SenderOf(step), step.Actor]))
            {
                if (ids.TryAdd(actor, $"p{ids.Count.ToString(CultureInfo.InvariantCulture)}"))
                {
                    text.Append(CultureInfo.InvariantCulture, $"  participant {ids[actor]} as {Plain(actor)}\n");
                }
            }

            foreach (ActorStep step in Steps)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"  {ids[SenderOf(step)]}->>{ids[step.Actor]}: {Plain(step.Detail)}\n");
                foreach (string note in step.Happened)
                {
                    text.Append(CultureInfo.InvariantCulture, $"  Note over {ids[step.Actor]}: {Plain(note)}\n");
                }
            }

            string last = Steps.Count > 0 ? ids[Steps[^1].Actor] : "p0";
            return text
                .Append(CultureInfo.InvariantCulture, $"  Note over {last}: broken: {Plain(Finding.Rule)}\n")
                .ToString();
        }
    }

    /// <summary>Writes the schedule.</summary>
    public void Save(string path)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        Directory.CreateDirectory(folder!);
        File.WriteAllText(path, Schedule.ToString());
    }

    internal string? WriteTo(string? folder)
    {
        if (folder is null)
        {
            return null;
        }

        string path = Path.Combine(folder, $"{_name}.schedule");
        Save(path);
        return path;
    }

    /// <summary>What a failing test prints.</summary>
    internal string Report(string? file)
    {
        string listing = $"{_name} breaks '{Finding.Rule}'.\n\n{Listing}";
        return file is null
            ? listing
            : listing + $"\nThis line pins it, with the same race:\n    Race(…).Pinned(\"{file.Replace('\\', '/')}\")"
                + ".MustBreak();\n";
    }

    private static string SenderOf(ActorStep step) =>
        step.Sender.Length > 0 ? step.Sender : step.Message.StartsWith('(') ? step.Actor : Outside;

    private static string Plain(string text) =>
        text.Replace(';', ',').Replace('#', ' ').Replace(":", "", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string FirstLines(string text) =>
        text.ReplaceLineEndings("\n").Trim().Replace("\n", "\n        ", StringComparison.Ordinal);

    private static void Line(StringBuilder text, string key, string value)
    {
        if (value.Length > 0)
        {
            text.Append(key.PadRight(8)).Append(value).Append('\n');
        }
    }
}

using System.Globalization;
using System.Text;
using EpcActors.Exploration;

namespace EpcActors.TestKit.Akka;

/// <summary>A schedule that breaks a rule, short.</summary>
public sealed class FoundActorRace
{
    /// <summary>Where messages come from that the test told.</summary>
    internal const string Outside = "test";

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
    public string Mermaid => ActorMermaid.Text(this);

    /// <summary>Writes the schedule.</summary>
    public void Save(string path)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        Directory.CreateDirectory(folder!);
        File.WriteAllText(path, Schedule.ToString());
    }

    /// <summary>Writes a page on which a reader goes through the steps: one file, which asks no network.</summary>
    public void SaveHtml(string path) => SaveHtml(path, "");

    internal string Name => _name;

    /// <summary>Not the test, time, or a way between two actors.</summary>
    internal static bool IsActor(string name) =>
        name is not (Outside or ActorStep.Time) && !name.Contains("->", StringComparison.Ordinal);

    /// <summary>The rule broke when no actor had anything more to do, not at a step.</summary>
    internal bool IsBrokenAtEnd => _run.End is not ExploredEnd.Stopped;

    internal bool IsBrokenAt(int step) => !IsBrokenAtEnd && step == Steps.Count - 1;

    internal ActorStepDetail DetailOf(int step) => _run.Details[step];

    /// <summary>Writes the schedule and its page.</summary>
    /// <returns>The file of the schedule; null: none is written.</returns>
    internal string? WriteTo(string? folder)
    {
        if (folder is null)
        {
            return null;
        }

        string path = Path.Combine(folder, $"{_name}.schedule");
        Save(path);
        SaveHtml(PageOf(path), PinOf(path));
        return path;
    }

    /// <summary>What a failing test prints.</summary>
    internal string Report(string? file)
    {
        string listing = $"{_name} breaks '{Finding.Rule}'.\n\n{Listing}";
        return file is null
            ? listing
            : listing + $"\nThis line pins it, with the same race:\n    {PinOf(file)}\n"
                + $"Step through it in a browser:\n    {PageOf(file).Replace('\\', '/')}\n";
    }

    private void SaveHtml(string path, string pin)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using StreamWriter writer = new(path, append: false, new UTF8Encoding(false)) { NewLine = "\n" };
        ActorPage.Write(writer, this, pin);
    }

    private static string PinOf(string file) => $"Race(…).Pinned(\"{file.Replace('\\', '/')}\").MustBreak();";

    private static string PageOf(string file) => Path.ChangeExtension(file, ".html");

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

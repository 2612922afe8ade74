using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Kind of a row of an interleaving.</summary>
internal enum RaceRowKind
{
    /// <summary>The task is in another function from here on.</summary>
    Function,

    Statement,

    /// <summary>One of the two accesses that conflict.</summary>
    Conflict,

    /// <summary>A parked request.</summary>
    Wait,

    /// <summary>A choice, a wake-up, something that happened.</summary>
    Event,

    Violation,

    /// <summary>Across all columns.</summary>
    Rule,
}

/// <summary>A row of an interleaving.</summary>
/// <param name="Task">Column; -1 for all.</param>
/// <param name="Kind">Kind of the row.</param>
/// <param name="Text">Words, without line breaks.</param>
/// <param name="Step">The step, for the first row of it that has a number; null else.</param>
internal sealed record RaceRow(int Task, RaceRowKind Kind, string Text, RaceStep? Step = null);

/// <summary>An interleaving as rows, each of one task: the common ground of the listings.</summary>
internal static class RaceRows
{
    /// <summary>The mark of a conflicting access, empty for any other step.</summary>
    public static string Mark(RaceTrace trace, RaceStep step) =>
        step.Number < 1 ? ""
        : step.Number == trace.Conflict.First ? "(A)"
        : step.Number == trace.Conflict.Second ? "(B)"
        : "";

    public static bool IsViolated(RaceTrace trace, RaceStep step) =>
        trace.Rule.Length > 0 && step.Number >= 1 && step.Number == trace.ViolatedAtStep;

    /// <summary>Tasks that have a step, as indices, in the order of the trace.</summary>
    public static int[] Acting(RaceTrace trace) =>
        [.. Enumerable.Range(0, trace.Tasks.Count).Where(t => trace.Steps.Any(s => s.Task == t))];

    public static string TaskName(RaceTrace trace, int task) =>
        task >= 0 && task < trace.Tasks.Count
            ? trace.Tasks[task].Name
            : string.Create(CultureInfo.InvariantCulture, $"task {task}");

    /// <summary>Notes in the margin beside a step: choices, wake-ups, events.</summary>
    public static IEnumerable<string> Margin(RaceTrace trace, RaceStep step)
    {
        foreach (string choice in step.Choices)
        {
            yield return $"? {choice}";
        }

        if (step.Wakes.Count > 0)
        {
            yield return "-> wakes " + string.Join(", ", step.Wakes.Select(t => TaskName(trace, t)));
        }

        foreach (string happened in step.Events)
        {
            yield return $"* {happened}";
        }
    }

    /// <summary>Builds the rows.</summary>
    /// <param name="trace">The schedule.</param>
    /// <param name="withFiles">Functions with their files.</param>
    /// <param name="mergeWidth">
    /// Consecutive plain steps of one task in one function share a row as long as they fit into this many characters;
    /// 0: a row for each step.
    /// </param>
    public static List<RaceRow> Of(RaceTrace trace, bool withFiles, int mergeWidth = 0)
    {
        Builder builder = new(trace, withFiles, mergeWidth);
        foreach (RaceStep step in trace.Steps)
        {
            builder.Add(step);
        }

        return builder.Finish();
    }

    /// <summary>
    /// The tasks that made the two accesses that conflict, and the locks they held: different locks exclude no task.
    /// Empty without such a pair.
    /// </summary>
    public static string DescribeConflict(RaceTrace trace)
    {
        (int first, int second) = trace.Conflict;
        if (first < 1 || second < 1 || second > trace.Steps.Count || first > trace.Steps.Count)
        {
            return "";
        }

        return $"(A) is {trace.Tasks[trace.Steps[first - 1].Task].Name}'s, {Held(trace.Steps[first - 1])}; "
            + $"(B) is {trace.Tasks[trace.Steps[second - 1].Task].Name}'s, {Held(trace.Steps[second - 1])}";
    }

    private static string Held(RaceStep step) =>
        step.Locks.Count == 0 ? "with no lock held" : $"with {string.Join(" and ", step.Locks)} held";

    /// <summary>A sentence with its full stop.</summary>
    public static string Sentence(string text)
    {
        string trimmed = text.Trim();
        return trimmed.Length == 0 || trimmed[^1] is '.' or '!' or '?' or ':' ? trimmed : trimmed + ".";
    }

    /// <summary>Adds step after step to the rows.</summary>
    private sealed class Builder(RaceTrace trace, bool withFiles, int mergeWidth)
    {
        private readonly List<RaceRow> _rows = [];

        /// <summary>By task: function that its last row is under.</summary>
        private readonly string[] _functions = [.. trace.Tasks.Select(_ => "")];

        /// <summary>The next plain step may share the last row.</summary>
        private bool _canMerge;
        private string _repeated = "";

        /// <summary>Times that the last row says its phrase; 0 when it has several.</summary>
        private int _repeats;

        public void Add(RaceStep step)
        {
            if (step.Number >= 1 && step.Number == trace.CycleStart)
            {
                AddBreak(new RaceRow(-1, RaceRowKind.Rule, "from here on the steps repeat for ever"));
            }

            AddFunction(step);
            string mark = Mark(trace, step);
            string phrase = KernelWords.Phrase(trace, step);
            RaceRowKind kind =
                mark.Length > 0 ? RaceRowKind.Conflict
                : step.IsParked ? RaceRowKind.Wait
                : RaceRowKind.Statement;
            bool isPlain = kind == RaceRowKind.Statement && !IsViolated(trace, step);
            if (!isPlain || !TryMerge(step, phrase))
            {
                _rows.Add(new RaceRow(step.Task, kind, mark.Length > 0 ? $"{mark} {phrase}" : phrase, step));
                (_repeated, _repeats) = (phrase, 1);
                _canMerge = mergeWidth > 0 && isPlain;
            }

            _canMerge &= !HasMargin(step);
            AddMargin(step);
        }

        /// <summary>Adds what holds after the last step; the rows are complete then.</summary>
        public List<RaceRow> Finish()
        {
            if (trace.CycleStart >= 1)
            {
                _rows.Add(
                    new RaceRow(
                        -1,
                        RaceRowKind.Rule,
                        string.Create(CultureInfo.InvariantCulture, $"and so on from step {trace.CycleStart}")));
            }

            if (trace.Rule.Length > 0 && !trace.Steps.Any(s => IsViolated(trace, s)))
            {
                _rows.Add(new RaceRow(-1, RaceRowKind.Violation, $"at the end: violated: {trace.Rule}"));
            }

            return _rows;
        }

        private void AddBreak(RaceRow row)
        {
            _rows.Add(row);
            _canMerge = false;
        }

        private void AddFunction(RaceStep step)
        {
            KernelFunction function = KernelFunctions.Innermost(step);
            string header = withFiles || function.File.Length == 0 ? function.Located : function.Name + "()";
            bool isKnownTask = step.Task >= 0 && step.Task < _functions.Length;
            if (isKnownTask && _functions[step.Task] != header)
            {
                _functions[step.Task] = header;
                AddBreak(new RaceRow(step.Task, RaceRowKind.Function, header));
            }
        }

        /// <summary>Puts a plain step into the last row, as one more time or as one more phrase.</summary>
        private bool TryMerge(RaceStep step, string phrase)
        {
            if (!_canMerge || _rows[^1] is not { Kind: RaceRowKind.Statement } last || last.Task != step.Task)
            {
                return false;
            }

            if (_repeats > 0 && phrase == _repeated)
            {
                _repeats++;
                _rows[^1] = last with { Text = Times(last.Text, _repeats) };
                return true;
            }

            if (last.Text.Length + 2 + phrase.Length > mergeWidth)
            {
                return false;
            }

            _rows[^1] = last with { Text = $"{last.Text}; {phrase}" };
            _repeats = 0;
            return true;
        }

        private void AddMargin(RaceStep step)
        {
            foreach (string text in Margin(trace, step))
            {
                _rows.Add(new RaceRow(step.Task, RaceRowKind.Event, text));
            }

            if (IsViolated(trace, step))
            {
                _rows.Add(new RaceRow(step.Task, RaceRowKind.Violation, $"<-- violated: {trace.Rule}"));
            }
        }

        private static bool HasMargin(RaceStep step) =>
            step.Choices.Count > 0 || step.Wakes.Count > 0 || step.Events.Count > 0;

        private static string Times(string text, int times)
        {
            int at = text.LastIndexOf(" (x", StringComparison.Ordinal);
            string phrase = times > 2 && at >= 0 ? text[..at] : text;
            return string.Create(CultureInfo.InvariantCulture, $"{phrase} (x{times})");
        }
    }
}

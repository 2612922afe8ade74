using EpcActors.Results;

namespace EpcActors.Reports;

/// <content>Bars behind the lanes: who holds which lock, who waits, what conflicts, what repeats.</content>
internal sealed partial class LamportDiagram
{
    private void WriteCycle(HtmlWriter html)
    {
        int first = IndexOf(_trace.CycleStart);
        if (_trace.CycleStart < 1 || (first < 0 && Steps.Count == _trace.Steps.Count))
        {
            return;
        }

        double top = Y(Math.Max(0, first)) + 4;
        double bottom = Y(Steps.Count) - 4;
        html.Open("g", ("class", "cycle"));
        html.Element("title", "These steps repeat for ever.");
        html.Empty("path", ("d", $"M16 {C(top)}H8V{C(bottom)}H16"));
        html.Empty("path", ("d", $"M4 {C(top + 8)}L8 {C(top)}L12 {C(top + 8)}"));
        if (bottom - top > 60)
        {
            html.Element("text", "for ever", ("transform", $"translate(22 {C((top + bottom) / 2)}) rotate(-90)"));
        }

        html.Close("g");
    }

    /// <summary>A bar beside the line of a task for each lock that it holds.</summary>
    private void WriteLocks(HtmlWriter html)
    {
        for (int task = 0; task < _trace.Tasks.Count; task++)
        {
            List<(string Name, int From)?> slots = [];
            for (int i = 0; i < Steps.Count; i++)
            {
                if (Steps[i].Task != task)
                {
                    continue;
                }

                for (int slot = 0; slot < slots.Count; slot++)
                {
                    if (slots[slot] is { } held && !Steps[i].Locks.Contains(held.Name))
                    {
                        WriteLock(html, task, slot, held.Name, held.From, Y(i) + Section);
                        slots[slot] = null;
                    }
                }

                foreach (string name in Steps[i].Locks)
                {
                    if (slots.Exists(s => s?.Name == name))
                    {
                        continue;
                    }

                    int free = slots.FindIndex(s => s is null);
                    if (free < 0)
                    {
                        slots.Add((name, i));
                    }
                    else
                    {
                        slots[free] = (name, i);
                    }
                }
            }

            for (int slot = 0; slot < slots.Count; slot++)
            {
                if (slots[slot] is { } held)
                {
                    WriteLock(html, task, slot, held.Name, held.From, Y(Steps.Count));
                }
            }
        }
    }

    private void WriteLock(HtmlWriter html, int task, int slot, string name, int from, double bottom)
    {
        double top = Y(from) + Section;
        html.Open(
            "rect",
            ("class", "lock " + ColourOf(_locks.IndexOf(name))),
            ("x", C(X(task) - 9 - (slot * 7))),
            ("y", C(top)),
            ("width", "5"),
            ("height", C(Math.Max(2, bottom - top))),
            ("rx", "1.5"));
        html.Element("title", $"{RaceRows.TaskName(_trace, task)} holds {name}");
        html.Close("rect");
    }

    /// <summary>Draws a parked request as a wait on the line of its task, until its wake-up.</summary>
    private void WriteWaits(HtmlWriter html)
    {
        for (int i = 0; i < Steps.Count; i++)
        {
            RaceStep step = Steps[i];
            if (!step.IsParked || !IsTask(step.Task))
            {
                continue;
            }

            double bottom = Y(Steps.Count);
            for (int j = i + 1; j < Steps.Count; j++)
            {
                if (Steps[j].Wakes.Contains(step.Task))
                {
                    bottom = Y(j) + Answer + 4;
                    break;
                }

                if (Steps[j].Task == step.Task)
                {
                    bottom = Y(j) + Request;
                    break;
                }
            }

            Line(html, "wait", X(step.Task), Y(i) + Request, X(step.Task), bottom);
        }
    }

    private void WriteConflict(HtmlWriter html)
    {
        int first = IndexOf(_trace.Conflict.First);
        int second = IndexOf(_trace.Conflict.Second);
        if (
            first < 0
            || second < 0
            || !_placeOf.TryGetValue(Steps[first].Resource, out int a)
            || !_placeOf.TryGetValue(Steps[second].Resource, out int b))
        {
            return;
        }

        double right = Math.Max(X(a), X(b)) + Math.Min(30, _laneWidth / 2);
        html.Empty(
            "path",
            ("class", "clash"),
            (
                "d",
                $"M{C(X(a) + 9)} {C(Y(first) + Section)}C{C(right)} {C(Y(first) + Section)} {C(right)} "
                    + $"{C(Y(second) + Section)} {C(X(b) + 9)} {C(Y(second) + Section)}"));
    }
}

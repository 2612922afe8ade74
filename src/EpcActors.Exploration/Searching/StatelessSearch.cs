namespace EpcActors.Exploration;

/// <summary>
/// Depth-first search over the schedules of a program that ends, without a table of states: where what a program holds
/// cannot be looked at. Each schedule is run from the start.
/// </summary>
/// <remarks>
/// Reduction by source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas: POPL 2014): of the orders of steps that
/// commute (<see cref="StepEffects"/>) one is run, and another order is tried only where two steps of a run raced.
/// Every end that can be reached is reached; states in between are not all met. Choices are tried both ways.
/// </remarks>
public sealed class StatelessSearch : IStrategy
{
    private readonly bool _reduces;
    private readonly List<Node> _stack = [];
    private readonly List<Event> _events = [];
    private int _cursor;
    private int _fresh;

    /// <param name="reduces">Leaves out orders of steps that commute.</param>
    public StatelessSearch(bool reduces) => _reduces = reduces;

    /// <summary>Schedules that were run to their end.</summary>
    public long Schedules { get; private set; }

    /// <summary>Runs that were cut short, because only orders were left that are looked at elsewhere.</summary>
    public long Redundant { get; private set; }

    /// <summary>The last run was cut short.</summary>
    public bool WasRedundant { get; private set; }

    public override string ToString() => "exhaustive";

    public void Begin(Execution execution, ulong seed)
    {
        _cursor = 0;
        _events.Clear();
        WasRedundant = false;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        NoteEffects((TracedExecution)execution);
        if (_cursor == _stack.Count && !TryPush(execution))
        {
            WasRedundant = true;
            return -1;
        }

        Node node = _stack[_cursor];
        _events.Add(new Event(_cursor++, node.Task));
        return node.Task;
    }

    public bool Choose(Execution execution, int task, int point)
    {
        if (_cursor == _stack.Count)
        {
            _stack.Add(new Node { IsChoice = true });
        }

        return _stack[_cursor++].Value;
    }

    /// <summary>The run has ended: finds the next schedule.</summary>
    /// <returns>False when there is none.</returns>
    public bool Advance(TracedExecution execution)
    {
        NoteEffects(execution);
        Schedules += WasRedundant ? 0 : 1;
        Redundant += WasRedundant ? 1 : 0;
        if (_reduces)
        {
            FindRaces();
        }

        while (_stack.Count > 0)
        {
            Node top = _stack[^1];
            if (top.IsChoice ? !top.Value : top.TryNext())
            {
                top.Value = top.IsChoice;
                _fresh = _stack.FindLastIndex(node => !node.IsChoice);
                return true;
            }

            _stack.RemoveAt(_stack.Count - 1);
        }

        return false;
    }

    /// <summary>What the step before did is known now.</summary>
    private void NoteEffects(TracedExecution execution)
    {
        if (_events.Count > 0 && _events[^1].Effects is null)
        {
            Event last = _events[^1];
            last.Effects = execution.LastEffects;
            Node node = _stack[last.Node];
            node.Effects = node.Effects?.With(last.Effects) ?? last.Effects;
        }
    }

    private bool TryPush(Execution execution)
    {
        Node node = new() { Enabled = execution.Enabled.ToArray() };
        Array.Sort(node.Enabled);
        if (_reduces && _events.Count > 0)
        {
            StepEffects made = _events[^1].Effects!;
            Node parent = _stack[_events[^1].Node];
            node.Sleep.AddRange(parent.Sleep.Concat(parent.Done).Where(one => !one.Effects.ConflictsWith(made)));
        }

        int last = execution.LastTask;
        int[] awake = [.. node.Enabled.Where(task => !node.Sleep.Exists(one => one.Task == task))];
        if (awake.Length == 0)
        {
            return false;
        }

        node.Task = Array.IndexOf(awake, last) >= 0 ? last : awake[0];
        node.Backtrack.AddRange(_reduces ? [node.Task] : awake);
        _stack.Add(node);
        return true;
    }

    /// <summary>
    /// Two steps raced when they conflict and neither is a consequence of what came between: then the other order has
    /// to be tried from before the first.
    /// </summary>
    private void FindRaces()
    {
        int count = _events.Count;
        int words = (count + 63) / 64;
        ulong[][] before = new ulong[count][];
        for (int j = 0; j < count; j++)
        {
            before[j] = new ulong[words];
            Event later = _events[j];
            for (int i = j - 1; i >= 0; i--)
            {
                // From near to far: what is known to come before by way of another step is not a race.
                Event earlier = _events[i];
                bool isCause = later.Effects!.Causes.Contains(i);
                bool conflicts = earlier.Task != later.Task && earlier.Effects!.ConflictsWith(later.Effects);
                if (Has(before[j], i) || (!isCause && !conflicts && earlier.Task != later.Task))
                {
                    continue;
                }

                Unite(before[j], before[i], i);
                if (conflicts && !isCause && later.Node >= _fresh)
                {
                    Reverse(before, i, j);
                }
            }
        }
    }

    private void Reverse(ulong[][] before, int first, int second)
    {
        Node node = _stack[_events[first].Node];
        List<int> rest = [];
        List<int> initials = [];
        for (int k = first + 1; k <= second; k++)
        {
            if (k != second && Has(before[k], first))
            {
                continue;
            }

            if (!rest.Exists(earlier => Has(before[k], earlier)) && !initials.Contains(_events[k].Task))
            {
                initials.Add(_events[k].Task);
            }

            rest.Add(k);
        }

        if (initials.Exists(node.Backtrack.Contains))
        {
            return;
        }

        int able = initials.FindIndex(task => Array.IndexOf(node.Enabled, task) >= 0);
        int[] added = able >= 0 ? [initials[able]] : [.. node.Enabled.Except(node.Backtrack)];
        node.Backtrack.AddRange(added);
    }

    private static bool Has(ulong[] set, int index) => ((set[index >> 6] >> (index & 63)) & 1) != 0;

    private static void Unite(ulong[] set, ulong[] other, int index)
    {
        for (int i = 0; i < set.Length; i++)
        {
            set[i] |= other[i];
        }

        set[index >> 6] |= 1UL << (index & 63);
    }

    private sealed class Event(int node, int task)
    {
        public readonly int Node = node;
        public readonly int Task = task;
        public StepEffects? Effects;
    }

    private sealed class Node
    {
        public readonly List<int> Backtrack = [];
        public readonly List<(int Task, StepEffects Effects)> Sleep = [];
        public readonly List<(int Task, StepEffects Effects)> Done = [];
        public int[] Enabled = [];
        public int Task;
        public StepEffects? Effects;
        public bool IsChoice;
        public bool Value;

        public bool TryNext()
        {
            Done.Add((Task, Effects!));
            foreach (int task in Backtrack)
            {
                if (!Done.Exists(one => one.Task == task) && !Sleep.Exists(one => one.Task == task))
                {
                    Task = task;
                    Effects = null;
                    return true;
                }
            }

            return false;
        }
    }
}

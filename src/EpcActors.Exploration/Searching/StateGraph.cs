namespace EpcActors.Exploration;

/// <summary>
/// The graph of the states that a search met, to find hangs exactly: a fair cycle in which nothing useful happens.
/// </summary>
/// <remarks>
/// <para>Fairness is weak: a task that could always go on does so now and then. In a strongly connected component of
/// the edges without progress there is a run that takes every edge again and again; it is fair when each task that is
/// enabled in all states of the component makes a step in it. If a component as a whole is unfair to a task, so is
/// every part of it, so looking at maximal components is exact. Locks are handed over in order, so weak fairness is
/// enough for those who wait for them.</para>
/// <para>A search with sleep sets leaves out steps, and a cycle may need them. Each is known all the same: when t
/// sleeps in the state behind the step u of a state p, t and u commute in p. So t leads from there where u leads from
/// the state behind p's t. All of them are put in before cycles are looked for.</para>
/// </remarks>
internal sealed partial class StateGraph
{
    private readonly List<Edge> _edges = [];
    private readonly List<ulong> _enabled = [];
    private readonly List<int> _treeEdge = [];
    private readonly List<LeftOut> _leftOut = [];
    private readonly HashSet<(int State, int Task)> _ends = [];
    private readonly Dictionary<int, ushort[]> _choices = [];
    private readonly Dictionary<int, ushort[]> _rootChoices = [];

    /// <summary>Some step was left out of which it is not known where it leads: the search was not over.</summary>
    public bool HasGaps { get; private set; }

    /// <summary>A step from one state to another, or into the first state (<paramref name="from"/> -1).</summary>
    public void AddStep(int from, int to, bool isNew, Execution execution, bool isProgress)
    {
        if (from >= 0)
        {
            ReadOnlySpan<ushort> log = execution.Log;
            int step = log.Length - 1;
            while (Decision.IsChoice(log[step]))
            {
                step--;
            }

            if (step < log.Length - 1)
            {
                _choices.Add(_edges.Count, log[(step + 1)..].ToArray());
            }

            _edges.Add(new Edge(from, to, log[step], isProgress));
        }

        if (isNew)
        {
            ulong enabled = 0;
            foreach (int task in execution.Enabled)
            {
                if (!execution.NeedNotHappen(task))
                {
                    enabled |= 1UL << task;
                }
            }

            _enabled.Add(enabled);
            _treeEdge.Add(from >= 0 ? _edges.Count - 1 : -1);
            if (from < 0 && !execution.Log.IsEmpty)
            {
                // Tasks have made choices on the way to their first requests.
                _rootChoices.Add(to, execution.Log.ToArray());
            }
        }
    }

    /// <summary>A step with which the run came to its end: it leads to no state.</summary>
    public void AddEnd(int from, int task)
    {
        if (from >= 0)
        {
            _ends.Add((from, task));
        }
    }

    /// <summary>Steps that are not tried from a state, as they commute with the step that led there first.</summary>
    /// <param name="state">The state, met for the first time.</param>
    /// <param name="tasks">Tasks whose steps are left out, a bit for each.</param>
    /// <param name="parent">The state before.</param>
    /// <param name="via">Task whose step led from there.</param>
    public void AddLeftOut(int state, ulong tasks, int parent, int via) =>
        _leftOut.Add(new LeftOut(state, tasks, parent, via));

    /// <summary>For tests: every step, with those that were left out.</summary>
    internal IEnumerable<(int From, int To, int Task, bool IsProgress)> Steps()
    {
        PutInLeftOut();
        return _edges.Select(edge => (edge.From, edge.To, edge.Task, edge.IsProgress));
    }

    /// <summary>Puts in the steps that were left out. Those of which it is not known yet where they lead stay
    /// out.</summary>
    private void PutInLeftOut()
    {
        if (_leftOut.Count == 0)
        {
            return;
        }

        StepsOfStates steps = new(_edges, _enabled.Count);
        List<LeftOut> open = [.. _leftOut];
        bool hasMoved = true;
        while (hasMoved && open.Count > 0)
        {
            hasMoved = false;
            int kept = 0;
            foreach (LeftOut one in open.ToArray())
            {
                ulong left = one.Tasks;
                for (int task = 0; task < 64; task++)
                {
                    if (((left >> task) & 1) != 0 && TryPutIn(one, task, steps))
                    {
                        left &= ~(1UL << task);
                    }
                }

                hasMoved |= left != one.Tasks;
                if (left != 0)
                {
                    open[kept++] = one with { Tasks = left };
                }
            }

            open.RemoveRange(kept, open.Count - kept);
        }

        HasGaps = open.Count > 0;
        _leftOut.Clear();
        _leftOut.AddRange(open);
    }

    /// <summary>Puts in one step, when it is known where it leads.</summary>
    private bool TryPutIn(in LeftOut one, int task, StepsOfStates steps)
    {
        if (steps.Find(one.State, task) >= 0 || _ends.Contains((one.State, task)))
        {
            // Another way to this state had it tried.
            return true;
        }

        int first = steps.Find(one.Parent, task);
        if (first < 0)
        {
            return false;
        }

        int other = _edges[first].To;
        if (_ends.Contains((other, one.Via)))
        {
            _ends.Add((one.State, task));
            return true;
        }

        int second = steps.Find(other, one.Via);
        if (second < 0)
        {
            return false;
        }

        _edges.Add(new Edge(one.State, _edges[second].To, task, _edges[first].IsProgress));
        steps.AddLast();
        return true;
    }

    /// <summary>The steps from each state, each with the one that was added before it.</summary>
    private sealed class StepsOfStates
    {
        private readonly List<Edge> _edges;

        // Number of a step and 1; 0 for none.
        private readonly int[] _last;
        private readonly List<int> _before = [];

        public StepsOfStates(List<Edge> edges, int states)
        {
            _edges = edges;
            _last = new int[states];
            while (_before.Count < edges.Count)
            {
                AddLast();
            }
        }

        /// <summary>The next of the edges, which was added behind those that are here.</summary>
        public void AddLast()
        {
            ref int last = ref _last[_edges[_before.Count].From];
            _before.Add(last);
            last = _before.Count;
        }

        /// <summary>Number of the step of a task from a state; -1 for none.</summary>
        public int Find(int state, int task)
        {
            int edge = _last[state] - 1;
            while (edge >= 0 && _edges[edge].Task != task)
            {
                edge = _before[edge] - 1;
            }

            return edge;
        }
    }

    /// <summary>Steps that were not tried from a state.</summary>
    /// <param name="State">The state.</param>
    /// <param name="Tasks">The tasks, a bit for each.</param>
    /// <param name="Parent">State before it, in which they commute with the step that led here.</param>
    /// <param name="Via">Task that made that step.</param>
    private readonly record struct LeftOut(int State, ulong Tasks, int Parent, int Via);

    /// <summary>A step of a task from one state to another, in twelve bytes.</summary>
    private readonly struct Edge(int from, int to, int task, bool isProgress)
    {
        private readonly int _step = (task << 1) | (isProgress ? 1 : 0);

        public int From { get; } = from;

        public int To { get; } = to;

        public int Task => _step >> 1;

        public bool IsProgress => (_step & 1) != 0;
    }
}

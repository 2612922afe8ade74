namespace EpcActors.Exploration;

/// <content>Fair cycles without progress.</content>
internal sealed partial class StateGraph
{
    /// <summary>
    /// A schedule that leads into a fair cycle without progress and goes round once, with the decision at which the
    /// cycle begins; null when there is none.
    /// </summary>
    public (ushort[]? Decisions, int CycleStart) FindFairCycle()
    {
        PutInLeftOut();
        int[] firstEdge = Adjacency(out int[] order);
        int[] component = Components(firstEdge, order, out int count);
        ulong[] acting = new ulong[count];
        ulong[] always = new ulong[count];
        bool[] hasEdge = new bool[count];
        Array.Fill(always, ~0UL);
        foreach (Edge edge in _edges)
        {
            if (!edge.IsProgress && component[edge.From] == component[edge.To])
            {
                acting[component[edge.From]] |= 1UL << edge.Task;
                hasEdge[component[edge.From]] = true;
            }
        }

        for (int state = 0; state < _enabled.Count; state++)
        {
            always[component[state]] &= _enabled[state];
        }

        for (int state = 0; state < _enabled.Count; state++)
        {
            int one = component[state];
            if (hasEdge[one] && (always[one] & ~acting[one]) == 0)
            {
                return Lasso(state, component, firstEdge, order);
            }
        }

        return (null, -1);
    }

    /// <summary>
    /// Edges without progress by their source: positions in <paramref name="order"/> from <c>first[state]</c> to
    /// <c>first[state + 1]</c>.
    /// </summary>
    private int[] Adjacency(out int[] order)
    {
        int[] first = new int[_enabled.Count + 1];
        foreach (Edge edge in _edges)
        {
            if (!edge.IsProgress)
            {
                first[edge.From + 1]++;
            }
        }

        for (int i = 1; i < first.Length; i++)
        {
            first[i] += first[i - 1];
        }

        int[] next = [.. first];
        order = new int[first[^1]];
        for (int i = 0; i < _edges.Count; i++)
        {
            if (!_edges[i].IsProgress)
            {
                order[next[_edges[i].From]++] = i;
            }
        }

        return first;
    }

    /// <summary>Tarjan's strongly connected components, without recursion.</summary>
    private int[] Components(int[] firstEdge, int[] order, out int count)
    {
        int states = _enabled.Count;
        int[] number = new int[states];
        int[] low = new int[states];
        int[] component = new int[states];
        int[] position = new int[states];
        bool[] isOpen = new bool[states];
        Stack<int> open = new();
        Stack<int> path = new();
        int visited = 0;
        count = 0;
        for (int root = 0; root < states; root++)
        {
            if (number[root] != 0)
            {
                continue;
            }

            path.Push(root);
            while (path.Count > 0)
            {
                int state = path.Peek();
                if (number[state] == 0)
                {
                    number[state] = low[state] = ++visited;
                    position[state] = firstEdge[state];
                    open.Push(state);
                    isOpen[state] = true;
                }

                if (position[state] < firstEdge[state + 1])
                {
                    int to = _edges[order[position[state]++]].To;
                    if (number[to] == 0)
                    {
                        path.Push(to);
                    }
                    else if (isOpen[to])
                    {
                        low[state] = Math.Min(low[state], number[to]);
                    }

                    continue;
                }

                path.Pop();
                if (path.Count > 0)
                {
                    low[path.Peek()] = Math.Min(low[path.Peek()], low[state]);
                }

                if (low[state] == number[state])
                {
                    int member;
                    do
                    {
                        member = open.Pop();
                        isOpen[member] = false;
                        component[member] = count;
                    }
                    while (member != state);
                    count++;
                }
            }
        }

        return component;
    }

    /// <summary>The way to a state, and a walk in its component that is fair and comes back.</summary>
    private (ushort[] Decisions, int CycleStart) Lasso(int start, int[] component, int[] firstEdge, int[] order)
    {
        List<int> prefix = [];
        for (int edge = _treeEdge[start]; edge >= 0; edge = _treeEdge[_edges[edge].From])
        {
            prefix.Add(edge);
        }

        prefix.Reverse();
        List<int> lap = [];
        int at = start;
        ulong satisfied = 0;
        ulong wanted = 0;
        for (int state = 0; state < _enabled.Count; state++)
        {
            wanted |= component[state] == component[start] ? _enabled[state] : 0;
        }

        // Each task that could go on either does, or is seen unable to at some state of the walk.
        satisfied |= ~_enabled[at];
        while ((wanted & ~satisfied) != 0)
        {
            ulong missing = wanted & ~satisfied;
            List<int> way = Walk(at, component, firstEdge, order, edge =>
                ((missing >> _edges[edge].Task) & 1) != 0 || (missing & ~_enabled[_edges[edge].To]) != 0);
            foreach (int edge in way)
            {
                satisfied |= (1UL << _edges[edge].Task) | ~_enabled[_edges[edge].To];
            }

            lap.AddRange(way);
            at = _edges[way[^1]].To;
        }

        if (at != start || lap.Count == 0)
        {
            lap.AddRange(Walk(at, component, firstEdge, order, edge => _edges[edge].To == start));
        }

        int root = prefix.Count > 0 ? _edges[prefix[0]].From : start;
        List<ushort> decisions = [.. _rootChoices.GetValueOrDefault(root, [])];
        Append(decisions, prefix);
        int cycleStart = decisions.Count;
        Append(decisions, lap);
        return ([.. decisions], cycleStart);
    }

    private void Append(List<ushort> decisions, List<int> edges)
    {
        foreach (int edge in edges)
        {
            decisions.Add((ushort)_edges[edge].Task);
            decisions.AddRange(_choices.GetValueOrDefault(edge, []));
        }
    }

    /// <summary>Shortest walk inside the component whose last edge is wanted.</summary>
    private List<int> Walk(int from, int[] component, int[] firstEdge, int[] order, Func<int, bool> isWanted)
    {
        Dictionary<int, int> reachedBy = new() { [from] = -1 };
        Queue<int> queue = new();
        queue.Enqueue(from);
        while (queue.TryDequeue(out int state))
        {
            for (int i = firstEdge[state]; i < firstEdge[state + 1]; i++)
            {
                int edge = order[i];
                int to = _edges[edge].To;
                if (component[to] != component[from])
                {
                    continue;
                }

                if (isWanted(edge))
                {
                    List<int> way = [edge];
                    for (int back = reachedBy[state]; back >= 0; back = reachedBy[_edges[back].From])
                    {
                        way.Add(back);
                    }

                    way.Reverse();
                    return way;
                }

                if (reachedBy.TryAdd(to, edge))
                {
                    queue.Enqueue(to);
                }
            }
        }

        throw new InvalidOperationException("a strongly connected component with a state that cannot be reached");
    }
}

namespace EpcActors.Exploration;

/// <summary>A record made as short as it gets.</summary>
/// <param name="Decisions">The record up to the violation; for a hang up to the end of its first lap.</param>
/// <param name="Finding">Its violation, of the same kind as before.</param>
/// <param name="CycleStart">For a hang: index of the decision at which the repeating part begins, -1 else.</param>
/// <param name="Steps">Steps of it.</param>
/// <param name="Switches">Changes from one task to another.</param>
/// <param name="Runs">Schedules that were tried.</param>
public sealed record ShrunkDecisions<TFinding>(
    ushort[] Decisions,
    TFinding Finding,
    int CycleStart,
    int Steps,
    int Switches,
    int Runs);

/// <summary>
/// Makes a failing schedule short: fewer steps first, then fewer switches between tasks, always with the same rule
/// broken. It removes pieces of the record, halving their size (Zeller's delta debugging), replays what is left
/// leniently and lets the tasks run on one after the other; then it moves pieces of one task together.
/// </summary>
public sealed class DecisionShrinker<TFinding>
    where TFinding : class
{
    private readonly Func<Replay, (TFinding? Finding, int CycleStart)> _attempt;
    private readonly Func<Execution> _execution;
    private readonly int _maxRuns;
    private readonly Replay _alone = new(default, isStrict: false);
    private readonly Replay _completed = new(default, isStrict: false, new DelayBounding(0));
    private int _runs;
    private ShrunkDecisions<TFinding> _best;
    private IEnumerator<bool>? _attempts;

    /// <param name="execution">The run that the last attempt made.</param>
    /// <param name="attempt">Runs a replay from the start; null when the violation is not of the kind that was
    /// found.</param>
    /// <param name="decisions">The failing record.</param>
    /// <param name="finding">Its violation.</param>
    /// <param name="cycleStart">For a hang: index of the decision at which the repeating part begins, -1 else.</param>
    /// <param name="maxRuns">Most schedules to try.</param>
    public DecisionShrinker(
        Func<Execution> execution,
        Func<Replay, (TFinding? Finding, int CycleStart)> attempt,
        ushort[] decisions,
        TFinding finding,
        int cycleStart,
        int maxRuns)
    {
        _execution = execution;
        _attempt = attempt;
        _maxRuns = maxRuns;
        _best = new ShrunkDecisions<TFinding>(
            decisions, finding, cycleStart, Decision.StepsOf(decisions), Decision.SwitchesOf(decisions), 0);
    }

    /// <summary>The shortest record so far; it was replayed and breaks the same rule.</summary>
    public ShrunkDecisions<TFinding> Best => _best with { Runs = _runs };

    /// <summary>Shrinks; the result was replayed and breaks the same rule.</summary>
    /// <param name="cancellation">Ends it with the best so far.</param>
    public ShrunkDecisions<TFinding> Shrink(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested && Advance())
        {
        }

        return Best;
    }

    /// <summary>Tries the next schedule, for callers that do something else in between.</summary>
    /// <returns>False when there is nothing left to try.</returns>
    public bool Advance() => (_attempts ??= Attempts().GetEnumerator()).MoveNext();

    private bool MayTry => _runs < _maxRuns;

    /// <summary>Every attempt, each made when it is asked for; the value says whether the record became
    /// shorter.</summary>
    private IEnumerable<bool> Attempts()
    {
        bool hasImproved = true;
        while (hasImproved && MayTry)
        {
            hasImproved = false;
            foreach (bool isShorter in RemoveTasks().Concat(RemovePieces()).Concat(MoveTogether()))
            {
                hasImproved |= isShorter;
                yield return isShorter;
            }
        }
    }

    /// <summary>Without one of the tasks at all, where the violation does not need it.</summary>
    private IEnumerable<bool> RemoveTasks()
    {
        for (int task = 0; task < _execution().TaskCount && MayTry; task++)
        {
            ushort gone = (ushort)task;
            if (Array.IndexOf(_best.Decisions, gone) >= 0)
            {
                yield return Try([.. _best.Decisions.Where(decision => decision != gone)]);
            }
        }
    }

    private IEnumerable<bool> RemovePieces()
    {
        for (int size = Math.Max(1, _best.Decisions.Length / 2); size >= 1; size /= 2)
        {
            for (int at = 0; at < _best.Decisions.Length && MayTry;)
            {
                int length = Math.Min(size, _best.Decisions.Length - at);
                bool isShorter = Try(
                    [.. _best.Decisions.AsSpan(0, at), .. _best.Decisions.AsSpan(at + length)]);
                at += isShorter ? 0 : length;
                yield return isShorter;
            }
        }
    }

    /// <summary>A piece of one task goes to where the task's next or last piece is.</summary>
    private IEnumerable<bool> MoveTogether()
    {
        bool isDone = false;
        while (!isDone && MayTry)
        {
            isDone = true;
            List<(int First, int End)> pieces = Pieces(_best.Decisions);
            for (int i = 0; i < pieces.Count && isDone && MayTry; i++)
            {
                int next = NextOfSameTask(pieces, i);
                if (next < 0)
                {
                    continue;
                }

                bool isShorter = Try(MoveBack(pieces[i], pieces[next])) || Try(MoveForward(pieces[i], pieces[next]));
                isDone = !isShorter;
                yield return isShorter;
            }
        }
    }

    private int NextOfSameTask(List<(int First, int End)> pieces, int from)
    {
        for (int i = from + 1; i < pieces.Count; i++)
        {
            if (_best.Decisions[pieces[i].First] == _best.Decisions[pieces[from].First])
            {
                return i;
            }
        }

        return -1;
    }

    private ushort[] MoveBack((int First, int End) to, (int First, int End) piece) =>
    [
        .. _best.Decisions.AsSpan(0, to.End), .. _best.Decisions.AsSpan(piece.First, piece.End - piece.First),
        .. _best.Decisions.AsSpan(to.End, piece.First - to.End), .. _best.Decisions.AsSpan(piece.End),
    ];

    private ushort[] MoveForward((int First, int End) piece, (int First, int End) to) =>
    [
        .. _best.Decisions.AsSpan(0, piece.First), .. _best.Decisions.AsSpan(piece.End, to.First - piece.End),
        .. _best.Decisions.AsSpan(piece.First, piece.End - piece.First), .. _best.Decisions.AsSpan(to.First),
    ];

    private static List<(int First, int End)> Pieces(ushort[] decisions)
    {
        List<(int First, int End)> pieces = [];
        for (int i = 0; i < decisions.Length;)
        {
            int end = i + 1;
            while (end < decisions.Length && (Decision.IsChoice(decisions[end]) || decisions[end] == decisions[i]))
            {
                end++;
            }

            pieces.Add((i, end));
            i = end;
        }

        return pieces;
    }

    /// <summary>
    /// Runs a candidate; what it really did becomes the best when it is shorter, or as short with fewer switches.
    /// </summary>
    private bool Try(ushort[] candidate)
    {
        _runs++;
        bool isHang = _best.CycleStart >= 0;
        Replay replay = isHang ? _alone : _completed;
        replay.Load(candidate);
        (TFinding? finding, int cycleStart) = _attempt(replay);
        if (finding is null || (isHang && cycleStart < 0))
        {
            return false;
        }

        ushort[] decisions = _execution().Log.ToArray();
        int steps = Decision.StepsOf(decisions);
        int switches = Decision.SwitchesOf(decisions);

        // The fair continuation of a hang goes round in turn anyhow: what counts is how soon the cycle begins.
        int key = isHang ? Decision.StepsOf(decisions.AsSpan(0, cycleStart)) : steps;
        int bestKey = isHang ? Decision.StepsOf(_best.Decisions.AsSpan(0, _best.CycleStart)) : _best.Steps;
        int switchKey = isHang ? Decision.SwitchesOf(decisions.AsSpan(0, cycleStart)) : switches;
        int bestSwitchKey = isHang ? Decision.SwitchesOf(_best.Decisions.AsSpan(0, _best.CycleStart)) : _best.Switches;
        if (
            key > bestKey
            || (key == bestKey && switchKey > bestSwitchKey)
            || (key == bestKey && switchKey == bestSwitchKey && steps >= _best.Steps))
        {
            return false;
        }

        _best = new ShrunkDecisions<TFinding>(decisions, finding, cycleStart, steps, switches, _runs);
        return true;
    }
}

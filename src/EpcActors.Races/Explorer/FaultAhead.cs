using EpcActors.Exploration;

namespace EpcActors.Races.Explorer;

/// <summary>
/// Follows a record, then lets one task go on alone, up to the first time that something of a kind may go wrong in it:
/// there it does.
/// </summary>
/// <param name="decisions">The record.</param>
/// <param name="task">The task, by its ordinal.</param>
/// <param name="point">What goes wrong; -1 for nothing, to see what could.</param>
internal sealed class FaultAhead(ushort[] decisions, int task, int point) : IStrategy
{
    /// <summary>A task that loops does not come to anything new.</summary>
    private const int MostSteps = 400;

    private readonly Replay _record = new(decisions, isStrict: true);
    private int _from;
    private bool _isAlone;

    /// <summary>What could go wrong in the task, each once, in the order in which it comes to it.</summary>
    public List<int> Met { get; } = [];

    /// <summary>It has gone wrong.</summary>
    public bool IsMade { get; private set; }

    public void Begin(Execution execution, ulong seed)
    {
        _record.Begin(execution, seed);
        _isAlone = false;
        IsMade = false;
        Met.Clear();
    }

    public int Next(Execution execution)
    {
        if (!_isAlone)
        {
            int next = _record.Next(execution);
            if (next >= 0)
            {
                return next;
            }

            _isAlone = true;
            _from = execution.Steps;
        }

        return !IsMade && execution.Steps < _from + MostSteps && execution.IsEnabled(task) ? task : -1;
    }

    public bool Choose(Execution execution, int asking, int asked)
    {
        if (!_isAlone)
        {
            return _record.Choose(execution, asking, asked);
        }

        if (asking != task)
        {
            return false;
        }

        if (!Met.Contains(asked))
        {
            Met.Add(asked);
        }

        bool isNow = asked == point && !IsMade;
        IsMade |= isNow;
        return isNow;
    }
}

namespace EpcActors.Exploration;

/// <summary>
/// One step for each task in turn: the plainest fair schedule. What does not end under it hangs for ever; no choice is
/// made any more.
/// </summary>
/// <param name="skipsOptional">Events that need not happen do not.</param>
public sealed class RoundRobin(bool skipsOptional = false) : IStrategy
{
    private int _last;

    public override string ToString() => "round-robin";

    /// <summary>Goes up by one whenever the turn comes back to the first task.</summary>
    public int Rounds { get; private set; }

    public bool AsksExecutionOnly => true;

    public void Begin(Execution execution, ulong seed)
    {
        _last = -1;
        Rounds = 0;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        int task = _last;
        do
        {
            if (++task == execution.TaskCount)
            {
                task = 0;
                Rounds++;
            }
        }
        while (!execution.IsEnabled(task) || (skipsOptional && execution.NeedNotHappen(task)));
        return _last = task;
    }

    public bool Choose(Execution execution, int task, int point) => false;
}

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// One step for each task in turn: the plainest fair schedule. What does not end under it hangs for ever; no choice is
/// made any more.
/// </summary>
/// <param name="skipsOptional">Events that need not happen do not.</param>
public sealed class RoundRobin(bool skipsOptional = false) : Strategy
{
    private int _last;

    public override string Name => "round-robin";

    /// <summary>Goes up by one whenever the turn comes back to the first task.</summary>
    public int Rounds { get; private set; }

    public override void Begin(ExploredEngine engine, ulong seed)
    {
        _last = -1;
        Rounds = 0;
    }

    public override int Next(ExploredEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int task = _last;
        do
        {
            if (++task == engine.TaskCount)
            {
                task = 0;
                Rounds++;
            }
        }
        while (!engine.IsEnabled(task) || (skipsOptional && engine.NeedNotHappen(task)));
        return _last = task;
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => false;
}

namespace EpcActors.Exploration;

/// <summary>What a step did that others can notice. Two steps commute unless their effects conflict.</summary>
/// <param name="Touches">What was read or changed: the task itself, tasks that were stopped, started or resumed, shared
/// things. Any numbers, the same for the same thing.</param>
/// <param name="Sends">Queues to whose end something was added. Adding to a queue and taking from it commute.</param>
/// <param name="Causes">Earlier steps, by their index, without which this one could not have been made.</param>
public sealed record StepEffects(int[] Touches, int[] Sends, int[] Causes)
{
    /// <summary>The order of the two steps can be noticed.</summary>
    public bool ConflictsWith(StepEffects other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Touches.AsSpan().ContainsAny(other.Touches) || Sends.AsSpan().ContainsAny(other.Sends);
    }

    /// <summary>What either of two steps did.</summary>
    public StepEffects With(StepEffects other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new StepEffects(
            [.. Touches.Union(other.Touches)],
            [.. Sends.Union(other.Sends)],
            [.. Causes.Union(other.Causes)]);
    }
}

/// <summary>A run whose states cannot be compared, but of whose steps one knows what they touched.</summary>
public abstract class TracedExecution : Execution
{
    /// <summary>What the last step did; valid until the next one.</summary>
    public abstract StepEffects LastEffects { get; }
}

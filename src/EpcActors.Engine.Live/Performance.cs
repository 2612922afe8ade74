using System.Runtime.ExceptionServices;

namespace EpcActors.Engine.Live;

/// <summary>Work that an actor does in its own turn while a conductor waits for it.</summary>
public sealed class Performance(Action action) : IDisposable
{
    private readonly ManualResetEventSlim _isOver = new();
    private ExceptionDispatchInfo? _error;

    /// <summary>Does it. For the actor; throws nothing.</summary>
    public void Do()
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // The waiting thread gets it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _error = ExceptionDispatchInfo.Capture(error);
        }

        _isOver.Set();
    }

    /// <summary>Waits until it is done. For the conductor.</summary>
    /// <param name="who">Name of the actor, for the message.</param>
    /// <param name="limit">Longest wait.</param>
    /// <exception cref="InvariantViolation">The actor did not get to it in time.</exception>
    /// <exception cref="Exception">Any exception that the actor threw.</exception>
    public void Wait(string who, TimeSpan limit)
    {
        if (!_isOver.Wait(limit))
        {
            throw new InvariantViolation(
                $"{who} was told to make a step and has not come to it within {limit.TotalSeconds:0} s");
        }

        _error?.Throw();
    }

    public void Dispose() => _isOver.Dispose();
}

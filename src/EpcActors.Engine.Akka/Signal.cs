using Akka.Actor;
using Akka.Event;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Messages of the engine to an actor besides requests and answers. One that comes too late is harmless.
/// </summary>
internal sealed class Signal : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    /// <summary>To a task: run from the beginning.</summary>
    public static readonly Signal Begin = new("begin");

    /// <summary>To a task: the sleep is over, or the time before the start.</summary>
    public static readonly Signal Wake = new("wake");

    /// <summary>To a resource: a cut is on.</summary>
    public static readonly Signal Visit = new("visit");

    private readonly string _name;

    private Signal(string name) => _name = name;

    public override string ToString() => _name;
}

/// <summary>To each of the actors: report when all earlier messages have been handled.</summary>
internal sealed class Rest(int count) : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    private readonly TaskCompletionSource _allArrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = count;

    public void Arrive()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _allArrived.SetResult();
        }
    }

    public void Wait() => _allArrived.Task.GetAwaiter().GetResult();
}

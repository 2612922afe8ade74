namespace EpcActors.Engine.Live;

/// <content>The view of others on the messages of a live run, and requests from outside of it.</content>
public abstract partial class LiveEngine
{
    /// <summary>
    /// Leaves the check of <see cref="IsWatched"/> out of the code, to measure its cost. A constant for the JIT.
    /// </summary>
    private static readonly bool LeavesTapOut =
        AppContext.TryGetSwitch("EpcActors.Engine.Live.LeavesTapOut", out bool isLeftOut) && isLeftOut;

    private bool _isWatched;

    /// <summary>
    /// True: <see cref="OnDelivered"/> is called for every delivery. May be set at any time; a resource that handles a
    /// request at that moment sees it with the next one.
    /// </summary>
    protected bool IsWatched
    {
        get => Volatile.Read(ref _isWatched);
        set => Volatile.Write(ref _isWatched, value);
    }

    /// <summary>A conductor decides the order of the actors' steps (<see cref="Conduct"/>).</summary>
    protected bool IsConducted { get; private set; }

    /// <summary>
    /// A request was delivered, while <see cref="IsWatched"/>. Called on the thread that has exclusive access to the
    /// resource.
    /// </summary>
    /// <param name="cell">The resource.</param>
    /// <param name="request">The request, handled or parked.</param>
    /// <param name="asked">The message as asked.</param>
    /// <param name="answer">The message as answered; null when the resource parked the request.</param>
    protected virtual void OnDelivered(ResourceCell cell, Envelope request, object asked, object? answer)
    {
    }

    /// <summary>
    /// Allows requests from outside of the engine from now on. The asker counts as a timer: while it is there, tasks
    /// that wait are not in a deadlock, as it may release what they wait for. The run still ends with its own tasks.
    /// </summary>
    protected void OnExternalArrived() => Go(OneTimer);

    /// <summary>It will ask no more.</summary>
    protected void OnExternalLeft() => Go(-OneTimer);

    /// <summary>It posts a request: a task is under way.</summary>
    protected void OnExternalAsks() => Go(OneGoing - OneTimer);

    /// <summary>Its request was answered.</summary>
    protected void OnExternalAnswered() => Go(OneTimer - OneGoing);

    private void DeliverWatched(ResourceCell cell, Envelope request, LiveTurn turn)
    {
        object asked = request.Describe();
        request.Deliver(cell.Resource, turn);
        OnDelivered(cell, request, asked, turn.HasParked ? null : request.Describe());
    }
}

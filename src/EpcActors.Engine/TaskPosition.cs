namespace EpcActors.Engine;

/// <summary>Where a task stood once: how far its routine was, and the request that it waited for.</summary>
internal sealed class TaskPosition
{
    private readonly bool _hasStarted;
    private readonly bool _hasStopped;
    private readonly RoutineAwaiter<Nothing> _end;
    private readonly KeptFrame[] _frames;
    private readonly RoutineAwaiter? _awaiter;
    private readonly Resumable? _waiting;
    private readonly bool _isCompleted;
    private readonly KeptRequest? _request;

    private TaskPosition(TaskActor task, IFrameLocals locals, object context)
    {
        _hasStarted = task.HasStarted;
        _hasStopped = task.HasStopped;
        _end = task.End;
        _awaiter = task.WaitsFor;
        _waiting = _awaiter?.Waiting;
        _isCompleted = _awaiter is { IsCompleted: true };
        _request = task.Outstanding is { } request ? new KeptRequest(request) : null;
        List<KeptFrame> frames = [];
        for (Resumable? at = _waiting; at is IRoutineFrame frame; at = frame.Caller)
        {
            frames.Add(frame.Keep(locals, context));
        }

        _frames = [.. frames];
    }

    /// <summary>True when each method that the task is in can be kept.</summary>
    public static bool CanBeKept(TaskActor task)
    {
        for (Resumable? at = task.WaitsFor?.Waiting; at is IRoutineFrame frame; at = frame.Caller)
        {
            if (!frame.CanBeKept)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Keeps the position of a task that does not run just now.</summary>
    /// <param name="task">The task.</param>
    /// <param name="locals">Makes the functions that keep what locals refer to.</param>
    /// <param name="context">Handed to those functions.</param>
    public static TaskPosition Of(TaskActor task, IFrameLocals locals, object context) => new(task, locals, context);

    /// <summary>The task stands there again. What its frames refer to is the caller's to restore.</summary>
    public void Restore(TaskActor task)
    {
        if (task.Outstanding is { } abandoned)
        {
            abandoned.IsParked = false;
            abandoned.NextInQueue = null;
        }

        foreach (KeptFrame frame in _frames)
        {
            frame.Restore();
        }

        task.StandAt(_hasStarted, _hasStopped, _request?.Envelope, _end);
        if (_awaiter is not null)
        {
            _awaiter.IsCompleted = _isCompleted;
            _awaiter.WaitAgain(_waiting);
        }
    }

    /// <summary>The position is not restored any more.</summary>
    public void Drop()
    {
        foreach (KeptFrame frame in _frames)
        {
            frame.Drop();
        }
    }

    /// <summary>What the task is in now is not gone on with; what of it is kept may be restored behind this.</summary>
    /// <param name="task">A task that waits, or has ended: not one whose step has failed.</param>
    public static void Abandon(TaskActor task)
    {
        Resumable? at = task.WaitsFor?.Waiting;
        while (at is IRoutineFrame frame)
        {
            at = frame.Caller;
            frame.Abandon();
        }
    }

    /// <summary>
    /// The links between requests that wait: behind the restoring of every task, as one task's request refers to
    /// another's.
    /// </summary>
    public void RestoreRequest() => _request?.Restore();

    /// <summary>A request as it stood.</summary>
    private sealed class KeptRequest(Envelope envelope)
    {
        private readonly ActorId _target = envelope.Target;
        private readonly bool _isParked = envelope.IsParked;
        private readonly Envelope? _next = envelope.NextInQueue;
        private readonly byte[] _payload = envelope.Payload.ToArray();

        public Envelope Envelope => envelope;

        public void Restore()
        {
            envelope.Target = _target;
            envelope.IsParked = _isParked;
            envelope.NextInQueue = _next;
            envelope.SetPayload(_payload);
        }
    }
}

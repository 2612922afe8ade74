namespace EpcActors.Engine;

/// <summary>
/// Where a task stood once: how far its routine was, and the request that it waited for. One object serves many
/// positions, one after the other.
/// </summary>
internal sealed class TaskPosition
{
    private bool _hasStarted;
    private bool _hasStopped;
    private RoutineAwaiter<Nothing> _end;
    private KeptFrame? _innermost;
    private RoutineAwaiter? _awaiter;
    private Resumable? _waiting;
    private bool _isCompleted;
    private Envelope? _request;
    private ActorId _target;
    private byte[] _payload = [];
    private int _payloadLength;

    /// <summary>True when each method that the task is in can be kept.</summary>
    public static bool CanBeKept(TaskActor task)
    {
        for (RoutineFrame? at = RoutineFrame.Of(task.WaitsFor?.Waiting); at is not null; at = at.Outer)
        {
            if (!at.CanBeKept)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Keeps the position of a task that does not run just now, in place of what was dropped here.</summary>
    /// <param name="task">The task.</param>
    /// <param name="locals">Makes the functions that keep what locals refer to.</param>
    /// <param name="context">Handed to those functions.</param>
    public void Keep(TaskActor task, IFrameLocals locals, object context)
    {
        _hasStarted = task.HasStarted;
        _hasStopped = task.HasStopped;
        _end = task.End;
        _awaiter = task.WaitsFor;
        _waiting = _awaiter?.Waiting;
        _isCompleted = _awaiter is { IsCompleted: true };
        KeepRequest(task.Outstanding);
        KeptFrame? inner = null;
        for (RoutineFrame? at = RoutineFrame.Of(_waiting); at is not null; at = at.Outer)
        {
            KeptFrame kept = at.Keep(locals, context);
            kept.Outer = null;
            if (inner is null)
            {
                _innermost = kept;
            }
            else
            {
                inner.Outer = kept;
            }

            inner = kept;
        }
    }

    /// <summary>
    /// The task stands there again. What its frames refer to is the caller's to restore, and the links between requests
    /// that wait.
    /// </summary>
    public void Restore(TaskActor task)
    {
        if (task.Outstanding is { } abandoned)
        {
            abandoned.IsParked = false;
            abandoned.NextInQueue = null;
        }

        for (KeptFrame? frame = _innermost; frame is not null; frame = frame.Outer)
        {
            frame.Restore();
        }

        task.StandAt(_hasStarted, _hasStopped, _request, _end);
        if (_request is not null)
        {
            _request.Target = _target;
            _request.SetPayload(_payload.AsSpan(0, _payloadLength));
        }

        if (_awaiter is not null)
        {
            _awaiter.IsCompleted = _isCompleted;
            _awaiter.WaitAgain(_waiting);
        }
    }

    /// <summary>The position is not restored any more; the object may serve another one.</summary>
    public void Drop()
    {
        KeptFrame? frame = _innermost;
        while (frame is not null)
        {
            KeptFrame? outer = frame.Outer;
            frame.Drop();
            frame = outer;
        }

        _innermost = null;
        _awaiter = null;
        _waiting = null;
        _request = null;
        _end = default;
    }

    /// <summary>What the task is in now is not gone on with; what of it is kept may be restored behind this.</summary>
    /// <param name="task">A task that waits, or has ended: not one whose step has failed.</param>
    public static void Abandon(TaskActor task)
    {
        RoutineFrame? frame = RoutineFrame.Of(task.WaitsFor?.Waiting);
        while (frame is not null)
        {
            RoutineFrame? outer = frame.Outer;
            frame.Abandon();
            frame = outer;
        }
    }

    private void KeepRequest(Envelope? request)
    {
        _request = request;
        if (request is not null)
        {
            ReadOnlySpan<byte> payload = request.Payload;
            if (_payload.Length < payload.Length)
            {
                _payload = new byte[Math.Max(payload.Length, 64)];
            }

            payload.CopyTo(_payload);
            _payloadLength = payload.Length;
            _target = request.Target;
        }
    }
}

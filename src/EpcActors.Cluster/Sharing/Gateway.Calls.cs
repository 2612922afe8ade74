using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Calls to other processes: from the request of a task to its answer.</content>
public sealed partial class Gateway
{
    /// <summary>A call to the owner of its counter. False: the request was parked.</summary>
    private bool AskOwner<TMessage>(ref TMessage message, long bytes, Turn turn)
        where TMessage : unmanaged, IOwnerMessage
    {
        int counter = message.CounterNumber;
        Call call = CallOf(turn.Caller);
        if (!turn.WasParked)
        {
            call.Bytes = bytes;
            Begin(call, in message, _view.OwnerOf(counter), counter, turn);
        }

        return TakeAnswer(call, ref message, turn, out _);
    }

    /// <summary>A call to a member. False: the request was parked.</summary>
    private bool Ask<TMessage>(ref TMessage message, int member, Turn turn, out bool isGone)
        where TMessage : unmanaged, IFrameMessage
    {
        Call call = CallOf(turn.Caller);
        if (!turn.WasParked)
        {
            Invariant.That(member != _port.Self, "a process asks itself");
            Begin(call, in message, member, -1, turn);
        }

        return TakeAnswer(call, ref message, turn, out isGone);
    }

    private bool TakeAnswer<TMessage>(Call call, ref TMessage message, Turn turn, out bool isGone)
        where TMessage : unmanaged, IFrameMessage
    {
        isGone = call.State == CallState.Gone;
        if (isGone)
        {
            call.State = CallState.Idle;
            return true;
        }

        if (call.State != CallState.Answered)
        {
            turn.Park(ref call.Waiter);
            return false;
        }

        message = call.Frame.Read<TMessage>();
        call.State = CallState.Idle;
        return true;
    }

    private Call CallOf(ActorId caller)
    {
        int number = caller.Index - _port.FirstId;
        if (!_callOf.TryGetValue(number, out Call? call))
        {
            call = new Call(number);
            _callOf.Add(number, call);
            _calls.Add(call);
        }

        return call;
    }

    private void Begin<TMessage>(Call call, in TMessage message, int target, int counter, Turn turn)
        where TMessage : unmanaged, IFrameMessage
    {
        Invariant.That(call.State == CallState.Idle, "a task has two calls");
        call.Frame.Write(in message);
        call.Frame.Sequence++;
        call.Counter = counter;
        call.Waited = 0;
        Direct(call, target, turn);
    }

    /// <summary>Sends a call to a target, or keeps it until there is room; a dead one answers at once.</summary>
    private void Direct(Call call, int target, Turn turn)
    {
        call.Target = target;
        if (call.State == CallState.Idle)
        {
            OutstandingCalls++;
        }

        if (!_view.IsAlive(target))
        {
            call.State = CallState.Gone;
            OutstandingCalls--;
            return;
        }

        int window = WindowOf(call);
        if (window >= 0 && _outstanding[window] >= _port.Window)
        {
            call.State = CallState.Waiting;
            _waiting[window].Enqueue(call);
            return;
        }

        if (window >= 0)
        {
            _outstanding[window]++;
        }

        call.State = CallState.Sent;
        Sent += target == _port.Self ? 0 : 1;
        Transmit(call, turn);
    }

    private void Transmit(Call call, Turn turn)
    {
        call.Age = 0;
        call.Patience = _port.ResendTicks;
        ref Frame frame = ref call.Frame;
        frame.Kind = FrameKind.Request;
        frame.Version = Frame.CurrentVersion;
        frame.From = (short)_port.Self;
        frame.To = (short)call.Target;
        frame.FromIncarnation = _port.Incarnation;
        frame.ToIncarnation = _view.IncarnationOf(call.Target);
        frame.Epoch = _view.Epoch;
        frame.Caller = call.Caller;
        if (frame.Code == ReportCounter.Code)
        {
            frame.Write(ReportOf(call.Counter));
        }

        if (call.Target != _port.Self)
        {
            Send(in frame);
            return;
        }

        Frame request = frame;
        if (MessageOf(call).Serve(this, ref request, out _, turn))
        {
            Accept(call, in request, turn);
        }
    }

    /// <summary>Takes an answer: books it at once, even if its task runs later.</summary>
    private void Accept(Call call, in Frame reply, Turn turn)
    {
        Frame request = call.Frame;
        call.Frame.Payload = reply.Payload;
        if (call.Counter >= 0)
        {
            MessageOf(call).Book(this, call.Counter, in request, in call.Frame);
        }

        Release(call, turn);
        call.State = CallState.Answered;
        OutstandingCalls--;
        Wake(call, turn);
    }

    /// <summary>The message of a call to the owner of a shared counter.</summary>
    private static OwnerMessage MessageOf(Call call) =>
        WireMessages.Find(call.Frame.Code) as OwnerMessage
        ?? throw new InvariantViolation($"{call.Frame.Code:X4} is not a message to an owner");

    /// <summary>A call is over: the next one to the same target may go.</summary>
    private void Release(Call call, Turn turn)
    {
        int window = WindowOf(call);
        if (window < 0)
        {
            return;
        }

        _outstanding[window]--;
        if (_waiting[window].TryDequeue(out Call? next))
        {
            Direct(next, next.Target, turn);
        }
    }

    /// <summary>
    /// Window in which a call has a place until it is answered. There is one to each process for shared counters and
    /// one for each kind of request worker, as a request worker that is waited for may need a shared counter, or
    /// another kind of request worker, to come to its end. A report needs no place: calls in the window may wait for
    /// it.
    /// </summary>
    private int WindowOf(Call call) =>
        call.Target == _port.Self || call.Frame.Code == ReportCounter.Code ? -1
        : (call.Target * Windows) + (call.Counter >= 0 ? 0 : 1 + WorkerKindOf(call));

    /// <summary>Kind of request worker that answers a call; news are taken beside those of the first kind.</summary>
    private static int WorkerKindOf(Call call) =>
        WireMessages.Find(call.Frame.Code) is WorkerMessage message ? message.WorkerKindOf(in call.Frame) : 0;

    private static void Wake(Call call, Turn turn)
    {
        // In the turn of the request itself its task does not wait yet.
        if (!call.Waiter.IsEmpty)
        {
            turn.Ready(ref call.Waiter);
        }
    }

    private void WakeViewWaiters(Turn turn)
    {
        while (!_viewWaiters.IsEmpty)
        {
            turn.Ready(ref _viewWaiters);
        }
    }
}

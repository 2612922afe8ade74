using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Calls to other processes: from the request of a task to its answer.</content>
public sealed partial class Exchange
{
    /// <summary>A call to the home of its account. False: the request was parked.</summary>
    private bool AskHome<TMessage>(ref TMessage message, long bytes, Turn turn)
        where TMessage : unmanaged, IHomeMessage
    {
        int account = message.AccountNumber;
        Call call = CallOf(turn.Caller);
        if (!turn.WasParked)
        {
            call.Bytes = bytes;
            Begin(call, in message, _view.HomeOf(account), account, turn);
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

    private void Begin<TMessage>(Call call, in TMessage message, int target, int account, Turn turn)
        where TMessage : unmanaged, IFrameMessage
    {
        Invariant.That(call.State == CallState.Idle, "a task has two calls");
        call.Frame.Write(in message);
        call.Frame.Sequence++;
        call.Account = account;
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
        if (frame.Code == ReportAccount.Code)
        {
            frame.Write(ReportOf(call.Account));
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
        if (call.Account >= 0)
        {
            MessageOf(call).Book(this, call.Account, in request, in call.Frame);
        }

        Release(call, turn);
        call.State = CallState.Answered;
        OutstandingCalls--;
        Wake(call, turn);
    }

    /// <summary>The message of a call to the home of an account.</summary>
    private static HomeMessage MessageOf(Call call) =>
        WireMessages.Find(call.Frame.Code) as HomeMessage
        ?? throw new InvariantViolation($"{call.Frame.Code:X4} is no message to a home");

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
    /// Window in which a call has a place until it is answered. There is one to each process for accounts and one for
    /// each kind of deputy, as a deputy that is waited for may need an account, or another kind of deputy, to come to
    /// its end. A report needs no place: calls in the window may wait for it.
    /// </summary>
    private int WindowOf(Call call) =>
        call.Target == _port.Self || call.Frame.Code == ReportAccount.Code ? -1
        : (call.Target * Windows) + (call.Account >= 0 ? 0 : 1 + LaneOf(call));

    /// <summary>Kind of deputy that answers a call; news are taken beside those of the first kind.</summary>
    private static int LaneOf(Call call) =>
        WireMessages.Find(call.Frame.Code) is DeputyMessage message ? message.LaneOf(in call.Frame) : 0;

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

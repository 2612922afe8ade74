using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Frames from other processes, the answers to them, and ticks.</content>
public sealed partial class Gateway
{
    public void Handle(ref Arrive message, Turn turn) => OnFrame(in message.Frame, turn);

    public void Handle(ref ArriveTogether message, Turn turn)
    {
        ReadOnlySpan<Frame> frames = _inbox is null ? [] : _inbox.Frames;
        Invariant.That(frames.Length == message.Count, "frames of the inbox came or went while they were handled");
        _sendsSeveral = frames.Length > 1;
        foreach (ref readonly Frame frame in frames)
        {
            OnFrame(in frame, turn);
        }

        _sendsSeveral = false;
    }

    private void OnFrame(in Frame frame, Turn turn)
    {
        Received++;
        if (IsFenced || frame.To != _port.Self || frame.ToIncarnation != _port.Incarnation
            || (uint)frame.From >= (uint)_view.MemberCount)
        {
            FencedFrames++;
            return;
        }

        if (frame.Kind == FrameKind.Fenced)
        {
            // Incarnations never come back, and only the coordinator takes them away: a process that says that we are
            // dead is right.
            IsFenced = true;
            WakeViewWaiters(turn);
            return;
        }

        int alive = _view.IncarnationOf(frame.From);
        bool isOver = frame.FromIncarnation <= _lastDead[frame.From] || frame.FromIncarnation < alive;
        if (frame.FromIncarnation != alive && !(isOver && _port.Defect == ClusterDefect.LostFence))
        {
            FencedFrames++;
            if (frame.Kind == FrameKind.Request)
            {
                // An incarnation that this view does not know yet is served as soon as a view with it comes.
                Notify(isOver ? FrameKind.Fenced : FrameKind.Pending, in frame);
            }

            return;
        }

        if (frame.Kind == FrameKind.Request)
        {
            OnRequest(in frame, turn);
            return;
        }

        _silence.End(frame.From);
        if (frame.Kind == FrameKind.Reply && _callOf.TryGetValue(frame.Caller, out Call? call)
            && call.State == CallState.Sent && call.Target == frame.From
            && (call.Frame.Sequence == frame.Sequence
                || (_port.Defect == ClusterDefect.LateReply && call.Frame.Code == frame.Code)))
        {
            Accept(call, in frame, turn);
        }
    }

    public void Handle(ref Tick message, Turn turn)
    {
        int oldest = 0;
        _sendsSeveral = true;
        foreach (Call call in _calls)
        {
            if (call.State is not (CallState.Sent or CallState.Waiting))
            {
                continue;
            }

            oldest = Math.Max(oldest, ++call.Waited);
            if (call.State == CallState.Waiting)
            {
                continue;
            }

            _silence.Asked(call.Target);
            if (++call.Age >= call.Patience)
            {
                // A slow network or a busy process must not be given the same request faster than it takes it.
                SentAgain++;
                int patience = Math.Min(2 * call.Patience, MaxPatience * _port.ResendTicks);
                Transmit(call, turn);
                call.Patience = patience;
            }
        }

        _sendsSeveral = false;
        _oldestCall = oldest;
        _silence.EndTick();
    }

    public void Handle(ref InstallView message, Turn turn)
    {
        if (message.Epoch > _view.Epoch)
        {
            Install(_history[message.Epoch], turn);
        }
    }

    private void Send(in Frame frame)
    {
        if (_sendsSeveral)
        {
            _outbox.SendWithOthers(in frame);
        }
        else
        {
            _outbox.Send(in frame);
        }
    }

    /// <summary>Sends a frame without a message to the sender of a request; it is no answer.</summary>
    private void Notify(FrameKind kind, in Frame request)
    {
        Frame notice = new()
        {
            Kind = kind,
            Version = Frame.CurrentVersion,
            From = (short)_port.Self,
            To = request.From,
            FromIncarnation = _port.Incarnation,
            ToIncarnation = request.FromIncarnation,
            Epoch = _view.Epoch,
            Caller = request.Caller,
            Sequence = request.Sequence,
        };
        Send(in notice);
    }

    private void OnRequest(in Frame frame, Turn turn)
    {
        Served served = ServedOf(in frame);
        if (frame.Sequence < served.Sequence)
        {
            return;
        }

        if (frame.Sequence == served.Sequence && served.IsRunning)
        {
            Notify(FrameKind.Pending, in frame);
            return;
        }

        if (frame.Sequence == served.Sequence && _port.Defect != ClusterDefect.NoMemory)
        {
            // Its answer was lost, or is still on the way.
            SentAgain++;
            Send(in served.Frame);
            return;
        }

        Frame request = frame;
        switch (WireMessages.Find(frame.Code))
        {
            case OwnerMessage message:
                if (message.Serve(this, ref request, out long effect, turn))
                {
                    served.Sequence = frame.Sequence;
                    served.Effect = effect;
                    Reply(served, in request);
                }
                else
                {
                    Notify(FrameKind.Pending, in frame);
                }

                break;
            case WorkerMessage message:
                served.Sequence = frame.Sequence;
                served.Effect = 0;
                served.IsRunning = true;
                served.Frame = request;
                int kind = message.WorkerKindOf(in frame);
                _requests[kind].Enqueue(served.Ticket);
                if (!_workers[kind].IsEmpty)
                {
                    turn.Ready(ref _workers[kind]);
                }

                break;
            case NewsMessage message:
                message.Take(this, in frame);
                served.Sequence = frame.Sequence;
                served.Effect = 0;
                Reply(served, in request);
                break;
            default:
                throw new InvariantViolation(
                    $"member {frame.From} asks for {frame.Code:X4}, which is not a message that travels");
        }
    }

    /// <summary>The last request of the task that sent a frame; none yet in a new life of its process.</summary>
    private Served ServedOf(in Frame frame)
    {
        if (!_servedOf.TryGetValue((frame.From, frame.Caller), out Served? served))
        {
            served = new Served(frame.From, frame.Caller, _served.Count);
            _servedOf.Add((frame.From, frame.Caller), served);
            _served.Add(served);
        }

        if (served.Incarnation != frame.FromIncarnation)
        {
            served.Incarnation = frame.FromIncarnation;
            served.Sequence = 0;
            served.IsRunning = false;
        }

        return served;
    }

    private void Reply(Served served, in Frame request)
    {
        served.Frame = request;
        ref Frame reply = ref served.Frame;
        reply.Kind = FrameKind.Reply;
        (reply.From, reply.To) = (request.To, request.From);
        (reply.FromIncarnation, reply.ToIncarnation) = (request.ToIncarnation, request.FromIncarnation);
        reply.Epoch = _view.Epoch;
        Sent++;
        Send(in reply);
    }
}

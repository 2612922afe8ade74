using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using static EpcActors.Cluster.Delays.DelayProtocol;

namespace EpcActors.Cluster.Delays;

/// <summary>
/// The network between processes in virtual time. Each process has one sending wire: a frame schedules the channel to
/// its receiver, the wire serves channels one after the other, and frames that come before it gets to theirs join the
/// write, as in the channel over Akka.Remote. A write takes CPU time of the wire, then the delay of the link.
/// </summary>
/// <remarks>
/// A send is a side effect of a turn of a gateway, which no task can wait for. So frames are noted with their time,
/// and a task looks at what was noted: it never sleeps longer than the shortest time from a send to an arrival. A frame
/// that is sent while it sleeps arrives after it wakes, so no frame is late (the look-ahead of a conservative
/// simulation).
/// </remarks>
internal sealed class DelayNetwork
{
    /// <summary>As <c>FrameQueue.BundleBytes</c>, in frames of 42 bytes.</summary>
    private const int MostFrames = 1170;

    private readonly long _delayNs;
    private readonly WireCosts _costs;
    private readonly Func<long> _nowNs;
    private readonly Sender[] _senders;
    private readonly Queue<(long AtNs, Frame Frame)> _sent = [];
    private readonly PriorityQueue<Write, (long AtNs, long Number)> _underWay = new();
    private readonly Stack<List<Frame>> _spare = [];
    private readonly Dictionary<(int Member, int Caller), long> _askedAt = [];
    private long _number;

    /// <param name="members">Processes.</param>
    /// <param name="delayNs">One way, nanoseconds.</param>
    /// <param name="costs">CPU of the wire.</param>
    /// <param name="nowNs">The clock of the engine.</param>
    public DelayNetwork(int members, long delayNs, WireCosts costs, Func<long> nowNs)
    {
        (_delayNs, _costs, _nowNs) = (delayNs, costs, nowNs);
        _senders = [.. Enumerable.Range(0, members).Select(_ => new Sender(members))];
        LookAheadNs = Math.Max(1, delayNs + costs.WriteNs + costs.FrameOutNs);
    }

    /// <summary>No frame arrives sooner after it was sent, nanoseconds.</summary>
    public long LookAheadNs { get; }

    public long Frames { get; private set; }

    public long Writes { get; private set; }

    public long Calls { get; private set; }

    public long CallNs { get; private set; }

    /// <summary>Time for which the sending wire of a process was at work, nanoseconds.</summary>
    public long SentNs(int member) => _senders[member].BusyNs;

    /// <summary>In the turn of a gateway.</summary>
    public void Send(in Frame frame)
    {
        long nowNs = _nowNs();
        _sent.Enqueue((nowNs, frame));
        if (frame.Kind == FrameKind.Request)
        {
            // Sent again: the question is as old as the first one.
            _askedAt.TryAdd((frame.From, frame.Caller), nowNs);
        }
    }

    /// <summary>A gateway is about to see it.</summary>
    public void OnHandled(in Frame frame, long nowNs)
    {
        if (frame.Kind == FrameKind.Reply && _askedAt.Remove((frame.To, frame.Caller), out long askedNs))
        {
            Calls++;
            CallNs += nowNs - askedNs;
        }
    }

    /// <summary>Everything that the wires have begun to write by now is under way.</summary>
    public void Advance(long nowNs)
    {
        while (_sent.TryPeek(out (long AtNs, Frame Frame) next) && next.AtNs <= nowNs)
        {
            _sent.Dequeue();
            Serve(_senders[next.Frame.From], next.AtNs);
            Put(in next.Frame, next.AtNs);
        }

        foreach (Sender sender in _senders)
        {
            Serve(sender, nowNs);
        }
    }

    /// <summary>The next write that has arrived by now.</summary>
    public bool TryArrive(long nowNs, out int member, out List<Frame> frames)
    {
        if (_underWay.TryPeek(out Write write, out (long AtNs, long) at) && at.AtNs <= nowNs)
        {
            _underWay.Dequeue();
            (member, frames) = (write.To, write.Frames);
            return true;
        }

        (member, frames) = (-1, []);
        return false;
    }

    /// <summary>Gives the list of a write back.</summary>
    public void Return(List<Frame> frames)
    {
        frames.Clear();
        _spare.Push(frames);
    }

    /// <summary>Time of the next look.</summary>
    public long NextLookNs(long nowNs) =>
        _underWay.TryPeek(out _, out (long AtNs, long) at)
            ? Math.Min(at.AtNs, nowNs + LookAheadNs)
            : nowNs + LookAheadNs;

    private void Put(in Frame frame, long nowNs)
    {
        Sender sender = _senders[frame.From];
        Channel channel = sender.Channels[frame.To];
        if (channel.Last is not { } open || open.Count == MostFrames)
        {
            open = _spare.TryPop(out List<Frame>? spare) ? spare : [];
            channel.Last = open;
            sender.Waiting.Enqueue((nowNs, frame.To, open));
        }

        open.Add(frame);
        Frames++;
    }

    /// <summary>The wire of a process does what it has begun by then.</summary>
    private void Serve(Sender sender, long nowNs)
    {
        while (sender.Waiting.TryPeek(out (long AtNs, int To, List<Frame> Frames) first))
        {
            long beginNs = Math.Max(first.AtNs, sender.FreeAtNs);
            if (beginNs >= nowNs)
            {
                return;
            }

            sender.Waiting.Dequeue();
            Channel channel = sender.Channels[first.To];
            channel.Last = ReferenceEquals(channel.Last, first.Frames) ? null : channel.Last;
            long ns = _costs.WriteNs + (first.Frames.Count * _costs.FrameOutNs);
            sender.FreeAtNs = beginNs + ns;
            sender.BusyNs += ns;
            Writes++;
            _underWay.Enqueue(new Write(first.To, first.Frames), (sender.FreeAtNs + _delayNs, _number++));
        }
    }

    private readonly record struct Write(int To, List<Frame> Frames);

    private sealed class Channel
    {
        /// <summary>The write that the next frame joins; null when the wire has begun it.</summary>
        public List<Frame>? Last;
    }

    private sealed class Sender(int members)
    {
        public readonly Channel[] Channels = [.. Enumerable.Range(0, members).Select(_ => new Channel())];
        public readonly Queue<(long AtNs, int To, List<Frame> Frames)> Waiting = [];
        public long FreeAtNs;
        public long BusyNs;
    }
}

/// <summary>Carries writes to the inboxes at their time.</summary>
internal sealed class DelayedDelivery(ActorId id, DelayNetwork network, DelayInbox[] inboxes)
    : TaskActor(id, "network", -1, 0)
{
    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        while (true)
        {
            network.Advance(NowNs);
            while (network.TryArrive(NowNs, out int member, out List<Frame> frames))
            {
                inboxes[member].Put(frames);
                await Ask(inboxes[member].Id, new Ring { Frames = frames.Count });
                network.Return(frames);
            }

            await Sleep(Math.Max(1, network.NextLookNs(NowNs) - NowNs));
        }
    }
}

/// <summary>Frames that have arrived at one process and are not handled yet.</summary>
internal sealed class DelayInbox(ActorId id, int member)
    : Resource(id, $"inbox-{member}"), IInbox, IHandle<Ring>, IHandle<TakeArrived>
{
    /// <summary>Frames that are handled in one turn, as in a process.</summary>
    private const int Most = 64;

    private readonly Queue<(Frame Frame, bool IsFirst)> _arrived = [];
    private readonly Frame[] _together = new Frame[Most];
    private WaitQueue _wire;
    private int _count;

    public override ActorKind ActorKind => ActorKind.Gateway;

    public ReadOnlySpan<Frame> Frames => _together.AsSpan(0, _count);

    public void Put(List<Frame> frames)
    {
        for (int i = 0; i < frames.Count; i++)
        {
            _arrived.Enqueue((frames[i], i == 0));
        }
    }

    public void Handle(ref Ring message, Turn turn)
    {
        if (!_wire.IsEmpty)
        {
            turn.Ready(ref _wire);
        }
    }

    public void Handle(ref TakeArrived message, Turn turn)
    {
        if (_arrived.Count == 0)
        {
            turn.Park(ref _wire);
            return;
        }

        _count = 0;
        message.Writes = 0;
        while (_count < Most && _arrived.TryDequeue(out (Frame Frame, bool IsFirst) next))
        {
            _together[_count++] = next.Frame;
            message.Writes += next.IsFirst ? 1 : 0;
        }

        message.Frames = _count;
    }
}

/// <summary>The receiving wire of one process: reads writes, and brings their frames to the gateway.</summary>
internal sealed class DelayWire(
    ActorId id, int cpu, DelayInbox inbox, ActorId gateway, WireCosts costs, DelayNetwork network)
    : TaskActor(id, inbox.Name.Replace("inbox", "wire", StringComparison.Ordinal), cpu, 0)
{
    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    /// <summary>Time for which it was at work, nanoseconds.</summary>
    public long BusyNs { get; private set; }

    protected override async Routine Run()
    {
        while (true)
        {
            TakeArrived taken = await Ask(inbox.Id, new TakeArrived());
            long ns = (taken.Writes * costs.ReadNs) + (taken.Frames * costs.FrameInNs);
            BusyNs += ns;
            await SpendNs(EngineActivity.SpinWait, ns);
            foreach (ref readonly Frame frame in inbox.Frames)
            {
                network.OnHandled(in frame, NowNs);
            }

            await Ask(gateway, new ClusterProtocol.ArriveTogether { Count = taken.Frames });
        }
    }
}

using System.Collections.Concurrent;
using EpcActors.Cluster.Sharing;
using EpcActors.Engine;

namespace EpcActors.Cluster.Members;

/// <summary>Frames and views from outside, until the <see cref="InboxReader"/> brings them to the gateway.</summary>
/// <remarks>
/// Any thread adds frames. The windows of the senders bound their number. The frames of one request belong to the
/// inbox reader until it asks, and to the gateway until it answers.
/// </remarks>
internal sealed class Inbox : IInbox
{
    /// <summary>Frames that are handled in one turn; others that ask the gateway wait for its end.</summary>
    private const int Most = 64;

    private readonly ConcurrentQueue<Frame> _frames = new();
    private readonly ConcurrentQueue<int> _views = new();
    private readonly Frame[] _together = new Frame[Most];
    private int _count;

    public ReadOnlySpan<Frame> Frames => _together.AsSpan(0, _count);

    /// <summary>True when nothing lies here that was not brought.</summary>
    public bool IsEmpty => _frames.IsEmpty && _views.IsEmpty;

    public void Put(ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            _frames.Enqueue(frame);
        }
    }

    public void Put(int epoch) => _views.Enqueue(epoch);

    public bool TryTakeView(out int epoch) => _views.TryDequeue(out epoch);

    /// <summary>Takes the first frame for the next request, and those behind it that need no other cut.</summary>
    /// <param name="isInCut">True when this process has begun a cut; if not, it is asked to, and the frame comes first
    /// the next time.</param>
    /// <param name="count">Number of frames taken.</param>
    /// <returns>False: the first frame has to wait for its cut.</returns>
    public bool TryTake(Func<int, bool> isInCut, out int count)
    {
        int known = int.MinValue;
        _count = 0;
        while (_count < Most && _frames.TryPeek(out Frame frame))
        {
            if (frame.Cut != known && !isInCut(frame.Cut))
            {
                break;
            }

            known = frame.Cut;
            _together[_count++] = frame;
            _frames.TryDequeue(out _);
        }

        count = _count;
        return count > 0 || _frames.IsEmpty;
    }
}

/// <summary>
/// Brings what lies in the <see cref="Inbox"/> to the gateway: frames in the order in which they came, and views.
/// Others rouse it.
/// </summary>
internal sealed class InboxReader : TaskActor
{
    /// <summary>
    /// While it waits for a cut to begin; that takes as long as the engine's thread needs to look at its timers.
    /// </summary>
    private const long BeforeCutNs = 200_000;

    private readonly ActorId _gateway;
    private readonly Inbox _inbox;
    private readonly Func<int, bool> _isInCut;

    /// <param name="id">Address.</param>
    /// <param name="gateway">The gateway of this process.</param>
    /// <param name="inbox">Inbox of the frames.</param>
    /// <param name="isInCut">True when this process has begun a cut; if not, it is asked to.</param>
    public InboxReader(ActorId id, ActorId gateway, Inbox inbox, Func<int, bool> isInCut)
        : base(id, "inbox reader", -1, 0)
    {
        _gateway = gateway;
        _inbox = inbox;
        _isInCut = isInCut;
    }

    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        while (true)
        {
            // A view first: it may be what makes the next frames count.
            while (_inbox.TryTakeView(out int epoch))
            {
                await Ask(_gateway, new ClusterProtocol.InstallView { Epoch = epoch });
            }

            if (!_inbox.TryTake(_isInCut, out int count))
            {
                await Sleep(BeforeCutNs);
            }
            else if (count > 0)
            {
                await Ask(_gateway, new ClusterProtocol.ArriveTogether { Count = count });
            }
            else
            {
                await Sleep(long.MaxValue);
            }
        }
    }
}

/// <summary>Makes time pass for the gateway.</summary>
internal sealed class GatewayTicker : TaskActor
{
    private readonly ActorId _gateway;
    private readonly long _everyNs;

    public GatewayTicker(ActorId id, ActorId gateway, long everyNs)
        : base(id, "ticker", -1, 0)
    {
        _gateway = gateway;
        _everyNs = everyNs;
    }

    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        while (true)
        {
            await Sleep(_everyNs);
            await Ask(_gateway, default(ClusterProtocol.Tick));
        }
    }
}

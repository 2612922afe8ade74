using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using static EpcActors.Cluster.Simulation.SimulationProtocol;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Frames on the way from one member to another. Exchanges put frames in as a side effect of their turn, which is what
/// a send to a network is; delivery take them out.
/// </summary>
/// <remarks>
/// Each pair of incarnations has a connection of its own. Frames still on the way on an old one come out in turn with
/// those of the new one, and do not hold them up.
/// </remarks>
internal sealed class Link : Resource, IHandle<TakeFrame>, IHandle<PutFrame>
{
    private readonly LinkedList<Frame> _frames = [];
    private readonly LinkedList<Frame> _ofOldLives = [];
    private (int From, int To) _lives;
    private bool _isTurnOfOldLives;

    public Link(ActorId id, int from, int to)
        : base(id, $"link-{from}-{to}") => (From, To) = (from, to);

    public int From { get; }

    public int To { get; }

    /// <summary>Nothing comes out: the two are cut off from each other.</summary>
    public bool IsCut { get; set; }

    /// <summary>While it is cut, what is sent is lost and not only late.</summary>
    public bool LosesWhileCut { get; set; }

    public int Count => _frames.Count + _ofOldLives.Count;

    public void Send(in Frame frame)
    {
        if (!IsCut || !LosesWhileCut)
        {
            Add(in frame);
        }
    }

    public override ActorKind ActorKind => ActorKind.Gateway;

    public void Clear()
    {
        _frames.Clear();
        _ofOldLives.Clear();
    }

    public void Handle(ref TakeFrame message, Turn turn)
    {
        message.Frame = default;
        if (!IsCut && Count > 0)
        {
            _isTurnOfOldLives = _frames.Count == 0 || (_ofOldLives.Count > 0 && !_isTurnOfOldLives);
            LinkedList<Frame> next = _isTurnOfOldLives ? _ofOldLives : _frames;
            message.Frame = next.First!.Value;
            next.RemoveFirst();
        }

        message.Left = Count;
    }

    public void Handle(ref PutFrame message, Turn turn) => Add(in message.Frame);

    private void Add(in Frame frame)
    {
        (int From, int To) lives = (frame.FromIncarnation, frame.ToIncarnation);
        if (lives.From < _lives.From || lives.To < _lives.To)
        {
            _ofOldLives.AddLast(frame);
            return;
        }

        if (lives != _lives)
        {
            _lives = lives;
            foreach (Frame old in _frames)
            {
                _ofOldLives.AddLast(old);
            }

            _frames.Clear();
        }

        _frames.AddLast(frame);
    }
}

/// <summary>Brings the frames of one link to the process that they are for, or not, or twice, or late.</summary>
internal sealed class FrameDelivery : WorldTask
{
    private readonly SimulatedCluster _cluster;

    public FrameDelivery(ActorId id, Link link, SimulatedCluster cluster, int paceGroup)
        : base(id, $"delivery-{link.From}-{link.To}", paceGroup)
    {
        Link = link;
        _cluster = cluster;
    }

    public Link Link { get; }

    /// <summary>It has a frame that has not arrived.</summary>
    public bool IsCarrying { get; private set; }

    public override bool IsUseful =>
        (IsCarrying || (Link.Count > 0 && !Link.IsCut)) && _cluster.LivingMember(Link.To) is not { IsStill: true };

    protected override async Routine Run()
    {
        while (true)
        {
            TakeFrame take = await Ask(Link.Id, new TakeFrame());
            if (take.Frame.Kind == FrameKind.None)
            {
                continue;
            }

            IsCarrying = true;
            if (take.Left > 0 && Choose((int)NetworkChoice.Overtake))
            {
                _cluster.Note(FrameFate.Overtaken, in take.Frame);
                await Ask(Link.Id, new PutFrame { Frame = take.Frame });
            }
            else if (Choose((int)NetworkChoice.Lose))
            {
                _cluster.Note(FrameFate.Lost, in take.Frame);
            }
            else
            {
                if (Choose((int)NetworkChoice.Double))
                {
                    _cluster.Note(FrameFate.Doubled, in take.Frame);
                    await Ask(Link.Id, new PutFrame { Frame = take.Frame });
                }

                ActorId receiver = _cluster.ReceiverOf(in take.Frame);
                _cluster.Note(receiver.IsNone ? FrameFate.Undelivered : FrameFate.Delivered, in take.Frame);
                if (!receiver.IsNone)
                {
                    _cluster.OnFrame(receiver, in take.Frame);
                    await Ask(receiver, new ClusterProtocol.Arrive { Frame = take.Frame });
                }
            }

            IsCarrying = false;
        }
    }
}

/// <summary>Puts the frames of one process on the links, as long as it lives.</summary>
internal sealed class SimulatedOutbox(SimulatedCluster cluster) : IOutbox
{
    /// <summary>Whose it is; set when the process is made.</summary>
    public SimulatedProcess? Process { get; set; }

    public void Send(in Frame frame)
    {
        if (Process is { IsHalted: false })
        {
            // Frames that leave from here on belong behind the cut that this process is in.
            Frame stamped = frame;
            stamped.Cut = Process.Cut;
            Process.FramesOut++;
            cluster.Note(FrameFate.Sent, in stamped);
            cluster.LinkOf(frame.From, frame.To).Send(in stamped);
        }
    }
}

/// <summary>Fate of a frame.</summary>
public enum FrameFate
{
    Sent,
    Delivered,
    Lost,
    Doubled,
    Overtaken,

    /// <summary>The recipient was gone.</summary>
    Undelivered,
}

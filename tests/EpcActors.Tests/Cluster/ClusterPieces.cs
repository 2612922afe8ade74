using EpcActors.Cluster.Sharing;
using EpcActors.Engine;

namespace EpcActors.Tests.Cluster;

/// <summary>Views that a test has put there.</summary>
internal sealed class PieceHistory : IViewHistory
{
    public List<ClusterView> Views { get; } = [];

    public ClusterView Last => Views[^1];

    public ClusterView this[int epoch] => Views[epoch - 1];
}

/// <summary>Frames that a gateway has sent.</summary>
internal sealed class PieceOutbox : IOutbox
{
    public List<Frame> Frames { get; } = [];

    public void Send(in Frame frame) => Frames.Add(frame);
}

/// <summary>The turn of any task. A task that is parked is asked again by the test.</summary>
internal sealed class PieceTurn : Turn
{
    public override long NowNs => 0;

    public void Of(int task, bool again)
    {
        Caller = new ActorId(task);
        WasParked = again;
    }

    public override void Park(ref WaitQueue queue, int spinActivity = -1)
    {
    }

    public override void Ready(ref WaitQueue queue, int activity = -1, int count = 1) =>
        throw new InvalidOperationException("no request waits here");

    public override void Spend(int activity, int count, bool remote)
    {
    }

    public override void Hold(int activity, int count, bool remote)
    {
    }

    public override void Yield()
    {
    }

    public override void Interrupt(ActorId task, int activity)
    {
    }
}

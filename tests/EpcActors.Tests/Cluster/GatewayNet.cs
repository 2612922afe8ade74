using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// The gateways of some members without any engine: a call is answered before <see cref="Ask"/> comes back, its frames
/// delivered one after the other. For rules that hold between any two calls.
/// </summary>
internal sealed class GatewayNet
{
    private const int Task = 100;

    private readonly Queue<Frame> _frames = new();
    private readonly AnyTurn _turn = new();

    /// <param name="members">How many; all shared counters have their owner at member 0.</param>
    /// <param name="bootPages">Free pages of each member at the start.</param>
    /// <param name="max">Limit of the root, bytes.</param>
    /// <param name="chargeBatch">See <see cref="ClusterPort.ChargeBatch"/>.</param>
    /// <param name="counterBatch">See <see cref="ClusterPort.CounterBatch"/>.</param>
    public GatewayNet(
        int members,
        long bootPages,
        ulong max = ulong.MaxValue,
        int chargeBatch = 8,
        int counterBatch = 8)
    {
        Views views = new(ClusterView.First(members, [0, 0, 0]));
        int[] memberOfNode = [.. Enumerable.Range(0, members)];
        long[] capacity = [.. memberOfNode.Select(_ => bootPages * KernelConstants.PageSize)];
        long[] boot = [.. memberOfNode.Select(_ => bootPages)];
        Gateways =
        [
            .. memberOfNode.Select(member => new Gateway(
                new ActorId(member),
                new ClusterPort(member, 1, memberOfNode, 2)
                {
                    ChargeBatch = chargeBatch,
                    CounterBatch = counterBatch,
                    CgroupParents = [-1, 0],
                },
                new Outbox(_frames),
                views,
                [Limit.Of(max), Limit.Max, Limit.Max],
                capacity,
                boot)),
        ];
    }

    public IReadOnlyList<Gateway> Gateways { get; }

    /// <summary>The counter of the free-page counter.</summary>
    public const int Counter = 2;

    /// <summary>The counter that is charged, and its parent, the root.</summary>
    public const int Cgroup = 1;

    /// <summary>Frames that went from one member to another.</summary>
    public int Frames { get; private set; }

    /// <summary>A call of a task of a member.</summary>
    public TMessage Ask<TMessage>(int member, TMessage message)
        where TMessage : unmanaged, IMessage
    {
        IHandle<TMessage> handler = (IHandle<TMessage>)(object)Gateways[member];
        _turn.Of(Task + member);
        handler.Handle(ref message, _turn);
        while (_turn.HasParked)
        {
            Frame frame = _frames.Dequeue();
            Frames++;
            ClusterProtocol.Arrive arrive = new() { Frame = frame };
            Gateways[frame.To].Handle(ref arrive, new AnyTurn());
            if (frame.Kind == FrameKind.Reply && frame.To == member)
            {
                _turn.Again();
                handler.Handle(ref message, _turn);
            }
        }

        return message;
    }

    /// <summary>Returns the stock of a member to its owner, as a request worker does for DrainStock.</summary>
    public void GiveBack(int member, int counter)
    {
        ClusterProtocol.TakeStock take = Ask(member, new ClusterProtocol.TakeStock { Counter = counter });
        if (take.Bytes > 0 && counter == Counter)
        {
            Ask(
                member,
                new ClusterProtocol.AddToCounter { Counter = counter, Amount = take.Bytes, IsGivenBack = true });
        }
        else if (take.Bytes > 0)
        {
            Ask(
                member,
                new ClusterProtocol.UnchargeCounter
                {
                    Counter = counter,
                    Bytes = take.Bytes,
                    IsRollBack = true,
                });
        }
    }

    /// <summary>sgx_should_reclaim's look at the counter, as the routine does it.</summary>
    public bool IsBelow(int member, int watermark)
    {
        ClusterProtocol.ReadCounter read = Ask(
            member,
            new ClusterProtocol.ReadCounter { Counter = Counter, Enough = watermark });
        if (read.Value < watermark && read.IsLowerBound)
        {
            for (int other = 0; other < Gateways.Count; other++)
            {
                GiveBack(other, Counter);
            }

            read = Ask(
                member,
                new ClusterProtocol.ReadCounter
                {
                    Counter = Counter,
                    Enough = watermark,
                    Advances = read.Advances,
                });
        }

        return read.Value < watermark;
    }

    private sealed class Outbox(Queue<Frame> frames) : IOutbox
    {
        public void Send(in Frame frame) => frames.Enqueue(frame);
    }

    private sealed class Views(ClusterView view) : IViewHistory
    {
        public ClusterView Last => view;

        public ClusterView this[int epoch] => view;
    }

    private sealed class AnyTurn : Turn
    {
        public bool HasParked { get; private set; }

        public override long NowNs => 0;

        public void Of(int task)
        {
            Caller = new ActorId(task);
            WasParked = false;
            HasParked = false;
        }

        public void Again()
        {
            WasParked = true;
            HasParked = false;
        }

        public override void Park(ref WaitQueue queue, int spinActivity = -1) => HasParked = true;

        public override void Ready(ref WaitQueue queue, int activity = -1, int count = 1) =>
            throw new InvalidOperationException("nothing waits in a queue here");

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
}

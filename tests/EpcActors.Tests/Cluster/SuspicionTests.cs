using EpcActors.Cluster.Members;
using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// Suspicion counts from the oldest call that a member has not answered. The clock of these tests is the tick of the
/// gateway: 100 ms each, with a failure timeout of 1 s.
/// </summary>
public sealed class SuspicionTests
{
    private const int TickLimit = 10;

    private const int Task = 10;
    private readonly PieceTurn _turn = new();
    private readonly Suspicion _suspicion = new(0, 1_000_000_000, 100_000_000);
    private readonly PieceHistory _history = new();
    private readonly PieceOutbox _outbox = new();

    public SuspicionTests() => _history.Views.Add(new ClusterView(1, [1, 1, 1], [1, 1, 1], [1, 1, 2, 0], [1, 1, 1, 1]));

    [Fact]
    public void A_member_that_owes_nothing_is_never_suspected()
    {
        Gateway gateway = Gateway(0);
        Tick(gateway, 1000);
        Assert.Empty(_suspicion.Unreachable(gateway));

        // What it said last was long ago when it is asked: that does not count against it.
        Read(gateway, counter: 0);
        Tick(gateway, TickLimit);
        Assert.Empty(_suspicion.Unreachable(gateway));
    }

    [Fact]
    public void A_member_is_suspected_when_its_oldest_call_is_as_old_as_the_failure_timeout()
    {
        Gateway gateway = Gateway(0);
        Read(gateway, counter: 0);
        Tick(gateway, TickLimit);
        Read(gateway, counter: 0, task: Task + 1);
        Assert.Empty(_suspicion.Unreachable(gateway));
        Tick(gateway, 1);
        Assert.Equal([1], _suspicion.Unreachable(gateway));

        // The answer clears it, and the other call is as old as the answer.
        Arrive(gateway, Answer(_outbox.Frames.First(frame => frame.Caller == Task)));
        Assert.Empty(_suspicion.Unreachable(gateway));
        Tick(gateway, TickLimit);
        Assert.Empty(_suspicion.Unreachable(gateway));
        Tick(gateway, 1);
        Assert.Equal([1], _suspicion.Unreachable(gateway));
        Arrive(gateway, Answer(_outbox.Frames.First(frame => frame.Caller == Task + 1)));
        Tick(gateway, 1000);
        Assert.Empty(_suspicion.Unreachable(gateway));
    }

    [Fact]
    public void A_request_of_its_own_is_no_sign_of_a_member_that_does_not_answer()
    {
        Gateway gateway = Gateway(0);
        Read(gateway, counter: 0);
        for (uint i = 1; i < 2 * TickLimit; i++)
        {
            Tick(gateway, 1);
            Frame frame = new()
            {
                Kind = FrameKind.Request,
                From = 1,
                FromIncarnation = 1,
                ToIncarnation = 1,
                Caller = 20,
                Sequence = i,
            };
            frame.Write(new ClusterProtocol.ReadCounter { Counter = 3 });
            Arrive(gateway, frame);
        }

        Assert.Equal([1], _suspicion.Unreachable(gateway));
    }

    [Fact]
    public void Suspicion_begins_anew_with_a_new_life_and_leaves_the_others_alone()
    {
        Gateway gateway = Gateway(0);
        Read(gateway, counter: 0);
        Read(gateway, counter: 2, task: Task + 1);
        Tick(gateway, TickLimit + 1);
        Assert.Equal([1, 2], _suspicion.Unreachable(gateway));

        // Member 1 is replaced in one view, so the call about its counter goes to the new life, which has had no time
        // to answer.
        Install(gateway, new ClusterView(2, [1, 2, 1], [1, 2, 1], [1, 1, 2, 0], [2, 2, 1, 1]));
        Assert.Equal([2], _suspicion.Unreachable(gateway));
        Tick(gateway, TickLimit);
        Assert.Equal([2], _suspicion.Unreachable(gateway));
        Tick(gateway, 1);
        Assert.Equal([1, 2], _suspicion.Unreachable(gateway));
        Install(gateway, new ClusterView(3, [1, 2, 0], [1, 2, 0], [1, 1, 1, 0], [2, 2, 3, 1]));
        Assert.Equal([1], _suspicion.Unreachable(gateway));
    }

    [Fact]
    public void A_owner_that_waits_for_reports_says_so_and_is_not_suspected()
    {
        Gateway gateway = Gateway(0);
        Gateway owner = Gateway(1);
        ClusterView rebuilding = new(2, [1, 1, 0], [1, 1, 0], [1, 1, 1, 0], [1, 1, 2, 1]);
        Install(gateway, rebuilding);
        Install(owner, rebuilding);
        _outbox.Frames.Clear();
        Read(gateway, counter: 2);
        for (int i = 0; i < 10 * TickLimit; i++)
        {
            Deliver(gateway, owner);
            Assert.DoesNotContain(_outbox.Frames, frame => frame.Kind == FrameKind.Reply);
            Tick(gateway, 1);
        }

        Assert.Empty(_suspicion.Unreachable(gateway));

        // An owner that is gone altogether is still found.
        Tick(gateway, TickLimit + 1);
        Assert.Equal([1], _suspicion.Unreachable(gateway));
    }

    [Fact]
    public void A_long_round_of_reclaim_is_no_reason_to_suspect_the_member_that_makes_it()
    {
        Gateway gateway = Gateway(0);
        Gateway busy = Gateway(1);
        ClusterProtocol.ReclaimAt reclaim = new() { Member = 1 };
        _turn.Of(Task, again: false);
        gateway.Handle(ref reclaim, _turn);
        for (int i = 0; i < 10 * TickLimit; i++)
        {
            Deliver(gateway, busy);
            Tick(gateway, 1);
        }

        Assert.Empty(_suspicion.Unreachable(gateway));
    }

    [Fact]
    public void A_member_that_does_not_know_the_new_life_of_its_caller_yet_is_reached_all_the_same()
    {
        Gateway late = Gateway(1);
        _history.Views.Add(new ClusterView(2, [2, 1, 1], [2, 1, 1], [1, 1, 2, 0], [1, 1, 1, 2]));
        Gateway gateway = Gateway(0, incarnation: 2);
        Read(gateway, counter: 0);
        for (int i = 0; i < 2 * TickLimit; i++)
        {
            Deliver(gateway, late);
            Tick(gateway, 1);
        }

        Assert.Equal(1, late.View.Epoch);
        Assert.Empty(_suspicion.Unreachable(gateway));
    }

    private Gateway Gateway(int member, int incarnation = 1)
    {
        ClusterPort port = new(member, incarnation, [0, 1, 2], 3);
        return new Gateway(
            new ActorId(0),
            port,
            _outbox,
            _history,
            [Limit.Max, Limit.Max, Limit.Max, Limit.Max],
            [1, 1, 1],
            [0, 0, 0]);
    }

    private void Tick(Gateway gateway, int times)
    {
        ClusterProtocol.Tick tick = default;
        for (int i = 0; i < times; i++)
        {
            gateway.Handle(ref tick, _turn);
        }
    }

    private void Read(Gateway gateway, int counter, int task = Task)
    {
        _turn.Of(task, again: false);
        ClusterProtocol.ReadCounter read = new() { Counter = counter };
        gateway.Handle(ref read, _turn);
    }

    private void Install(Gateway gateway, ClusterView view)
    {
        if (_history.Last.Epoch < view.Epoch)
        {
            _history.Views.Add(view);
        }

        ClusterProtocol.InstallView install = new() { Epoch = view.Epoch };
        gateway.Handle(ref install, _turn);
    }

    private void Arrive(Gateway gateway, Frame frame)
    {
        ClusterProtocol.Arrive arrive = new() { Frame = frame };
        gateway.Handle(ref arrive, _turn);
    }

    /// <summary>Brings the frames that were sent so far from one gateway to the other, and the answers back.</summary>
    private void Deliver(Gateway from, Gateway to)
    {
        foreach (Gateway receiver in (Gateway[])[to, from])
        {
            Frame[] frames = [.. _outbox.Frames];
            _outbox.Frames.Clear();
            foreach (Frame frame in frames)
            {
                Arrive(receiver, frame);
            }
        }
    }

    private static Frame Answer(Frame request) => request with
    {
        Kind = FrameKind.Reply,
        From = request.To,
        To = request.From,
        FromIncarnation = request.ToIncarnation,
        ToIncarnation = request.FromIncarnation,
    };
}

using EpcActors.Cluster.Members;
using EpcActors.Cluster.Sharing;
using EpcActors.Engine;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// Suspicion counts from the oldest call that a member has not answered. The clock of these tests is the tick of the
/// exchange: 100 ms each, with a failure timeout of 1 s.
/// </summary>
public sealed class SuspicionTests
{
    private const int Limit = 10;

    private const int Task = 10;
    private readonly PieceTurn _turn = new();
    private readonly Suspicion _suspicion = new(0, 1_000_000_000, 100_000_000);
    private readonly PieceBoard _board = new();
    private readonly PieceOutbox _outbox = new();

    public SuspicionTests() => _board.Views.Add(new ClusterView(1, [1, 1, 1], [1, 1, 1], [1, 1, 2, 0], [1, 1, 1, 1]));

    [Fact]
    public void A_member_that_owes_nothing_is_never_suspected()
    {
        Exchange exchange = Exchange(0);
        Tick(exchange, 1000);
        Assert.Empty(_suspicion.Unreachable(exchange));

        // What it said last was long ago when it is asked: that does not count against it.
        Read(exchange, account: 0);
        Tick(exchange, Limit);
        Assert.Empty(_suspicion.Unreachable(exchange));
    }

    [Fact]
    public void A_member_is_suspected_when_its_oldest_call_is_as_old_as_the_failure_timeout()
    {
        Exchange exchange = Exchange(0);
        Read(exchange, account: 0);
        Tick(exchange, Limit);
        Read(exchange, account: 0, task: Task + 1);
        Assert.Empty(_suspicion.Unreachable(exchange));
        Tick(exchange, 1);
        Assert.Equal([1], _suspicion.Unreachable(exchange));

        // The answer clears it, and the other call is as old as the answer.
        Arrive(exchange, Answer(_outbox.Frames.First(frame => frame.Caller == Task)));
        Assert.Empty(_suspicion.Unreachable(exchange));
        Tick(exchange, Limit);
        Assert.Empty(_suspicion.Unreachable(exchange));
        Tick(exchange, 1);
        Assert.Equal([1], _suspicion.Unreachable(exchange));
        Arrive(exchange, Answer(_outbox.Frames.First(frame => frame.Caller == Task + 1)));
        Tick(exchange, 1000);
        Assert.Empty(_suspicion.Unreachable(exchange));
    }

    [Fact]
    public void A_request_of_its_own_is_no_sign_of_a_member_that_does_not_answer()
    {
        Exchange exchange = Exchange(0);
        Read(exchange, account: 0);
        for (uint i = 1; i < 2 * Limit; i++)
        {
            Tick(exchange, 1);
            Frame frame = new()
            {
                Kind = FrameKind.Request,
                From = 1,
                FromIncarnation = 1,
                ToIncarnation = 1,
                Caller = 20,
                Sequence = i,
            };
            frame.Write(new ClusterProtocol.ReadAccount { Account = 3 });
            Arrive(exchange, frame);
        }

        Assert.Equal([1], _suspicion.Unreachable(exchange));
    }

    [Fact]
    public void Suspicion_begins_anew_with_a_new_life_and_leaves_the_others_alone()
    {
        Exchange exchange = Exchange(0);
        Read(exchange, account: 0);
        Read(exchange, account: 2, task: Task + 1);
        Tick(exchange, Limit + 1);
        Assert.Equal([1, 2], _suspicion.Unreachable(exchange));

        // Member 1 is replaced in one view, so the call about its account goes to the new life, which has had no time
        // to answer.
        Install(exchange, new ClusterView(2, [1, 2, 1], [1, 2, 1], [1, 1, 2, 0], [2, 2, 1, 1]));
        Assert.Equal([2], _suspicion.Unreachable(exchange));
        Tick(exchange, Limit);
        Assert.Equal([2], _suspicion.Unreachable(exchange));
        Tick(exchange, 1);
        Assert.Equal([1, 2], _suspicion.Unreachable(exchange));
        Install(exchange, new ClusterView(3, [1, 2, 0], [1, 2, 0], [1, 1, 1, 0], [2, 2, 3, 1]));
        Assert.Equal([1], _suspicion.Unreachable(exchange));
    }

    [Fact]
    public void A_home_that_waits_for_reports_says_so_and_is_not_suspected()
    {
        Exchange exchange = Exchange(0);
        Exchange home = Exchange(1);
        ClusterView rebuilding = new(2, [1, 1, 0], [1, 1, 0], [1, 1, 1, 0], [1, 1, 2, 1]);
        Install(exchange, rebuilding);
        Install(home, rebuilding);
        _outbox.Frames.Clear();
        Read(exchange, account: 2);
        for (int i = 0; i < 10 * Limit; i++)
        {
            Deliver(exchange, home);
            Assert.DoesNotContain(_outbox.Frames, frame => frame.Kind == FrameKind.Reply);
            Tick(exchange, 1);
        }

        Assert.Empty(_suspicion.Unreachable(exchange));

        // A home that is gone altogether is still found.
        Tick(exchange, Limit + 1);
        Assert.Equal([1], _suspicion.Unreachable(exchange));
    }

    [Fact]
    public void A_long_round_of_reclaim_is_no_reason_to_suspect_the_member_that_makes_it()
    {
        Exchange exchange = Exchange(0);
        Exchange busy = Exchange(1);
        ClusterProtocol.ReclaimAt reclaim = new() { Member = 1 };
        _turn.Of(Task, again: false);
        exchange.Handle(ref reclaim, _turn);
        for (int i = 0; i < 10 * Limit; i++)
        {
            Deliver(exchange, busy);
            Tick(exchange, 1);
        }

        Assert.Empty(_suspicion.Unreachable(exchange));
    }

    [Fact]
    public void A_member_that_does_not_know_the_new_life_of_its_caller_yet_is_reached_all_the_same()
    {
        Exchange late = Exchange(1);
        _board.Views.Add(new ClusterView(2, [2, 1, 1], [2, 1, 1], [1, 1, 2, 0], [1, 1, 1, 2]));
        Exchange exchange = Exchange(0, incarnation: 2);
        Read(exchange, account: 0);
        for (int i = 0; i < 2 * Limit; i++)
        {
            Deliver(exchange, late);
            Tick(exchange, 1);
        }

        Assert.Equal(1, late.View.Epoch);
        Assert.Empty(_suspicion.Unreachable(exchange));
    }

    private Exchange Exchange(int member, int incarnation = 1)
    {
        ClusterPort port = new(member, incarnation, [0, 1, 2], 3);
        return new Exchange(
            new ActorId(0),
            port,
            _outbox,
            _board,
            [ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue],
            [1, 1, 1],
            [0, 0, 0]);
    }

    private void Tick(Exchange exchange, int times)
    {
        ClusterProtocol.Tick tick = default;
        for (int i = 0; i < times; i++)
        {
            exchange.Handle(ref tick, _turn);
        }
    }

    private void Read(Exchange exchange, int account, int task = Task)
    {
        _turn.Of(task, again: false);
        ClusterProtocol.ReadAccount read = new() { Account = account };
        exchange.Handle(ref read, _turn);
    }

    private void Install(Exchange exchange, ClusterView view)
    {
        if (_board.Last.Epoch < view.Epoch)
        {
            _board.Views.Add(view);
        }

        ClusterProtocol.InstallView install = new() { Epoch = view.Epoch };
        exchange.Handle(ref install, _turn);
    }

    private void Arrive(Exchange exchange, Frame frame)
    {
        ClusterProtocol.Arrive arrive = new() { Frame = frame };
        exchange.Handle(ref arrive, _turn);
    }

    /// <summary>Brings the frames that were sent so far from one exchange to the other, and the answers back.</summary>
    private void Deliver(Exchange from, Exchange to)
    {
        foreach (Exchange receiver in (Exchange[])[to, from])
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

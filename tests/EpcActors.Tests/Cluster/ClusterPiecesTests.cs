using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// Interleavings of a cluster that are too rare to wait for: one actor alone, asked in the order that matters.
/// </summary>
public sealed class ClusterPiecesTests
{
    private readonly PieceTurn _turn = new();

    [Fact]
    public void Nothing_of_the_next_life_comes_in_while_pages_of_the_dead_one_are_looked_for()
    {
        SharedNode node = new(new ActorId(0), 1, new EpcPageTable(64), [], isSanitised: true);
        Assert.False(Import(3, 1));
        Assert.Equal(1, Borrowed(dead: 1));

        // The last page of the dead life went away, and the one who looks for it does not know yet.
        SharedNodeProtocol.ExportPage export = default;
        node.Handle(ref export, _turn);
        Assert.Equal(3, export.Page.Value);
        Assert.True(Import(4, 2));
        Assert.Equal(0, Borrowed(dead: 1));
        Assert.False(Import(4, 2));
        Assert.Equal(1, Borrowed(dead: 1));
        Assert.False(Import(5, 2));
        Assert.True(Import(6, 1));

        bool Import(int page, int incarnation)
        {
            SharedNodeProtocol.ImportPage import = new() { Page = new EpcPageIndex(page), Incarnation = incarnation };
            node.Handle(ref import, _turn);
            return import.IsRefused;
        }

        int Borrowed(int dead)
        {
            SharedNodeProtocol.ReadBorrowed read = new() { Dead = dead };
            node.Handle(ref read, _turn);
            return read.Pages;
        }
    }

    [Fact]
    public void A_call_that_goes_to_a_new_life_does_not_wait_for_those_that_left_with_the_old_one()
    {
        PieceHistory history = new();
        history.Views.Add(new ClusterView(1, [1, 1, 1], [1, 1, 1], [1, 1, 0], [1, 1, 1]));
        PieceOutbox outbox = new();
        ClusterPort port = new(0, 1, [0, 1, 2], 2) { Window = 1 };
        Gateway gateway = new(
            new ActorId(0),
            port,
            outbox,
            history,
            [Limit.Max, Limit.Max, Limit.Max],
            [1, 1, 1],
            [0, 0, 0]);

        // Task 10 has asked before, so it stands in front of task 11, whose call takes the only place.
        Read(10, 0);
        Frame answer = outbox.Frames[^1];
        (answer.Kind, answer.From, answer.To) = (FrameKind.Reply, 1, 0);
        ClusterProtocol.Arrive arrive = new() { Frame = answer };
        gateway.Handle(ref arrive, _turn);
        Read(10, 0, again: true);
        Read(11, 1);
        Read(10, 0);
        Assert.Equal(11, outbox.Frames[^1].Caller);

        // Member 1 dies and is back in one view, with the counter that task 10 asks for; the other one went to member
        // 2.
        history.Views.Add(new ClusterView(2, [1, 2, 1], [1, 2, 1], [1, 2, 0], [2, 2, 1]));
        outbox.Frames.Clear();
        ClusterProtocol.InstallView install = new() { Epoch = 2 };
        gateway.Handle(ref install, _turn);
        Assert.Equal(
            [(10, 1, 2), (11, 2, 1)],
            outbox.Frames.Select(frame => (frame.Caller, (int)frame.To, frame.ToIncarnation)));

        void Read(int task, int counter, bool again = false)
        {
            _turn.Of(task, again);
            ClusterProtocol.ReadCounter read = new() { Counter = counter };
            gateway.Handle(ref read, _turn);
        }
    }

    [Fact]
    public void A_view_that_is_older_than_the_installed_one_changes_nothing()
    {
        PieceHistory history = new();
        history.Views.Add(new ClusterView(1, [1, 1], [1, 1], [0, 1], [1, 1]));
        history.Views.Add(new ClusterView(2, [1, 0], [1, 2], [0, 0], [1, 2]));
        history.Views.Add(new ClusterView(3, [1, 2], [1, 3], [0, 0], [1, 2]));
        PieceHistory first = new();
        first.Views.Add(history.Views[0]);
        Later later = new(first, history);
        Gateway gateway = new(
            new ActorId(0),
            new ClusterPort(0, 1, [0, 1], 1),
            new PieceOutbox(),
            later,
            [Limit.Max, Limit.Max],
            [1, 1],
            [0, 0]);
        foreach (int epoch in (int[])[3, 2, 1, 3])
        {
            ClusterProtocol.InstallView install = new() { Epoch = epoch };
            gateway.Handle(ref install, _turn);
            Assert.Equal(3, gateway.View.Epoch);
        }
    }

    private sealed class Later(PieceHistory first, PieceHistory all) : IViewHistory
    {
        public ClusterView Last => first.Last;

        public ClusterView this[int epoch] => all[epoch];
    }
}

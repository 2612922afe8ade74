using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Transport;
using EpcActors.Results;
using static EpcActors.Tests.Cluster.CoordinatorRig;

namespace EpcActors.Tests.Cluster;

/// <summary>Deaths, returns, faults, audits, and the end, one event after the other.</summary>
public sealed partial class CoordinatorRunningTests
{
    [Fact]
    public void A_lost_process_is_taken_out_and_all_members_are_told()
    {
        CoordinatorRig rig = Running();
        rig.PassAlive(100);
        rig.Lose(rig.Members[2]);

        Assert.True(rig.Members[2].IsDropped);
        Assert.Equal([1, 1, 0, 1], rig.View.Incarnations);
        Assert.All(rig.Living(), member => Assert.Equal(2, member.Last<ControlMessage.Membership>().Epoch));
        Assert.All(rig.Living(), member => Assert.Equal("", member.Last<ControlMessage.Membership>().Addresses[2]));
        Assert.DoesNotContain(2, rig.View.Owners);

        // Known to all when the last one has it installed.
        rig.Pass(30);
        rig.Say(rig.Members[0]);
        rig.Say(rig.Members[1], epoch: 1);
        rig.Say(rig.Members[3]);
        rig.Pass(20);
        rig.Say(rig.Members[1]);
        rig.Coordinator.Cancel();
        DeathReport death = Assert.Single(rig.End().Deaths);
        Assert.Equal(
            (2, 1, 100_000_000L, "connection reset"),
            (death.Member, death.Incarnation, death.AtNs, death.Reason));
        Assert.Equal(50_000_000, death.InstalledNs);
        Assert.Null(death.BackNs);
        Assert.Equal(4, rig.Keeper.Started.Count);
    }

    [Fact]
    public void A_silent_process_is_dead_after_the_failure_timeout_and_not_before()
    {
        CoordinatorRig rig = Running();
        rig.PassAlive(1000, rig.Members[1]);
        Assert.True(rig.View.IsAlive(1));
        rig.PassAlive(50, rig.Members[1]);
        Assert.False(rig.View.IsAlive(1));
        rig.Coordinator.Cancel();
        Assert.Contains(
            "nothing was heard of it for 1 s",
            Assert.Single(rig.End().Deaths).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_exit_says_why_the_connection_broke()
    {
        CoordinatorRig rig = Running();
        rig.Lose(rig.Members[0], "it closed the connection");
        rig.Keeper.Started[0].Exit(137);
        rig.Keeper.Started[3].Exit(1, "out of memory");
        rig.Coordinator.Pump();
        rig.Coordinator.Cancel();
        Assert.Equal(
            ["it closed the connection; it was killed by signal 9", "it ended with exit code 1: out of memory"],
            rig.End().Deaths.Select(death => death.Reason));
    }

    [Fact]
    public void With_restart_the_dead_come_back_as_a_new_life()
    {
        CoordinatorRig rig = Running(With("epc.cluster.restart=on"));
        rig.PassAlive(50);
        rig.Lose(rig.Members[1]);
        Assert.Equal(5, rig.Keeper.Started.Count);
        Assert.Contains("ticket", rig.Hello(rig.Keeper.Started[1].Ticket).Refusal, StringComparison.Ordinal);

        rig.PassAlive(100);
        FakeLink again = rig.Hello(rig.Keeper.Started[4].Ticket);
        Assert.Equal([1, 2, 1, 1], rig.View.Incarnations);
        ControlMessage.Welcome welcome = again.Last<ControlMessage.Welcome>();
        Assert.Equal((1, 2, 3), (welcome.Member, welcome.Incarnation, welcome.View.Epoch));
        Assert.Empty(again.Told.OfType<ControlMessage.Membership>());
        Assert.All(rig.Living(), member => Assert.Equal(3, member.Last<ControlMessage.Membership>().Epoch));
        Assert.Empty(again.Told.OfType<ControlMessage.Start>());

        rig.Members[1] = again;
        rig.Pass(50);
        rig.Say(again);
        Assert.Single(again.Told.OfType<ControlMessage.Start>());
        rig.Coordinator.Cancel();
        ClusterOutcome outcome = rig.End();
        Assert.Equal(150_000_000, Assert.Single(outcome.Deaths).BackNs);
        Assert.Equal(2, outcome.Members[1].Incarnations);
        Assert.NotNull(outcome.Members[1].Result);
    }

    [Fact]
    public void A_process_that_never_comes_up_again_is_given_up_after_three_starts()
    {
        CoordinatorRig rig = Running(With("epc.cluster.restart=on"));
        rig.Lose(rig.Members[1]);
        for (int i = 4; i < 7; i++)
        {
            Assert.Equal(i + 1, rig.Keeper.Started.Count);
            rig.Keeper.Started[i].Exit(3, "no");
            rig.Coordinator.Pump();
        }

        Assert.Equal(7, rig.Keeper.Started.Count);
        rig.AllSay(isDone: true, isQuiet: true);
        rig.AllSay(isDone: true, isQuiet: true);
        rig.AllSay(isDone: true, isQuiet: true);
        ClusterOutcome outcome = rig.End();
        Assert.Equal(RunEndKind.Finished, outcome.End);
        Assert.Contains(outcome.Notes, note =>
            note.Contains("never came up; the last time it ended with exit code 3: no", StringComparison.Ordinal));
    }

    [Fact]
    public void A_node_of_another_machine_takes_the_place_of_its_dead_predecessor()
    {
        CoordinatorRig rig = Running();
        Assert.Contains("is dead", rig.Hello(sockets: [1]).Refusal, StringComparison.Ordinal);
        rig.Lose(rig.Members[1]);
        Assert.Contains("is dead", rig.Hello(sockets: [0]).Refusal, StringComparison.Ordinal);
        Assert.Equal(2, rig.Hello(sockets: [1]).Last<ControlMessage.Welcome>().Incarnation);
    }

    [Fact]
    public void The_smaller_side_of_a_partition_goes_while_all_reach_the_coordinator()
    {
        CoordinatorRig rig = Running();
        for (int i = 0; i < 12; i++)
        {
            Assert.Equal(4, rig.Living().Count());
            rig.Pass(50);
            rig.Say(rig.Members[0], unreachable: [3]);
            rig.Say(rig.Members[1], unreachable: [3]);
            rig.Say(rig.Members[2]);
            rig.Say(rig.Members[3], unreachable: [0, 1]);
        }

        Assert.Equal([1, 1, 1, 0], rig.View.Incarnations);
        rig.Coordinator.Cancel();
        Assert.Contains(
            "cut off: it and process 0, 1, 2",
            Assert.Single(rig.End().Deaths).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_coordinator_that_was_stopped_blames_no_process_for_it()
    {
        CoordinatorRig rig = Running();
        for (int i = 0; i < 3; i++)
        {
            // What the processes said meanwhile has not arrived when it looks at its clock.
            rig.Stop(10_000);
            Assert.Equal(1, rig.View.Epoch);
            rig.PassAlive(500);
        }

        // One that says nothing while the coordinator is awake is still found.
        rig.PassAlive(1100, rig.Members[2]);
        Assert.Equal([1, 1, 0, 1], rig.View.Incarnations);
    }

    [Fact]
    public void Two_that_wait_for_each_other_while_a_third_is_buried_are_not_cut_off()
    {
        CoordinatorRig rig = Running(CoordinatorRig.With("epc.cluster.restart=off"));
        Unreachable(400);
        rig.Keeper.Started[3].Exit(137);
        rig.Coordinator.Pump();
        Assert.Equal(2, rig.View.Epoch);

        // They report what they waited for before the view came; process 1 takes 300 ms to install it. Suspicion counts
        // from there.
        Unreachable(300, epochOfOne: 1);
        Unreachable(450);
        Assert.Equal([1, 1, 1, 0], rig.View.Incarnations);

        // It is a partition when it stays so.
        Unreachable(800);
        Assert.Equal(3, rig.View.Epoch);

        void Unreachable(int milliseconds, int? epochOfOne = null)
        {
            for (int left = milliseconds; left > 0; left -= 50)
            {
                rig.Pass(50);
                rig.Say(rig.Members[0], unreachable: [1]);
                rig.Say(rig.Members[1], unreachable: [0], epoch: epochOfOne);
                foreach (FakeLink member in rig.Living().Except([rig.Members[0], rig.Members[1]]).ToArray())
                {
                    rig.Say(member);
                }
            }
        }
    }

    [Fact]
    public void A_new_life_that_takes_long_to_make_its_actors_is_not_suspected_for_it()
    {
        CoordinatorRig rig = Running(CoordinatorRig.With("epc.cluster.restart=on"));
        rig.Keeper.Started[3].Exit(137);
        rig.Coordinator.Pump();
        FakeLink second = rig.Hello(rig.Keeper.Started[4].Ticket);
        rig.Members[3] = second;
        for (int i = 0; i < 40; i++)
        {
            rig.Pass(50);
            for (int member = 0; member < 3; member++)
            {
                rig.Say(rig.Members[member], unreachable: [3]);
            }

            rig.Say(second, isReady: false);
        }

        // It begins, and the others have not had an answer yet.
        rig.Say(second);
        for (int i = 0; i < 8; i++)
        {
            rig.Pass(50);
            rig.Say(rig.Members[0], unreachable: [3]);
            rig.Say(rig.Members[1], unreachable: [3]);
            rig.Say(rig.Members[2], unreachable: [3]);
            rig.Say(second);
        }

        Assert.Equal([1, 1, 1, 2], rig.View.Incarnations);
    }

    [Fact]
    public void A_partition_that_heals_takes_no_member_out()
    {
        CoordinatorRig rig = Running();
        for (int i = 0; i < 60; i++)
        {
            rig.Pass(50);
            rig.Say(rig.Members[0], unreachable: i % 8 == 7 ? [] : [3]);
            rig.Say(rig.Members[1]);
            rig.Say(rig.Members[2]);
            rig.Say(rig.Members[3]);
        }

        Assert.Equal(1, rig.View.Epoch);
    }

    [Fact]
    public void One_that_was_stopped_and_comes_back_in_time_costs_no_other_its_life()
    {
        CoordinatorRig rig = Running();

        // Process 0 is stopped for less than the failure timeout. The one that waits for its answers complains.
        for (int i = 0; i < 18; i++)
        {
            rig.Pass(50);
            rig.Say(rig.Members[1], unreachable: [0]);
            rig.Say(rig.Members[2]);
            rig.Say(rig.Members[3]);
        }

        // It goes on, says so before it has answered anything, and then answers.
        Back(4, [0]);
        Back(10, []);
        Assert.Equal(1, rig.View.Epoch);

        // When it never answers, one of the two goes.
        Back(14, [0]);
        Assert.Equal(2, rig.View.Epoch);

        void Back(int times, int[] unreachable)
        {
            for (int i = 0; i < times; i++)
            {
                rig.Pass(50);
                rig.Say(rig.Members[0]);
                rig.Say(rig.Members[1], unreachable: unreachable);
                foreach (FakeLink member in rig.Living().Except([rig.Members[0], rig.Members[1]]).ToArray())
                {
                    rig.Say(member);
                }
            }
        }
    }

    [Fact]
    public void A_member_that_has_stopped_altogether_takes_no_other_with_it()
    {
        CoordinatorRig rig = Running();

        // Process 0 is paused; the others miss it at once, and it would be the side with the lowest member.
        for (int i = 0; i < 25; i++)
        {
            rig.Pass(50);
            foreach (FakeLink member in rig.Living().Skip(rig.View.IsAlive(0) ? 1 : 0).ToArray())
            {
                rig.Say(member, unreachable: rig.View.IsAlive(0) ? [0] : []);
            }
        }

        Assert.Equal([0, 1, 1, 1], rig.View.Incarnations);
    }

    [Fact]
    public void Faults_come_at_their_times()
    {
        CoordinatorRig rig = Running(
            With(
                "epc.cluster.faults=[ { at = 100 ms, pause = 0, for = 200 ms }, { at = 200 ms, kill = 1, when = "
                    + "reclaim }, { at = 300 ms, restart = 2 }, { at = 400 ms, kill = 3 } ]"));
        rig.PassAlive(100);
        Assert.Equal(["pause"], rig.Keeper.Started[0].Signals);
        rig.PassAlive(100);
        Assert.Single(rig.Members[1].Told.OfType<ControlMessage.Arm>());
        rig.PassAlive(100);
        Assert.Equal(["pause", "resume"], rig.Keeper.Started[0].Signals);
        Assert.Equal(["kill"], rig.Keeper.Started[2].Signals);
        rig.Lose(rig.Members[2]);

        // Without epc.cluster.restart, because this fault says so.
        Assert.Equal(5, rig.Keeper.Started.Count);
        rig.PassAlive(100);
        Assert.Equal(["kill"], rig.Keeper.Started[3].Signals);
        rig.Lose(rig.Members[3]);
        Assert.Equal(5, rig.Keeper.Started.Count);
        rig.Coordinator.Cancel();
        ClusterOutcome outcome = rig.End();
        Assert.Equal(
            ["killed by the experiment (SIGKILL), to be started again", "killed by the experiment (SIGKILL)"],
            outcome.Deaths.Select(death => death.Reason));
        Assert.Contains(outcome.Notes, note =>
            note.Contains(
                "process 1 was to be killed by the experiment in the middle of a batch of reclaim",
                StringComparison.Ordinal));
        Assert.Equal(5, outcome.Marks.Count);
    }

    [Fact]
    public void A_partition_is_told_to_both_sides_and_to_a_member_that_joins_meanwhile()
    {
        CoordinatorRig rig = Running(
            With("epc.cluster.faults=[ { at = 100 ms, partition = [ 0, 1 ], for = 300 ms } ]", "epc.cluster.restart=on")
        );
        rig.PassAlive(100);
        Assert.Equal([2, 3], rig.Members[0].Last<ControlMessage.CutOff>().Members);
        Assert.Equal([0, 1], rig.Members[3].Last<ControlMessage.CutOff>().Members);
        rig.Lose(rig.Members[1]);
        rig.Members[1] = rig.Hello(rig.Keeper.Started[4].Ticket);
        rig.Say(rig.Members[1]);
        Assert.Equal([2, 3], rig.Members[1].Last<ControlMessage.CutOff>().Members);
        rig.PassAlive(300);
        Assert.All(rig.Members, member => Assert.Empty(member.Last<ControlMessage.CutOff>().Members));
    }
}

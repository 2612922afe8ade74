using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Transport;
using EpcActors.Results;
using static EpcActors.Tests.Cluster.CoordinatorRig;

namespace EpcActors.Tests.Cluster;

/// <content>How a run ends, and what is waited for then.</content>
public sealed partial class CoordinatorRunningTests
{
    [Fact]
    public void It_is_finished_when_two_looks_find_all_done_quiet_and_unchanged()
    {
        CoordinatorRig rig = Running();
        rig.AllSay(isDone: true, isQuiet: true);
        rig.AllSay(isDone: true, isQuiet: true);
        rig.AllSay(isDone: true, isQuiet: true);

        Assert.All(rig.Members, member => Assert.Equal(RunEndKind.Finished, member.Last<ControlMessage.Stop>().End));
        ClusterOutcome outcome = rig.End();
        Assert.Equal(RunEndKind.Finished, outcome.End);
        Assert.True(outcome.WasAuditedAtTheEnd);
        Assert.Empty(outcome.Violations);
        Assert.Equal(30_000_000, outcome.RunNs);
    }

    [Fact]
    public void Frames_between_the_looks_or_a_late_worker_put_the_end_off()
    {
        CoordinatorRig rig = Running();
        for (int i = 0; i < 10; i++)
        {
            // Each process is quiet whenever it is asked, but a message goes round.
            rig.Pass(10);
            for (int member = 0; member < 4; member++)
            {
                rig.Say(
                    rig.Members[member],
                    isDone: true,
                    isQuiet: true,
                    framesOut: member == i % 4 ? i : 0,
                    framesIn: member == i % 4 ? i : 0);
            }
        }

        for (int i = 0; i < 10; i++)
        {
            rig.AllSay(isDone: true, isQuiet: true);
            rig.Say(rig.Members[2], isDone: true, isQuiet: false);
        }

        Assert.All(rig.Members, member => Assert.Empty(member.Told.OfType<ControlMessage.Stop>()));
    }

    [Fact]
    public void Frames_that_never_arrive_do_not_keep_it_open()
    {
        // Frames lost to the dead, for example: no call is open, so no process waits for them.
        CoordinatorRig rig = Running();
        for (int i = 0; i < 4; i++)
        {
            rig.Pass(50);
            foreach (FakeLink member in rig.Members)
            {
                rig.Say(member, isDone: true, isQuiet: true, framesOut: 5, framesIn: 4);
            }
        }

        Assert.Equal(RunEndKind.Finished, rig.Members[0].Last<ControlMessage.Stop>().End);
    }

    [Fact]
    public void All_quiet_and_one_not_done_is_a_deadlock()
    {
        CoordinatorRig rig = Running();
        for (int i = 0; i < 3; i++)
        {
            rig.Pass(10);
            for (int member = 0; member < 4; member++)
            {
                rig.Say(rig.Members[member], isDone: member != 2, isQuiet: true);
            }
        }

        ClusterOutcome outcome = rig.End();
        Assert.Equal(RunEndKind.Deadlock, outcome.End);
        ViolationReport violation = Assert.Single(outcome.Violations);
        Assert.Equal(Rules.Deadlock, violation.Rule);
        Assert.Contains("tasks of process 2", violation.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void The_time_limit_ends_it()
    {
        CoordinatorRig rig = Running(With("epc.run.duration=500 ms"));
        rig.PassAlive(450);
        Assert.Empty(rig.Members[0].Told.OfType<ControlMessage.Stop>());
        rig.Pass(50);
        Assert.Equal(RunEndKind.TimeLimit, rig.Members[0].Last<ControlMessage.Stop>().End);
        Assert.Equal(500_000_000, rig.End().RunNs);
    }

    [Fact]
    public void A_hopeless_process_a_failed_one_and_the_death_of_all_end_it()
    {
        CoordinatorRig hopeless = Running();
        hopeless.Say(hopeless.Members[1], isHopeless: true);
        Assert.Equal(RunEndKind.Stopped, hopeless.End().End);

        CoordinatorRig failed = Running();
        failed.Tell(failed.Members[1], new ControlMessage.Failed("cgroup-3 failed: page 5 is in two places"));
        Assert.True(failed.Members[1].IsDropped);
        Assert.Equal("process 1 failed: cgroup-3 failed: page 5 is in two places", failed.End().Failure);

        CoordinatorRig all = Running();
        foreach (FakeLink member in all.Members)
        {
            all.Lose(member);
        }

        ClusterOutcome outcome = all.End();
        Assert.Equal(RunEndKind.Stopped, outcome.End);
        Assert.Contains(outcome.Notes, note => note.Contains("all processes are dead", StringComparison.Ordinal));
        Assert.All(outcome.Members, member => Assert.StartsWith("dead: ", member.Missing, StringComparison.Ordinal));
    }

    [Fact]
    public void Results_are_waited_for_and_a_silent_one_is_named()
    {
        CoordinatorRig rig = Running();
        rig.Coordinator.Cancel();
        rig.Tell(rig.Members[0], rig.Result(0));
        rig.Tell(rig.Members[1], rig.Result(1));
        rig.Lose(rig.Members[2]);
        Assert.False(rig.Coordinator.HasEnded);
        rig.Pass(20_001);

        ClusterOutcome outcome = rig.Coordinator.Outcome();
        Assert.Equal(RunEndKind.Cancelled, outcome.End);
        Assert.NotNull(outcome.Members[0].Result);
        Assert.Contains("dead: connection reset", outcome.Members[2].Missing, StringComparison.Ordinal);
        Assert.Contains("no result within 20 s", outcome.Members[3].Missing, StringComparison.Ordinal);
        Assert.False(outcome.WasAuditedAtTheEnd);
    }

    [Fact]
    public void A_paused_process_is_woken_to_hear_that_it_is_over()
    {
        CoordinatorRig rig = Running(With("epc.cluster.faults=[ { at = 100 ms, pause = 0, for = 10 s } ]"));
        rig.PassAlive(150);
        rig.Coordinator.Cancel();
        Assert.Equal(["pause", "resume"], rig.Keeper.Started[0].Signals);
        rig.End();
    }
}

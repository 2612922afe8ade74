using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Transport;
using EpcActors.Results;
using static EpcActors.Tests.Cluster.CoordinatorRig;

namespace EpcActors.Tests.Cluster;

/// <content>Audits over all processes.</content>
public sealed partial class CoordinatorRunningTests
{
    [Fact]
    public void Audits_come_early_then_rarely_and_a_death_is_clean_when_one_says_so()
    {
        CoordinatorRig rig = Running();
        rig.PassAlive(50);
        Assert.Equal(1, rig.Members[3].Last<ControlMessage.BeginCut>().Number);
        for (int member = 0; member < 4; member++)
        {
            rig.Tell(rig.Members[member], rig.Part(member, 1));
        }

        rig.PassAlive(50);
        Assert.Single(rig.Members[3].Told.OfType<ControlMessage.BeginCut>());
        rig.PassAlive(50);
        Assert.Equal(2, rig.Members[3].Last<ControlMessage.BeginCut>().Number);

        // A member dies while the cut is taken: the cut is dropped, and its late parts are ignored.
        rig.Tell(rig.Members[0], rig.Part(0, 2));
        rig.Lose(rig.Members[1]);
        rig.Tell(rig.Members[2], rig.Part(2, 2));
        rig.Tell(rig.Members[3], rig.Part(3, 2));
        rig.PassAlive(100);
        Assert.Equal(3, rig.Members[3].Last<ControlMessage.BeginCut>().Number);
        foreach (int member in (int[])[0, 2, 3])
        {
            rig.Tell(rig.Members[member], rig.Part(member, 3));
        }

        rig.Coordinator.Cancel();
        ClusterOutcome outcome = rig.End();
        Assert.Equal((2, 1), (outcome.Audits, outcome.DroppedAudits));
        Assert.Equal(100_000_000, Assert.Single(outcome.Deaths).CleanAuditNs);
        Assert.Empty(outcome.Violations);
    }

    [Fact]
    public void No_audit_begins_while_a_view_is_not_installed_and_one_that_is_never_answered_is_dropped()
    {
        CoordinatorRig rig = Running();
        rig.Lose(rig.Members[1]);
        for (int i = 0; i < 10; i++)
        {
            rig.Pass(50);
            rig.Say(rig.Members[0]);
            rig.Say(rig.Members[2], epoch: 1);
            rig.Say(rig.Members[3]);
        }

        Assert.Empty(rig.Members[0].Told.OfType<ControlMessage.BeginCut>());
        rig.PassAlive(50);
        Assert.Single(rig.Members[0].Told.OfType<ControlMessage.BeginCut>());
        rig.PassAlive(1100);
        rig.Coordinator.Cancel();
        Assert.True(rig.End().DroppedAudits >= 1);
    }

    [Fact]
    public void Parts_of_a_cut_that_was_dropped_do_not_count_for_the_next_one()
    {
        CoordinatorRig rig = Running();
        rig.PassAlive(50);
        rig.Lose(rig.Members[1]);
        rig.PassAlive(100);
        Assert.Equal(2, rig.Members[3].Last<ControlMessage.BeginCut>().Number);
        foreach (int member in (int[])[0, 2, 3])
        {
            rig.Tell(rig.Members[member], rig.Part(member, 1));
        }

        rig.Coordinator.Cancel();
        Assert.Equal(0, rig.End().Audits);
    }

    [Fact]
    public void What_an_audit_finds_is_reported_once()
    {
        CoordinatorRig rig = Running();
        for (int cut = 1; cut <= 2; cut++)
        {
            for (int beat = 0; beat < 40 && rig.Members[0].Told.OfType<ControlMessage.BeginCut>().Count() < cut; beat++)
            {
                rig.PassAlive(50);
            }

            Assert.Equal(cut, rig.Members[0].Last<ControlMessage.BeginCut>().Number);
            for (int member = 0; member < 4; member++)
            {
                rig.Tell(
                    rig.Members[member],
                    rig.Part(member, cut, one => member == 2 ? one with { Granted = [0, 4096, 0] } : one));
            }
        }

        rig.Coordinator.Cancel();
        ViolationReport violation = Assert.Single(rig.End().Violations);
        Assert.Equal(Rules.CgroupUsage, violation.Rule);
        Assert.Contains("misc.current of /a", violation.Detail, StringComparison.Ordinal);
        Assert.EndsWith("(found by 2 audits; this is the first)", violation.Detail, StringComparison.Ordinal);
    }
}

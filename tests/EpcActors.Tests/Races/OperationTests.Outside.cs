using EpcActors.Kernel;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Tasks;
using EpcActors.Kernel.Workloads;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Races;

/// <content>Operations without a thread inside: pages, charges, limits, guests, kernel tasks.</content>
public sealed partial class OperationTests
{
    [Fact]
    public void Allocated_pages_stay_in_the_tasks_hands_until_it_frees_them()
    {
        RaceRig rig = RaceRig.Run(Small().Setup("T: allocate")
            .Task("T", "", "free", "free", "allocate no-reclaim").Task("U", "", "allocate", "pause"));
        Assert.Equal([Errno.Ok, Errno.EINVAL, Errno.Ok], rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((1, 1, 14), (rig.Task("T").KeptPages, rig.Task("U").KeptPages, rig["free-pages"]));
    }

    [Fact]
    public void A_task_from_outside_is_charged_in_the_cgroup_that_it_names()
    {
        RaceRig rig = RaceRig.Run(
            new RaceBuilder().Cgroup("/a", 1).Task("T", "/a", "allocate", "allocate").Task("U", "", "allocate"));
        Assert.Equal([Errno.Ok, Errno.ENOMEM], rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((1, 2, 1), (rig["usage(/a)"], rig["usage(/)"], rig["max(/a)"]));
        Assert.True(rig["failed-charges(/a)"] >= 1);
        Assert.Equal(rig["events-local(/a)"], rig["events(/a)"]);
    }

    [Fact]
    public void Reclaim_takes_old_pages_of_the_machine_or_of_a_subtree()
    {
        RaceRig rig = RaceRig.Run(
            new RaceBuilder()
                .Cgroup("/a")
                .Cgroup("/b")
                .Enclave("a", 4, "/a")
                .Enclave("b", 4, "/b")
                .Setup("a: build 4", "b: build 4", "a: write 0..3", "admin: age a 1..3")
                .Task("T", "", "reclaim /a"));
        Assert.Equal((1, 0), (rig["resident(a)"], rig["swapped(b)"]));
        Assert.Equal((3, 1), (rig["swapped(a)"], rig["young"]));

        // On a machine of sixteen pages fewer than the low watermark are free always.
        Assert.Equal(5, RaceRig.Run(Small().Setup("a: build 4").Task("T", "a", "reclaim-direct"))["swapped(a)"]);
        rig = RaceRig.Run(Small().Setup("a: build 4").Task("T", "", "reclaim", "reclaim"));
        Assert.Equal((0, 5, 1), (rig["resident(a)"], rig["swapped(a)"], rig["batches"]));
        Assert.Equal([4, 0], rig.Task("T").Results.Select(result => result.Count));
        Assert.Equal(Errno.ENODEV, RaceRig.Run(Small().Task("T", "", "reclaim /")).Task("T").LastErrno);
    }

    [Fact]
    public void An_administrator_writes_limits_moves_processes_and_removes_cgroups()
    {
        RaceRig rig = RaceRig.Run(
            new RaceBuilder()
                .Cgroup("/a")
                .Cgroup("/b")
                .Enclave("a", 4, "/a")
                .Setup("a: build 1")
                .Task(
                    "T",
                    "",
                    "set-max /a 2 pages",
                    "set-max / max",
                    "set-memory-max /a 8 KiB",
                    "rmdir /a",
                    "migrate a /b",
                    "rmdir /a",
                    "set-max /b 64KiB"));
        Assert.Equal(
            [Errno.Ok, Errno.ENOENT, Errno.Ok, Errno.EBUSY, Errno.Ok, Errno.Ok, Errno.Ok],
            rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((2, 16, 3), (rig["max(/a)"], rig["max(/b)"], rig["usage(/a)"]));
        Assert.Equal((long.MaxValue, 0), (rig["max(/)"], rig["memory(/a)"]));
    }

    [Fact]
    public void Memory_failures_hit_a_page_of_a_node_or_of_an_enclave()
    {
        RaceRig rig = RaceRig.Run(
            new RaceBuilder(RaceRig.Upstream)
                .Node(8)
                .Node(8)
                .Enclave("a", 4, node: 0)
                .Setup("a: build 2", "admin: evict a 1")
                .Task("T", "", "poison node 1 page 3", "poison a 0", "poison a 1", "poison a secs"));
        Assert.Equal(
            [Errno.Ok, Errno.Ok, Errno.EFAULT, Errno.Ok],
            rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((1, 1, 0), (rig["poisoned"], rig["poisoned(1)"], rig["poisoned(0)"]));
        Assert.True(rig.Topology.Nodes[1].IsPoisoned(new EpcPageIndex(8 + 3)));
        Assert.Equal(7, rig["free-pages(1)"]);
        Assert.Equal(16 - 3, rig["counter"]);
    }

    [Fact]
    public void A_guest_touches_uses_and_gives_back()
    {
        RaceRig rig = RaceRig.Run(new RaceBuilder(RaceRig.Upstream).Guest("vm", 4).Guest("wm", 4)
            .Setup("wm: vepc-touch 0", "wm: guest-use 0 secs 0")
            .Task("T", "vm", "vepc-touch 0", "vepc-touch 1", "guest-use 0 secs 0", "guest-use 1 secs wm 0", "pause",
                "vepc-remove-all", "vepc-release", "vepc-release")
            .Task("U", "wm", "exit"));
        Assert.Equal(0, rig["zombie-secs"]);
        Assert.Equal(16, rig["free-pages"]);
        Assert.Equal(Errno.EINVAL, rig.Task("T").LastErrno);
    }

    [Fact]
    public void Backing_pages_go_to_swap_and_come_back()
    {
        RaceRig rig = RaceRig.Run(
            Small()
                .Setup("a: build 2", "admin: evict a 0")
                .Task("T", "a", "swap-out a 0", "swap-out a pcmd 0", "swap-out a 0", "swap-out a 1", "read 0"));
        Assert.Equal(
            [Errno.Ok, Errno.Ok, Errno.ENOENT, Errno.ENOENT, Errno.Ok],
            rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((2, 0, 0), (rig["resident(a)"], rig["backing(a)"], rig["memory(/)"]));
    }

    [Fact]
    public void Swap_out_takes_what_is_in_RAM_once()
    {
        RaceRig rig = RaceRig.Run(
            Small()
                .Setup("a: build 3", "admin: evict a 1")
                .Task(
                    "T",
                    "",
                    "swap-out a 2",
                    "swap-out a 1",
                    "swap-out a 1 even-pinned",
                    "swap-out a pcmd 0 even-pinned"));
        Assert.Equal(
            [Errno.ENOENT, Errno.Ok, Errno.ENOENT, Errno.Ok],
            rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((1, 0), (rig["swapped(a)"], rig["backing(a)"]));
    }

    [Fact]
    public void A_look_for_a_victim_takes_one_enclave_if_there_is_any()
    {
        KernelSwitches v5 = new() { AtLimit = AtLimit.Kill };
        RaceRig rig = RaceRig.Run(
            new RaceBuilder(v5)
                .Cgroup("/a")
                .Cgroup("/b")
                .Enclave("a", 4, "/a")
                .Enclave("b", 4, "/a")
                .Setup("a: create", "b: create")
                .Task("T", "", "oom-kill /b", "oom-kill /a", "oom-kill /"));
        Assert.Equal([Errno.ESRCH, Errno.Ok, Errno.Ok], rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((1, 0, 1), (rig["oom-kills"], rig["mms(a)"], rig["mms(b)"]));
    }

    [Fact]
    public void A_charge_at_once_stays_and_is_refused_like_any_other()
    {
        RaceRig rig = RaceRig.Run(
            new RaceBuilder()
                .Cgroup("/a", 4)
                .Setup("T: charge /a 2 pages")
                .Task("T", "/a", "charge /a 3 pages", "charge /a 4 KiB", "allocate"));
        Assert.Equal([Errno.EBUSY, Errno.Ok, Errno.Ok], rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((4, 4, 1, 15), (rig["usage(/a)"], rig["usage(/)"], rig["failed-charges(/a)"], rig["free-pages"]));
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void C9_a_cursor_on_a_cgroup_that_was_freed(Fix fix)
    {
        KernelSwitches switches = new() { ReclaimWalk = ReclaimWalk.Cursor, CursorLeavesFreed = fix };
        RaceRig rig = RaceRig.Run(
            new RaceBuilder(switches).Cgroup("/a").Cgroup("/x").Enclave("a", 1, "/a").Enclave("b", 1, "/a")
                .Setup("a: build 1", "admin: reclaim", "b: build 1").Task("T", "", "rmdir /x", "reclaim"),
            expectClean: fix == Fix.Present);
        Assert.Equal(2, rig["evictions"]);
        if (fix == Fix.Absent)
        {
            Assert.Equal(Rules.UseAfterFree, Assert.Single(rig.Oracle.Violations).Rule);

            // Also when no task uses the cursor any more.
            rig = RaceRig.Run(
                new RaceBuilder(switches)
                    .Cgroup("/a")
                    .Cgroup("/x")
                    .Enclave("a", 1, "/a")
                    .Setup("a: build 1", "admin: reclaim")
                    .Task("T", "", "rmdir /x"),
                expectClean: false);
            Assert.Contains("stands on", Assert.Single(rig.Oracle.Violations).Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Kernel_tasks_take_part_when_they_are_asked()
    {
        RaceRig without = new(Small().Task("T", "", "pause").Build());
        Assert.Empty(without.Topology.Tasks);
        Assert.Single(RaceRig.Run(Small().Ksgxd().Setup("a: build 2").Task("T", "a", "read 0")).Topology.Tasks);
        RaceRig rig = RaceRig.Run(new RaceBuilder().Cgroup("/a").Ksgxd().Workers().Task("T", "", "pause"));
        Assert.Equal((3, 2, 1), (rig.Topology.Tasks.Count, rig.Topology.Workers.Count, rig["ksgxd-asleep"]));
    }
}

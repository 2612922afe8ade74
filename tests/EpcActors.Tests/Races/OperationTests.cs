using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Races;

/// <summary>Each operation does in the kernel's actors what its name says, and leaves all lists in order.</summary>
public sealed partial class OperationTests
{
    [Fact]
    public void An_enclave_is_built_in_one_step_or_in_three()
    {
        RaceRig rig = RaceRig.Run(
            Small()
                .Enclave("b", 4)
                .Task("T", "a", "create", "add 0..1", "add 2 measured", "init", "add 3")
                .Task("U", "b", "build 4"));
        Assert.Equal(
            [Errno.Ok, Errno.Ok, Errno.Ok, Errno.Ok, Errno.EINVAL],
            rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal([0, 2, 1, 0, 0], rig.Task("T").Results.Select(result => result.Count));
        Assert.Equal((3, 4), (rig["resident(a)"], rig["resident(b)"]));
        Assert.Equal(16 - 3 - 4 - 4, rig["free-pages"]);
        Assert.Equal((1, 1, 2), (rig["mms(a)"], rig["va-pages(a)"], rig["references(a)"]));
        Assert.Equal((22, 5), (rig["errno(T)"], rig["done(T)"]));
        Assert.False(rig.Topology.Enclaves[0].Process.HasExited);
    }

    [Fact]
    public void A_signal_ends_a_call_early_and_a_caller_that_reads_the_count_goes_on()
    {
        RaceRig rig = RaceRig.Run(
            Small().Setup("a: create").Task("S", "", "signal a").Task("T", "a", "pause", "add 0..1", "add 2..3 retry"));
        Assert.Equal([Errno.Ok, Errno.Ok, Errno.Ok], rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((4, 2), (rig["resident(a)"], rig["count(T)"]));

        // The signal comes with the first page under way; the missing pages stay missing until a task asks for the
        // rest.
        rig = RaceRig.Run(
            Small().Setup("a: create").Task("S", "", "pause", "signal a").Task("T", "a", "reclaim", "add 0..3"));
        Assert.Equal(Errno.Ok, rig.Task("T").LastErrno);
        Assert.InRange(rig["count(T)"], 1, 4);
        Assert.Equal(rig["count(T)"], rig["resident(a)"]);
    }

    [Fact]
    public void A_load_that_never_ends_keeps_no_run()
    {
        RaceRig rig = RaceRig.Run(
            Small()
                .Setup("a: build 2")
                .Task("L", "a", "write 0..1 forever")
                .Task("T", "a", "pause", "evict a 0", "read 0"));
        Assert.Equal((0, 3), (rig["done(L)"], rig["done(T)"]));
        Assert.Equal((0, 0), (rig["signals(a)"], rig["sigbus(a)"]));
    }

    [Fact]
    public void Write_outs_and_loads_are_counted_with_those_of_the_SECS()
    {
        RaceRig rig = RaceRig.Run(
            Small().Setup("a: build 2").Task("T", "a", "evict a 0", "read 0", "evict a 0..1", "read 0"));
        Assert.Equal((3, 2), (rig["evictions"], rig["reloads"]));
        Assert.Equal((4, 3), (rig["ewb"], rig["eldu"]));
    }

    [Fact]
    public void Threads_reach_for_pages_that_come_by_EAUG_and_by_reload()
    {
        RaceRig rig = RaceRig.Run(Small()
            .Setup("a: build 2", "admin: evict a 0..1")
            .Task("T", "a", "write 0", "read 1..2", "execute 0", "accept 3"));
        Assert.All(rig.Task("T").Results, result => Assert.Equal(Errno.Ok, result.Errno));
        Assert.Equal((4, 0, 2), (rig["resident(a)"], rig["swapped(a)"], rig["augments"]));
        Assert.Equal((2, 2, 4), (rig["evictions"], rig["reloads"], rig["faults"]));
    }

    [Fact]
    public void Evict_takes_the_pages_that_were_named_and_keeps_the_order_of_the_others()
    {
        RaceRig rig = RaceRig.Run(
            Small(8)
                .Setup("a: build 6", "a: write 1", "admin: evict a 1", "admin: evict a 3..4")
                .Task("T", "a", "pause"));
        Assert.Equal((3, 3, 3), (rig["swapped(a)"], rig["resident(a)"], rig["lru(/)"]));
        List<int> owners = [];
        EpcPageTable pages = rig.Topology.Machine.Pages;
        rig.Topology.Cgroups[0]
            .ForEachLruPage(page => owners.Add(rig.Topology.Machine.Space.PageOf(pages[new EpcPageIndex(page)].Owner)));
        Assert.Equal([0, 2, 5], owners);
    }

    [Fact]
    public void With_its_last_page_the_SECS_is_evicted_too()
    {
        RaceRig rig = RaceRig.Run(Small().Setup("a: build 2", "admin: evict a 0..1").Task("T", "a", "pause"));
        Assert.Equal((3, 0, 0), (rig["swapped(a)"], rig["secs-resident(a)"], rig["secs-children(a)"]));
        Assert.Equal(4, rig["backing(a)"]);
    }

    [Fact]
    public void Pages_change_type_and_go()
    {
        RaceRig rig = RaceRig.Run(
            Small()
                .Setup("a: build 4")
                .Task(
                    "T",
                    "a",
                    "change-type 2..3",
                    "remove 2",
                    "accept 2..3",
                    "remove 2..3",
                    "restrict 0..1 retry",
                    "accept 0..1",
                    "remove 0"));
        Assert.Equal(
            [Errno.Ok, Errno.EPERM, Errno.Ok, Errno.Ok, Errno.Ok, Errno.Ok, Errno.EPERM],
            rig.Task("T").Results.Select(result => result.Errno));
        // The SECS counts in page_cnt.
        Assert.Equal((2, 3), (rig["resident(a)"], rig["pages(a)"]));
    }

    [Fact]
    public void A_retry_goes_on_until_the_other_ioctl_is_over()
    {
        RaceRig rig = RaceRig.Run(
            Small()
                .Setup("a: build 4")
                .Task("T", "a", "change-type 0..3")
                .Task("U", "a", "pause", "accept 0..3")
                .Task("V", "a", "restrict 0 retry"));
        Assert.NotEqual(Errno.EBUSY, rig.Task("V").LastErrno);
    }

    [Fact]
    public void The_last_thread_takes_the_enclave_with_it()
    {
        RaceRig rig = RaceRig.Run(
            Small().Setup("a: build 2", "a: write 1").Task("T", "a", "read 0", "exit").Task("U", "a", "exit"));
        Assert.True(rig.Topology.Enclaves[0].Process.HasExited);
        Assert.Equal((16, 0), (rig["free-pages"], rig["references(a)"]));
    }

    [Fact]
    public void The_file_and_the_address_space_can_go_one_by_one()
    {
        RaceRig rig = RaceRig.Run(
            Small().Setup("a: build 2").Task("T", "a", "munmap").Task("U", "a", "pause", "close", "close", "exit"));
        Assert.Equal((16, 0), (rig["free-pages"], rig["references(a)"]));
        Assert.Equal(
            [Errno.Ok, Errno.Ok, Errno.EINVAL, Errno.Ok],
            rig.Task("U").Results.Select(result => result.Errno));
    }

    [Fact]
    public void A_child_runs_in_its_parents_enclave()
    {
        RaceRig rig = RaceRig.Run(Small().Setup("a: build 2")
            .Task("P", "a", "write 0", "fork C", "write 1", "exit").Task("C", "a", "read 0..1", "exit"));
        Assert.Equal(2, rig.Task("C").Done);
        Assert.Equal((16, 0, 0), (rig["free-pages"], rig["references(a)"], rig["mms(a)"]));
        rig = RaceRig.Run(Small().Setup("a: build 2").Task("P", "a", "fork C", "exit").Task("C", "a", "read 0"));
        Assert.Equal((1, 2), (rig["mms(a)"], rig["resident(a)"]));
    }

    [Fact]
    public void A_kill_ends_a_thread_where_the_kernel_looks_for_it()
    {
        RaceRig rig = RaceRig.Run(
            Small().Setup("a: build 2", "admin: kill a").Task("T", "a", "read 2", "read 0").Optional("admin", "kill a")
        );
        Assert.Equal((ThreadOutcome.Killed, 1), (rig.Task("T").Outcome, rig.Task("T").Done));
        Assert.Equal((16, 0, 512), (rig["free-pages"], rig["signals(a)"], rig["errno(T)"]));
        Assert.Equal(Errno.ESRCH, rig.Task("admin").LastErrno);
        Assert.True(rig.Task("admin").IsDaemon);
    }

    [Fact]
    public void A_page_that_does_not_exist_is_SIGBUS_and_one_that_cannot_be_accepted_SIGSEGV()
    {
        RaceRig rig = RaceRig.Run(
            new RaceBuilder(RaceRig.Upstream with { Sgx2 = Fix.Absent })
                .Enclave("a", 4)
                .Setup("a: build 2")
                .Task("T", "a", "read 3")
                .Task("U", "a", "read 0"));
        Assert.Equal(
            (ThreadOutcome.Sigbus, 1, 1, 0),
            (rig.Task("T").Outcome, rig["signals(T)"], rig["signals(a)"], rig["signals(U)"]));
        rig = RaceRig.Run(Small().Setup("a: build 2").Task("T", "a", "change-type 1", "read 1", "accept 0"));
        Assert.Equal(
            (ThreadOutcome.Sigsegv, Errno.EFAULT, 2),
            (rig.Task("T").Outcome, rig.Task("T").LastErrno, rig.Task("T").Done));
    }

    [Fact]
    public void A_debugger_reads_a_page_that_is_swapped_out()
    {
        RaceRig rig = RaceRig.Run(new RaceBuilder().Cgroup("/d").Enclave("a", 4).Setup("a: build 2", "admin: evict a 1")
            .Task("T", "/d", "debug-read a 1", "debug-read a 3 retry").Task("U", "a", "pause", "debug-read 1"));
        Assert.Equal([Errno.Ok, Errno.EFAULT], rig.Task("T").Results.Select(result => result.Errno));
        Assert.Equal((1, 2), (rig["usage(/d)"], rig["resident(a)"]));
    }

    [Fact]
    public void Pages_are_touched_until_a_task_has_ended()
    {
        RaceRig rig = RaceRig.Run(
            Small()
                .Setup("a: build 2")
                .Task("T", "", "reclaim", "reclaim", "reclaim")
                .Task("U", "a", "write 0..1 until T", "read 1"));
        Assert.Equal((3, 2, 1), (rig["done(T)"], rig["done(U)"], rig["young"] + rig["evictions"] > 0 ? 1 : 0));
        rig = RaceRig.Run(Small().Setup("a: build 2").Task("T", "").Task("U", "a", "pause", "write 0..1 until T"));
        Assert.Equal((0, 0), (rig["done(T)"], rig.Task("U").Results[1].Count));
    }

    [Fact]
    public void Tasks_have_the_nodes_that_they_name_and_slots_of_their_own()
    {
        RaceRig rig = new(
            new RaceBuilder(RaceRig.Upstream)
                .Node(4)
                .Node(4)
                .Enclave("a", 4, node: 1)
                .Setup("a: build 1", "CPU0: read 0")
                .Task("CPU0", "a", 0, "read 0")
                .Task("CPU1", "a", "fork C")
                .Task("C", "a", "read 0")
                .Build());
        Assert.Equal((0, 1, 1), (rig.Task("CPU0").Node, rig.Task("CPU1").Node, rig.Task("C").Node));
        Assert.Equal([1, 0], rig.Topology.RaceSetup.Select(task => task.Node));
        Assert.Equal(
            [0, 1, 2, 3, 4],
            rig.Topology.RaceTasks.Select(task => task.Task)
                .Concat(rig.Topology.RaceSetup)
                .Select(task => task.SlotInEnclave));
        Assert.Equal(["setup-1:a", "setup-2:CPU0"], rig.Topology.RaceSetup.Select(task => task.Name));
        Assert.True(rig.Task("C").IsForked);
    }

    [Fact]
    public void A_restored_race_runs_again_as_it_did()
    {
        RaceRig rig = new(
            Small()
                .Guest("vm", 4)
                .Setup("a: build 3", "a: write 0..1", "admin: evict a 1", "T: allocate", "U: allocate")
                .Task(
                    "T",
                    "a",
                    "read 0..1",
                    "free",
                    "allocate",
                    "write 3",
                    "change-type 2",
                    "accept 2",
                    "remove 2",
                    "fork C",
                    "exit")
                .Task("U", "", "free", "reclaim", "allocate")
                .Task("C", "a", "write 0", "munmap", "close", "exit")
                .Task("V", "vm", "vepc-touch 0", "guest-use 0 secs 0", "vepc-release", "exit")
                .Build());
        rig.Setup();
        List<object> roots = [.. rig.Topology.Resources, .. rig.Topology.RaceTasks.Select(task => task.Task)];
        StateImage image = StateImage.Take(roots, [rig.Topology.Machine.Pages]);
        ulong before = image.Fingerprint();
        List<string> runs = [];
        for (int i = 0; i < 3; i++)
        {
            rig.Reset();
            Assert.Equal(RunEnd.Finished, rig.RunRace());
            runs.Add(
                string.Join(' ', rig.Topology.RaceTasks.SelectMany(task => task.Task.Results))
                    + rig.Engine.Steps
                    + image.Fingerprint());
            Assert.NotEqual(before, image.Fingerprint());
            image.Restore();
            Assert.Equal(before, image.Fingerprint());
        }

        Assert.Single(runs.Distinct());
    }

    [Fact]
    public void Wherever_an_operation_waits_its_state_can_be_told()
    {
        Scenario scenario = new RaceBuilder()
            .Cgroup("/a", 6)
            .Cgroup("/b")
            .Enclave("a", 4, "/a")
            .Guest("vm", 4, "/b")
            .Guest("wm", 4)
            .Workers()
            .Ksgxd()
            .Setup("a: build 3", "a: write 0", "wm: vepc-touch 0", "wm: guest-use 0 secs 0")
            .Task(
                "T",
                "a",
                "read 0..1",
                "change-type 2 retry",
                "accept 2",
                "remove 2 retry",
                "restrict 0 retry",
                "fork C",
                "debug-read 1 retry",
                "exit")
            .Task("C", "a", "write 0", "munmap", "close", "exit")
            .Task(
                "V",
                "vm",
                "vepc-touch 0",
                "vepc-touch 1 mapping 1",
                "guest-use 0 secs wm 0",
                "vepc-remove-all",
                "vepc-release",
                "exit")
            .Task("U", "/b", "allocate", "free", "reclaim", "reclaim /a", "reclaim-direct", "pause")
            .Task("E", "", "age a 0..1", "evict a 0..1", "swap-out a 0", "poison node 0 page 9", "poison a 1")
            .Optional("A", "set-max /a 5 pages", "set-memory-max /a 64 pages", "migrate a /b", "rmdir /a", "kill a")
            .Ignore(Rules.PoisonReuse)
            .Build();
        RaceWorld world = new(scenario);
        SearchResult result = new ExhaustiveSearch(world, new SearchBounds { MaxStates = 3000 }).Search(
            null,
            CancellationToken.None);
        Assert.True(result.Counterexample is not null || result.States >= 3000, result.ToString());
        RandomWalk walk = new();
        for (ulong seed = 0; seed < 200; seed++)
        {
            world.Run(walk, seed);
            Assert.NotEqual(LabRules.Crash, world.Finding?.Rule);
        }
    }

    private static RaceBuilder Small(int pages = 4) => new RaceBuilder(RaceRig.Upstream).Enclave("a", pages);
}

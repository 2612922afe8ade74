using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Mount.Fuse;

namespace EpcActors.Tests.Mount;

/// <summary>Files, errors and processes of a cgroup mount, against kernel/cgroup/cgroup.c.</summary>
public sealed class CgroupFsTests
{
    [Fact]
    public void The_root_has_the_files_of_a_root()
    {
        FsRig rig = new();
        string[] files = rig.List("/");
        Assert.Contains("misc.capacity", files);
        Assert.Contains("misc.current", files);
        Assert.Contains("cgroup.subtree_control", files);
        Assert.Empty(files.Intersect(
            ["misc.max", "misc.events", "cgroup.events", "cgroup.type", "cgroup.kill", "memory.max", "misc"]));
        Assert.Equal("sgx_epc 67108864\n", rig.Read("/misc.capacity"));
        Assert.Equal("memory misc\n", rig.Read("/cgroup.controllers"));
        Assert.Equal("\n", rig.Read("/cgroup.subtree_control"));
        Assert.Equal("1\n20\n30\n", rig.Read("/cgroup.procs"));
        Assert.Equal("nr_descendants 0\nnr_dying_descendants 2\n", rig.Read("/cgroup.stat"));
    }

    [Fact]
    public void Files_of_a_kernel_before_peak_are_fewer()
    {
        FsRig rig = new(MiscFileSet.BeforePeak);
        Assert.Equal(Errno.Ok, rig.MkDir("/a"));
        Assert.Equal(Errno.Ok, rig.Write("/cgroup.subtree_control", "+misc"));
        Assert.DoesNotContain("misc.peak", rig.List("/a"));
        Assert.DoesNotContain("misc.events.local", rig.List("/a"));
        Assert.Contains("misc.events", rig.List("/a"));
        Assert.DoesNotContain("misc.current", new FsRig(MiscFileSet.First).List("/"));
    }

    [Fact]
    public void Controllers_appear_in_directories_that_are_there_and_go_again()
    {
        FsRig rig = new();
        Assert.Equal(Errno.Ok, rig.MkDir("/a"));
        Assert.Equal(Errno.Ok, rig.MkDir("/a/b"));
        Assert.Equal(1, rig.Machine.Places);
        Assert.DoesNotContain("misc.max", rig.List("/a"));
        Assert.Equal(Errno.Ok, rig.Write("/cgroup.subtree_control", "+misc\n"));
        Assert.Contains("misc.max", rig.List("/a"));
        Assert.DoesNotContain("memory.max", rig.List("/a"));
        Assert.DoesNotContain("misc.max", rig.List("/a/b"));
        Assert.Equal("misc\n", rig.Read("/a/cgroup.controllers"));
        Assert.Equal("sgx_epc max\n", rig.Read("/a/misc.max"));
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.subtree_control", "+misc"));
        Assert.Equal(("/a/b", 1), (rig.Machine.PathOf(2), rig.Machine.ParentOf(2)));
        Assert.Equal(Errno.Ok, rig.Write("/cgroup.subtree_control", "+memory"));
        Assert.Equal("max\n", rig.Read("/a/memory.max"));
        Assert.Equal("12288\n", rig.Read("/a/memory.current"));
        Assert.Equal(
            "low 0\nhigh 0\nmax 5\noom 5\noom_kill 1\noom_group_kill 0\n", rig.Read("/a/memory.events"));

        Assert.Equal(Errno.EBUSY, rig.Write("/cgroup.subtree_control", "-misc"));
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.subtree_control", "-misc"));
        Assert.Equal(2, rig.Machine.Places);
        Assert.Equal(Errno.Ok, rig.Write("/cgroup.subtree_control", "-misc -memory"));
        Assert.Equal(1, rig.Machine.Places);
        Assert.DoesNotContain("misc.max", rig.List("/a"));
    }

    [Theory]
    [InlineData("+cpu", Errno.EINVAL)]
    [InlineData("misc", Errno.EINVAL)]
    [InlineData("*misc", Errno.EINVAL)]
    [InlineData("+misc,+memory", Errno.EINVAL)]
    [InlineData("  +misc   +memory \n", Errno.Ok)]
    [InlineData("+misc -misc", Errno.Ok)]
    [InlineData("", Errno.Ok)]
    public void Subtree_control_takes_names_with_a_sign(string text, Errno errno) =>
        Assert.Equal(errno, new FsRig().Write("/cgroup.subtree_control", text));

    [Fact]
    public void A_controller_that_the_parent_does_not_give_is_ENOENT()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        Assert.Equal(Errno.ENOENT, rig.Write("/a/cgroup.subtree_control", "+misc"));
    }

    [Fact]
    public void No_internal_processes()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.MkDir("/a/b");
        rig.Write("/cgroup.subtree_control", "+misc");
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.procs", "0\n"));
        Assert.Equal("20\n", rig.Read("/a/cgroup.procs"));
        Assert.Equal((20, 1, 0), rig.Machine.Moves[^1]);
        Assert.Equal(Errno.EBUSY, rig.Write("/a/cgroup.subtree_control", "+misc"));
        Assert.Equal(Errno.Ok, rig.Write("/a/b/cgroup.procs", "20"));
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.subtree_control", "+misc"));
        Assert.Equal((20, 2, 0), rig.Machine.Moves[^1]);
        Assert.Equal(Errno.EBUSY, rig.Write("/a/cgroup.procs", "30"));
    }

    [Theory]
    [InlineData("0", Errno.Ok)]
    [InlineData("30\n", Errno.Ok)]
    [InlineData("0x1e", Errno.Ok)]
    [InlineData("4711", Errno.ESRCH)]
    [InlineData("-1", Errno.EINVAL)]
    [InlineData("x", Errno.EINVAL)]
    [InlineData("", Errno.EINVAL)]
    [InlineData("20 30", Errno.EINVAL)]
    [InlineData("99999999999", Errno.EINVAL)]
    public void Procs_takes_one_number(string text, Errno errno)
    {
        FsRig rig = new();
        rig.MkDir("/a");
        Assert.Equal(errno, rig.Write("/a/cgroup.procs", text));
    }

    [Fact]
    public void A_thread_stands_for_its_process()
    {
        FsRig rig = new() { Caller = new FuseCaller(1030, 0, 0) };
        rig.MkDir("/a");
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.procs", "0"));
        Assert.Equal("30\n", rig.Read("/a/cgroup.procs"));
    }

    [Fact]
    public void Children_are_born_into_their_parents_cgroup_and_keep_it()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.Write("/a/cgroup.procs", "20");
        rig.Processes.Add(40, parent: 20).Add(50, parent: 40).Add(60, parent: 30);
        Assert.Equal("20\n40\n50\n", rig.Read("/a/cgroup.procs"));
        Assert.Equal("populated 1\nfrozen 0\n", rig.Read("/a/cgroup.events"));
        rig.Processes.Exit(20);
        Assert.Equal("40\n50\n", rig.Read("/a/cgroup.procs"));
        Assert.Equal(Errno.EBUSY, rig.RmDir("/a"));
        rig.Processes.Exit(40);
        rig.Processes.Exit(50);
        Assert.Equal("populated 0\nfrozen 0\n", rig.Read("/a/cgroup.events"));
        Assert.Equal(Errno.Ok, rig.RmDir("/a"));
    }

    [Fact]
    public void Children_that_a_process_has_stay_behind_when_it_moves()
    {
        FsRig rig = new();
        rig.Processes.Add(40, parent: 20);
        rig.MkDir("/a");
        rig.Write("/a/cgroup.procs", "20");
        rig.Processes.Add(50, parent: 40).Add(60, parent: 20);
        Assert.Equal("20\n60\n", rig.Read("/a/cgroup.procs"));
        Assert.Equal("1\n30\n40\n50\n", rig.Read("/cgroup.procs"));
    }

    [Fact]
    public void Directories_are_made_and_removed_with_the_kernels_errors()
    {
        FsRig rig = new();
        Assert.Equal(Errno.Ok, rig.MkDir("/a"));
        Assert.Equal(Errno.EEXIST, rig.MkDir("/a"));
        Assert.Equal(Errno.EEXIST, rig.MkDir("/cgroup.procs"));
        Assert.Equal(Errno.EINVAL, rig.MkDir("/b\nc"));
        Assert.Equal(Errno.Ok, rig.MkDir("/a/b"));
        Assert.Equal(Errno.EBUSY, rig.RmDir("/a"));
        Assert.Equal(Errno.ENOTDIR, rig.RmDir("/a/cgroup.procs"));
        Assert.Equal(Errno.ENOENT, rig.RmDir("/c"));
        ulong a = rig.Node("/a");
        ulong procs = rig.Node("/a/cgroup.procs");
        (ulong handle, bool _) = rig.Files.Open(procs, 1, rig.Caller);
        Assert.Equal(Errno.Ok, rig.RmDir("/a/b"));
        Assert.Equal(Errno.Ok, rig.RmDir("/a"));
        Assert.Equal(
            Errno.ENOENT, FsRig.Call(() => rig.Files.MkDirAsync(a, "x", 0x1ED, rig.Caller).AsTask()));
        Assert.Equal(
            Errno.ENODEV,
            FsRig.Call(() => rig.Files.WriteAsync(handle, "20"u8.ToArray(), rig.Caller, default).AsTask()));
        rig.Files.Forget(a, 100);
        rig.Files.Forget(procs, 100);
        Assert.Throws<FuseException>(() => rig.Files.GetAttr(a));
    }

    [Fact]
    public void A_machine_without_room_fails_mkdir_and_changes_nothing()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.Machine.NextCreate = Errno.EAGAIN;
        Assert.Equal(Errno.EAGAIN, rig.Write("/cgroup.subtree_control", "+misc"));
        Assert.Equal("\n", rig.Read("/cgroup.subtree_control"));
        rig.Machine.NextCreate = Errno.Ok;
        Assert.Equal(Errno.Ok, rig.Write("/cgroup.subtree_control", "+misc"));
        rig.Machine.NextCreate = Errno.EAGAIN;
        Assert.Equal(Errno.EAGAIN, rig.MkDir("/b"));
        Assert.DoesNotContain("b", rig.List("/"));
    }

    [Fact]
    public void Limits_of_the_tree_are_EAGAIN()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.max.descendants", "1"));
        Assert.Equal("1\n", rig.Read("/a/cgroup.max.descendants"));
        Assert.Equal(Errno.Ok, rig.MkDir("/a/b"));
        Assert.Equal(Errno.EAGAIN, rig.MkDir("/a/c"));
        Assert.Equal(Errno.EAGAIN, rig.MkDir("/a/b/c"));
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.max.descendants", "max"));
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.max.depth", "1"));
        Assert.Equal(Errno.EAGAIN, rig.MkDir("/a/b/c"));
        Assert.Equal(Errno.Ok, rig.MkDir("/a/c"));
        Assert.Equal(Errno.ERANGE, rig.Write("/a/cgroup.max.depth", "4294967296"));
        Assert.Equal(Errno.EINVAL, rig.Write("/a/cgroup.max.depth", "many"));
    }

    [Theory]
    [InlineData("/misc.capacity", Errno.EINVAL)]
    [InlineData("/cgroup.controllers", Errno.EINVAL)]
    [InlineData("/a/misc.current", Errno.EINVAL)]
    [InlineData("/a/cgroup.threads", Errno.EOPNOTSUPP)]
    [InlineData("/a/cgroup.kill", Errno.EINVAL)]
    [InlineData("/a/misc.max", Errno.EINVAL)]
    public void A_write_that_means_nothing_fails(string file, Errno errno)
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.Write("/cgroup.subtree_control", "+misc");
        Assert.Equal(errno, rig.Write(file, "7\n"));
        Assert.Equal(Errno.E2BIG, rig.Write(file, new string('x', 4097)));
    }

    [Theory]
    [InlineData("max", "max\n")]
    [InlineData("8192", "8192\n")]
    [InlineData("8191\n", "4096\n")]
    [InlineData("1M", "1048576\n")]
    [InlineData("0x2000", "8192\n")]
    [InlineData("0", "0\n")]
    [InlineData("18446744073709551615", "max\n")]
    public void Memory_max_is_kept_in_pages(string text, string shown)
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.Write("/cgroup.subtree_control", "+memory");
        Assert.Equal(Errno.Ok, rig.Write("/a/memory.max", text));
        Assert.Equal(shown, rig.Read("/a/memory.max"));
        Assert.Equal(Errno.EINVAL, rig.Write("/a/memory.max", "1Q"));
        Assert.Equal(Errno.EINVAL, rig.Write("/a/memory.max", "12 34"));
        Assert.Equal(shown, rig.Read("/a/memory.max"));
    }

    [Fact]
    public void A_delegated_tree_belongs_to_its_user()
    {
        FsRig rig = new() { Caller = new FuseCaller(20, 1000, 1000) };
        rig.Caller = rig.Caller with { Uid = 0, Gid = 0 };
        rig.MkDir("/user");
        rig.Files.SetAttr(rig.Node("/user"), new FuseChange(null, 1000, 1000));
        rig.Files.SetAttr(rig.Node("/user/cgroup.procs"), new FuseChange(null, 1000, 1000));
        rig.Caller = rig.Caller with { Uid = 1000, Gid = 1000 };
        Assert.Equal(Errno.Ok, rig.MkDir("/user/a"));
        Assert.Equal(1000u, rig.Files.GetAttr(rig.Node("/user/a/cgroup.procs")).Uid);

        // Its own processes, but none from outside of its tree: the nearest directory above both is the root.
        Assert.Equal(Errno.EACCES, rig.Write("/user/a/cgroup.procs", "30"));
        rig.Caller = rig.Caller with { Uid = 0 };
        Assert.Equal(Errno.Ok, rig.Write("/user/cgroup.procs", "30"));
        rig.Caller = rig.Caller with { Uid = 1000 };
        Assert.Equal(Errno.Ok, rig.Write("/user/a/cgroup.procs", "30"));
    }

    [Fact]
    public void Kill_takes_all_processes_below()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.MkDir("/a/b");
        rig.Write("/a/cgroup.procs", "20");
        rig.Write("/a/b/cgroup.procs", "30");
        Assert.Equal(Errno.Ok, rig.Write("/a/cgroup.kill", "1\n"));
        Assert.Equal([20, 30], rig.Processes.Killed.Order());
    }

    [Fact]
    public async Task Changes_of_events_are_told_to_those_who_wait()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.Write("/cgroup.subtree_control", "+misc");
        List<ulong> told = [];
        List<string> changed = [];
        rig.Files.NotifyPoll = told.Add;
        rig.Files.Changed = changed.Add;
        (ulong handle, bool _) = rig.Files.Open(rig.Node("/a/misc.events"), 0, rig.Caller);
        _ = await rig.Files.ReadAsync(handle, 0, 100, rig.Caller, default);
        const uint Changed = 0x2 | 0x8;
        Assert.Equal(0u, rig.Files.Poll(handle, 77) & Changed);
        rig.Files.Tick();
        Assert.Empty(told);
        rig.Machine.Events = 3;
        rig.Files.Tick();
        Assert.Equal([77UL], told);
        Assert.Equal(["/a/misc.events"], changed);
        Assert.Equal(Changed, rig.Files.Poll(handle, null) & Changed);
        Assert.Equal("sgx_epc.max 3\n", rig.Read("/a/misc.events"));
    }

    [Fact]
    public void Stat_shows_what_a_cgroup_mount_shows()
    {
        FsRig rig = new();
        rig.MkDir("/a");
        rig.Now = rig.Now.AddSeconds(9);
        rig.MkDir("/a/b");
        FuseAttr a = rig.Files.GetAttr(rig.Node("/a"));
        Assert.Equal((FuseAttr.Directory | 0x1EDu, 3u, 1_800_000_009L), (a.Mode, a.Links, a.Seconds));
        FuseAttr file = rig.Files.GetAttr(rig.Node("/a/cgroup.procs"));
        Assert.Equal((FuseAttr.Regular | 0x1A4u, 1u), (file.Mode, file.Links));
        Assert.Equal(FuseAttr.Regular | 0x124u, rig.Files.GetAttr(rig.Node("/a/cgroup.events")).Mode);
    }
}

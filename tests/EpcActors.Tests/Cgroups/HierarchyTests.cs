using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Tests.Cgroups;

/// <summary>Directories, processes and files: sections 3.2, 3.3, 3.7 and 3.8.</summary>
public class HierarchyTests
{
    [Fact]
    public void Rmdir_needs_a_directory_without_processes_and_children()
    {
        CgroupLab lab = new(Kernels.Named("v17"), 200, [(0, -1), (1, -1), (0, -1)], [2]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.EBUSY, await CgroupCore.Rmdir(task, 0));
            Assert.Equal(Errno.EBUSY, await CgroupCore.Rmdir(task, 1));
            Assert.Equal(Errno.EBUSY, await CgroupCore.Rmdir(task, 2));
            Assert.Equal(Errno.Ok, await CgroupCore.Attach(task, task.Process, 3, 3));
            Assert.Equal(Errno.EBUSY, await CgroupCore.Rmdir(task, 1));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 2));
            Assert.Equal(Errno.ENOENT, await CgroupCore.Rmdir(task, 2));
            Assert.Equal(Errno.ENODEV, await CgroupCore.Attach(task, task.Process, 2, 2));
            Assert.Equal(Errno.ENOENT, await CgroupCore.WriteMiscMax(task, 2, "sgx_epc 4096"));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 1));
            Assert.Equal(Errno.EBUSY, await CgroupCore.Rmdir(task, 3));
            await task.Ask(task.Process, new ProcessProtocol.ThreadExit());
            Assert.Equal(Errno.ESRCH, await CgroupCore.Attach(task, task.Process, 0, 0));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 3));
        });
        lab.ExecuteCleanly();
        Assert.True(lab[1].IsFreed && lab[2].IsFreed && lab[3].IsFreed);
        Assert.Equal(1, lab[0].References);
    }

    /// <summary>
    /// A removed cgroup with pages counts upwards, is still walked, and goes with its last page, its parent with it.
    /// </summary>
    [Theory]
    [InlineData("v5")]
    [InlineData("v8")]
    [InlineData("v13")]
    [InlineData("v17")]
    public void A_zombie_lives_as_long_as_its_pages(string kernel)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 400, [(0, -1), (1, -1), (2, -1), (0, -1)], [3]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 40));
            Assert.Equal(Errno.Ok, await CgroupCore.Attach(task, task.Process, 4, 4));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 3));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 2));
            Assert.Equal([42, 42, 42, 42], new[] { lab.Current(0), lab.Current(1), lab.Current(2), lab.Current(3) });
            Assert.Equal((1 + 42 - 1, 1), (lab[3].References, lab[2].References));
            Assert.True(await EpcCgroup.CanReclaim(task, 1));
            await EpcCgroup.ReclaimSubtree(task, 1, 16, false);
            Assert.Equal([26, 26, 26, 26], new[] { lab.Current(0), lab.Current(1), lab.Current(2), lab.Current(3) });

            // A page that comes back is charged to the cgroup that the process is in now.
            Assert.Equal(FaultResult.Mapped, await lab.Touch(task, 0, 0));
            Assert.Equal((27, 26, 1), (lab.Current(0), lab.Current(1), lab.Current(4)));

            // VA and SECS cannot be reclaimed: only the end of the enclave frees the zombie.
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
        Assert.True(lab[3].IsFreed);
        Assert.Equal(0, lab.Current(0));
    }

    [Fact]
    public void The_last_page_frees_the_zombie_and_the_parent_that_waited_for_it()
    {
        CgroupLab lab = new(Kernels.Named("v17"), 400, [(0, -1), (1, -1), (2, -1), (0, -1)], [3]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 40));
            Assert.Equal(Errno.Ok, await CgroupCore.Attach(task, task.Process, 4, 4));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 3));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 2));

            // The walk of 1 stops on the zombie, its cursor is moved when the zombie is freed (C9).
            await EpcCgroup.ReclaimSubtree(task, 1, 1, false);
            Assert.False(lab[3].IsFreed);
            Assert.False(lab[2].IsFreed);
            await lab.Exit(task, 0);
            Assert.True(lab[3].IsFreed);
            Assert.True(lab[2].IsFreed);
            Assert.False(lab[1].IsFreed);
        });
        lab.ExecuteCleanly();
        Assert.Equal((0, 1), (lab.Current(0), lab[1].References));
        CgroupTree tree = (CgroupTree)lab.Run.Topology.Resources.Single(one => one is CgroupTree);
        Assert.Equal([0, 1], new[] { tree.CursorOf(0), tree.CursorOf(1) });
    }

    /// <summary>C9: the free of a cgroup takes the cursors of its ancestors off it.</summary>
    [Fact]
    public void No_cursor_dangles()
    {
        CgroupLab lab = new(Kernels.Named("v17"), 400, [(0, -1), (1, -1), (1, -1)], [3]);
        CgroupTree tree = (CgroupTree)lab.Run.Topology.Resources.Single(one => one is CgroupTree);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 40));
            await EpcCgroup.ReclaimSubtree(task, 1, 1, false);
            Assert.Equal(1, tree.CursorOf(1));
            await task.Ask(tree.Id, new CgroupTreeProtocol.LockCursor { Root = 1 });
            await task.Ask(tree.Id, new CgroupTreeProtocol.SetCursor { Root = 1, Next = 2 });
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 2));
            Assert.True(lab[2].IsFreed);
            Assert.Equal(3, tree.CursorOf(1));
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>C22: a page that cannot be freed keeps its cgroup and the usage of all above for ever.</summary>
    [Fact]
    public void A_zombie_secs_page_keeps_its_cgroup_charged_for_ever()
    {
        CgroupLab lab = new(Kernels.Named("v17"), 100, [(0, -1), (1, -1)], [2]);
        lab.Task(0, async task =>
        {
            AllocResult page = await Main.AllocEpcPage(task, reclaim: false);
            await task.Ask(lab.Machine.ZombieSecs, new VirtualEpcProtocol.LockZombies());
            await task.Ask(lab.Machine.ZombieSecs, new VirtualEpcProtocol.AddZombie { EpcPage = page.Page });
            await task.Ask(lab.Machine.ZombieSecs, new VirtualEpcProtocol.UnlockZombies());
            await task.Ask(task.Process, new ProcessProtocol.ThreadExit());
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 2));
        });
        lab.ExecuteCleanly();
        Assert.False(lab[2].IsFreed);
        Assert.Equal((1, 1, 1), (lab.Current(0), lab.Current(1), lab.Current(2)));
    }

    [Theory]
    [InlineData("sgx_epc 4096", Errno.Ok, "sgx_epc 4096\n")]
    [InlineData("sgx_epc 0x1000", Errno.Ok, "sgx_epc 4096\n")]
    [InlineData("sgx_epc +4096\n", Errno.Ok, "sgx_epc 4096\n")]
    [InlineData("  sgx_epc 010 \n", Errno.Ok, "sgx_epc 8\n")]
    [InlineData("sgx_epc 0", Errno.Ok, "sgx_epc 0\n")]
    [InlineData("sgx_epc max", Errno.Ok, "sgx_epc max\n")]
    [InlineData("sgx_epc 18446744073709551615", Errno.Ok, "sgx_epc max\n")]
    [InlineData("sgx_epc 18446744073709551614", Errno.Ok, "sgx_epc 18446744073709551614\n")]
    [InlineData("sgx_epc 9223372036854775807", Errno.Ok, "sgx_epc 9223372036854775807\n")]
    [InlineData("sgx_epc 999999999999", Errno.Ok, "sgx_epc 999999999999\n")]
    [InlineData("sgx_epc 5000", Errno.Ok, "sgx_epc 5000\n")]
    [InlineData("sgx_epc MAX", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx_epc", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("4096", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData(" \n", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx 4096", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sev 4", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx_epc  4096", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx_epc\t4096", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx_epc 4096 x", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx_epc -1", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx_epc 4K", Errno.EINVAL, "sgx_epc 12288\n")]
    [InlineData("sgx_epc 18446744073709551616", Errno.ERANGE, "sgx_epc 12288\n")]
    public void A_write_of_misc_max_returns_the_errno_and_leaves_the_old_value(
        string text,
        Errno expected,
        string shown)
    {
        CgroupLab lab = new(Kernels.Named("v17"), 10, [(0, 3)], []);
        Errno result = Errno.Ok;
        lab.Admin(async task => result = await CgroupCore.WriteMiscMax(task, 1, text));
        lab.ExecuteCleanly();
        Assert.Equal(expected, result);
        Assert.Equal(shown, MiscFilesOfCgroup.Read(lab.Machine, lab[1], MiscFile.Max));
    }

    [Fact]
    public void The_root_has_no_limit_to_write_and_a_kernel_without_the_series_no_resource()
    {
        CgroupLab lab = new(Kernels.Named("none"), 10, [(0, -1)], []);
        lab.Admin(async task =>
        {
            Assert.Equal(Errno.ENOENT, await CgroupCore.WriteMiscMax(task, 0, "sgx_epc 4096"));
            Assert.Equal(Errno.EINVAL, await CgroupCore.WriteMiscMax(task, 1, "sgx_epc 4096"));
            Assert.Equal(Errno.EINVAL, await CgroupCore.WriteMiscMax(task, 1, Limit.OfPages(1)));
        });
        lab.ExecuteCleanly();
        foreach (MiscFile file in Enum.GetValues<MiscFile>())
        {
            Assert.True(string.IsNullOrEmpty(MiscFilesOfCgroup.Read(lab.Machine, lab[0], file)));
            Assert.True(string.IsNullOrEmpty(MiscFilesOfCgroup.Read(lab.Machine, lab[1], file)));
        }
    }

    [Theory]
    [InlineData("v17", "misc.peak")]
    [InlineData("v5", null)]
    public void Files_read_as_in_the_kernel(string kernel, string? peak)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 10, [(0, 3), (1, -1)], []);
        lab.Admin(async task =>
        {
            for (int i = 0; i < 5; i++)
            {
                await Misc.TryCharge(task, 2, takeReference: true);
            }
        });
        lab.Execute();
        Assert.Equal("sgx_epc 40960\n", Read(0, MiscFile.Capacity));
        Assert.Null(Read(1, MiscFile.Capacity));
        Assert.Null(Read(0, MiscFile.Max));
        Assert.Equal("sgx_epc 12288\n", Read(1, MiscFile.Max));
        Assert.Equal("sgx_epc max\n", Read(2, MiscFile.Max));
        Assert.Equal("sgx_epc 12288\n", Read(0, MiscFile.Current));
        Assert.Equal("sgx_epc 12288\n", Read(2, MiscFile.Current));
        Assert.Null(Read(0, MiscFile.Events));
        Assert.Equal("sgx_epc.max 2\n", Read(1, MiscFile.Events));
        Assert.Equal("sgx_epc.max 0\n", Read(2, MiscFile.Events));
        Assert.Equal(peak is null ? null : "sgx_epc.max 2\n", Read(1, MiscFile.EventsLocal));
        Assert.Equal(peak is null ? null : "sgx_epc.max 0\n", Read(2, MiscFile.EventsLocal));
        Assert.Equal(peak is null ? null : "sgx_epc 12288\n", Read(0, MiscFile.Peak));
        Assert.Equal(peak is null ? null : "sgx_epc 16384\n", Read(2, MiscFile.Peak));

        string? Read(int cgroup, MiscFile file) => MiscFilesOfCgroup.Read(lab.Machine, lab[cgroup], file);
    }
}

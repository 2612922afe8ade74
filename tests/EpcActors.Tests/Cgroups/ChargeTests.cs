using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Tests.Cgroups;

/// <summary>kernel/cgroup/misc.c: sections 3.4 to 3.7.</summary>
public class ChargeTests
{
    [Theory]
    [InlineData("v8", 1, 0)]
    [InlineData("v6", 0, 1)]
    public void The_event_belongs_to_the_level_that_refuses_and_those_above(string kernel, long local, long atRoot)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 100, [(0, -1), (1, 3), (2, -1)], []);
        List<MiscCharge> results = [];
        lab.Admin(async task =>
        {
            for (int i = 0; i < 5; i++)
            {
                results.Add(await Misc.TryCharge(task, 3, takeReference: true));
            }

            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(3, lab.Current(2));
                await Misc.Uncharge(task, 3);
                await Misc.TryCharge(task, 3, takeReference: true);
            }
        });
        lab.Execute();
        Assert.Equal(
            [MiscCharge.Charged, MiscCharge.Charged, MiscCharge.Charged, MiscCharge.Refused, MiscCharge.Refused],
            results);
        Assert.Equal((0, 0), (lab[3].Events, lab[3].EventsLocal));
        Assert.Equal((2, 2 * local), (lab[2].Events, lab[2].EventsLocal));
        Assert.Equal((2, 0), (lab[1].Events, lab[1].EventsLocal));
        Assert.Equal((2 * atRoot, 0), (lab[0].Events, lab[0].EventsLocal));

        // What was refused above stays in the peak below, and nowhere else.
        Assert.Equal([3, 3, 3, 4], new[] { lab.Peak(0), lab.Peak(1), lab.Peak(2), lab.Peak(3) });
        Assert.Equal([3, 3, 3, 3], new[] { lab.Current(0), lab.Current(1), lab.Current(2), lab.Current(3) });
    }

    [Fact]
    public void Capacity_binds_at_every_level_and_the_root_counts_only_locally()
    {
        CgroupLab lab = new(Kernels.Named("v8"), 4, [(0, -1), (0, -1)], []);
        lab.Admin(async task =>
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(MiscCharge.Charged, await Misc.TryCharge(task, 1, takeReference: true));
            }

            Assert.Equal(MiscCharge.Charged, await Misc.TryCharge(task, 2, takeReference: true));
            Assert.Equal(MiscCharge.Refused, await Misc.TryCharge(task, 2, takeReference: true));
            Assert.Equal(MiscCharge.Charged, await Reduce(task, 2, 1));
            Assert.Equal(MiscCharge.Refused, await Misc.TryCharge(task, 1, takeReference: true));

            static async EpcActors.Engine.Routine<MiscCharge> Reduce(ScriptedTask task, int from, int to)
            {
                await Misc.Uncharge(task, from);
                return await Misc.TryCharge(task, to, takeReference: true);
            }
        });
        lab.Execute();

        // The second cgroup's own usage was far below the capacity: the root refused. The first one was over it by
        // itself.
        Assert.Equal((0, 1), (lab[0].Events, lab[0].EventsLocal));
        Assert.Equal((0, 0), (lab[2].Events, lab[2].EventsLocal));
        Assert.Equal((1, 1), (lab[1].Events, lab[1].EventsLocal));
        Assert.Equal(2, lab.Peak(2));
        Assert.Equal(4, lab.Peak(0));
    }

    [Theory]
    [InlineData("sgx_epc 4095", false)]
    [InlineData("sgx_epc 4096", true)]
    [InlineData("sgx_epc 8191", true)]
    [InlineData("sgx_epc 18446744073709551614", true)]
    public void Charges_compare_in_bytes_with_the_limit_as_written(string text, bool fits)
    {
        CgroupLab lab = new(Kernels.Named("v8"), 4, [(0, -1)], []);
        lab.Admin(async task =>
        {
            Assert.Equal(Errno.Ok, await CgroupCore.WriteMiscMax(task, 1, text));
            Assert.Equal(
                fits ? MiscCharge.Charged : MiscCharge.Refused,
                await Misc.TryCharge(task, 1, takeReference: true));
        });
        lab.Execute();
        Assert.Equal(text + "\n", MiscFilesOfCgroup.Read(lab.Machine, lab[1], MiscFile.Max));
    }

    /// <summary>
    /// C21: the page that a refused charger has not given back yet keeps another one from a page that is there.
    /// </summary>
    [Fact]
    public void Two_chargers_of_the_last_page_can_both_fail()
    {
        CgroupLab lab = new(Kernels.Named("v8"), 10, [(0, 1)], []);
        lab.Admin(async task =>
        {
            await Misc.TryCharge(task, 1, takeReference: true);
            CgroupProtocol.Charge first = await task.Ask(
                lab[1].Id,
                new CgroupProtocol.Charge { Bytes = CgroupLab.Page });
            await task.Ask(lab[1].Id, new CgroupProtocol.CountMaxEvent { IsLocal = true, IsHierarchical = true });
            Assert.Equal(2, lab.Current(1));
            await Misc.Uncharge(task, 1);
            CgroupProtocol.Charge second = await task.Ask(
                lab[1].Id,
                new CgroupProtocol.Charge { Bytes = CgroupLab.Page });
            await task.Ask(lab[1].Id, new CgroupProtocol.CountMaxEvent { IsLocal = true, IsHierarchical = true });
            Assert.Equal((LevelCharge.Over, LevelCharge.Over), (first.Result, second.Result));
            await task.Ask(lab[1].Id, new CgroupProtocol.Uncharge { Bytes = CgroupLab.Page });
            await task.Ask(lab[1].Id, new CgroupProtocol.Uncharge { Bytes = CgroupLab.Page });
        });
        lab.ExecuteCleanly();
        Assert.Equal(0, lab.Current(1));
        Assert.Equal(1, lab.Peak(1));
    }

    /// <summary>
    /// C1: no cgroup is charged for 2 GiB or more, whatever the limit; accepted charges are counted right.
    /// </summary>
    [Theory]
    [InlineData(Fix.Absent, LevelCharge.Over)]
    [InlineData(Fix.Present, LevelCharge.Fits)]
    public void A_sum_in_32_bits_ends_at_two_gibibytes(Fix wide, LevelCharge expected)
    {
        const long Half = 1L << 31;
        CgroupLab lab = new(
            Kernels.Named("v8") with
            {
                WideUsage = wide,
            },
            (int)(2 * Half / CgroupLab.Page),
            [(0, -1)],
            []);
        lab.Admin(async task =>
        {
            CgroupProtocol.Charge below = await task.Ask(
                lab[1].Id,
                new CgroupProtocol.Charge { Bytes = Half - CgroupLab.Page });
            CgroupProtocol.Charge above = await task.Ask(
                lab[1].Id,
                new CgroupProtocol.Charge { Bytes = CgroupLab.Page });
            Assert.Equal((LevelCharge.Fits, expected), (below.Result, above.Result));
        });
        lab.Execute();
        Assert.Equal(Half, lab[1].UsageBytes);
        Assert.Equal(expected == LevelCharge.Fits ? Half : Half - CgroupLab.Page, lab[1].PeakBytes);
    }

    [Fact]
    public void A_limit_below_the_usage_is_legal_and_only_the_next_charge_notices()
    {
        CgroupLab lab = new(Kernels.Named("v8"), 200, [(0, 60)], [1]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 40));
            Assert.Equal(Errno.Ok, await CgroupCore.WriteMiscMax(task, 1, Limit.OfPages(10)));
            await task.Sleep(1_000_000);
            Assert.Equal(42, lab.Current(1));
            Assert.Equal(0, lab[1].Events);

            // May not reclaim itself: the worker brings the usage below the new limit (9 pages; 16 at a time).
            Assert.Equal(Errno.EBUSY, (await Main.AllocEpcPage(task, reclaim: false)).Errno);
            await task.Sleep(1_000_000);
            Assert.Equal((1, 1), (lab[1].Events, lab[1].EventsLocal));
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
        Assert.Equal(0, lab.Current(1));
        Assert.Equal(42, lab.Peak(1));
    }

    /// <summary>C20: the usage goes down before the page is on a list.</summary>
    [Fact]
    public void Usage_goes_down_before_the_page_is_free()
    {
        CgroupLab lab = new(Kernels.Named("v8"), 4, [(0, 4)], [1], atomicNs: 200);
        bool seen = false;
        lab.Task(0, async task =>
        {
            AllocResult one = await Main.AllocEpcPage(task, reclaim: false);
            lab.Machine.Pages[one.Page].Epcm = Epcm.None;
            await Main.FreeEpcPage(task, one.Page);
        });
        lab.Admin(async task =>
        {
            for (int i = 0; i < 5000; i++)
            {
                seen |= lab[1].PeakBytes > 0 && lab[1].UsageBytes == 0 && lab.Run.Topology.Nodes[0].FreePages == 3;
                await task.Sleep(1);
            }
        });
        lab.ExecuteCleanly();
        Assert.True(seen);
    }

    [Fact]
    public void A_cgroup_that_goes_between_the_look_and_the_reference_is_not_charged()
    {
        CgroupLab lab = new(Kernels.Named("v8"), 10, [(0, -1), (0, -1)], [1]);
        lab.Task(0, async task =>
        {
            ProcessProtocol.ReadCss css = await task.Ask(task.Process, new ProcessProtocol.ReadCss());
            Assert.Equal(1, css.Cgroup);
            Assert.Equal(Errno.Ok, await CgroupCore.Attach(task, task.Process, 2, 2));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 1));
            Assert.Equal(MiscCharge.Gone, await Misc.TryCharge(task, css.Cgroup, takeReference: true));
            AllocResult page = await Main.AllocEpcPage(task, reclaim: false);
            Assert.Equal(2, lab.Machine.LruOf(page.Page));
            await Main.FreeEpcPage(task, page.Page);
        });
        lab.ExecuteCleanly();
        Assert.Equal((0, 0), (lab[1].UsageBytes, lab[1].References));
        Assert.True(lab[1].IsFreed);
    }
}

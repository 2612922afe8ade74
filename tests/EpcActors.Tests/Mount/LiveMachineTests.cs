using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Tasks;
using EpcActors.Mount.Live;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Mount;

/// <summary>A machine on the wall clock, without a mount: cgroups and processes that come and go.</summary>
public sealed class LiveMachineTests : IDisposable
{
    private static readonly Scenario Small = Machines.Empty(
        ("epc.live.pace", "off"), ("epc.machine.nodes", "[ { cpus = 4, epc = 4 MiB } ]"));

    private readonly List<int> _killed = [];
    private LiveMachine? _machine;

    [Fact]
    public async Task A_cgroup_is_made_limited_used_removed_and_made_again()
    {
        LiveMachine machine = Begin(Small);
        (Errno errno, int place) = await machine.CreateAsync("/a", 0);
        Assert.Equal(Errno.Ok, errno);
        (_, int below) = await machine.CreateAsync("/a/b", place);
        Assert.True(below > place);
        Assert.Equal(Errno.Ok, await machine.WriteMiscMaxAsync(place, "sgx_epc 409600\n"));
        Assert.Equal(Errno.EINVAL, await machine.WriteMiscMaxAsync(place, "sgx_epc 4K"));
        OutsideHandle process = (await machine.OpenAsync(1, below, below))!;
        Assert.Equal(Errno.Ok, await Load(process, 300));
        string current = machine.ReadMisc(place, MiscFile.Current);
        Assert.Equal(current, machine.ReadMisc(below, MiscFile.Current));
        Assert.InRange(long.Parse(current.Split(' ')[1]), 4096 * 50, 409600);
        Assert.NotEqual("sgx_epc.max 0\n", machine.ReadMisc(place, MiscFile.Events));
        Assert.Equal(Errno.EBUSY, await machine.RemoveAsync(place));
        Assert.Equal(Errno.EBUSY, await machine.RemoveAsync(below));
        await machine.CloseAsync(process);
        Assert.Equal("sgx_epc 0\n", machine.ReadMisc(place, MiscFile.Current));
        Assert.Equal(Errno.Ok, await machine.RemoveAsync(below));
        Assert.Equal(Errno.Ok, await machine.RemoveAsync(place));
        (errno, int again) = await machine.CreateAsync("/c", 0);
        Assert.Equal((Errno.Ok, place), (errno, again));
        Assert.Equal("sgx_epc max\n", machine.ReadMisc(again, MiscFile.Max));
        Assert.Equal("sgx_epc 0\n", machine.ReadMisc(again, MiscFile.Peak));
        End(machine);
    }

    [Fact]
    public async Task A_load_above_the_limit_is_ENOMEM_and_a_free_place_serves_the_next()
    {
        LiveMachine machine = Begin(Small);
        (_, int place) = await machine.CreateAsync("/a", 0);
        await machine.WriteMiscMaxAsync(place, "sgx_epc 8192");
        for (int i = 0; i < 3; i++)
        {
            OutsideHandle process = (await machine.OpenAsync(10 + i, place, place))!;
            Assert.Equal(Errno.ENOMEM, await Load(process, 50));
            await machine.CloseAsync(process);
        }

        await machine.WriteMiscMaxAsync(place, "sgx_epc max");
        OutsideHandle good = (await machine.OpenAsync(20, place, place))!;
        Assert.Equal(Errno.Ok, await Load(good, 50));
        Assert.Equal(
            new ProcessResult(Errno.Ok, 50), await machine.OrderAsync(good, new ProcessOrder.Touch(10, 50, true)));
        Assert.Equal(
            new ProcessResult(Errno.Ok, 50), await machine.OrderAsync(good, new ProcessOrder.Trim(10, 50)));
        Assert.Equal(Errno.Ok, (await machine.OrderAsync(good, new ProcessOrder.Accept(10, 50))).Errno);
        Assert.Equal(
            new ProcessResult(Errno.Ok, 50), await machine.OrderAsync(good, new ProcessOrder.Remove(10, 50)));
        await machine.CloseAsync(good);
        Assert.Empty(_killed);
        End(machine);
    }

    [Fact]
    public async Task A_removed_cgroup_with_pages_is_dying_until_they_are_gone()
    {
        LiveMachine machine = Begin(Small);
        (_, int place) = await machine.CreateAsync("/a", 0);
        OutsideHandle process = (await machine.OpenAsync(1, place, place))!;
        Assert.Equal(Errno.Ok, await Load(process, 100));
        Assert.Equal(Errno.Ok, await machine.AttachAsync(1, 0, 0));
        Assert.Equal(Errno.Ok, await machine.RemoveAsync(place));
        Assert.Equal(1, machine.DyingCgroups);
        (_, int other) = await machine.CreateAsync("/a", 0);
        Assert.NotEqual(place, other);
        await machine.CloseAsync(process);
        Assert.Equal(0, machine.DyingCgroups);
        Assert.Equal(Errno.Ok, await machine.RemoveAsync(other));
        Assert.Equal(place, (await machine.CreateAsync("/b", 0)).Place);
        End(machine);
    }

    [Fact]
    public async Task Metrics_are_of_the_cgroups_that_are_there()
    {
        LiveMachine machine = Begin(Small);
        Assert.Equal(["/"], CgroupsOf(machine).Keys);
        (_, int place) = await machine.CreateAsync("/a", 0);
        await machine.WriteMiscMaxAsync(place, "sgx_epc 409600\n");
        Assert.Equal(409600, CgroupsOf(machine)["/a"]);
        await machine.RemoveAsync(place);
        (_, int again) = await machine.CreateAsync("/b", 0);
        Assert.Equal(place, again);
        Assert.Equal(["/", "/b"], CgroupsOf(machine).Keys);
        Assert.Equal(double.PositiveInfinity, CgroupsOf(machine)["/b"]);
        End(machine);
    }

    [Fact]
    public async Task Memory_max_kills_the_process_on_the_host()
    {
        LiveMachine machine = Begin(Small);
        (_, int place) = await machine.CreateAsync("/a", 0);
        await machine.WriteMiscMaxAsync(place, "sgx_epc 131072");
        await machine.WriteMemoryMaxAsync(place, Limit.OfPages(20));
        OutsideHandle process = (await machine.OpenAsync(4711, place, place))!;
        Assert.NotEqual(Errno.Ok, await Load(process, 400));
        Assert.Equal([4711], _killed);

        // It gives its memory back before the host's process has noticed; what that one asks for meets no process.
        await process.Exit!;
        Assert.Equal(0, machine.ReadMemory(place).UsagePages);
        Assert.Equal(Errno.ESRCH, (await machine.OrderAsync(process, new ProcessOrder.Init())).Errno);
        await machine.CloseAsync(process);
        Assert.Equal(1, machine.ReadMemory(place).OomKills);
        Assert.Equal(0, machine.ReadMemory(place).UsagePages);
        End(machine);
    }

    /// <summary>
    /// A write that waits for processes to end must not keep the signal that ends them, however many writes there are.
    /// </summary>
    [Fact]
    public async Task Writes_of_memory_max_do_not_keep_the_end_of_a_process()
    {
        LiveMachine machine = Begin(Small);
        (_, int place) = await machine.CreateAsync("/a", 0);
        await machine.WriteMiscMaxAsync(place, "sgx_epc 131072");
        OutsideHandle process = (await machine.OpenAsync(4711, place, place))!;
        Assert.Equal(Errno.Ok, await Load(process, 400));
        Task<Errno>[] writes =
            [.. Enumerable.Range(0, 50).Select(pages => machine.WriteMemoryMaxAsync(place, Limit.OfPages(pages)))];
        Assert.All(await Task.WhenAll(writes), errno => Assert.Equal(Errno.Ok, errno));
        Assert.Equal([4711], _killed);
        Assert.Equal(0, machine.ReadMemory(place).UsagePages);
        End(machine);
    }

    [Fact]
    public async Task A_process_that_is_killed_gives_everything_back()
    {
        LiveMachine machine = Begin(Machines.Empty(("epc.live.pace", "1 %")));
        OutsideHandle process = (await machine.OpenAsync(1, 0, 0))!;
        Task<Errno> load = Load(process, 16384);

        // SECS, VA page and the ten measured pages are less: the ioctl that adds the heap is under way. A kill between
        // two calls would meet none, and the next call a process that is gone (ESRCH).
        Assert.True(SpinWait.SpinUntil(() => CurrentPages(machine) > 64, TimeSpan.FromMinutes(2)));
        Task close = machine.CloseAsync(process);
        Assert.Equal(Errno.EINTR, await load);
        await close;
        Assert.Equal(Errno.ESRCH, await Load(process, 16384));
        Assert.Equal(0, CurrentPages(machine));
        Assert.Empty(_killed);
        End(machine);
    }

    [Fact]
    public async Task Places_are_limited()
    {
        LiveMachine machine = Begin(Small, cgroups: 2);
        (_, int first) = await machine.CreateAsync("/a", 0);
        (_, int second) = await machine.CreateAsync("/b", first);
        Assert.Equal((Errno.EAGAIN, -1), await machine.CreateAsync("/c", 0));
        Assert.Equal(Errno.Ok, await machine.RemoveAsync(second));
        Assert.Equal((Errno.Ok, second), await machine.CreateAsync("/c", 0));
        End(machine);
    }

    public void Dispose() => _machine?.Dispose();

    private LiveMachine Begin(Scenario scenario, int cgroups = 16)
    {
        _machine = new LiveMachine(scenario, _killed.Add, null, cgroups);
        _machine.Start();
        return _machine;
    }

    private async Task<Errno> Load(OutsideHandle process, int heap)
    {
        ProcessOrder[] orders =
        [
            new ProcessOrder.Create(),
            new ProcessOrder.AddPages(0, 10, true),
            new ProcessOrder.AddPages(10, heap, false),
            new ProcessOrder.Init(),
        ];
        foreach (ProcessOrder order in orders)
        {
            ProcessResult result = await _machine!.OrderAsync(process, order);
            if (result.Errno != Errno.Ok)
            {
                return result.Errno;
            }
        }

        return Errno.Ok;
    }

    private static long CurrentPages(LiveMachine machine) =>
        long.Parse(machine.ReadMisc(0, MiscFile.Current).Split(' ')[1], CultureInfo.InvariantCulture) / 4096;

    /// <summary>The limits that a scraper sees, by cgroup.</summary>
    private static Dictionary<string, double> CgroupsOf(LiveMachine machine) => machine.Metrics.Read()
        .Single(one => one.Family == MetricFamilies.MiscMax).Points
        .ToDictionary(
            point => (string)point.Labels.Single(label => label.Key == "id").Value!, point => point.Value);

    private static void End(LiveMachine machine)
    {
        machine.Stop();
        Assert.True(machine.WasAtRest);
        Assert.Empty(machine.Violations);
    }
}

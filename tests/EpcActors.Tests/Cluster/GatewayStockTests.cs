using EpcActors.Cluster.Sharing;
using EpcActors.Kernel;
using EpcActors.Kernel.Random;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// Stock that processes take in advance: seldom asked for where there is room, exact where a limit or a watermark is
/// near.
/// </summary>
public sealed class GatewayStockTests
{
    private const int Page = KernelConstants.PageSize;

    [Fact]
    public void Far_from_the_watermarks_pages_are_counted_without_the_owner()
    {
        GatewayNet net = new(2, 100_000, counterBatch: 64);
        for (int i = 0; i < 10_000; i++)
        {
            Count(net, 1, -1);
            Assert.False(net.IsBelow(1, KernelConstants.NrLowPages));
        }

        // 64, 128, ... 1024 at once: two frames each.
        Assert.InRange(net.Frames, 10, 40);
        Assert.Equal(190_000, Free(net));
        for (int i = 0; i < 10_000; i++)
        {
            Count(net, 1, 1);
        }

        Assert.InRange(net.Frames, 20, 80);
        Assert.Equal(200_000, Free(net));
    }

    [Fact]
    public void With_a_batch_of_one_every_page_is_counted_at_the_owner()
    {
        GatewayNet net = new(2, 1000, counterBatch: 1);
        for (int i = 0; i < 10; i++)
        {
            Count(net, 1, -1);
            net.IsBelow(1, KernelConstants.NrLowPages);
        }

        Assert.Equal(40, net.Frames);
        Assert.Equal(0, net.Gateways[1].StockOf(GatewayNet.Counter));
    }

    /// <summary>
    /// Whatever others have in advance, a look at the counter says what the lists say: below a watermark is below it,
    /// above is above.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_watermark_is_compared_exactly(ulong seed)
    {
        const int Members = 3;
        Prng random = new(seed);
        GatewayNet net = new(Members, 80);
        int[] free = [80, 80, 80];
        int below = 0;
        int ahead = 0;
        for (int i = 0; i < 20_000; i++)
        {
            // Long ways down and up, through both watermarks.
            int member = random.NextBelow(Members);
            bool takes = free[member] > 0 && (free[member] == 80 || random.Chance(i / 500 % 2 == 0 ? 2 : 1, 3));
            free[member] += takes ? -1 : 1;
            Count(net, member, takes ? -1 : 1);
            ahead += net.Gateways.Any(one => one.StockOf(GatewayNet.Counter) < 0) ? 1 : 0;
            Assert.Equal(free.Sum(), Free(net));
            SharedCounter owner = net.Gateways[0].CounterOf(GatewayNet.Counter);
            Assert.True(owner.Value <= free.Sum());
            int watermark = random.Chance(1, 2) ? KernelConstants.NrLowPages : KernelConstants.NrHighPages;
            bool isBelow = net.IsBelow(member, watermark);
            Assert.Equal(free.Sum() < watermark, isBelow);
            below += isBelow ? 1 : 0;
        }

        Assert.True(
            below > 100 && ahead > 100,
            $"{below} looks were below a watermark, and pages were out in advance at {ahead}");
    }

    [Fact]
    public void A_limit_is_never_exceeded_and_a_refusal_means_that_no_process_has_stock()
    {
        const int Members = 3;
        const ulong Max = 200 * Page;
        Prng random = new(7);
        GatewayNet net = new(Members, 10_000, Max);
        int[] used = new int[Members];
        int refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            int member = random.NextBelow(Members);
            if (used[member] > 0 && random.Chance(i / 1000 % 2 == 0 ? 1 : 2, 3))
            {
                Uncharge(net, member);
                used[member]--;
            }
            else if (Charge(net, member))
            {
                used[member]++;
            }
            else
            {
                refused++;
                Assert.Equal(200, used.Sum());
            }

            SharedCounter root = net.Gateways[0].CounterOf(0);
            Assert.True((ulong)root.Value <= Max);
            Assert.Equal(used.Sum() * (long)Page, net.Gateways.Sum(one => one.UsedOf(0)));
            Assert.Equal(root.Value, net.Gateways.Sum(one => one.UsedOf(0) + one.StockOf(0)));
            Assert.All(net.Gateways, one => one.Snapshot());
        }

        Assert.True(refused > 100);
    }

    [Fact]
    public void Levels_with_stock_are_charged_in_one_turn_and_all_or_none()
    {
        GatewayNet net = new(2, 10_000);
        Assert.False(
            net.Ask(1, new ClusterProtocol.ChargeLevels { Cgroup = GatewayNet.Cgroup, Bytes = Page }).IsCharged);
        Assert.All((int[])[0, GatewayNet.Cgroup], counter => Assert.Equal(0, net.Gateways[1].UsedOf(counter)));
        Assert.True(Charge(net, 1));
        int frames = net.Frames;
        Assert.True(
            net.Ask(1, new ClusterProtocol.ChargeLevels { Cgroup = GatewayNet.Cgroup, Bytes = Page }).IsCharged);
        Assert.True(
            net.Ask(0, new ClusterProtocol.ChargeLevels { Cgroup = GatewayNet.Cgroup, Bytes = Page }).IsCharged);
        Assert.Equal(frames, net.Frames);
        Assert.Equal((2 * Page, Page), (net.Gateways[1].UsedOf(0), net.Gateways[0].UsedOf(0)));

        // A level that has none left stops all of them.
        net.GiveBack(1, 0);
        Assert.False(
            net.Ask(1, new ClusterProtocol.ChargeLevels { Cgroup = GatewayNet.Cgroup, Bytes = Page }).IsCharged);
        Assert.Equal(2 * Page, net.Gateways[1].UsedOf(GatewayNet.Cgroup));
    }

    [Fact]
    public void A_process_that_gave_back_begins_with_one_batch_again()
    {
        GatewayNet net = new(2, 100_000, counterBatch: 8);
        for (int i = 0; i < 1000; i++)
        {
            Count(net, 1, -1);
        }

        Assert.True(-net.Gateways[1].StockOf(GatewayNet.Counter) > 2 * 8);
        net.GiveBack(1, GatewayNet.Counter);
        Assert.Equal(0, net.Gateways[1].StockOf(GatewayNet.Counter));
        Count(net, 1, -1);
        Assert.Equal(-8, net.Gateways[1].StockOf(GatewayNet.Counter));
    }

    private static void Count(GatewayNet net, int member, int pages) =>
        net.Ask(member, new ClusterProtocol.AddToCounter { Counter = GatewayNet.Counter, Amount = pages });

    private static long Free(GatewayNet net) => net.Gateways.Sum(one => one.CountedFreePages);

    /// <summary>
    /// As the routine: all levels at once or one after the other; before a refusal every process gives its stock back.
    /// </summary>
    private static bool Charge(GatewayNet net, int member)
    {
        if (net.Ask(member, new ClusterProtocol.ChargeLevels { Cgroup = GatewayNet.Cgroup, Bytes = Page }).IsCharged)
        {
            return true;
        }

        foreach (int level in (int[])[GatewayNet.Cgroup, 0])
        {
            while (
                net.Ask(member, new ClusterProtocol.ChargeCounter { Counter = level, Bytes = Page }).Result
                == CounterCharge.Over)
            {
                long before = net.Gateways.Sum(one => one.StockOf(level));
                for (int other = 0; other < net.Gateways.Count; other++)
                {
                    net.GiveBack(other, level);
                }

                if (before == 0)
                {
                    Assert.Equal(0, level);
                    net.Ask(
                        member,
                        new ClusterProtocol.UnchargeCounter
                        {
                            Counter = GatewayNet.Cgroup,
                            Bytes = Page,
                            IsRollBack = true,
                        });
                    return false;
                }
            }
        }

        return true;
    }

    private static void Uncharge(GatewayNet net, int member)
    {
        if (
            net.Ask(
                member,
                new ClusterProtocol.UnchargeLevels { Cgroup = GatewayNet.Cgroup, Bytes = Page }
            ).IsUncharged)
        {
            return;
        }

        foreach (int level in (int[])[GatewayNet.Cgroup, 0])
        {
            net.Ask(member, new ClusterProtocol.UnchargeCounter { Counter = level, Bytes = Page });
        }
    }
}

using EpcActors.Engine.Live;
using EpcActors.Mount.Live;

namespace EpcActors.Tests.Mount;

/// <summary>A busy host makes virtual time pass slower, never faster.</summary>
public sealed class HostLoadTests
{
    [Fact]
    public void Time_slows_with_the_threads_that_wait_for_each_processor()
    {
        HostLoad load = new();
        for (int i = 0; i < 100; i++)
        {
            load.Add(5 * Environment.ProcessorCount);
        }

        Assert.InRange(load.Slowdown, 4.9, 5);
        for (int i = 0; i < 100; i++)
        {
            load.Add(0);
        }

        Assert.Equal(1, load.Slowdown);
    }

    [Fact]
    public void A_moment_of_many_threads_counts_little()
    {
        HostLoad load = new();
        load.Add(10);
        Assert.InRange(load.Average, 1, 2);
        load.Add(-3);
        Assert.InRange(load.Average, 1, 2);
    }

    [MountFact]
    public void The_load_of_this_host_can_be_read()
    {
        HostLoad load = new();
        Assert.InRange(load.Look(), 1, 1000);
    }

    [Fact]
    public void Costs_grow_by_the_factor()
    {
        Pace pace = new([100, 7], [200, 9]);
        Assert.Equal(300, pace.Ns(0, 3, remote: false));
        pace.Slowdown = 2.5;
        Assert.Equal(750, pace.Ns(0, 3, remote: false));
        Assert.Equal(500, pace.Ns(0, 1, remote: true));
        pace.Slowdown = 0.1;
        Assert.Equal(7, pace.Ns(1, 1, remote: false));
    }
}

using EpcActors.Mount.Live;

namespace EpcActors.Tests.Mount;

/// <summary>Loads that run side by side keep their distance.</summary>
public sealed class LoadStepsTests
{
    private long _now;

    [Fact]
    public void The_second_waits_for_a_distance_and_the_first_for_the_second()
    {
        LoadSteps steps = new(1000, () => _now);
        Assert.True(steps.MayAdd(0, 0, 1000));
        Assert.False(steps.MayAdd(1, 0, 1000));
        Assert.True(steps.MayAdd(0, 49, 1000));
        Assert.False(steps.MayAdd(1, 0, 1000));
        Assert.True(steps.MayAdd(0, 50, 1000));
        Assert.True(steps.MayAdd(1, 0, 1000));
        Assert.True(steps.MayAdd(0, 65, 1000));
        Assert.False(steps.MayAdd(0, 66, 1000));
        Assert.True(steps.MayAdd(1, 15, 1000));
        Assert.True(steps.MayAdd(0, 66, 1000));

        // The order is that of the beginnings, not that of the places.
        Assert.False(steps.MayAdd(5, 0, 1000));
        steps.End(0);
        Assert.True(steps.MayAdd(1, 65, 1000));
        Assert.True(steps.MayAdd(5, 0, 1000));
    }

    [Fact]
    public void Small_loads_and_loads_that_do_not_ask_hold_up_no_other()
    {
        LoadSteps steps = new(1000, () => _now);
        Assert.True(steps.MayAdd(0, 0, 1000));
        Assert.True(steps.MayAdd(1, 0, 499));
        Assert.False(steps.MayAdd(2, 0, 1000));
        _now = 20_001;
        Assert.True(steps.MayAdd(2, 0, 1000));
    }

    [Fact]
    public void A_process_that_has_opened_the_device_is_waited_for_until_it_says_otherwise()
    {
        LoadSteps steps = new(1000, () => _now);
        LoadSteps.Load first = steps.Announce();
        LoadSteps.Load second = steps.Announce();
        steps.Bind(first, 3);
        Assert.True(steps.MayAdd(3, 65, 1000));
        Assert.False(steps.MayAdd(3, 66, 1000));
        steps.Bind(second, 1);
        Assert.False(steps.MayAdd(3, 66, 1000));
        Assert.True(steps.MayAdd(1, 16, 1000));
        Assert.True(steps.MayAdd(3, 66, 1000));

        // It closes the device without a load, or after a small one.
        Assert.False(steps.MayAdd(3, 100, 1000));
        steps.End(second);
        Assert.True(steps.MayAdd(3, 100, 1000));
    }
}

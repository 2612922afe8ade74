using EpcActors.Engine.Live;

namespace EpcActors.Tests.Live;

/// <summary>Time in which a process ran, with a clock that the tests move: ticks of 100 ms.</summary>
public sealed class RunClockTests
{
    private const long Ms = 1_000_000;
    private readonly RunClock _clock = new(100 * Ms);

    [Fact]
    public void A_process_that_runs_loses_nothing()
    {
        Run(0, 3000);
        Assert.Equal(3000 * Ms, _clock.Between(0, 3000 * Ms));
        Assert.Equal(1234 * Ms, _clock.Between(1000 * Ms, 2234 * Ms));

        // The next tick may be as late again as it is far away.
        Assert.Equal(200 * Ms, _clock.Between(3000 * Ms, 3200 * Ms));
    }

    [Fact]
    public void A_stop_of_half_a_minute_counts_as_two_ticks()
    {
        Run(0, 1000);
        _clock.Tick(31_000 * Ms, counts: true);
        Run(31_000, 32_000);
        Assert.Equal(200 * Ms, _clock.Between(1000 * Ms, 31_000 * Ms));
        Assert.Equal(2200 * Ms, _clock.Between(0, 32_000 * Ms));
        Assert.Equal(500 * Ms, _clock.Between(31_100 * Ms, 31_600 * Ms));

        // A window that shares a part of the stop has lost that part.
        Assert.Equal(0, _clock.Between(2000 * Ms, 3000 * Ms));
        Assert.Equal(1000 * Ms, _clock.Between(20_000 * Ms, 32_000 * Ms));
    }

    [Fact]
    public void A_thread_that_wakes_up_before_the_watchdog_sees_the_stop_as_well()
    {
        Run(0, 1000);
        Assert.Equal(1200 * Ms, _clock.Between(0, 31_000 * Ms));
        Assert.Equal(0, _clock.Between(20_000 * Ms, 25_000 * Ms));
    }

    [Fact]
    public void Time_in_which_nothing_could_move_does_not_count_however_long_it_lasts()
    {
        Run(0, 1000);
        for (int at = 1100; at <= 20_000; at += 100)
        {
            _clock.Tick(at * Ms, counts: false);
        }

        Run(20_000, 21_000);
        Assert.Equal(0, _clock.Between(1000 * Ms, 20_000 * Ms));
        Assert.Equal(2000 * Ms, _clock.Between(0, 21_000 * Ms));
    }

    [Fact]
    public void A_process_that_is_starved_has_what_it_got_counted()
    {
        Run(0, 1000);
        for (int at = 1100; at <= 21_000; at += 100)
        {
            _clock.Tick(at * Ms, counts: true, mostNs: 10 * Ms);
        }

        Run(21_000, 22_000);
        Assert.Equal(2000 * Ms, _clock.Between(1000 * Ms, 21_000 * Ms));
        Assert.Equal(4000 * Ms, _clock.Between(0, 22_000 * Ms));
    }

    [Fact]
    public void Several_stops_are_all_taken_off()
    {
        long atMs = 0;
        for (int i = 0; i < 5; i++)
        {
            Run(atMs, atMs + 1000);
            atMs += 6000;
            _clock.Tick(atMs * Ms, counts: true);
        }

        Assert.Equal(5 * 1200 * Ms, _clock.Between(0, atMs * Ms));
    }

    private void Run(long fromMs, long toMs)
    {
        for (long at = fromMs + 100; at <= toMs; at += 100)
        {
            _clock.Tick(at * Ms, counts: true);
        }
    }
}

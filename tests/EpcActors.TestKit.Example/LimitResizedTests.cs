using EpcActors.TestKit;

namespace EpcActors.TestKit.Example;

/// <summary>A race in a file, with the schedule that showed it kept beside it.</summary>
public sealed class LimitResizedTests
{
    private static readonly RaceTest Resized = RaceTest.FromFile("races/limit-resized.conf");

    public static IEnumerable<object[]> Pinned => RaceTest.SchedulesIn("schedules");

    [Fact]
    public void A_limit_that_dips_on_its_way_up_refuses_an_allocation_that_always_fits() =>
        Resized.CheckBoth("buggy", "fixed");

    [Fact]
    public void The_schedule_that_showed_it_still_does() => RaceTest.Replay("schedules/limit-resized.schedule");

    [Fact]
    public void The_same_order_of_steps_does_no_harm_to_one_write() =>
        RaceTest.Schedule("schedules/limit-resized.schedule").Variant("fixed").MustHold();

    [Theory, MemberData(nameof(Pinned))]
    public void Every_schedule_that_was_kept_still_breaks_its_rule(string file) => RaceTest.Replay(file);

    [Fact]
    public void Random_schedules_find_it_as_well() =>
        Resized.Variant("buggy").Strategy("pct3", "random").Seed(7).Schedules(10_000)
            .Expect("finally errno(CPU0) == 0");
}

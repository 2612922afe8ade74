using EpcActors.Engine.Live;
using EpcActors.Races;
using EpcActors.TestKit;

namespace EpcActors.Tests.Conformance;

/// <summary>
/// Schedules that the laboratory found, replayed on live actors: what shows there is what shows in the simulation, step
/// by step.
/// </summary>
public abstract class ConductedReplays
{
    public static TheoryData<string> Races => [.. Catalogue.Ids.Where(id => Catalogue.ScheduleOf(id) is not null)];

    protected abstract LiveEngine NewEngine();

    [Theory]
    [MemberData(nameof(Races))]
    public void A_race_of_the_catalogue_shows_on_live_actors_as_in_the_simulation(string id)
    {
        ReplayedSchedule simulated = RaceTest.Replay(id);
        ReplayedSchedule live = RaceTest.Schedule(id).ConductedOn(NewEngine).MustBreak();
        Assert.Equal(simulated.Listing, live.Listing);
        Assert.NotEmpty(live.Listing);
    }

    [Fact]
    public void Where_a_schedule_does_not_fit_the_first_line_is_named()
    {
        string schedule = Catalogue
            .ScheduleOf("R1")!
            .ToString()
            .Replace("LoadPages", "AddPages", StringComparison.Ordinal);
        string simulated = Assert.Throws<ScheduleException>(() => RaceTest.Replay(schedule)).Message;
        string live = Assert
            .Throws<ScheduleException>(() => RaceTest.Schedule(schedule).ConductedOn(NewEngine).MustBreak())
            .Message;
        Assert.Equal(simulated, live);
        Assert.Contains("line ", live, StringComparison.Ordinal);
        Assert.Contains("here ", live, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fix_closes_it_on_live_actors_too() =>
        RaceTest.Schedule("R1").Variant("fixed").ConductedOn(NewEngine).MustHold();
}

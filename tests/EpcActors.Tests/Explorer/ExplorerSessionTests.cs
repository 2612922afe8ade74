using System.Xml.Linq;
using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Explorer;

public sealed class ExplorerSessionTests
{
    private const string Lost = "R1/buggy/CPU0*2,CPU1*3,CPU0";

    [Fact]
    public void Steps_are_taken_undone_and_taken_otherwise()
    {
        ExplorerSession session = New("R1/buggy/");
        session.Take(new RaceMove("CPU0"));
        session.Take(new RaceMove("CPU0"));
        session.Take(new RaceMove("CPU1"));
        session.Go(1);

        ExplorerView back = session.View();
        Assert.Equal((1, 3), (back.At, back.Way.Steps.Count));
        Assert.Equal("R1/buggy/CPU0", back.Link);

        // The same step as before keeps what comes behind it, another one does not.
        session.Take(new RaceMove("CPU0"));
        Assert.Equal((2, 3), (session.View().At, session.View().Way.Steps.Count));
        session.Go(1);
        session.Take(new RaceMove("CPU1"));
        Assert.Equal((2, 2), (session.View().At, session.View().Way.Steps.Count));
        Assert.Equal("R1/buggy/CPU0,CPU1", session.View().Link);
    }

    [Fact]
    public void The_fix_is_flipped_with_the_same_choices()
    {
        ExplorerSession session = New(Lost);
        Assert.Equal("free-page-counter", session.View().Position.Trace.Rule);

        int skipped = session.Switch("fixed");

        ExplorerView view = session.View();
        Assert.Equal(0, skipped);
        Assert.Equal("fixed", view.Race.Variant);
        Assert.Equal("", view.Way.Rule);
        Assert.Equal("R1/fixed/CPU0*2,CPU1*3,CPU0", view.Link);
    }

    [Fact]
    public void The_first_difference_to_the_fix_is_shown()
    {
        ExplorerSession session = New(Lost);
        session.CompareWith("fixed");

        RaceComparison comparison = session.View().Comparison!;

        // Both take the page, and the one with two halves keeps the lock of the node over them.
        Assert.Equal(0, comparison.FirstDifference);
        Assert.Equal((0, 0), comparison.Rows[0]);
        Assert.Equal("LoadPages", comparison.Left.Steps[comparison.Rows[1].Left].Message);
        Assert.Equal("free-page-counter", comparison.Left.Rule);
        Assert.Equal("", comparison.Right.Rule);
        Assert.EndsWith("/vs/fixed", session.View().Link, StringComparison.Ordinal);
        Assert.Equal(
            Enumerable.Range(0, comparison.Right.Steps.Count),
            comparison.Rows.Select(row => row.Right).Where(right => right >= 0));
    }

    [Fact]
    public void What_saves_is_counted_for_each_choice()
    {
        ExplorerSession session = New("R1/buggy/CPU0*2");
        session.BeginCount();
        Finish(session);

        ExplorerView view = session.View();
        Assert.Equal(view.Position.Choices.Count, view.Counts.Count);
        int stores = view.Position.Choices.ToList().FindIndex(choice => choice.Step.Message == "StorePages");
        Assert.True(view.Counts[stores].IsSafe);
        Assert.True(view.Counts[1 - stores].Violations > 0);
        Assert.True(view.Below!.Violations > 0);
        session.Go(1);
        Assert.Empty(session.View().Counts);
    }

    [Fact]
    public void A_hang_is_found_and_made_short()
    {
        ExplorerSession session = New("R13/buggy/");
        session.BeginShortest("liveness");
        Finish(session);

        ExplorerView view = session.View();
        Assert.InRange(view.Way.Steps.Count, 1, 20);
        Assert.True(view.Position.SameAsStep >= 0);
        Assert.Contains("repeat for ever", view.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_comes_back_as_it_was_saved()
    {
        ExplorerSession session = New(Lost);
        Schedule saved = Schedule.Parse(session.ToSchedule().ToString(), "x");
        ExplorerSession other = New("R3/buggy/");

        other.Open(saved);

        Assert.Equal(Lost, other.Link.ToString());
        Assert.Equal("free-page-counter", saved.Rule);
    }

    [Fact]
    public void A_schedule_of_a_race_file_brings_it_along()
    {
        string text = Catalogue.TextOf(Catalogue.FileOf("R1")!)
            .Replace("id = R1", "id = mine", StringComparison.Ordinal);
        ExplorerSession session = new(
            new RaceLink { Text = text, Variant = "buggy", Path = RacePath.Parse("CPU0*2") });
        Schedule saved = Schedule.Parse(session.ToSchedule().ToString(), "x");

        ExplorerSession other = new(ExplorerSession.LinkOf(saved));
        other.Open(saved);

        Assert.Equal("mine", other.View().Race.Id);
        Assert.Equal(2, other.View().At);
    }

    [Theory]
    [InlineData("R99/buggy/")]
    [InlineData("R1/nonsense/")]
    public void A_link_to_nothing_says_what_there_is(string link) =>
        Assert.Throws<RaceLinkException>(() => New(link));

    [Theory]
    [MemberData(nameof(RaceExplorerTests.Races), MemberType = typeof(RaceExplorerTests))]
    public void The_regions_of_the_page_are_well_formed(string id)
    {
        Schedule schedule = Catalogue.ScheduleOf(id)!;
        ExplorerSession session = new(ExplorerSession.LinkOf(schedule));
        AssertWellFormed(session.View());
        session.Open(schedule);
        session.Go(session.View().At / 2);
        session.CompareWith(session.View().Race.Variants.LastOrDefault(one => one != schedule.Variant));
        ExplorerView view = session.View();

        AssertWellFormed(view);
        XElement next = Region(view, "next");
        Assert.Equal(
            view.Position.Choices.Select(choice => choice.Move),
            next.Descendants("button").Select(button => button.Attribute("data-arg")!.Value));
        Assert.Equal(view.Way.Steps.Count, Region(view, "way").Descendants("g")
            .Count(group => group.Attribute("class")?.Value == "step"));
    }

    private static void AssertWellFormed(ExplorerView view)
    {
        foreach ((string id, string _) in ExplorerPage.Regions(view))
        {
            Assert.NotNull(Region(view, id));
        }
    }

    private static XElement Region(ExplorerView view, string id) => XElement.Parse(
        $"<region>{ExplorerPage.Regions(view).Single(region => region.Key == id).Value}</region>");

    private static ExplorerSession New(string link) => new(RaceLink.Parse(link));

    private static void Finish(ExplorerSession session)
    {
        while (session.IsBusy)
        {
            session.Advance();
        }
    }
}

using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Results;

namespace EpcActors.Tests.Explorer;

public sealed class ComparingTests
{
    private const string Lost = "R1/buggy/CPU0*2,CPU1*3,CPU0";
    private const string Other = "R1/buggy/CPU0*3,CPU1*3";

    [Fact]
    public void Two_schedules_stand_side_by_side()
    {
        ExplorerSession session = New(Lost);

        session.CompareWith(New(Other).ToSchedule());

        RaceComparison comparison = session.View().Comparison!;
        Assert.True(comparison.IsOtherWay);
        Assert.Equal(("free-page-counter", ""), (comparison.Left.Rule, comparison.Right.Rule));

        // CPU0's first two steps are the same; then one stores, and the other waits while CPU1 takes a page.
        Assert.Equal([(0, 0), (1, 1)], comparison.Rows.Take(2));
        Assert.Equal(2, comparison.FirstDifference);
        Assert.Equal(
            Enumerable.Range(0, 6), comparison.Rows.Select(row => row.Left).Where(left => left >= 0));
        Assert.Equal(
            Enumerable.Range(0, 6), comparison.Rows.Select(row => row.Right).Where(right => right >= 0));

        // Side by side stand only steps of one task at one resource.
        foreach ((int left, int right) in comparison.Rows.Where(row => row is { Left: >= 0, Right: >= 0 }))
        {
            Assert.Equal(comparison.Left.Steps[left].Task, comparison.Right.Steps[right].Task);
            Assert.Equal(comparison.Left.Steps[left].Message, comparison.Right.Steps[right].Message);
        }
    }

    [Fact]
    public void Both_ways_are_in_the_link()
    {
        ExplorerSession session = New(Lost);
        session.CompareWith(RaceLink.Parse("R1/fixed/CPU1*4"));

        string link = session.Link.ToString();
        ExplorerView view = New(link).View();

        Assert.EndsWith("/vs/fixed/CPU1*4", link, StringComparison.Ordinal);
        Assert.Equal("fixed", view.Comparison!.Right.Variant);
        Assert.Equal(4, view.Comparison.Right.Steps.Count);
        Assert.Equal(link, view.Link);
    }

    [Fact]
    public void A_way_put_aside_stays_while_another_one_is_taken()
    {
        ExplorerSession session = New(Lost);
        session.SetAside();
        Assert.Equal(-1, session.View().Comparison!.FirstDifference);

        session.Go(0);
        session.Take(new RaceMove("CPU1"));
        Assert.Equal(0, session.View().Comparison!.FirstDifference);
        Assert.Equal(6, session.View().Comparison!.Right.Steps.Count);

        session.Switch("fixed");
        Assert.Equal("buggy", session.View().Comparison!.Right.Variant);
        session.CompareWith((string?)null);
        Assert.Null(session.View().Comparison);
        Assert.Equal("R1/fixed/CPU1", session.Link.ToString());
    }

    [Fact]
    public void A_schedule_of_another_race_is_refused()
    {
        ExplorerSession session = New(Lost);

        RaceLinkException refused =
            Assert.Throws<RaceLinkException>(() => session.CompareWith(Catalogue.ScheduleOf("R11")!));

        Assert.Contains("R11", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Lost, session.Link.ToString());
    }

    [Fact]
    public void A_link_whose_other_way_means_nothing_is_refused() =>
        Assert.Throws<RaceLinkException>(() => New(Lost + "/vs/nonsense/CPU0"));

    private static ExplorerSession New(string link) => new(RaceLink.Parse(link));
}

using EpcActors.Races.Explorer;
using EpcActors.Results;

namespace EpcActors.Tests.Explorer;

public sealed class ExplorerJobTests
{
    [Theory]
    [InlineData("R1", "buggy", 6)]
    [InlineData("R13", "fixed", -1)]
    [InlineData("D3", "buggy", 20)]
    [InlineData("R11", "buggy", 21)]
    [InlineData("C9", "buggy", 15)]
    public void The_shortest_way_is_not_longer_than_the_known_schedule(string id, string variant, int known)
    {
        RaceExplorer explorer = RaceExplorerTests.New(id, variant);
        ShortestWay way = new(explorer, [], null, 100_000);

        Finish(way);

        if (known < 0)
        {
            Assert.True(way.IsExhausted);
            return;
        }

        RacePosition position = explorer.Look(way.Found!);
        Assert.Equal(way.Finding!.Rule, position.Trace.Rule);
        Assert.InRange(position.Trace.Steps.Count, 1, known);
    }

    [Fact]
    public void The_shortest_way_begins_at_the_position()
    {
        RaceExplorer explorer = RaceExplorerTests.New("R1", "buggy");
        ShortestWay way = new(explorer, RacePath.Parse("CPU1*3"), null, 100_000);

        Finish(way);

        Assert.StartsWith("CPU1*3,", RacePath.Format(way.Found!), StringComparison.Ordinal);
        Assert.Equal("free-page-counter", explorer.Look(way.Found!).Trace.Rule);
    }

    [Fact]
    public void The_counts_are_those_of_an_exhaustive_search()
    {
        // docs/races.md: every schedule (42 states).
        SpaceBelow all = new(RaceExplorerTests.New("R1", "fixed"), [], 10_000);

        Finish(all);

        Assert.Equal(42, all.States);
        Assert.True(all.IsSafe);
        Assert.True(all.Ends > 1);
    }

    [Fact]
    public void A_choice_that_saves_is_told_from_one_that_does_not()
    {
        RaceExplorer explorer = RaceExplorerTests.New("R1", "buggy");

        // CPU0 and CPU1 have loaded the counter, and one change is lost. A second one that is lost may make up for it.
        SpaceBelow lost = new(explorer, RacePath.Parse("CPU0*2,CPU1*2"), 10_000);
        Finish(lost);
        Assert.True(lost.IsExhausted);
        Assert.False(lost.IsSafe);
        Assert.Equal((11, 8), (lost.Ends, lost.Violations));

        // CPU0 has stored before CPU1 loads, and CPU1's allocation is the last of all.
        SpaceBelow saved = new(explorer, RacePath.Parse("CPU0*3"), 10_000);
        Finish(saved);
        Assert.True(saved.IsSafe);
    }

    /// <summary>A search goes down by layers of 64 steps; a position may lie deeper than the first.</summary>
    [Fact]
    public void A_deep_position_is_counted_from_where_it_lies()
    {
        RaceExplorer explorer = RaceExplorerTests.New("D5", "fixed");
        List<RaceMove> way = [];
        for (int i = 0; i < 70; i++)
        {
            way.AddRange(RacePath.Parse(explorer.Look(way).Choices[0].Move));
        }

        SpaceBelow below = new(explorer, way, 10_000);
        Finish(below);

        Assert.True(below.IsExhausted);
        Assert.True(below.IsSafe);

        // docs/races.md: every schedule (4,107 states) from the beginning.
        Assert.InRange(below.States, 10, 4106);
        SpaceBelow next = new(explorer, [.. way, .. RacePath.Parse(explorer.Look(way).Choices[0].Move)], 10_000);
        Finish(next);

        // Its tasks go round: a step further may lead back to the position, and then nothing is lost.
        Assert.InRange(next.States, 1, below.States);
    }

    [Fact]
    public void A_hang_below_is_told()
    {
        SpaceBelow below = new(RaceExplorerTests.New("R13", "buggy"), [], 10_000);

        Finish(below);

        Assert.True(below.HasHang);
        Assert.False(below.IsSafe);
    }

    [Fact]
    public void A_bound_on_the_states_is_not_safety()
    {
        SpaceBelow below = new(RaceExplorerTests.New("R3", "fixed"), [], 100);

        Finish(below);

        Assert.False(below.IsExhausted);
        Assert.False(below.IsSafe);
    }

    [Theory]
    [InlineData("R3", "contents")]
    [InlineData("R11", "use-after-free")]
    [InlineData("R18", "poison-reuse")]
    public void Strategies_go_on_until_a_rule_is_broken(string id, string rule)
    {
        RaceExplorer explorer = RaceExplorerTests.New(id, "buggy");
        GoOn goOn = new(explorer, [], [], 1, 5000, rule);

        Finish(goOn);

        Assert.Equal(rule, explorer.Look(goOn.Found!).Trace.Rule);
        Shorten shorten = new(explorer, goOn.Found!, 4000);
        int before = explorer.Look(goOn.Found!).Trace.Steps.Count;
        Finish(shorten);
        RacePosition position = explorer.Look(shorten.Shortest);
        Assert.Equal(rule, position.Trace.Rule);
        Assert.InRange(position.Trace.Steps.Count, 1, before);
        Assert.Equal(position.Trace.Steps.Count, shorten.Steps);
    }

    [Fact]
    public void Strategies_keep_the_steps_that_were_taken()
    {
        RaceExplorer explorer = RaceExplorerTests.New("R1", "buggy");
        GoOn goOn = new(explorer, RacePath.Parse("CPU1,CPU0"), ["random"], 1, 5000, null);

        Finish(goOn);

        Assert.StartsWith("CPU1,CPU0", RacePath.Format(goOn.Found!), StringComparison.Ordinal);
    }

    private static void Finish(IExplorerJob job)
    {
        while (!job.IsOver)
        {
            job.Advance();
        }
    }
}

using EpcActors.Races.Explorer;
using EpcActors.Results;

namespace EpcActors.Tests.Explorer;

public sealed class NeighbourhoodTests
{
    /// <summary>The map against every path of that length, each looked at by itself.</summary>
    [Theory]
    [InlineData("R1", "fixed", "", 3)]
    [InlineData("R1", "buggy", "CPU0*2", 4)]
    [InlineData("R11", "buggy", "", 3)]
    [InlineData("D3", "buggy", "", 2)]
    public void The_map_has_every_state_once(string id, string variant, string path, int depth)
    {
        RaceExplorer explorer = RaceExplorerTests.New(id, variant);
        Neighbourhood around = new(explorer, RacePath.Parse(path), depth, 500);
        while (!around.IsDrawn)
        {
            around.Advance();
        }

        StateMap map = around.Map();

        Assert.True(map.IsWhole);
        Dictionary<ulong, int> depths = [];
        HashSet<(ulong, ulong)> steps = [];
        Walk(RacePath.Parse(path), 0);
        Assert.Equal(
            depths.OrderBy(one => one.Key).Select(one => (one.Key, one.Value)),
            map.States.Select(state => (HashOf(state), state.Depth)).OrderBy(one => one.Item1));
        Assert.Equal(
            steps.Order(),
            map.Steps.Select(step => (HashOf(map.States[step.From]), HashOf(map.States[step.To]))).Distinct().Order());

        ulong HashOf(StateMapNode state) => explorer.Look(RacePath.Parse(state.Path)).StateHash;

        void Walk(IReadOnlyList<RaceMove> way, int at)
        {
            RacePosition position = explorer.Look(way);
            if (!depths.TryGetValue(position.StateHash, out int before) || at < before)
            {
                depths[position.StateHash] = at;
            }

            foreach (RaceChoice choice in at == depth ? [] : position.Choices)
            {
                IReadOnlyList<RaceMove> next = [.. way, .. RacePath.Parse(choice.Move)];
                steps.Add((position.StateHash, explorer.Look(next).StateHash));
                Walk(next, at + 1);
            }
        }
    }

    [Fact]
    public void A_state_that_breaks_the_rule_says_so_and_every_state_is_counted()
    {
        RaceExplorer explorer = RaceExplorerTests.New("R1", "buggy");
        Neighbourhood around = new(explorer, RacePath.Parse("CPU0*2,CPU1*3"), 2, 10_000);
        while (!around.IsOver)
        {
            around.Advance();
        }

        StateMap map = around.Map();

        Assert.Contains(map.States, state => state is { Kind: StateKind.Violation, Rule: "free-page-counter" });
        Assert.Contains(map.Steps, step => step is { From: 0, Task: "CPU0", Message: "StorePages free-page-counter" });
        foreach (StateMapNode state in map.States.Where(state => state.Kind == StateKind.Open))
        {
            SpaceBelow alone = new(explorer, RacePath.Parse(state.Path), 10_000);
            while (!alone.IsOver)
            {
                alone.Advance();
            }

            // Counts that take turns on one world are those of a world of their own.
            Assert.Equal(alone.Count(), state.Below);
        }
    }

    [Fact]
    public void A_web_of_states_is_cut_and_says_so()
    {
        Neighbourhood around = new(RaceExplorerTests.New("C19", "buggy"), [], 4, 100);
        while (!around.IsDrawn)
        {
            around.Advance();
        }

        StateMap map = around.Map();

        Assert.Equal(Neighbourhood.MostStates, map.States.Count);
        Assert.False(map.IsWhole);
        Assert.Contains(map.States, state => state.HasMore);
    }
}

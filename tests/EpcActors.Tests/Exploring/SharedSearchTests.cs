using System.Text;
using EpcActors.Exploration;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Exploring;

/// <summary>
/// A search that leaves out steps, one on several threads, and one that goes on another day find what a plain one
/// finds.
/// </summary>
public sealed class SharedSearchTests
{
    private const int MaxStates = 4000;

    public static TheoryData<string, string> Variants()
    {
        TheoryData<string, string> all = [];
        foreach (string id in Catalogue.Ids)
        {
            foreach (string variant in RaceFile.Load(Catalogue.FileOf(id)!).Variants)
            {
                all.Add(id, variant);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    [Trait("tier", "slow")] // Two searches of each variant of each race.
    public void Steps_that_are_left_out_change_no_verdict(string id, string variant)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf(id)!, variant);
        (SearchResult plain, SearchSpace whole) = Search(race, new SearchBounds { Reduces = false });
        (SearchResult reduced, SearchSpace few) = Search(race, new SearchBounds());
        if (!plain.IsComplete)
        {
            return;
        }

        Assert.True(reduced.IsComplete);
        Assert.Equal(plain.States, reduced.States);
        Assert.Equal(plain.Counterexample is null, reduced.Counterexample is null);
        Assert.Equal(plain.CycleStart >= 0, reduced.CycleStart >= 0);
        Assert.True(reduced.Edges <= plain.Edges);

        // What was left out is put in for hangs: it is the same graph.
        Assert.Equal(Edges(whole), Edges(few));
    }

    [Fact]
    public void Most_steps_of_programs_that_rarely_meet_are_left_out()
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf("D15")!, "fixed");
        SearchResult plain = Search(race, new SearchBounds { Reduces = false }).Result;
        SearchResult reduced = Search(race, new SearchBounds()).Result;
        Assert.True(plain.IsComplete && reduced.IsComplete);
        Assert.True(reduced.Edges * 10 < plain.Edges * 9, $"{reduced.Edges} of {plain.Edges} steps");
    }

    [Theory]
    [InlineData("D5", "fixed")]
    [InlineData("C17", "fixed")]
    [InlineData("D3", "epc-lost")]
    [InlineData("D15", "buggy")]
    public void Searchers_that_share_a_space_meet_the_same_states(string id, string variant)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf(id)!, variant);
        SearchBounds bounds = Bounds(race, new SearchBounds()) with { MaxStates = 100_000 };
        SearchResult alone = new ExhaustiveSearch(new RaceWorld(race.Scenario), bounds).Search(null, default);
        Assert.True(alone.IsComplete);
        SearchSpace space = new(bounds);
        space.Share(new NoGate());
        ExhaustiveSearch[] searchers =
        [
            .. Enumerable.Range(0, 3).Select(_ => new ExhaustiveSearch(new RaceWorld(race.Scenario), space)),
        ];

        // In turns, so that it is always the same: whoever has nothing to do asks again later.
        while (!space.IsExhausted)
        {
            foreach (ExhaustiveSearch searcher in searchers)
            {
                searcher.Advance();
            }
        }

        SearchResult shared = space.ToResult(looksForHangs: true);
        Assert.True(shared.IsComplete);
        Assert.Equal(alone.States, shared.States);
        Assert.Equal(alone.Counterexample is null, shared.Counterexample is null);
        Assert.Equal(alone.CycleStart >= 0, shared.CycleStart >= 0);
        Assert.True(searchers.All(one => one.Schedules > 20), "some searcher had nothing to do");
    }

    [Fact]
    public void Threads_find_what_one_finds()
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf("D5")!, "fixed");
        VerifyBounds bounds = new() { States = 1_000_000, Schedules = 0, StatesAlone = 100 };
        SearchVerdict one = Verify(workers: 1);
        SearchVerdict four = Verify(workers: 4);
        Assert.Equal(VerdictKind.Clean, one.Kind);
        Assert.Equal(one.Kind, four.Kind);
        Assert.Equal(one.Bound, four.Bound);

        SearchVerdict Verify(int workers) => Verifier.Verify(
            () => new RaceWorld(race.Scenario), bounds, 1, workers, null, null, default);
    }

    [Theory]
    [InlineData("D5", "fixed", 1)]
    [InlineData("D5", "fixed", 500)]
    [InlineData("C17", "fixed", 300)]
    [InlineData("D3", "epc-lost", 7000)]
    [InlineData("D15", "buggy", 40)]
    public void A_search_goes_on_where_it_was_stopped(string id, string variant, int schedules)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf(id)!, variant);
        SearchBounds bounds = Bounds(race, new SearchBounds()) with { MaxStates = 100_000, StopsAtFirst = true };
        SearchResult whole = new ExhaustiveSearch(new RaceWorld(race.Scenario), bounds).Search(null, default);
        Assert.True(schedules < whole.Schedules);
        SearchSpace space = new(bounds);
        for (int day = 0; day < 3; day++)
        {
            ExhaustiveSearch search = new(new RaceWorld(race.Scenario), space);
            for (int i = 0; i < schedules && search.Advance(); i++)
            {
            }

            search.Suspend();
            using MemoryStream file = new();
            space.Write(new BinaryWriter(file, Encoding.UTF8));
            file.Position = 0;
            space = SearchSpace.Read(new BinaryReader(file, Encoding.UTF8), bounds);
        }

        SearchResult rest = Finish(race, space);
        Assert.Equal(whole.IsComplete, rest.IsComplete);
        Assert.Equal(whole.States, rest.States);
        Assert.Equal(whole.Counterexample is null, rest.Counterexample is null);
        Assert.Equal(whole.CycleStart >= 0, rest.CycleStart >= 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(1000)]
    [InlineData(-1)]
    public void A_part_of_the_data_of_a_search_is_refused(int length)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf("D5")!, "fixed");
        SearchBounds bounds = Bounds(race, new SearchBounds());
        SearchSpace space = new(bounds);
        ExhaustiveSearch search = new(new RaceWorld(race.Scenario), space);
        for (int i = 0; i < 100; i++)
        {
            search.Advance();
        }

        search.Suspend();
        using MemoryStream file = new();
        space.Write(new BinaryWriter(file, Encoding.UTF8));
        file.SetLength(length < 0 ? file.Length + length : length);
        file.Position = 0;
        Assert.ThrowsAny<IOException>(() => SearchSpace.Read(new BinaryReader(file, Encoding.UTF8), bounds));
    }

    private static SearchResult Finish(RaceDefinition race, SearchSpace space)
    {
        ExhaustiveSearch search = new(new RaceWorld(race.Scenario), space);
        return search.Search(null, CancellationToken.None);
    }

    private static (SearchResult Result, SearchSpace Space) Search(RaceDefinition race, SearchBounds bounds)
    {
        SearchSpace space = new(Bounds(race, bounds));
        return (Finish(race, space), space);
    }

    private static SearchBounds Bounds(RaceDefinition race, SearchBounds bounds) => bounds with
    {
        MaxStates = MaxStates,
        MaxSteps = race.Scenario.Race!.MaxSteps * 4,
        StopsAtFirst = false,
    };

    /// <summary>Every step between two states, also those that were left out.</summary>
    private static IReadOnlySet<(ulong From, ulong To, int Task, bool IsProgress)> Edges(SearchSpace space) =>
        space.StepsBetweenStates().ToHashSet();

    private sealed class NoGate : ISearchGate
    {
        public void Enter()
        {
        }

        public void Leave()
        {
        }
    }
}

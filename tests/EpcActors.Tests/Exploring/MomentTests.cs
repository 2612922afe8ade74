using EpcActors.Exploration;
using EpcActors.Races;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Exploring;

/// <summary>A search that goes back to moments that it kept finds what one finds that makes every step again.</summary>
[Trait("tier", "slow")] // Four searches of each variant.
public sealed class MomentTests
{
    public static TheoryData<string, string> Variants()
    {
        TheoryData<string, string> all = [];
        foreach (string id in Catalogue.Ids)
        {
            foreach (string variant in RaceFile.Load(Catalogue.FileOf(id)!).Variants.Take(3))
            {
                all.Add(id, variant);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_search_finds_the_same_with_and_without_moments(string id, string variant)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf(id)!, variant);
        SearchResult plain = Search(race, keepEvery: 0);
        foreach (int every in new[] { 1, 5, 16 })
        {
            SearchResult kept = Search(race, every);
            Assert.Equal(plain.Counterexample, kept.Counterexample);
            Assert.Equal(
                plain with { Steps = 0, Counterexample = null },
                kept with { Steps = 0, Counterexample = null });
            Assert.True(kept.Steps <= plain.Steps, $"{kept.Steps} steps instead of {plain.Steps}");
        }
    }

    /// <summary>Every moment, step by step: the state that comes back is the state that was kept.</summary>
    [Theory]
    [InlineData("R1", "buggy")]
    [InlineData("R3", "buggy")]
    [InlineData("C3", "buggy")]
    [InlineData("C17", "buggy")]
    [InlineData("D6", "buggy")]
    [InlineData("D8", "buggy")]
    public void The_state_comes_back_in_every_moment(string id, string variant)
    {
        RaceWorld world = new(RaceFile.Load(Catalogue.FileOf(id)!, variant).Scenario);
        KeepingWalk walk = new(world);
        for (ulong seed = 0; seed < 20; seed++)
        {
            world.Reset();
            walk.Begin(world.Execution, seed);
            world.Execution.Run(walk, 300);
            for (int i = walk.Kept.Count - 1; i >= 0; i--)
            {
                world.ReturnTo(i);
                Assert.Equal(walk.Kept[i].Steps, world.Execution.Steps);
                Assert.Equal(walk.Kept[i].State, KeepingWalk.StateOf(world));
            }
        }
    }

    private static SearchResult Search(RaceDefinition race, int keepEvery) =>
        new ExhaustiveSearch(
            new RaceWorld(race.Scenario),
            new SearchBounds
            {
                MaxStates = 1500,
                MaxSteps = race.Scenario.Race!.MaxSteps,
                KeepEvery = keepEvery,
                StopsAtFirst = false,
            }).Search(null, CancellationToken.None);

    /// <summary>A random walk that keeps a moment before each step.</summary>
    private sealed class KeepingWalk(RaceWorld world) : IStrategy
    {
        private readonly RandomWalk _inner = new();

        public List<(int Steps, ulong State)> Kept { get; } = [];

        /// <summary>Not from what is remembered of each actor: of what they hold now.</summary>
        public static ulong StateOf(RaceWorld world)
        {
            const byte SinceFingerprint = 2;
            foreach (byte[] flags in new[] { world.Engine.Touched, world.Engine.Moved })
            {
                for (int i = 0; i < flags.Length; i++)
                {
                    flags[i] |= SinceFingerprint;
                }
            }

            return world.Fingerprint();
        }

        public void Begin(Execution execution, ulong seed)
        {
            Kept.Clear();
            _inner.Begin(execution, seed);
        }

        public int Next(Execution execution)
        {
            Kept.Add((execution.Steps, StateOf(world)));
            Assert.True(world.TryKeep(), "build with -c Release: without optimisation no moment can be kept");
            return _inner.Next(execution);
        }

        public bool Choose(Execution execution, int task, int point) => _inner.Choose(execution, task, point);
    }
}

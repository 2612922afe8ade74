using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Races.Hunting;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>
/// Repairs of what no kernel has fixed: each open race has one, none is on in a kernel, and a mail can be written of
/// it.
/// </summary>
public sealed class RepairTests
{
    /// <summary>Open races without a repair that closes them, with the reason.</summary>
    private static readonly Dictionary<string, string> WithoutRepair = new()
    {
        ["C13"] = "a fault that is refused comes again in every design that does not wait",
    };

    public static TheoryData<string> Open =>
        [.. Catalogue.Ids.Where(id => Load(id).Status == RaceStatus.Open && !WithoutRepair.ContainsKey(id))];

    [Theory]
    [MemberData(nameof(Open))]
    public void Every_open_race_has_a_variant_that_is_clean_and_was_measured(string id)
    {
        RaceDefinition race = Load(id);
        string[] repairs = [.. race.Variants.Where(one => one.StartsWith(Catalogue.Fixed, StringComparison.Ordinal))];
        Assert.NotEmpty(repairs);
        RaceFigure? figure = Catalogue.Figures.Of(id);
        Assert.NotNull(figure);
        Assert.All(repairs, repair => Assert.True(figure.Clean.ContainsKey(repair), $"{id} {repair} is not measured"));
    }

    [Theory]
    [MemberData(nameof(Open))]
    public void Every_open_race_says_what_would_change_in_words_and_as_pseudo_code(string id)
    {
        RaceDefinition race = Load(id);
        Assert.NotEmpty(race.Change);
        Assert.NotEmpty(race.Patch);
    }

    [Fact]
    public void Repairs_are_off_in_every_kernel()
    {
        KernelSwitches none = new();
        foreach (string kernel in BuiltInFiles.Names("kernels"))
        {
            KernelSwitches switches = RaceFile.LoadText(
                $"epc {{ kernel = \"{kernel}\", race {{ tasks {{ T {{ do = [ \"reclaim\" ] }} }} }} }}")
                .Scenario.Switches;
            Assert.Equal(none.GrowCountsVaPages, switches.GrowCountsVaPages);
            Assert.Equal(none.RemoveFreesVaPage, switches.RemoveFreesVaPage);
            Assert.Equal(none.PoisonUncounts, switches.PoisonUncounts);
            Assert.Equal(none.EwbFailure, switches.EwbFailure);
            Assert.Equal(none.SecsReclaim, switches.SecsReclaim);
            Assert.Equal(none.IsolatedReclaimable, switches.IsolatedReclaimable);
            Assert.Equal(none.DebugAccess, switches.DebugAccess);
            Assert.Equal(none.FaultLooksAgain, switches.FaultLooksAgain);
            Assert.Equal(none.VepcMapsExisting, switches.VepcMapsExisting);
            Assert.Equal(none.TypeBeforeEtrack, switches.TypeBeforeEtrack);
            Assert.Equal(none.ReclaimRoot, switches.ReclaimRoot);
            Assert.Equal(none.LimitEvents, switches.LimitEvents);
            Assert.Equal(none.VepcRetriesUnderLock, switches.VepcRetriesUnderLock);
            Assert.Equal(none.PoisonCheck, switches.PoisonCheck);
            Assert.Equal(none.WaitersFirst, switches.WaitersFirst);
            Assert.Equal(none.FaultReclaims, switches.FaultReclaims);
        }
    }

    /// <summary>
    /// The known-bad twin of the hunt: the counter that loses updates is found by worlds that were drawn.
    /// </summary>
    [Trait("tier", "slow")] // Thousands of schedules.
    [Fact]
    public void A_hunt_finds_the_lost_update_of_the_old_counter_and_knows_it()
    {
        WorldHuntResult old = WorldHunt.Run("linux-5.15", 1, null, 60, null, CancellationToken.None);
        Assert.Contains(old.Findings, one => one.Schedule.Rule == Rules.FreePageCounter);
        Assert.True(old.PairsBothWays > 20, $"{old.PairsBothWays} pairs met in both orders");
        WorldHuntResult repaired = WorldHunt.Run(
            "linux-5.15-atomic-counter", 1, null, 60, null, CancellationToken.None);
        Assert.DoesNotContain(repaired.Findings, one => one.Schedule.Rule == Rules.FreePageCounter);
    }

    /// <summary>
    /// The attribution of a hunt, on schedules whose cause is known: the race's own repair ends it, and that of a race
    /// which is about something else does not.
    /// </summary>
    [Trait("tier", "slow")] // Thousands of schedules.
    [Theory]
    [InlineData("D2", "D3")]
    [InlineData("D3", "R9")]
    [InlineData("D10", "D3")]
    [InlineData("R9", "R10")]
    [InlineData("R19", "D3")]
    [InlineData("C22", "R9")]
    public void What_a_hunt_finds_is_told_with_the_repair_that_ends_it(string id, string other)
    {
        Schedule schedule = Catalogue.ScheduleOf(id)!;
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf(id)!, schedule.Variant);

        // A drawn world is a file without variants; the schedule brings its text.
        IReadOnlyList<string> ending = CatalogueRepairs.ThatEnd(
            race, schedule with { Scenario = WithVariant(id, schedule.Variant) }, searched: 60);

        Assert.Contains(id, ending);
        Assert.DoesNotContain(other, ending);
    }

    [Trait("tier", "slow")] // Thousands of schedules.
    [Fact]
    public void A_world_of_a_seed_is_the_same_every_time()
    {
        WorldHuntResult first = WorldHunt.Run("linux-6.16", 7, null, 12, null, CancellationToken.None);
        WorldHuntResult second = WorldHunt.Run("linux-6.16", 7, null, 12, null, CancellationToken.None);
        Assert.Equal(first.Schedules, second.Schedules);
        Assert.Equal(first.Findings.Select(one => one.Cause), second.Findings.Select(one => one.Cause));
        Assert.Equal(first.PairsOneWay, second.PairsOneWay);
    }

    /// <summary>The text of a race with a variant on top, as a file of its own.</summary>
    private static string WithVariant(string id, string variant) =>
        $"{Catalogue.TextOf(Catalogue.FileOf(id)!)}\nepc = ${{epc.race.variants.{variant}}}\n";

    private static RaceDefinition Load(string id) => RaceFile.Load(Catalogue.FileOf(id)!);
}

using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;
using EpcActors.TestKit;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Races;

/// <summary>
/// The pinned schedule of every race of the catalogue, and what is written about it. That each is found with its bug in
/// is in <see cref="CatalogueSearchTests"/>, that it is clean without in <see cref="CatalogueCleanTests"/>.
/// </summary>
[Trait("tier", "slow")] // Every schedule of the catalogue is replayed, on every variant.
public sealed class CatalogueTests
{
    public static TheoryData<string> Ids => [.. Catalogue.Ids];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Its_pinned_schedule_replays_and_breaks_its_rule(string id)
    {
        RaceDefinition plain = Load(id, null);
        Schedule? schedule = Catalogue.ScheduleOf(id);
        if (!plain.Variants.Contains(Catalogue.Buggy))
        {
            Assert.Null(schedule);
            Assert.Equal(RaceVerdict.Refuted, plain.Verdict);
            return;
        }

        Assert.NotNull(schedule);
        RaceDefinition race = Load(id, schedule.Variant);
        (RaceTrace trace, ScheduleOutcome outcome, NamedReplay replay) = RaceSearch.Trace(
            race,
            schedule,
            isStrict: true,
            "");
        Assert.Null(replay.Divergence);
        Assert.Equal(race.Rule, outcome.Finding?.Rule);
        Assert.Equal(race.Rule, trace.Rule);
        Assert.Equal(Catalogue.Figures.Of(id)!.Rule, race.Rule);
        foreach (string variant in plain.Variants.Where(variant => !Catalogue.IsBuggy(variant)))
        {
            (_, ScheduleOutcome carried, _) = RaceSearch.Trace(Load(id, variant), schedule, isStrict: false, "");
            Assert.True(carried.Finding is null, $"{variant}: {carried.Finding}");
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void It_says_where_it_comes_from_and_what_became_of_it(string id)
    {
        RaceDefinition race = Load(id, null);
        Assert.Equal(id, race.Id);
        Assert.NotEqual("", race.Title);
        Assert.NotEqual("", race.Source);
        Assert.NotEqual("", race.Symptom);
        Assert.NotEqual("", race.Description);
        Assert.True(race.Status != RaceStatus.Fixed || race.Fix.Length > 0, "what is fixed has a fix");
        Assert.NotEmpty(race.Variants);
        if (id[0] == 'D')
        {
            Assert.NotEqual(RaceVerdict.None, race.Verdict);
        }

        RaceFigure? figure = Catalogue.Figures.Of(id);
        Assert.NotNull(figure);
        Assert.Equal(race.Variants.Where(variant => !Catalogue.IsBuggy(variant)).Order(), figure.Clean.Keys.Order());
        Assert.Equal(race.Variants.Contains(Catalogue.Buggy), figure.Steps > 0);
    }

    [Fact]
    public void Every_row_of_the_literature_is_a_race_or_has_a_reason()
    {
        string[] rows =
        [
            .. Enumerable.Range(1, 33).Select(n => $"R{n}"), .. Enumerable.Range(1, 26).Select(n => $"C{n}"),
            .. Enumerable.Range(1, 15).Select(n => $"D{n}"),
        ];
        HashSet<string> left = [.. Catalogue.NotModelled.Select(row => row.Id)];
        Assert.Equal([], rows.Where(row => !Catalogue.Ids.Contains(row) && !left.Contains(row)));
        Assert.Equal([], Catalogue.Ids.Where(left.Contains));
        Assert.All(Catalogue.NotModelled, row => Assert.True(row.Reason.Length > 20, row.Id));
        string[] required =
        [
            "R1",
            "R2",
            "R3",
            "R4",
            "R5",
            "R7",
            "R8",
            "R9",
            "R10",
            "R11",
            "R13",
            "R17",
            "R18",
            "R19",
            "R26",
            "R27",
            "R30",
            "C1",
            "C3",
            "C5",
            "C6",
            "C7",
            "C8",
            "C14",
            "C15",
            "C16",
            "C18",
            "C21",
            "C22",
            "C26",
            .. Enumerable.Range(1, 15).Select(n => $"D{n}"),
        ];
        Assert.Equal([], required.Except(Catalogue.Ids));
    }

    [Fact]
    public void The_pair_that_decides_is_never_two_readers()
    {
        foreach (string id in Catalogue.Ids.Where(id => Catalogue.ScheduleOf(id) is not null))
        {
            RaceTrace trace = RaceTest.Replay(id).Trace;
            Assert.True(
                trace.Conflict.First < 0
                    || trace.Steps[trace.Conflict.First - 1].IsWrite || trace.Steps[trace.Conflict.Second - 1].IsWrite,
                $"{id}: steps {trace.Conflict} both only read");
        }

        // A lock that is taken in order to look changes nothing but itself.
        Assert.All(
            RaceTest.Replay("R9").Trace.Steps.Where(step => step.Message is "LockAndReadPage" or "Unlock"),
            step => Assert.False(step.IsWrite));
    }

    [Fact]
    public async Task The_document_is_what_the_catalogue_says()
    {
        CliResult document = await CliHarness.Call("race", "list", "--document");
        Assert.Equal(0, document.Code);
        Assert.Equal(Normal(document.Out), Normal(File.ReadAllText(Path.Combine(Repository.Root, "docs", "races.md"))));
    }

    private static string Normal(string text) => text.ReplaceLineEndings("\n");

    private static RaceDefinition Load(string id, string? variant) => RaceFile.Load(Catalogue.FileOf(id)!, variant);
}

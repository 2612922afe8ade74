using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Explorer;

public sealed class RaceExplorerTests
{
    public static TheoryData<string> Races => [.. Catalogue.Ids.Where(id => Catalogue.ScheduleOf(id) is not null)];

    [Theory]
    [MemberData(nameof(Races))]
    public void The_schedule_of_the_catalogue_leads_to_its_rule(string id)
    {
        Schedule schedule = Catalogue.ScheduleOf(id)!;
        RaceExplorer explorer = New(id, schedule.Variant, schedule.Settings);

        IReadOnlyList<RaceMove> path = explorer.PathOf(schedule, out string? divergence);
        RacePosition position = explorer.Look(RacePath.Parse(RacePath.Format(path)));

        Assert.Null(divergence);
        Assert.Equal("", position.Divergence);
        Assert.Equal(schedule.Steps.Count(step => step.Choice is null), position.Trace.Steps.Count);
        if (schedule.CycleStart >= 0)
        {
            // A hang: the state at the end was there before, where its cycle begins or a lap later.
            int first = schedule.Steps.Take(schedule.CycleStart).Count(step => step.Choice is null);
            Assert.InRange(position.SameAsStep, first, position.Trace.Steps.Count - 1);
            Assert.NotEmpty(position.Choices);
        }
        else
        {
            Assert.Equal(schedule.Rule, position.Trace.Rule);
            Assert.Empty(position.Choices);
            Assert.NotEqual("", position.End);
        }

        Assert.Equal(
            schedule.Steps.Select(step => step with { Line = 0 }),
            explorer.ScheduleOf(path, schedule.Settings, "").Steps.Select(step => step with { Line = 0 }));
    }

    [Theory]
    [MemberData(nameof(Races))]
    public void The_steps_are_those_of_the_listing(string id)
    {
        Schedule schedule = Catalogue.ScheduleOf(id)!;
        RaceExplorer explorer = New(id, schedule.Variant, schedule.Settings);
        RaceTrace shown = explorer.Look(explorer.PathOf(schedule, out _)).Trace;

        RaceTrace listed = RaceSearch.Trace(explorer.Race, schedule, isStrict: true, "").Trace;

        // The listing has one lap of a hang, too, but lanes of its own.
        int common = Math.Min(listed.Steps.Count, shown.Steps.Count);
        Assert.Equal(
            listed.Steps.Take(common).Select(step => (step.Number, KernelWords.Phrase(listed, step), step.IsWrite)),
            shown.Steps.Take(common).Select(step => (step.Number, KernelWords.Phrase(shown, step), step.IsWrite)));

        // That a hang is one, a path alone does not say.
        Assert.Equal(schedule.CycleStart >= 0 ? (-1, -1) : listed.Conflict, shown.Conflict);
    }

    [Theory]
    [InlineData("R1", "buggy", 1)]
    [InlineData("R3", "buggy", 2)]
    [InlineData("R11", "buggy", 3)]
    [InlineData("D3", "buggy", 4)]
    [InlineData("C22", "", 5)]
    public void A_choice_is_what_comes_when_it_is_taken(string id, string variant, int seed)
    {
        RaceExplorer explorer = New(id, variant);
        List<RaceMove> path = [];
        uint random = (uint)seed;
        RacePosition position = explorer.Look(path);
        int faults = 0;
        while (position.Choices.Count > 0 && path.Count < 60)
        {
            random = (random * 1664525) + 1013904223;
            RaceChoice choice = position.Choices[(int)((random >> 16) % (uint)position.Choices.Count)];
            faults += choice.Step.Choices.Count;
            path.Add(Assert.Single(RacePath.Parse(choice.Move)));
            RacePosition next = explorer.Look(path);

            Assert.Equal("", next.Divergence);
            RaceStep made = next.Trace.Steps[^1];
            Assert.Equal(choice.Step.Message, made.Message);
            Assert.Equal(choice.Step.Answer, made.Answer);
            Assert.Equal(choice.Step.Choices, made.Choices);
            Assert.Equal(choice.Step.Events, made.Events);
            Assert.Equal(choice.Rule, next.Trace.Rule);
            Assert.Equal(choice.IsLast, next.End.Length > 0);
            Assert.Equal(position.Actors.Select(Text), next.Before.Select(Text));
            position = next;
        }

        Assert.True(path.Count >= 6 || position.End.Length > 0);
        if (id == "D3")
        {
            // The fault is offered wherever it may happen.
            Assert.True(faults > 0 || OffersFault(explorer, path));
        }
    }

    [Fact]
    public void Conflicts_are_between_tasks_at_one_resource()
    {
        RacePosition position = New("R1", "buggy").Look(RacePath.Parse("CPU0,CPU1"));

        Assert.Equal(2, position.Choices.Count);
        Assert.Empty(position.Choices[0].ConflictsWith);
        position = New("R1", "buggy").Look(RacePath.Parse("CPU0*2,CPU1*2"));

        // Both are about to store into the counter.
        Assert.Equal([1], position.Choices[0].ConflictsWith);
        Assert.Equal([0], position.Choices[1].ConflictsWith);
    }

    [Fact]
    public void The_state_is_in_the_words_of_the_kernel()
    {
        RacePosition start = New("R1", "buggy").Look([]);
        RacePosition later = New("R1", "buggy").Look(RacePath.Parse("CPU0"));

        Assert.Equal("7", Fact(start, "free-page-counter", "sgx_nr_free_pages"));
        Assert.Equal("4 pages: 0-3", Fact(start, "node-0", "free_page_list"));
        Assert.Equal("3 pages: 1-3", Fact(later, "node-0", "free_page_list"));
        Assert.Equal("held by CPU0", Fact(later, "node-0", "lock"));
        Assert.Equal("lock of node-0", Fact(later, "CPU0", "holds"));
        Assert.Equal("sgx_alloc_epc_page() > __sgx_alloc_epc_page()", Fact(later, "CPU0", "stack"));
        Assert.Equal("allocate (0 of 1 done)", Fact(later, "CPU0", "program"));
    }

    [Theory]
    [MemberData(nameof(Races))]
    public void Every_resource_that_a_race_touches_has_a_state(string id)
    {
        Schedule schedule = Catalogue.ScheduleOf(id)!;
        RaceExplorer explorer = New(id, schedule.Variant, schedule.Settings);
        RacePosition position = explorer.Look(explorer.PathOf(schedule, out _));
        foreach (int resource in position.Trace.Steps.Select(step => step.Resource).Where(one => one >= 0).Distinct())
        {
            string name = position.Trace.Resources[resource].Name;
            ActorState state = position.Actors.Single(actor => actor.Name == name);

            // The killer's choice and the tree of cgroups hold nothing that a list of facts would show.
            Assert.True(state.Facts.Count > 0 || name is "oom-killer" or "cgroup-tree", name);
        }
    }

    [Fact]
    public void A_path_that_does_not_fit_says_where()
    {
        RaceExplorer explorer = New("R1", "buggy");

        RacePosition position = explorer.Look(RacePath.Parse("CPU0*2,CPU7,CPU1"));

        Assert.Equal(2, position.Trace.Steps.Count);
        Assert.Equal(
            "Step 3 of the path cannot be made: there is no task 'CPU7' here; there are CPU0, CPU1.",
            position.Divergence);
        Assert.StartsWith(
            "The run is over after 6 of the 7",
            explorer.Look(RacePath.Parse("CPU0*2,CPU1*3,CPU0,CPU1")).Divergence,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_left_out_when_choices_are_carried_over()
    {
        RaceExplorer explorer = New("R1", "fixed");

        (IReadOnlyList<RaceMove> path, int skipped) = explorer.Carry(RacePath.Parse("CPU0*9,ksgxd,CPU1*3"));

        Assert.Equal("", explorer.Look(path).Divergence);
        Assert.Equal(13 - path.Count, skipped);
        Assert.InRange(skipped, 2, 10);
        Assert.Contains(new RaceMove("CPU1"), path);
    }

    private static bool OffersFault(RaceExplorer explorer, List<RaceMove> path) =>
        Enumerable.Range(0, path.Count).Any(length => explorer.Look([.. path.Take(length)])
            .Choices.Any(choice => choice.Move.Contains('!', StringComparison.Ordinal)));

    private static string Fact(RacePosition position, string actor, string name) =>
        position.Actors.Single(one => one.Name == actor).Facts.Single(fact => fact.Key == name).Value;

    private static string Text(ActorState state) => $"{state.Name}: {string.Join("; ", state.Facts)}";

    internal static RaceExplorer New(string id, string variant, IReadOnlyList<string>? settings = null) =>
        new(RaceFile.Load(
            Catalogue.FileOf(id)!,
            variant,
            [
                .. (settings ?? []).Select(one => KeyValuePair.Create(
                    one[..one.IndexOf('=', StringComparison.Ordinal)],
                    one[(one.IndexOf('=', StringComparison.Ordinal) + 1)..])),
            ]));
}

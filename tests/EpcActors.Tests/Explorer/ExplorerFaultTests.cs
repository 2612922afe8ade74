using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Results;
using EpcActors.Tests.Cli;

namespace EpcActors.Tests.Explorer;

[Trait("tier", "slow")] // Every race of the catalogue, with each fault.
public sealed class ExplorerFaultTests
{
    [Fact]
    public void A_process_is_killed_between_two_steps()
    {
        ExplorerSession session = New("R3/buggy/CPU0*3");
        string[] before = StepsOf(session);
        session.ShowFaults(true);
        Assert.Contains(session.View().Faults!, fault => fault.Argument == "kill a");

        session.Inject("kill a");

        ExplorerView view = session.View();
        Assert.Equal(before.Length + 1, view.At);
        Assert.Equal(before, StepsOf(session)[..^1]);
        Assert.Equal("kill-a", view.Way.Tasks[view.Way.Steps[^1].Task].Name);
        Assert.Contains(
            view.Position.Actors.SelectMany(actor => actor.Facts),
            fact => fact is { Key: "signal" } && fact.Value.StartsWith("SIGKILL", StringComparison.Ordinal));

        // A second one is another task, as the first is past.
        session.Inject("kill a");
        Assert.Contains("kill-a-2", session.Link.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_next_leaf_of_a_task_fails()
    {
        ExplorerSession session = New("D3/buggy/");
        session.ShowFaults(true);
        ExplorerFault fault = session.View().Faults!
            .First(one => one.Argument.EndsWith(" ewb-fails", StringComparison.Ordinal));
        string task = fault.Argument.Split(' ')[1];

        session.Inject(fault.Argument);

        ExplorerView view = session.View();
        RaceStep last = view.Way.Steps[^1];
        Assert.Equal(task, view.Way.Tasks[last.Task].Name);
        Assert.Contains(last.Choices, choice => choice.StartsWith("ewb-fails", StringComparison.Ordinal));
        Assert.All(view.Way.Steps.SkipLast(1), step => Assert.DoesNotContain("ewb-fails yes", step.Choices));
    }

    [Fact]
    public void A_leaf_that_the_race_lets_never_fail_can_be_made_to()
    {
        // R3 has no choices: the fault is a setting on top.
        ExplorerSession session = New("R3/fixed/");
        session.ShowFaults(true);
        ExplorerFault fault = session.View().Faults!.First(one => one.Kind == "failures");

        session.Inject(fault.Argument);

        string point = fault.Argument.Split(' ')[2];
        Assert.Contains($"epc.race.choices.{point}=1", session.Link.Settings);
        Assert.NotEmpty(session.View().Way.Steps[^1].Choices);
    }

    /// <summary>What was let happen comes back from the link, and from the schedule as the command reads it.</summary>
    [Theory]
    [InlineData("R3/buggy/CPU0*2", "kill a")]
    [InlineData("R3/buggy/CPU0*2", "signal a")]
    [InlineData("R3/buggy/CPU0*2", "lose-epc")]
    [InlineData("D3/buggy/", "fail")]
    [InlineData("R4/buggy/", "fail")]
    public async Task What_happened_is_in_the_link_and_in_the_schedule(string link, string what)
    {
        ExplorerSession session = New(link);
        session.ShowFaults(true);
        session.Inject(session.View().Faults!
            .First(one => one.Argument.StartsWith(what, StringComparison.Ordinal)).Argument);
        for (int i = 0; i < 5 && session.View().Position.Choices.Count > 0; i++)
        {
            session.Take(RacePath.Parse(session.View().Position.Choices[^1].Move)[0]);
        }

        ExplorerView here = session.View();
        ExplorerSession linked = New(session.Link.ToString());
        Assert.Equal(here.Position.TraceHash, linked.View().Position.TraceHash);
        Assert.Equal(here.Position.StateHash, linked.View().Position.StateHash);
        Schedule saved = Schedule.Parse(session.ToSchedule().ToString(), "x");
        ExplorerSession opened = new(ExplorerSession.LinkOf(saved));
        opened.Open(saved);
        Assert.Equal(session.Link.ToString(), opened.Link.ToString());

        using CliHarness cli = new();
        CliResult result = await CliHarness.Call(
            "race", "replay", cli.Write("x.schedule", saved.ToString()), "--quiet");
        Assert.True(
            result.Code == (saved.Rule.Length > 0 ? 1 : 0), $"{result.Code}: {result.Error} {result.LastOutLine}");
    }

    /// <summary>In every race, what is offered can be done.</summary>
    [Theory]
    [MemberData(nameof(RaceExplorerTests.Races), MemberType = typeof(RaceExplorerTests))]
    public void What_is_offered_can_be_done(string id)
    {
        ExplorerSession session = new(ExplorerSession.LinkOf(Catalogue.ScheduleOf(id)!));
        RaceLink start = session.Link;
        session.ShowFaults(true);
        List<string> wrong = [];
        foreach (ExplorerFault fault in session.View().Faults!)
        {
            session.Open(start);
            session.Inject(fault.Argument);
            ExplorerView view = session.View();
            if (view.At == 0 || view.Status.Length > 0)
            {
                wrong.Add($"{fault.Argument}: {view.Status}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void What_is_not_offered_is_refused() =>
        Assert.Throws<RaceLinkException>(() => New("R1/buggy/").Inject("kill zzz"));

    private static string[] StepsOf(ExplorerSession session)
    {
        RaceTrace way = session.View().Way;
        return [.. way.Steps.Select(step => $"{way.Tasks[step.Task].Name} {step.Message}")];
    }

    private static ExplorerSession New(string link) => new(RaceLink.Parse(link));
}

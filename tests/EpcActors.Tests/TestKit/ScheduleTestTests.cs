using EpcActors.Kernel;
using EpcActors.TestKit;

namespace EpcActors.Tests.TestKit;

/// <summary>Recorded schedules as tests.</summary>
public sealed class ScheduleTestTests
{
    private static readonly RaceTest Lowered = RaceTest
        .Of(race =>
            race.Node(8)
                .Cgroup("/a", maxPages: 2)
                .Setup("CPU0: allocate")
                .Task("CPU0", "/a", "allocate")
                .Task("admin", "", "set-max /a 1 page")
                .Property("finally errno(CPU0) == 0")
                .Variant("same", switches => switches)
                .Variant("uncharged", switches => switches with { EpcCgroup = EpcCgroupMode.Off }))
        .SchedulesTo(null);

    private static readonly string Text = Lowered.Expect("finally errno(CPU0) == 0").Schedule.ToString();

    [Fact]
    public void A_schedule_that_fits_breaks_its_rule_again()
    {
        Assert.Equal(0, RaceTest.Replay(Text).Skipped);
        Assert.Equal(0, Lowered.Pinned(Text).MustBreak().Skipped);
        Assert.Equal(0, RaceTest.Schedule(Text).Variant("same").MustBreak().Skipped);
    }

    [Fact]
    public void A_step_that_does_not_fit_is_named_with_its_line()
    {
        string[] lines = Text.Split('\n');
        int at = Array.FindIndex(lines, line => line.Contains(" WriteMax ", StringComparison.Ordinal));
        string edited = Text.Replace(lines[at], "admin  ReadLru cgroup:/a", StringComparison.Ordinal);
        string message = Assert.Throws<ScheduleException>(() => RaceTest.Replay(edited)).Message;
        Assert.Contains(
            $"line {at + 1} (admin ReadLru cgroup:/a): here admin is at WriteMax of cgroup:/a",
            message,
            StringComparison.Ordinal);
        Assert.True(RaceTest.Schedule(edited).Leniently().MustHold().Skipped > 0);
    }

    [Fact]
    public void A_task_that_is_not_there_is_named()
    {
        string edited = Text.Replace("\nadmin ", "\nroot  ", StringComparison.Ordinal);
        Assert.Contains(
            "there is no task 'root' here; there are CPU0, admin",
            Assert.Throws<ScheduleException>(() => RaceTest.Replay(edited)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_that_breaks_nothing_any_more_fails()
    {
        ScheduleTest elsewhere = RaceTest.Schedule(Text).Variant("uncharged");
        elsewhere.MustHold();
        string message = Assert.Throws<ScheduleException>(() => elsewhere.MustBreak()).Message;
        Assert.Contains(
            "does not break 'property: finally errno(CPU0) == 0' any more",
            message,
            StringComparison.Ordinal);
        Assert.Contains("no rule is violated", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_that_breaks_what_should_hold_fails() =>
        Assert.Contains(
            "the schedule breaks 'property: finally errno(CPU0) == 0': errno(CPU0) is 12",
            Assert.Throws<ScheduleException>(() => RaceTest.Schedule(Text).MustHold()).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("# EpcActors schedule 1\nrace: x\nsteps:\nCPU0\n", "schedule:4:1")]
    [InlineData("# EpcActors schedule 2\n", "this version of EpcActors reads")]
    [InlineData("nowhere.schedule", "there is no nowhere.schedule")]
    [InlineData("# EpcActors schedule 1\nrace: mine\nsteps:\n", "the schedule is of mine, part of which is code")]
    public void What_is_no_schedule_is_a_mistake_of_the_test(string schedule, string part) =>
        Assert.Contains(
            part,
            Assert.Throws<RaceDefinitionException>(() => RaceTest.Replay(schedule)).Message,
            StringComparison.Ordinal);
}

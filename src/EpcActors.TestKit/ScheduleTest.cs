using EpcActors.Engine.Live;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.TestKit;

/// <summary>
/// A recorded schedule as a test. As it is, it is replayed strictly: the first line that does not fit fails the test.
/// On another variant or kernel it is replayed leniently: lines that do not fit are left out, and after the last the
/// tasks run on one after the other.
/// </summary>
public sealed class ScheduleTest
{
    private const string Heading = "# EpcActors schedule";

    private readonly RaceTest _race;
    private readonly Schedule _schedule;
    private readonly bool _isLenient;
    private readonly Func<LiveEngine>? _newEngine;

    internal ScheduleTest(RaceTest race, Schedule schedule, bool isLenient = false, Func<LiveEngine>? newEngine = null)
    {
        _race = race;
        _schedule = schedule;
        _isLenient = isLenient;
        _newEngine = newEngine;
    }

    /// <summary>On another variant, leniently.</summary>
    public ScheduleTest Variant(string name) => new(_race.Variant(name), _schedule, true, _newEngine);

    /// <summary>On another kernel, leniently.</summary>
    public ScheduleTest On(string kernel) => new(_race.On(kernel), _schedule, true, _newEngine);

    /// <summary>On a kernel with other switches, leniently.</summary>
    public ScheduleTest With(Func<KernelSwitches, KernelSwitches> change) =>
        new(_race.With(change), _schedule, true, _newEngine);

    /// <summary>Leniently: for a schedule that a change of the kernel or of the race has put out of step.</summary>
    public ScheduleTest Leniently() => new(_race, _schedule, true, _newEngine);

    /// <summary>
    /// On live actors: a conductor lets each message through to its resource's actor, and each answer to its task's, in
    /// the order of the schedule. The rules, and the message when the schedule does not fit, are those of the
    /// simulation.
    /// </summary>
    /// <param name="newEngine">Makes the engine, on threads or on Akka.NET; it is disposed of afterwards.</param>
    public ScheduleTest ConductedOn(Func<LiveEngine> newEngine)
    {
        ArgumentNullException.ThrowIfNull(newEngine);
        return new(_race, _schedule, _isLenient, newEngine);
    }

    /// <summary>Asserts that the schedule breaks its rule.</summary>
    /// <exception cref="ScheduleException">It does not fit, or breaks nothing, or something else.</exception>
    /// <exception cref="RaceDefinitionException">Its race is wrong.</exception>
    public ReplayedSchedule MustBreak()
    {
        (ReplayedSchedule replayed, Finding? finding) = Run();
        string rule = _schedule.Rule.Length > 0 ? $"'{_schedule.Rule}'" : "any rule";
        if (finding is null)
        {
            throw Failed($"the schedule does not break {rule} any more", replayed);
        }

        return _schedule.Rule.Length == 0 || finding.Rule == _schedule.Rule
            ? replayed
            : throw Failed(
                $"the schedule should break {rule}; it breaks '{finding.Rule}' first: {finding.Detail}",
                replayed);
    }

    /// <summary>
    /// Asserts that the schedule breaks no rule; replayed strictly, that it does not break the one it was recorded for.
    /// </summary>
    /// <exception cref="ScheduleException">It does not fit, or breaks one.</exception>
    /// <exception cref="RaceDefinitionException">Its race is wrong.</exception>
    public ReplayedSchedule MustHold()
    {
        (ReplayedSchedule replayed, Finding? finding) = Run();
        return finding is null
            ? replayed
            : throw Failed($"the schedule breaks '{finding.Rule}': {finding.Detail}", replayed);
    }

    /// <summary>A schedule, by its path, its text, or the id of a race whose schedule is in the catalogue.</summary>
    internal static Schedule Read(string schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        try
        {
            if (schedule.StartsWith(Heading, StringComparison.Ordinal))
            {
                return Schedule.Parse(schedule, "schedule");
            }

            if (Catalogue.FileOf(schedule) is not null)
            {
                return Catalogue.ScheduleOf(schedule)
                    ?? throw new RaceDefinitionException($"the catalogue has no schedule of {schedule}");
            }

            string file = RaceSource.Find(schedule, File.Exists);
            return Schedule.Parse((TextFiles.Read(file) ?? ""), file);
        }
        catch (ScheduleFormatException e)
        {
            throw new RaceDefinitionException(e.Message, e);
        }
    }

    private (ReplayedSchedule Replayed, Finding? Finding) Run()
    {
        Loaded race = _race.Load();
        (RaceTrace trace, ScheduleOutcome outcome, NamedReplay replay) =
            _race.Run(() => RaceSearch.Trace(race.Definition, _schedule, !_isLenient, "", _newEngine));
        if (replay.Divergence is { } divergence)
        {
            throw new ScheduleException(
                $"{race.Definition.Title}: the schedule does not fit any more: {divergence}. The race, or the kernel, "
                + "has changed since it was recorded. "
                + "Look for it again with Expect() and pin the new schedule, or replay this one with .Leniently()");
        }

        return (new ReplayedSchedule(trace, replay.Skipped), outcome.Finding);
    }

    private static ScheduleException Failed(string what, ReplayedSchedule replayed) =>
        new(
            $"{replayed.Trace.Title}: {what}"
                + (
                    replayed.Skipped > 0
                        ? $" ({FailureText.Count(replayed.Skipped, "line")} did not fit and "
                            + $"{(replayed.Skipped == 1 ? "was" : "were")} left out)"
                        : "")
                + $"\n\n{RaceListing.Text(replayed.Trace)}");
}

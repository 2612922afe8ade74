namespace EpcActors.TestKit.Akka;

/// <summary>A recorded schedule of a race, to be replayed.</summary>
public sealed class PinnedActorRace
{
    private readonly ActorRace _race;
    private readonly ActorSchedule _schedule;

    internal PinnedActorRace(ActorRace race, ActorSchedule schedule)
    {
        _race = race;
        _schedule = schedule;
    }

    /// <summary>Replays it strictly and asserts that it still breaks its rule.</summary>
    /// <exception cref="ActorScheduleException">It does not fit the actors any more, or breaks nothing.</exception>
    public FoundActorRace MustBreak()
    {
        ScheduleRun run = _race.Replay(_schedule, isStrict: true, out string? divergence);
        return divergence is not null
            ? throw new ActorScheduleException(divergence)
            : run.Finding is null
            ? throw new ActorScheduleException($"the schedule breaks nothing any more; it broke '{_schedule.Rule}'")
            : _race.Told(run, _schedule);
    }

    /// <summary>
    /// Replays it as far as it fits, lets the actors go on to their end, and asserts that no rule is broken.
    /// </summary>
    /// <exception cref="ActorRaceFoundException">One is.</exception>
    public void MustHold()
    {
        ScheduleRun run = _race.Replay(_schedule, isStrict: false, out _);
        if (run.Finding is { } finding)
        {
            FoundActorRace found = _race.Told(run, _schedule with { Rule = finding.Rule, Lines = run.Lines });
            throw new ActorRaceFoundException(found, found.Report(null), finding.Cause);
        }
    }
}

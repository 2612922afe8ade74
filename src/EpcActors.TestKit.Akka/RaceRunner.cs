using EpcActors.Exploration;
using global::Akka.Configuration;

namespace EpcActors.TestKit.Akka;

/// <summary>A rule that a schedule broke.</summary>
/// <param name="Rule">Name of the rule.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Cause">The assertion that failed; null for none.</param>
public sealed record ActorFinding(string Rule, string Detail, Exception? Cause);

/// <summary>Result of one schedule.</summary>
internal sealed record ScheduleRun(
    ExploredEnd End, ActorFinding? Finding, IReadOnlyList<ActorStep> Steps, IReadOnlyList<ActorScheduleLine> Lines)
{
    /// <summary>One for each step, in a run that is to be shown; else none.</summary>
    public IReadOnlyList<ActorStepDetail> Details { get; init; } = [];

    public string Trace => string.Join('\n', Steps.Select(step => $"{step} {string.Join(", ", step.Happened)}"));
}

/// <summary>Sets a race up and runs it under a strategy, again and again.</summary>
internal sealed class RaceRunner(Action<Race> setUp, Config config, int maxSteps, bool isFreshEachTime) : IDisposable
{
    private readonly List<ActorStep> _steps = [];
    private readonly List<ActorScheduleLine> _lines = [];
    private ActorFinding? _finding;
    private ActorWorld? _world;
    private bool _isUsed;

    public ActorWorld World => _world ??= new ActorWorld(config);

    /// <summary>The race has checks between steps: no order of steps may be left out.</summary>
    public bool HasAlwaysChecks { get; private set; }

    /// <summary>Runs one schedule to its end and judges it.</summary>
    /// <exception cref="ActorRaceException">The race cannot be set up, or work outside does not come back.</exception>
    /// <param name="strategy">Strategy that decides.</param>
    /// <param name="seed">Its seed.</param>
    /// <param name="isShown">The run is to be shown: what pages say of a step is noted.</param>
    public ScheduleRun Run(IStrategy strategy, ulong seed, bool isShown = false)
    {
        RenewWorld();
        ActorWorld world = World;
        world.Reset();
        _finding = null;
        _steps.Clear();
        _lines.Clear();
        world.Details = isShown ? [] : null;
        world.OnStep = Note;
        world.OnChoice = NoteChoice;
        Race race = new(world, seed: 1);
        try
        {
            setUp(race);
            world.StartCreated();
        }
        catch (Exception failure) when (failure is not ActorRaceException)
        {
            throw new ActorRaceException($"the race cannot be set up: {failure.Message}", failure);
        }

        HasAlwaysChecks = race.AlwaysChecks.Count > 0;
        world.IsBroken = () => IsBroken(race);
        world.OnQuiet = () => TryNextPhase(race);
        strategy.Begin(world, seed);
        ExploredEnd end = world.Run(strategy, maxSteps);
        Judge(race, end);
        TakeHappenings();
        return new ScheduleRun(end, _finding, [.. _steps], [.. _lines]) { Details = world.Details ?? [] };
    }

    public void Dispose() => _world?.Dispose();

    private void RenewWorld()
    {
        if (_isUsed && _world is not null && (isFreshEachTime || _world.Remembers))
        {
            _world.Dispose();
            _world = null;
        }

        _isUsed = true;
    }

    private void Note(ActorStep step)
    {
        TakeHappenings();
        _steps.Add(step);
        _lines.Add(new ActorScheduleLine(step.Actor, step.Message, step.Sender));
    }

    private void NoteChoice(string actor, string fault, bool value)
    {
        _lines.Add(new ActorScheduleLine(actor, fault, "", value));
        if (value && fault == Faults.NameOf(Faults.CrashPoint))
        {
            _steps[^1] = _steps[^1] with { Fault = "crashes" };
        }
        else if (value && fault == Faults.NameOf(Faults.LatePoint))
        {
            _steps[^1] = _steps[^1] with { Fault = "what it sends is late" };
        }
    }

    private void TakeHappenings()
    {
        string[] happened = World.Happenings.Take();
        if (happened.Length > 0 && _steps.Count > 0)
        {
            _steps[^1] = _steps[^1] with { Happened = [.. _steps[^1].Happened, .. happened] };
        }
    }

    private bool IsBroken(Race race)
    {
        Check(race.AlwaysChecks);
        if (World.Happenings.Broken is { } broken)
        {
            _finding ??= new ActorFinding(broken.Rule, broken.Detail, null);
        }

        return _finding is not null;
    }

    private bool TryNextPhase(Race race)
    {
        if (!race.Phases.TryDequeue(out Action? act))
        {
            return false;
        }

        Check([("then", act)]);
        World.StartCreated();
        return true;
    }

    private void Judge(Race race, ExploredEnd end)
    {
        if (end == ExploredEnd.Deadlock)
        {
            World.Happenings.OnEndlessAwait(World.DescribeAwaiting());
            IsBroken(race);
        }

        if (end is ExploredEnd.Finished or ExploredEnd.Deadlock)
        {
            Check(race.FinallyChecks);
        }
    }

    private void Check(IReadOnlyList<(string Name, Action Check)> checks)
    {
        foreach ((string name, Action check) in checks)
        {
            try
            {
                check();
            }
#pragma warning disable CA1031 // Whatever an assertion throws: each test framework has exceptions of its own.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                _finding ??= new ActorFinding(name, failure.Message, failure);
            }
        }
    }
}

using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Races.Explorer;

/// <summary>The longer work of a session, in pieces.</summary>
public sealed partial class ExplorerSession
{
    /// <summary>Most schedules that strategies try.</summary>
    public const int MostSchedules = 20_000;

    /// <summary>Most states of a count or of a search for the shortest way.</summary>
    public const int MostStates = 20_000;

    /// <summary>Most states of a count below one state of the map.</summary>
    public const int MostStatesOfMap = 2_000;

    /// <summary>Most steps from the position that a map shows.</summary>
    public const int MostDepth = 4;

    private const int MostRuns = 4000;

    private SpaceBelow?[] _counts = [];
    private GoOn? _goOn;
    private ShortestWay? _shortest;
    private Shorten? _shorten;
    private Neighbourhood? _map;
    private int _mapDepth;
    private bool _isBusy;
    private bool _shortensFound;
    private bool _isCounting;

    /// <summary>Work goes on: <see cref="Advance"/> has something to do.</summary>
    public bool IsBusy => _isBusy;

    /// <summary>Begins to let strategies go on from here until something breaks.</summary>
    /// <param name="strategy">Name of a strategy; empty for the portfolio.</param>
    public void BeginGoOn(string strategy = "")
    {
        Rest();
        _goOn = new GoOn(
            _explorer, [.. Taken], string.IsNullOrEmpty(strategy) ? [] : [strategy], 1, MostSchedules, null);
        Work("Strategies go on from here …");
    }

    /// <summary>Begins to look for the shortest way from here to a broken rule.</summary>
    /// <param name="rule">The rule; empty for any.</param>
    public void BeginShortest(string rule = "")
    {
        Rest();
        string? wanted = string.IsNullOrEmpty(rule) ? null : rule;
        if (wanted == Rules.Liveness)
        {
            // A hang is a cycle, not a state: a strategy meets one, and its way is made short.
            _goOn = new GoOn(_explorer, [.. Taken], [], 1, MostSchedules, wanted);
            _shortensFound = true;
        }
        else
        {
            _shortest = new ShortestWay(_explorer, [.. Taken], wanted, MostStates);
        }

        Work("Looking for the shortest way …");
    }

    /// <summary>Begins to count what lies below this position and below each of its choices.</summary>
    public void BeginCount()
    {
        Rest();
        RacePosition position = _explorer.Look([.. Taken]);

        // One world for all: a piece of work brings it back to the start anyhow, and a world takes a while to make.
        RaceWorld world = _explorer.NewWorld();
        _counts =
        [
            position.Choices.Count == 0 ? null : Below(world, [.. Taken]),
            .. position.Choices.Select(choice => choice.IsLast ? null : Below(world, [.. Taken, Move(choice)])),
        ];
        _isCounting = true;
        Work("Counting what lies below …");
    }

    /// <summary>Draws the states around the position, and anew at every position from then on; 0 ends that.</summary>
    /// <param name="depth">Steps from the position to draw.</param>
    public void BeginMap(int depth)
    {
        _mapDepth = Math.Clamp(depth, 0, MostDepth);
        Rest();
        DrawMap();
    }

    /// <summary>Ends the work that is going on; what it has found so far stays.</summary>
    public void Stop()
    {
        bool wasBusy = _isBusy;
        Rest();
        Say(wasBusy ? "Stopped." : "");
    }

    /// <summary>Does a piece of the work, a few milliseconds long.</summary>
    public void Advance()
    {
        if (_goOn is { } goOn)
        {
            Advance(goOn);
        }
        else if (_shortest is { } shortest)
        {
            Advance(shortest);
        }
        else if (_shorten is { } shorten)
        {
            Advance(shorten);
        }
        else if (_counts.Where(one => _isCounting && one is { IsOver: false }).MinBy(one => one!.States) is { } next)
        {
            // The one with the fewest states goes on, so that all numbers grow while one looks.
            next.Advance();
        }
        else if (_map is { IsOver: false } map)
        {
            StopCounting();
            map.Advance();
        }
        else
        {
            StopCounting();
            _isBusy = false;
        }
    }

    private void StopCounting()
    {
        // What another work has said stays.
        _status = _isCounting ? "" : _status;
        _isCounting = false;
    }

    /// <summary>The position is another one: what was said of the old one does not hold any more.</summary>
    private void Arrive()
    {
        Rest();
        _counts = [];
        DrawMap();
    }

    private void DrawMap()
    {
        RacePosition position = _explorer.Look([.. Taken]);
        _map = _mapDepth == 0 || position.Choices.Count == 0
            ? null
            : new Neighbourhood(_explorer, [.. Taken], _mapDepth, MostStatesOfMap);
        _isBusy |= _map is not null;
    }

    private SpaceBelow Below(RaceWorld world, IReadOnlyList<RaceMove> path) =>
        new(world, _explorer.DecisionsOf(path), MostStates);

    private void Advance(GoOn goOn)
    {
        goOn.Advance();
        _status = $"Strategies go on from here: {Number(goOn.Schedules)} schedules so far.";
        if (!goOn.IsOver)
        {
            return;
        }

        bool isToBeShort = _shortensFound;
        Rest();
        if (goOn.Found is not { } found)
        {
            Say($"{Number(goOn.Schedules)} schedules from here, and none breaks a rule.");
            return;
        }

        string result = $"Schedule {Number(goOn.Schedules)} breaks {goOn.Finding!.Rule}: {goOn.Finding.Detail}.";
        if (isToBeShort)
        {
            _shorten = new Shorten(_explorer, found, MostRuns);
            Work(result);
            return;
        }

        Walk(found);
        Say(WithCycle(result, goOn.CycleStart));
    }

    private void Advance(ShortestWay shortest)
    {
        shortest.Advance();
        _status = $"Looking for the shortest way: {Number(shortest.States)} states, {shortest.Depth} steps deep.";
        if (!shortest.IsOver)
        {
            return;
        }

        Rest();
        if (shortest.Found is { } found)
        {
            Walk(found);
            Say($"This is the shortest way from there: {shortest.Finding!.Rule} after step {Steps(found)}.");
        }
        else
        {
            Say(shortest.IsExhausted
                ? $"No schedule from here breaks it: all {Number(shortest.States)} states were looked at."
                : $"None found among the first {Number(shortest.States)} states.");
        }
    }

    private void Advance(Shorten shorten)
    {
        shorten.Advance();
        _status = $"Making it short: {shorten.Steps} steps after {Number(shorten.Runs)} schedules.";
        if (shorten.IsOver)
        {
            Rest();
            Walk(shorten.Shortest);
            Say(WithCycle("This is as short as it gets.", shorten.CycleStart));
        }
    }

    private void Rest()
    {
        _goOn = null;
        _shortest = null;
        _shorten = null;
        _shortensFound = false;
        _isCounting = false;
        _isBusy = false;
        _status = "";
    }

    private void Work(string status)
    {
        _isBusy = true;
        _status = status;
    }

    private void Say(string status) => _status = status;

    private static string WithCycle(string text, int cycleStart) =>
        cycleStart < 1 ? text : $"{text} From step {cycleStart} on the steps repeat for ever.";

    private static SpaceCount Count(SpaceBelow? below) =>
        below?.Count() ?? new SpaceCount(0, 1, 0, 0, false, true, true);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

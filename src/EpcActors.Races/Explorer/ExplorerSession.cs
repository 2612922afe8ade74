using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Explorer;

/// <summary>
/// What a reader does in the explorer, without the page: stands at a position, takes a step, goes back, lets a strategy
/// go on, counts what lies below, compares with the fix. Longer work is done in pieces (<see cref="Advance"/>).
/// </summary>
/// <remarks>One thread at a time may use it.</remarks>
public sealed class ExplorerSession
{
    /// <summary>Most schedules that strategies try.</summary>
    public const int MostSchedules = 20_000;

    /// <summary>Most states of a count or of a search for the shortest way.</summary>
    public const int MostStates = 20_000;

    private const int MostExplorers = 8;
    private const int MostRuns = 4000;

    private readonly Dictionary<string, RaceExplorer> _explorers = new(StringComparer.Ordinal);
    private RaceLink _place;
    private RaceExplorer _explorer;
    private IReadOnlyList<RaceMove> _way = [];
    private int _at;
    private SpaceBelow?[] _counts = [];
    private GoOn? _goOn;
    private ShortestWay? _shortest;
    private Shorten? _shorten;
    private string _status = "";
    private bool _isBusy;
    private bool _shortensFound;

    /// <summary>Stands at the position of a link.</summary>
    /// <exception cref="RaceLinkException">There is no such race or variant.</exception>
    /// <exception cref="ConfigurationException">Its text has a mistake.</exception>
    public ExplorerSession(RaceLink link)
    {
        ArgumentNullException.ThrowIfNull(link);
        _explorer = Explorer(link);
        _place = link with { Variant = _explorer.Race.Variant };
        Walk(link.Path);
    }

    /// <summary>The position as a link holds it.</summary>
    public RaceLink Link => _place with { Path = [.. Taken] };

    /// <summary>Work goes on: <see cref="Advance"/> has something to do.</summary>
    public bool IsBusy => _isBusy;

    /// <summary>Text of the race file.</summary>
    public string Text => _place.Text.Length > 0 ? _place.Text : Catalogue.TextOf(Catalogue.FileOf(_place.Race)!);

    private IEnumerable<RaceMove> Taken => _way.Take(IndexOfStep(_at));

    /// <summary>Everything that a page shows.</summary>
    public ExplorerView View()
    {
        RacePosition position = _explorer.Look([.. Taken]);
        RacePosition end = _explorer.Look(_way);
        return new ExplorerView
        {
            Race = Describe(),
            Position = position,
            Way = end.Trace,
            WayEnd = end.End,
            At = _at,
            Central = _place.Text.Length > 0 || Catalogue.ScheduleOf(_place.Race) is not { } known
                ? []
                : [.. known.Steps.Select(step => step.Resource).Distinct()],
            Counts = [.. _counts.Skip(1).Select(Count)],
            Below = _counts.Length > 0 ? Count(_counts[0]) : null,
            Comparison = Comparison(),
            Status = _status,
            IsBusy = _isBusy,
            Link = Link.ToString(),
        };
    }

    /// <summary>Goes to another position, of this race or another one.</summary>
    public void Open(RaceLink link)
    {
        ArgumentNullException.ThrowIfNull(link);
        _explorer = Explorer(link);
        _place = link with { Variant = _explorer.Race.Variant };
        Walk(link.Path);
    }

    /// <summary>Takes a step; what came behind this position before is forgotten unless it is the same
    /// step.</summary>
    public void Take(RaceMove move)
    {
        ArgumentNullException.ThrowIfNull(move);
        int index = IndexOfStep(_at);
        if (index < _way.Count && _way[index] == move)
        {
            Go(_at + 1);
            return;
        }

        List<RaceMove> way = [.. Taken, move];
        RacePosition next = _explorer.Look(way);
        if (next.Divergence.Length > 0)
        {
            Say(next.Divergence);
            return;
        }

        Walk(way);
    }

    /// <summary>Goes to a step of the way, back or on; 0 is the start.</summary>
    public void Go(int step)
    {
        Rest();
        _at = Math.Clamp(step, 0, Steps(_way));
        _counts = [];
    }

    /// <summary>Takes another variant with the same choices.</summary>
    /// <returns>Steps that could not be carried over.</returns>
    public int Switch(string variant)
    {
        ArgumentNullException.ThrowIfNull(variant);
        RaceLink place = _place with { Variant = variant, Versus = null };
        RaceExplorer explorer = Explorer(place);
        (IReadOnlyList<RaceMove> path, int skipped) = explorer.Carry(_way);
        int at = _at;
        int total = Steps(_way);
        _explorer = explorer;
        _place = place;
        Walk(path);
        if (at < total)
        {
            Go(at);
        }

        Say(skipped == 0 ? "" : $"{skipped} of the steps cannot be made here and were left out.");
        return skipped;
    }

    /// <summary>Compares with another variant; null for no comparison.</summary>
    public void CompareWith(string? variant) => _place = _place with { Versus = variant };

    /// <summary>The shortest schedule of the catalogue.</summary>
    public void ShowKnown()
    {
        if (Catalogue.ScheduleOf(_explorer.Race.Id) is { } schedule)
        {
            Open(schedule);
        }
    }

    /// <summary>Opens a schedule: its race, its variant, its steps.</summary>
    public void Open(Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        Open(LinkOf(schedule));
        IReadOnlyList<RaceMove> path = _explorer.PathOf(schedule, out string? divergence);
        Walk(path);
        Say(divergence is null ? "" : $"The schedule does not fit here: {divergence}.");
    }

    /// <summary>Race and settings of a schedule, at the start.</summary>
    public static RaceLink LinkOf(Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        string id = Catalogue.FileOf(schedule.Race) is null ? "" : schedule.Race;
        bool isOwn = schedule.Scenario.Length > 0
            && (id.Length == 0 || Catalogue.TextOf(Catalogue.FileOf(id)!) != schedule.Scenario);
        return isOwn || id.Length > 0
            ? new RaceLink
            {
                Race = isOwn ? "" : id,
                Text = isOwn ? schedule.Scenario : "",
                Variant = schedule.Variant,
                Settings = schedule.Settings,
            }
            : throw new RaceLinkException(
                $"the schedule is of {schedule.Race}, which is not in the catalogue, and holds no race file; write it "
                    + "again with 'epc race find'");
    }

    /// <summary>The way up to the position as a schedule.</summary>
    public Schedule ToSchedule() => _explorer.ScheduleOf([.. Taken], _place.Settings, _place.Text);

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
        _counts =
        [
            position.Choices.Count == 0 ? null : new SpaceBelow(_explorer, [.. Taken], MostStates),
            .. position.Choices.Select(choice =>
                choice.IsLast ? null : new SpaceBelow(_explorer, [.. Taken, Move(choice)], MostStates)),
        ];
        Work("Counting what lies below …");
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
        else
        {
            AdvanceCounts();
        }
    }

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

    /// <summary>The one with the fewest states goes on, so that all numbers grow while one looks.</summary>
    private void AdvanceCounts()
    {
        SpaceBelow? next = _counts.Where(one => one is { IsOver: false }).MinBy(one => one!.States);
        if (next is null)
        {
            _isBusy = false;
            _status = "";
            return;
        }

        next.Advance();
    }

    private void Walk(IReadOnlyList<RaceMove> way)
    {
        Rest();
        RacePosition position = _explorer.Look(way);
        _way = position.Divergence.Length == 0 ? way : _explorer.Normalise(way);
        _at = Steps(_way);
        _counts = [];
        _status = position.Divergence;
    }

    private void Rest()
    {
        _goOn = null;
        _shortest = null;
        _shorten = null;
        _shortensFound = false;
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

    private RaceComparison? Comparison()
    {
        if (_place.Versus is not { } variant || !_explorer.Race.Variants.Contains(variant))
        {
            return null;
        }

        RaceExplorer other = Explorer(_place with { Variant = variant });
        RacePosition right = other.Look(other.Carry(_way).Path);
        return StepAlignment.Of(_explorer.Look(_way).Trace, right.Trace, right.End);
    }

    private ExplorerRace Describe()
    {
        RaceDefinition race = _explorer.Race;
        return new ExplorerRace
        {
            Id = race.Id,
            Title = race.Title,
            Description = race.Description,
            Symptom = race.Symptom,
            Source = race.Source,
            Fix = race.Fix,
            Rule = race.Rule,
            Kernel = race.Kernel,
            Variant = race.Variant,
            Variants = race.Variants,
            Settings = _place.Settings,
            Faults =
            [
                .. (race.Scenario.Race?.Choices ?? new Dictionary<ChoicePoint, int>())
                    .Where(one => one.Value > 0)
                    .Select(one => KeyValuePair.Create(ChoicePoints.Name(one.Key), one.Value)),
            ],
            HasSchedule = _place.Text.Length == 0 && Catalogue.ScheduleOf(race.Id) is not null,
        };
    }

    private RaceExplorer Explorer(RaceLink place)
    {
        string key = (place with { Path = [], Versus = null }).ToString();
        if (!_explorers.TryGetValue(key, out RaceExplorer? explorer))
        {
            if (_explorers.Count >= MostExplorers)
            {
                _explorers.Clear();
            }

            explorer = new RaceExplorer(Load(place));
            _explorers[key] = explorer;
        }

        return explorer;
    }

    /// <summary>A place that names no variant means the one that has the race.</summary>
    private static RaceDefinition Load(RaceLink place)
    {
        KeyValuePair<string, string>[] settings =
        [
            .. place.Settings.Select(one => KeyValuePair.Create(
                one[..one.IndexOf('=', StringComparison.Ordinal)],
                one[(one.IndexOf('=', StringComparison.Ordinal) + 1)..])),
        ];
        if (place.Text.Length == 0 && Catalogue.FileOf(place.Race) is null)
        {
            throw new RaceLinkException($"there is no race '{place.Race}' in the catalogue");
        }

        RaceDefinition plain = Read(null);
        string variant = place.Variant.Length > 0 ? place.Variant
            : plain.Variants.Contains(Catalogue.Buggy) ? Catalogue.Buggy
            : plain.Variants.Count > 0 ? plain.Variants[0]
            : "";
        return variant.Length == 0 ? plain
            : plain.Variants.Contains(variant) ? Read(variant)
            : throw new RaceLinkException(
                $"{plain.Id} has no variant '{variant}'; it has {string.Join(", ", plain.Variants)}");

        RaceDefinition Read(string? variant) => place.Text.Length > 0
            ? RaceFile.LoadText(place.Text, variant, settings)
            : RaceFile.Load(Catalogue.FileOf(place.Race)!, variant, settings);
    }

    private static RaceMove Move(RaceChoice choice) => RacePath.Parse(choice.Move)[0];

    /// <summary>Index in the way behind a number of steps: answers before the first step are no step.</summary>
    private int IndexOfStep(int steps) => _way is [{ Task: "" }, ..] ? steps + 1 : steps;

    private static int Steps(IReadOnlyList<RaceMove> way) => way is [{ Task: "" }, ..] ? way.Count - 1 : way.Count;

    private static SpaceCount Count(SpaceBelow? below) => below is null
        ? new SpaceCount(0, 1, 0, 0, false, true, true)
        : new SpaceCount(
            below.States,
            below.Ends,
            below.Violations,
            below.Deadlocks,
            below.HasHang,
            below.IsExhausted,
            below.IsOver);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

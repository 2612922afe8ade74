using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Explorer;

/// <summary>
/// What a reader does in the explorer, without the page: stands at a position, takes a step, goes back, lets a strategy
/// go on, counts what lies below, compares with the fix. Longer work is done in pieces (<see cref="Advance"/>).
/// </summary>
/// <remarks>One thread at a time may use it.</remarks>
public sealed partial class ExplorerSession
{
    private const int MostExplorers = 8;

    private readonly Dictionary<string, RaceExplorer> _explorers = new(StringComparer.Ordinal);
    private RaceLink _place;
    private RaceExplorer _explorer;
    private IReadOnlyList<RaceMove> _way = [];
    private int _at;
    private string _status = "";

    /// <summary>Stands at the position of a link.</summary>
    /// <exception cref="RaceLinkException">There is no such race or variant.</exception>
    /// <exception cref="ConfigurationException">Its text has a mistake.</exception>
    public ExplorerSession(RaceLink link)
    {
        ArgumentNullException.ThrowIfNull(link);
        _explorer = Explorer(link);
        _place = link;
        Open(link);
    }

    /// <summary>The position as a link holds it.</summary>
    public RaceLink Link => _place with { Path = [.. Taken] };

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
            Map = _map?.Map(),
            MapDepth = _mapDepth,
            Faults = Faults(),
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
        RaceExplorer explorer = Explorer(link);
        if (link is { Versus: { } versus, VersusPath: not null })
        {
            // A link to nothing is refused before anything changes.
            Explorer(link with { Variant = versus, Settings = link.VersusSettings });
        }

        _explorer = explorer;
        _place = link with { Variant = explorer.Race.Variant };
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
        _at = Math.Clamp(step, 0, Steps(_way));
        Arrive();
    }

    /// <summary>Goes to a position by its path. Where the way leads through it, what lies ahead stays.</summary>
    public void GoTo(IReadOnlyList<RaceMove> path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Count <= _way.Count && path.SequenceEqual(_way.Take(path.Count)))
        {
            Go(Steps(path));
        }
        else
        {
            Walk(path);
        }
    }

    /// <summary>Takes another variant with the same choices.</summary>
    /// <returns>Steps that could not be carried over.</returns>
    public int Switch(string variant)
    {
        ArgumentNullException.ThrowIfNull(variant);
        RaceLink place = _place with { Variant = variant };
        if (_place.VersusPath is null)
        {
            place = place with { Versus = null };
        }

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
        RaceLink link = LinkOf(schedule);
        if (_place.VersusPath is not null && link.Text == _place.Text && link.Race == _place.Race)
        {
            // What was put aside stays beside it.
            link = link with
            {
                Versus = _place.Versus,
                VersusSettings = _place.VersusSettings,
                VersusPath = _place.VersusPath,
            };
        }

        Open(link);
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

    private void Walk(IReadOnlyList<RaceMove> way)
    {
        RacePosition position = _explorer.Look(way);
        _way = position.Divergence.Length == 0 ? way : _explorer.Normalise(way);
        _at = Steps(_way);
        Arrive();
        Say(position.Divergence.Length > 0 ? position.Divergence : _status);
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
        string key = (place with { Path = [], Versus = null, VersusPath = null }).ToString();
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

}

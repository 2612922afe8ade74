using System.Globalization;
using System.Runtime.CompilerServices;
using EpcActors.Engine;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.TestKit;

/// <summary>
/// A test of a race, for any test framework: made from code, from a race file or from a race of the catalogue; then set
/// the options of the search; then call <see cref="Check"/> (no schedule breaks a rule), <see cref="Expect"/> (one
/// does) or <see cref="CheckBoth"/>. A failure throws a <see cref="RaceTestException"/> with the whole report.
/// </summary>
/// <remarks>Nothing in it changes: each method makes another test, so that one race can be the root of many.</remarks>
/// <example>
/// <code>
/// RaceTest.Of(race => race.Node(epcPages: 8).Enclave("a", pages: 4).Setup("a: build 1")
///         .Task("CPU0", "a", "write 1").Task("CPU1", "a", "write 1").Property("finally signals(a) == 0"))
///     .On("linux-6.16-r9-r10-fixed").Check();
/// </code>
/// </example>
[Constant]
public sealed class RaceTest
{
    private readonly RaceSource _source;
    private readonly Options _options;

    private RaceTest(RaceSource source, Options options)
    {
        _source = source;
        _options = options;
    }

    /// <summary>
    /// Folder for schedules of unexpected races: <c>schedules/found</c> below the folder of the test assembly.
    /// </summary>
    public static string DefaultScheduleFolder { get; } = Path.Combine(AppContext.BaseDirectory, "schedules", "found");

    /// <summary>A race made in code.</summary>
    /// <param name="build">Makes it; called once.</param>
    /// <param name="name">Its id in schedules and messages; the method that calls.</param>
    public static RaceTest Of(Action<RaceDraft> build, [CallerMemberName] string name = "")
    {
        ArgumentNullException.ThrowIfNull(build);
        RaceDraft draft = new();
        build(draft);
        return new RaceTest(RaceSource.Of(draft, name), new Options());
    }

    /// <summary>A race in HOCON: the text of a race file.</summary>
    public static RaceTest FromHocon(string text, [CallerMemberName] string name = "") =>
        new(RaceSource.OfText(text, name), new Options());

    /// <summary>A race file.</summary>
    /// <param name="path">Its path, from the current folder or from that of the test assembly.</param>
    /// <exception cref="RaceDefinitionException">There is no such file.</exception>
    public static RaceTest FromFile(string path) => new(RaceSource.OfFile(path), new Options());

    /// <summary>A race of the catalogue.</summary>
    /// <param name="id">Its id: R1.</param>
    /// <exception cref="RaceDefinitionException">There is none.</exception>
    public static RaceTest FromCatalogue(string id) => new(RaceSource.OfCatalogue(id), new Options());

    /// <summary>
    /// Replays a schedule strictly and asserts that it still breaks its rule: a recorded schedule as a test, in one
    /// call.
    /// </summary>
    /// <param name="schedule">Path of a schedule, from the current folder or from that of the test assembly; or its
    /// text; or the id of a race of the catalogue: R1.</param>
    /// <exception cref="ScheduleException">It does not fit any more, or breaks nothing.</exception>
    /// <exception cref="RaceDefinitionException">There is no such file, or it is not a schedule, or its race is made in
    /// code (then use <see cref="Pinned"/>).</exception>
    public static ReplayedSchedule Replay(string schedule) => Schedule(schedule).MustBreak();

    /// <summary>A schedule whose race is a file, to be replayed as it is or on another variant.</summary>
    /// <param name="schedule">As in <see cref="Replay"/>.</param>
    public static ScheduleTest Schedule(string schedule)
    {
        Schedule parsed = ScheduleTest.Read(schedule);
        RaceSource source = parsed.Scenario.Length > 0 ? RaceSource.OfText(parsed.Scenario, parsed.Race)
            : Catalogue.FileOf(parsed.Race) is not null ? RaceSource.OfCatalogue(parsed.Race)
            : throw new RaceDefinitionException(
                $"the schedule is of {parsed.Race}, part of which is code: replay it with that race, "
                    + "RaceTest.Of(…).Pinned(…).MustBreak()");
        return new ScheduleTest(
            new RaceTest(source, new Options()).Variant(parsed.Variant).WithAll(parsed.Settings),
            parsed);
    }

    /// <summary>
    /// Schedules in a folder, for tests that run once for each: <c>[Theory, MemberData(nameof(Pinned))]</c>.
    /// </summary>
    /// <param name="folder">From the current folder or from that of the test assembly.</param>
    public static IEnumerable<object[]> SchedulesIn(string folder) =>
        Directory
            .EnumerateFiles(RaceSource.Find(folder, Directory.Exists), "*.schedule")
            .Order(StringComparer.Ordinal)
            .Select(file => new object[] { file });

    /// <summary>A schedule of this race, also when part of it is code.</summary>
    /// <param name="schedule">As in <see cref="Replay"/>.</param>
    public ScheduleTest Pinned(string schedule)
    {
        Schedule parsed = ScheduleTest.Read(schedule);
        return new ScheduleTest(Variant(parsed.Variant).WithAll(parsed.Settings), parsed);
    }

    /// <summary>Another id in schedules and messages.</summary>
    public RaceTest Named(string name) => new(_source, _options with { Name = name });

    /// <summary>A variant of the race; empty for the race as it is.</summary>
    public RaceTest Variant(string name) => new(_source, _options with { Variant = name });

    /// <summary>
    /// A kernel by name: <c>linux-6.16</c>. Without it the one that the race file names, or the standard one.
    /// </summary>
    public RaceTest On(string kernel) => Set("epc.kernel", kernel);

    /// <summary>A kernel with other switches.</summary>
    public RaceTest With(Func<KernelSwitches, KernelSwitches> change) =>
        new(_source, _options with { Changes = [.. _options.Changes, change] });

    /// <summary>A setting on top of the race, as <c>--set</c>: <c>.Set("epc.cgroups./a.max", "3 pages")</c>.</summary>
    public RaceTest Set(string key, string value) =>
        new(_source, _options with { Settings = [.. _options.Settings, new(key, value)] });

    /// <summary>
    /// Every schedule must be looked at, or the test is inconclusive. Without it, and without <see cref="Strategy"/>:
    /// every schedule if there are few enough, else those with few preemptions, and random ones on top, as the race
    /// file's <c>bound</c> says.
    /// </summary>
    /// <param name="states">Most states to look at.</param>
    public RaceTest Exhaustive(int states = 200_000) =>
        new(_source, _options with { States = states, Preemptions = -1, IsExhaustive = true, MaxSchedules = 0 });

    /// <summary>
    /// Sets the search for the case of too many schedules: it then covers all with at most so many preemptions.
    /// </summary>
    /// <param name="most">Preemptions.</param>
    /// <param name="states">Most states to look at.</param>
    public RaceTest Preemptions(int most, int states = 200_000) =>
        new(_source, _options with { States = states, Preemptions = most, IsExhaustive = true });

    /// <summary>
    /// Random schedules only, under these strategies in turn: <c>pct3</c>, <c>random</c>, <c>pos</c>.
    /// </summary>
    /// <exception cref="RaceDefinitionException">There is no such strategy.</exception>
    public RaceTest Strategy(params string[] names)
    {
        foreach (string name in names)
        {
            if (StrategyNames.Create(name) is null)
            {
                throw new RaceDefinitionException(
                    $"there is no strategy '{name}'; there are {string.Join(", ", StrategyNames.All)} (with a number "
                        + "for N)");
            }
        }

        return new(_source, _options with { Strategies = names });
    }

    /// <summary>Seed of the random schedules: the same seed, the same schedules, on every machine.</summary>
    public RaceTest Seed(ulong seed) => new(_source, _options with { Seed = seed });

    /// <summary>Most random schedules.</summary>
    public RaceTest Schedules(long most) => new(_source, _options with { MaxSchedules = most });

    /// <summary>Longest time. A limit by schedules has the same result everywhere, a limit by time has not.</summary>
    public RaceTest Within(TimeSpan time) => new(_source, _options with { Time = time });

    /// <summary>Threads that search; 0 for one per core. They change nothing but the time.</summary>
    public RaceTest Workers(int count) => new(_source, _options with { Workers = count });

    /// <summary>
    /// Sets the folder for the schedule of an unexpected race, with a page that shows it; null: writes none.
    /// </summary>
    public RaceTest SchedulesTo(string? folder) => new(_source, _options with { Folder = folder });

    /// <summary>Asserts that no schedule breaks a rule.</summary>
    /// <returns>The bound within which that was looked at.</returns>
    /// <exception cref="RaceFoundException">One does; the message shows it.</exception>
    /// <exception cref="NeverSeenException">None does, but what was to be seen sometimes was not.</exception>
    /// <exception cref="RaceInconclusiveException">The budget ended first.</exception>
    /// <exception cref="RaceDefinitionException">The test is wrong.</exception>
    public CleanRace Check()
    {
        Loaded race = Load();
        RaceFinding finding = Find(race, expectsRace: false, target: null);
        if (finding.Schedule is not null)
        {
            FoundRace found = Trace(race, finding);
            throw new RaceFoundException(found, Write(found));
        }

        SearchVerdict verdict = finding.Verdict;
        if (verdict.Kind != VerdictKind.Clean)
        {
            throw new RaceInconclusiveException(
                $"{race.Definition.Title}: nothing was found, but the budget ended first ({Looked(verdict)}). "
                    + "Make the race smaller (fewer pages, tasks, operations; ksgxd off), raise the bound with "
                    + ".Exhaustive(states) or .Preemptions(most, states), "
                    + "or settle for random schedules with .Strategy(…).Schedules(n)");
        }

        if (verdict.MissedMarks.Count > 0)
        {
            throw new NeverSeenException(
                $"{race.Definition.Title}: no schedule breaks a rule ({verdict.Bound}), but never seen: "
                + $"{string.Join("; ", verdict.MissedMarks)}. "
                + "The race may be set up so that it never comes to what the test is about",
                verdict.MissedMarks);
        }

        return new CleanRace(verdict.Bound, verdict.States, verdict.Schedules, verdict.Steps);
    }

    /// <summary>
    /// Asserts that a schedule breaks a rule: the known-bad twin, without which a clean one says little.
    /// </summary>
    /// <param name="rule">The rule: one of the oracle's, the text of a property, or <c>crash</c>. Null: the one that
    /// the race names, or else any.</param>
    /// <returns>The schedule, shrunk.</returns>
    /// <exception cref="RaceNotFoundException">None does within the budget.</exception>
    /// <exception cref="RaceDefinitionException">The test is wrong.</exception>
    public FoundRace Expect(string? rule = null)
    {
        Loaded race = Load();
        string? target = rule is null
            ? (race.Definition.Rule.Length > 0 ? race.Definition.Rule : null)
            : RuleOf(race.Definition, rule);
        RaceFinding finding = Find(race, expectsRace: true, target);
        string end = finding.Verdict.Kind == VerdictKind.Inconclusive ? ", and the budget ended first" : "";
        return finding.Schedule is not null
            ? Trace(race, finding)
            : throw new RaceNotFoundException(
                $"{race.Definition.Title}: no schedule breaks {(target is null ? "any rule" : $"'{target}'")} on "
                    + $"{Kernel(race.Definition)}, and one should: {Looked(finding.Verdict)}{end}");
    }

    /// <summary>Asserts that one variant has the race and another has not.</summary>
    /// <param name="buggy">Name of the variant that must break the race's rule.</param>
    /// <param name="good">Name of the one that must break none.</param>
    /// <exception cref="RaceTestException">As <see cref="Expect"/> and <see cref="Check"/>.</exception>
    public (FoundRace Buggy, CleanRace Good) CheckBoth(string buggy = Catalogue.Buggy, string good = Catalogue.Fixed) =>
        (Variant(buggy).Expect(), Variant(good).Check());

    internal Loaded Load()
    {
        try
        {
            RaceDefinition race = _source.Load(_options.Variant, _options.Settings);
            IReadOnlyList<KeyValuePair<string, string>> settings = _options.Settings;
            if (_options.Changes.Count > 0)
            {
                KernelSwitches switches = race.Scenario.Switches;
                settings =
                [
                    .. settings,
                    .. RaceSource.Difference(
                        switches,
                        _options.Changes.Aggregate(switches, (now, change) => change(now))),
                ];
                race = _source.Load(_options.Variant, settings);
            }

            if (_options.Name.Length > 0)
            {
                race = race with { Id = _options.Name };
            }

            race = race with
            {
                Bound = new RaceBound(
                    _options.IsExhaustive ?? race.Bound.IsExhaustive,
                    _options.Preemptions ?? race.Bound.Preemptions,
                    _options.States ?? race.Bound.States,
                    race.Bound.Schedules),
            };
            return new Loaded(race, [.. settings.Select(one => $"{one.Key}={one.Value}")], _source.FileText);
        }
        catch (Exception e) when (e is ConfigurationException or RaceTextException)
        {
            throw new RaceDefinitionException($"{e.Message}{_source.Excerpt()}", e);
        }
    }

    /// <summary>
    /// Runs something that builds worlds of the race, and says what is wrong with the test before anything else.
    /// </summary>
    internal T Run<T>(Func<T> run)
    {
        try
        {
            T result = run();
            _source.ThrowIfWrong();
            return result;
        }
        catch (RaceSetupException e)
        {
            _source.ThrowIfWrong();
            throw new RaceDefinitionException(e.Message, e);
        }
        catch (RaceTextException e)
        {
            throw new RaceDefinitionException(e.Message, e);
        }
        catch (Exception e) when (e is not RaceTestException)
        {
            _source.ThrowIfWrong();
            throw;
        }
    }

    private RaceTest WithAll(IReadOnlyList<string> settings)
    {
        RaceTest test = this;
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            test =
                equals > 0
                    ? test.Set(setting[..equals], setting[(equals + 1)..])
                    : throw new RaceDefinitionException($"'set: {setting}' is not a key=value");
        }

        return test;
    }

    private RaceFinding Find(Loaded race, bool expectsRace, string? target)
    {
        using CancellationTokenSource time = new();
        if (_options.Time is { } most && most > TimeSpan.Zero)
        {
            time.CancelAfter(most);
        }
        else if (_options.Time is not null)
        {
            time.Cancel();
        }

        RaceSearchOptions options = new()
        {
            Strategies = _options.Strategies,
            Seed = _options.Seed,
            MaxSchedules = _options.MaxSchedules,
            MaxTime = _options.Time,
            Workers = _options.Workers,
            Settings = race.Settings,
            Text = race.Text,
            ExpectsRace = expectsRace,
            Target = target,
        };
        return Run(() => RaceSearch.Find(race.Definition, options, null, time.Token));
    }

    private FoundRace Trace(Loaded race, RaceFinding finding)
    {
        Schedule schedule = finding.Schedule!;
        (RaceTrace trace, ScheduleOutcome outcome, _) = Run(() =>
            RaceSearch.Trace(race.Definition, schedule, isStrict: true, ""));
        Finding broken = outcome.Finding ?? finding.Shrunk!.Finding;
        return new FoundRace(broken.Rule, broken.Detail, schedule, trace);
    }

    /// <summary>Writes the schedule and its page; a folder that cannot be written to must not hide the race.</summary>
    private string? Write(FoundRace race)
    {
        if (_options.Folder is not { } folder)
        {
            return null;
        }

        string name =
            race.Schedule.Variant.Length == 0 ? race.Schedule.Race : $"{race.Schedule.Race}-{race.Schedule.Variant}";
        string stem = Path.Combine(
            Path.GetFullPath(folder),
            string.Concat(name.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_')));
        try
        {
            race.Save($"{stem}.schedule");
            using StreamWriter page = File.CreateText($"{stem}.html");
            race.WriteHtml(page);
            return $"{stem}.schedule";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string RuleOf(RaceDefinition race, string rule)
    {
        string[] properties = [.. race.Scenario.Race!.Properties.Select(property => property.Rule)];
        string? found = LabRules
            .All.Concat(properties)
            .FirstOrDefault(one => one == rule || one == $"property: {rule}");
        return found
            ?? throw new RaceDefinitionException(
                $"'{rule}' is not a rule of the oracle and none of the properties; the rules are "
                    + $"{string.Join(", ", LabRules.All)}"
                    + (
                        properties.Length == 0
                            ? ""
                            : $"; the properties: "
                                + $"{string.Join("; ", race.Scenario.Race.Properties.Select(one => one.Text))}"));
    }

    private static string Kernel(RaceDefinition race) =>
        race.Variant.Length == 0 ? race.Kernel : $"{race.Kernel}, variant {race.Variant}";

    private static string Looked(SearchVerdict verdict) =>
        verdict.Bound.Length > 0
            ? $"looked at {verdict.Bound}"
            : string.Create(CultureInfo.InvariantCulture, $"looked at {Counted.Of(verdict.States, "state", "N0")}");

    private sealed record Options
    {
        public string Name { get; init; } = "";

        public string Variant { get; init; } = "";

        public IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; } = [];

        public IReadOnlyList<Func<KernelSwitches, KernelSwitches>> Changes { get; init; } = [];

        public IReadOnlyList<string> Strategies { get; init; } = [];

        public ulong Seed { get; init; } = 1;

        public long? MaxSchedules { get; init; }

        public TimeSpan? Time { get; init; }

        public int Workers { get; init; }

        public bool? IsExhaustive { get; init; }

        public int? States { get; init; }

        public int? Preemptions { get; init; }

        public string? Folder { get; init; } = DefaultScheduleFolder;
    }
}

/// <summary>A race ready to run.</summary>
/// <param name="Definition">The race.</param>
/// <param name="Settings">Settings on top of its file, <c>key=value</c>.</param>
/// <param name="Text">Its file, for schedules; empty when part of it is code.</param>
internal sealed record Loaded(RaceDefinition Definition, IReadOnlyList<string> Settings, string Text);

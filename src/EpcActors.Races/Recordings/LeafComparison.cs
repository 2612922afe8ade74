using System.Globalization;
using EpcActors.Exploration;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Recordings;

/// <summary>
/// Runs the scenario of a <see cref="DriverRecording"/> and compares, leaf by leaf, operation by operation, and at the
/// end.
/// </summary>
public static class LeafComparison
{
    private const int LinesAround = 4;

    /// <summary>
    /// Operations of the driver's script that one of a scenario stands for: how many of each follow one another depends
    /// on what it says.
    /// </summary>
    private static readonly Dictionary<string, string[]> Counterparts = new(StringComparer.Ordinal)
    {
        ["build"] = ["create", "add", "init"],
        ["create"] = ["create"],
        ["add"] = ["add"],
        ["init"] = ["init"],
        ["read"] = ["touch"],
        ["write"] = ["touch"],
        ["execute"] = ["touch"],
        ["accept"] = ["accept"],
        ["change-type"] = ["modt"],
        ["restrict"] = ["restrict"],
        ["remove"] = ["remove"],
        ["reclaim"] = ["reclaim", "cgreclaim"],
        ["age"] = ["age"],
        ["set-max"] = ["setmax"],
        ["oom-kill"] = ["oomkill"],
    };

    /// <summary>Compares.</summary>
    /// <param name="recording">Recording of the driver.</param>
    /// <param name="overrides"><c>--set key=value</c> on top of its scenario.</param>
    /// <exception cref="ConfigurationException">The scenario in it is wrong.</exception>
    public static DriverComparison Run(
        DriverRecording recording, IReadOnlyList<KeyValuePair<string, string>>? overrides = null)
    {
        ArgumentNullException.ThrowIfNull(recording);
        ConfigEnvironment environment = ConfigEnvironment.Default with
        {
            Files = new HoconMemoryIncluder([new KeyValuePair<string, string>(recording.Name, recording.Scenario)]),
        };
        RaceDefinition race = RaceFile.Load(recording.Name, null, overrides, environment);
        RaceWorld world;
        try
        {
            world = new RaceWorld(race.Scenario);
        }
        catch (RaceSetupException failed)
        {
            return new DriverComparison(recording.Name, recording.Driver, race.Kernel)
            {
                Differences = [$"before the first leaf: {failed.Message}"],
            };
        }

        LeafRecorder recorder = new(world.Topology, race.Scenario);
        world.Observer = recorder;
        ScheduleOutcome outcome = world.Run(new OneAfterTheOther(), 0);

        (List<DriverEvent> driver, List<DriverEvent> emulator, string left) = Align(recording, recorder.Events);
        List<string> differences = [];
        int first = FirstDifference(driver, emulator);
        if (first >= 0)
        {
            differences.Add(Describe(driver, emulator, first));
        }
        else if (left.Length > 0)
        {
            int ended = emulator.Count(one => one.Kind == DriverEventKind.OperationEnd);
            differences.Add($"operation {ended + 1} ({left}): the emulator does not come to its end");
        }

        CheckEnd(recording, race, outcome, differences);
        int figures = 0;
        LeafFigures ours = new(world, recorder, hasSetup: race.Scenario.Race!.Setup.Count > 0);
        foreach ((string name, string value) in recording.Figures)
        {
            if (ours.Find(name) is { } own)
            {
                figures++;
                if (own != value)
                {
                    differences.Add($"{name}: driver {value}, emulator {own}");
                }
            }
        }

        CheckResults(recording, world, differences);
        return new DriverComparison(recording.Name, recording.Driver, race.Kernel)
        {
            Leaves = driver.Count(one => one.Kind == DriverEventKind.Leaf),
            Operations = driver.Count(one => one.Kind == DriverEventKind.OperationEnd),
            Figures = figures,
            Differences = differences,
            Context = first < 0 ? [] : Around(driver, emulator, first),
        };
    }

    /// <summary>
    /// The events of both with the ends of operations that both have. One operation of a scenario stands for several of
    /// the driver's script: <c>write 3..5</c> for three touches, <c>build</c> for CREATE, ADD_PAGES and INIT. From an
    /// operation without a known counterpart on, and from one that hangs on, only leaves are compared. The last value
    /// is the driver's first operation that the emulator has not; empty for none.
    /// </summary>
    private static (List<DriverEvent> Driver, List<DriverEvent> Emulator, string Left) Align(
        DriverRecording recording, IReadOnlyList<DriverEvent> emulator)
    {
        DriverEvent[] ends = [.. recording.Events.Where(one => one.Kind == DriverEventKind.OperationEnd)];
        HashSet<int> kept = [];
        int at = 0;
        int ours = 0;
        bool isKnown = true;
        foreach (DriverEvent own in emulator.Where(one => one.Kind == DriverEventKind.OperationEnd))
        {
            string verb = DriverRecording.Verb(own.Text);
            isKnown = Counterparts.TryGetValue(verb, out string[]? verbs);
            if (!isKnown)
            {
                break;
            }

            ours++;
            int from = at;
            int most = verbs![0] == "touch" ? PagesOf(own.Text) : verbs.Contains("cgreclaim") ? 1 : verbs.Length;
            while (at < ends.Length && at - from < most && verbs.Contains(DriverRecording.Verb(ends[at].Text)))
            {
                at++;
            }

            if (at > from)
            {
                kept.Add(at - 1);
            }
        }

        string left = isKnown && !recording.Hangs && at < ends.Length ? ends[at].Text : "";
        return (With(recording.Events, kept.Contains), With(emulator, number => number < ours), left);
    }

    /// <summary>The events without those ends of operations that are not wanted.</summary>
    private static List<DriverEvent> With(IReadOnlyList<DriverEvent> events, Func<int, bool> isWanted)
    {
        List<DriverEvent> wanted = [];
        int number = 0;
        foreach (DriverEvent one in events)
        {
            if (one.Kind != DriverEventKind.OperationEnd || isWanted(number++))
            {
                wanted.Add(one);
            }
        }

        return wanted;
    }

    private static int PagesOf(string touch)
    {
        string[] range = touch.Split(' ')[1].Split("..");
        return range.Length == 1 ? 1 : Number(range[1]) - Number(range[0]) + 1;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int FirstDifference(List<DriverEvent> driver, List<DriverEvent> emulator)
    {
        int last = Math.Max(driver.Count, emulator.Count);
        for (int i = 0; i < last; i++)
        {
            if (i >= driver.Count || i >= emulator.Count || !driver[i].Matches(emulator[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static string Describe(List<DriverEvent> driver, List<DriverEvent> emulator, int at)
    {
        int leaf = driver.Take(at).Count(one => one.Kind == DriverEventKind.Leaf) + 1;
        int operation = driver.Take(at).Count(one => one.Kind == DriverEventKind.OperationEnd) + 1;
        DriverEvent? of =
            driver.Skip(at).Cast<DriverEvent?>().FirstOrDefault(one => one!.Value.Kind == DriverEventKind.OperationEnd);
        string where = of is { } end ? $"operation {operation} ({end.Text})" : $"behind operation {operation - 1}";
        string theirs = at < driver.Count ? driver[at].ToString() : "nothing more";
        string ours = at < emulator.Count ? emulator[at].ToString() : "nothing more";
        return $"leaf {leaf}, {where}: driver {theirs}, emulator {ours}";
    }

    private static List<ComparedLine> Around(List<DriverEvent> driver, List<DriverEvent> emulator, int at)
    {
        List<ComparedLine> lines = [];
        int last = Math.Min(Math.Max(driver.Count, emulator.Count), at + LinesAround + 1);
        for (int i = Math.Max(0, at - LinesAround); i < last; i++)
        {
            string theirs = i < driver.Count ? driver[i].ToString() : "";
            string ours = i < emulator.Count ? emulator[i].ToString() : "";
            lines.Add(new ComparedLine(i + 1, theirs, ours, i == at));
        }

        return lines;
    }

    /// <summary>
    /// A loop without a way out is a hang on both sides; the scenario's own property, which never holds, is not a
    /// finding.
    /// </summary>
    private static void CheckEnd(
        DriverRecording recording, RaceDefinition race, ScheduleOutcome outcome, List<string> differences)
    {
        bool hangs = outcome.Finding?.Rule == Rules.Liveness;
        if (hangs != recording.Hangs)
        {
            differences.Add(hangs
                ? $"the emulator hangs, the driver does not: {outcome.Finding!.Detail}"
                : "the driver hangs, the emulator does not");
        }
        else if (outcome.Finding is { } finding && !hangs && finding.Rule != race.Rule)
        {
            differences.Add($"the run ended early, as it broke the rule {finding.Rule}: {finding.Detail}");
        }
    }

    /// <summary>The first call that failed, and each look for a victim of the v5 killer.</summary>
    private static void CheckResults(DriverRecording recording, RaceWorld world, List<string> differences)
    {
        List<(string Verb, OperationResult Result)> ours = [];
        foreach ((OperationTask task, bool _) in world.Topology.RaceTasks)
        {
            ours.AddRange(
                task.Results.Select(result => (DriverRecording.Verb(task.Operations[result.Operation].Text), result)));
        }

        string[] failed = [.. recording.Results.Where(one => one.Contains(" -", StringComparison.Ordinal))];
        string theirs = failed.Length == 0 ? "no failed call" : "-" + failed[0].Split(" -")[1].Split(' ')[0];
        OperationResult? bad = ours.Where(one => one.Verb != "oom-kill" && one.Result.Errno != Errno.Ok)
            .Select(one => (OperationResult?)one.Result).FirstOrDefault();
        string own = bad is { } result ? $"-{(int)result.Errno}" : "no failed call";
        if (theirs != own && !recording.Hangs)
        {
            differences.Add($"first failed call: driver {theirs}, emulator {own}");
        }

        IEnumerable<string> theirLooks = recording.Results.Where(one => DriverRecording.Verb(one) == "oomkill");
        string[] looks = [.. theirLooks.Select(one => one.Split(' ')[1])];
        string[] found =
            [.. ours.Where(one => one.Verb == "oom-kill").Select(one => one.Result.Errno == Errno.Ok ? "1" : "0")];
        if (!looks.SequenceEqual(found))
        {
            differences.Add(
                $"looks for a victim: driver {string.Join(' ', looks)}, emulator {string.Join(' ', found)}");
        }
    }

    /// <summary>The driver ran single-threaded: a task goes on as long as it can, then the next one does.</summary>
    private sealed class OneAfterTheOther : IStrategy
    {
        private int _last;

        public void Begin(Execution execution, ulong seed) => _last = 0;

        public int Next(Execution execution)
        {
            for (int i = 0; !execution.IsEnabled(_last) && i < execution.TaskCount; i++)
            {
                _last = i;
            }

            return _last;
        }

        public bool Choose(Execution execution, int task, int point) => false;
    }
}

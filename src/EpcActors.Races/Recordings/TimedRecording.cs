using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Recordings;

/// <summary>
/// A folder with a scenario in virtual time and what the real driver did on the same accesses: <c>scenario.conf</c>
/// with its traces, <c>expected.txt</c> with the figures at the end, <c>operations.csv</c> with those after every
/// operation.
/// </summary>
public static class TimedRecording
{
    /// <summary>Name of the scenario in such a folder.</summary>
    public const string ScenarioFile = "scenario.conf";

    private const string FiguresFile = "expected.txt";
    private const string OperationsFile = "operations.csv";
    private const string Driver = "driver";
    private const long NsPerMs = 1_000_000;

    /// <summary>Lines of expected.txt that say how the driver ran; every other line is a figure.</summary>
    private static readonly HashSet<string> Circumstances =
        new([Driver, "reclaimer-held-at", "same-when-held-at", "retry-later", "operations"], StringComparer.Ordinal);

    /// <summary>True when a folder is one.</summary>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, ScenarioFile)) && File.Exists(Path.Combine(folder, OperationsFile));

    /// <summary>Runs the scenario and compares after every operation and at the end.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="overrides"><c>--set key=value</c> on top of the scenario.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ConfigurationException">The scenario is wrong.</exception>
    public static DriverComparison Run(
        string folder, IReadOnlyList<KeyValuePair<string, string>> overrides, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Scenario scenario =
            ScenarioLoader.Load(Path.Combine(folder, ScenarioFile), overrides, null, ConfigEnvironment.Default);
        RunReport report = new ScenarioRunner(scenario, null).Run("", cancellationToken);
        List<string> differences = [];
        int operations = CompareOperations(folder, report, differences);
        Dictionary<string, long> ours = Figures(report);
        int figures = 0;
        string driver = "";
        foreach (string line in LinesOf(folder, FiguresFile))
        {
            if (line.Length == 0 || line[0] == '#'
                || line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries) is not [string name, string value])
            {
                continue;
            }

            driver = name == Driver ? value : driver;
            if (Circumstances.Contains(name))
            {
                continue;
            }

            figures++;
            string own = ours.TryGetValue(name, out long count)
                ? count.ToString(CultureInfo.InvariantCulture)
                : "without it";
            if (own != value.Trim())
            {
                differences.Add($"{name}: driver {value.Trim()}, emulator {own}");
            }
        }

        return new DriverComparison(folder, driver, scenario.Kernel)
        {
            Operations = operations,
            Figures = figures,
            Differences = differences,
        };
    }

    /// <summary>After every operation: the driver's row against the emulator's sample of that millisecond.</summary>
    private static int CompareOperations(string folder, RunReport report, List<string> differences)
    {
        Timeline timeline = report.Timeline;
        Dictionary<long, int> samples = [];
        for (int i = 0; i < timeline.AtNs.Count; i++)
        {
            if (timeline.AtNs[i] % NsPerMs == 0)
            {
                samples[timeline.AtNs[i] / NsPerMs] = i;
            }
        }

        using IEnumerator<string> lines = LinesOf(folder, OperationsFile).GetEnumerator();
        string[] columns = lines.MoveNext() ? lines.Current.Split(',') : [];
        if (columns.Length < 2)
        {
            string file = Path.Combine(folder, OperationsFile);
            throw new RecordingFormatException($"{file}: its first line names no columns");
        }

        Func<int, long>[] series = [.. columns[2..].Select(column => Series(report, column))];
        int operations = 0;
        while (lines.MoveNext())
        {
            operations++;
            long[] row = Row(lines.Current, columns.Length, Path.Combine(folder, OperationsFile));
            if (differences.Count > 0)
            {
                continue;
            }

            string where = $"operation {row[0]} ({row[1]} ms)";
            if (!samples.TryGetValue(row[1], out int sample))
            {
                differences.Add($"{where}: the emulator's run was over by then");
                continue;
            }

            string[] wrong =
            [
                .. series.Select((value, i) => (Name: columns[i + 2], Own: value(sample), Theirs: row[i + 2]))
                    .Where(one => one.Own != one.Theirs)
                    .Select(one => $"{one.Name} driver {one.Theirs}, emulator {one.Own}"),
            ];
            if (wrong.Length > 0)
            {
                differences.Add($"{where}: {string.Join("; ", wrong)}");
            }
        }

        return operations;
    }

    private static long[] Row(string line, int columns, string file)
    {
        long[] row = new long[columns];
        string[] values = line.Split(',');
        bool isGood = values.Length == columns;
        for (int i = 0; isGood && i < columns; i++)
        {
            isGood = long.TryParse(values[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out row[i]);
        }

        return isGood ? row : throw new RecordingFormatException($"{file}: '{line}' is not a row of {columns} numbers");
    }

    private static IEnumerable<string> LinesOf(string folder, string name)
    {
        using TextReader reader = TextFiles.Open(Path.Combine(folder, name))
            ?? throw new FileNotFoundException($"there is no {name} in it");
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    /// <summary>A column of operations.csv in the emulator's samples; sizes in pages.</summary>
    private static Func<int, long> Series(RunReport report, string column)
    {
        Timeline timeline = report.Timeline;
        if (column == "faults")
        {
            return i => timeline.Faults[i];
        }

        if (column == "evictions")
        {
            return i => timeline.Evictions[i];
        }

        const string Node = "free_pages_node";
        if (column.StartsWith(Node, StringComparison.Ordinal)
            && int.TryParse(column[Node.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            && timeline.Nodes.FirstOrDefault(one => one.Id == id) is { } node)
        {
            return i => node.FreePages[i];
        }

        string[] path = column.Split(':', 2);
        CgroupTimeline? cgroup = timeline.Cgroups.FirstOrDefault(one => one.Path == path[0]);
        return (cgroup, path[^1]) switch
        {
            ({ } one, "misc.current") => i => one.CurrentBytes[i] / KernelConstants.PageSize,
            ({ } one, "misc.events.local") => i => one.EventsLocal[i],
            _ => throw new RecordingFormatException($"{OperationsFile}: there is no column '{column}' to compare"),
        };
    }

    /// <summary>The emulator's final figures under the names of expected.txt; sizes in pages.</summary>
    private static Dictionary<string, long> Figures(RunReport report)
    {
        long Leaves(Activity activity) =>
            report.Profile.Where(one => one.Activity == Activities.Name(activity)).Sum(one => one.Count);

        MemoryCgroupReport memory = report.MemoryCgroups.First(one => one.Path == "/");
        long evictions = report.Enclaves.Sum(one => one.Evictions);
        long reloads = report.Enclaves.Sum(one => one.Reloads);
        Dictionary<string, long> figures = new(StringComparer.Ordinal)
        {
            ["faults"] = report.Enclaves.Sum(one => one.Faults),
            ["fault-retries"] = report.Cgroups.First(one => one.Path == "/").FaultRetries,
            ["evictions"] = evictions,
            ["reloads"] = reloads,
            ["secs-evictions"] = Leaves(Activity.Ewb) - evictions,
            ["secs-reloads"] = Leaves(Activity.Eldu) - reloads,
            ["allocations"] = report.Nodes.Sum(one => one.Allocations),
            ["ECREATE"] = Leaves(Activity.Ecreate),
            ["EADD"] = Leaves(Activity.Eadd),
            ["EAUG"] = Leaves(Activity.Eaug),
            ["EPA"] = Leaves(Activity.Epa),
            ["ELDU"] = Leaves(Activity.Eldu),
            ["EBLOCK"] = Leaves(Activity.Eblock),
            ["backing"] = memory.CurrentBytes / KernelConstants.PageSize,
            ["backing-peak"] = memory.PeakBytes / KernelConstants.PageSize,
        };
        foreach (NodeReport node in report.Nodes)
        {
            figures[$"free-pages({node.Id})"] = node.FreePages;
        }

        foreach (EnclaveReport enclave in report.Enclaves)
        {
            figures[$"resident({enclave.Name})"] = enclave.ResidentPages;
            figures[$"va-pages({enclave.Name})"] = enclave.VaPages;
            figures[$"evictions({enclave.Name})"] = enclave.Evictions;
            figures[$"reloads({enclave.Name})"] = enclave.Reloads;
        }

        foreach (CgroupReport cgroup in report.Cgroups)
        {
            figures[$"misc.current({cgroup.Path})"] = cgroup.CurrentBytes / KernelConstants.PageSize;
            figures[$"misc.peak({cgroup.Path})"] = cgroup.PeakBytes / KernelConstants.PageSize;
            figures[$"misc.events({cgroup.Path})"] = cgroup.Events;
            figures[$"misc.events.local({cgroup.Path})"] = cgroup.EventsLocal;
        }

        foreach (MemoryCgroupReport one in report.MemoryCgroups)
        {
            figures[$"memory.current({one.Path})"] = one.CurrentBytes / KernelConstants.PageSize;
        }

        return figures;
    }
}

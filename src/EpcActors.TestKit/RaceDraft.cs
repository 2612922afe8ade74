using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.TestKit;

/// <summary>
/// A race made in code. It becomes a race file, so that what it says means the same there and a schedule of it replays
/// anywhere; code (<see cref="Task(string, string, Func{RaceTask, Routine{Errno}})"/>, <see cref="Always"/>, <see
/// cref="Resource"/>) has no place in a file, and a schedule of a race with code replays with that race only.
/// </summary>
/// <remarks>Mistakes in texts are found when the test runs, and are a <see cref="RaceDefinitionException"/>.</remarks>
public sealed class RaceDraft
{
    private const string Placeholder = "pause";

    /// <summary>HOCON and JSON have the same escapes; comparisons should stay readable.</summary>
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly List<string> _nodes = [];
    private readonly List<string> _cgroups = [];
    private readonly HashSet<string> _cgroupPaths = new(StringComparer.Ordinal);
    private readonly List<string> _enclaves = [];
    private readonly List<string> _guests = [];
    private readonly List<string> _setup = [];
    private readonly List<DraftTask> _tasks = [];
    private readonly List<string> _properties = [];
    private readonly List<RaceProperty> _codeProperties = [];
    private readonly List<RaceResourceSpec> _resources = [];
    private readonly List<string> _watched = [];
    private readonly List<string> _ignored = [];
    private readonly List<string> _show = [];
    private readonly List<string> _lines = [];
    private readonly SortedDictionary<string, int> _choices = new(StringComparer.Ordinal);
    private readonly List<(string Name, Func<KernelSwitches, KernelSwitches> Change)> _variants = [];
    private readonly List<CapturedValues> _captured = [];
    private string _rule = "";
    private bool _hasKsgxd;
    private bool _hasWorkers;
    private int _maxSteps = 2000;

    internal RaceDraft()
    {
    }

    /// <summary>True when part of it is code, which no file can hold.</summary>
    internal bool HasCode =>
        _codeProperties.Count > 0
        || _resources.Count > 0
        || _tasks.Exists(task => task.Operations.Exists(one => one.Code is not null));

    internal IReadOnlyList<(string Name, Func<KernelSwitches, KernelSwitches> Change)> Variants => _variants;

    internal IReadOnlyList<CapturedValues> Captured => _captured;

    internal Mistakes Mistakes { get; } = new();

    /// <summary>A NUMA node. Without any there is one of 16 pages.</summary>
    /// <param name="epcPages">Its EPC, pages; 0 for a node without.</param>
    /// <param name="cpus">Its hardware threads.</param>
    public RaceDraft Node(int epcPages, int cpus = 4)
    {
        _nodes.Add(
            epcPages == 0
                ? $"{{ cpus = {Number(cpus)} }}"
                : $"{{ cpus = {Number(cpus)}, epc = {Number(epcPages)} pages }}");
        return this;
    }

    /// <summary>A cgroup.</summary>
    /// <param name="path">Its path, <c>/pods/a</c>; those above it come into being with it.</param>
    /// <param name="maxPages">misc.max, pages; null for max.</param>
    /// <param name="memoryMaxPages">memory.max, pages; null for max.</param>
    public RaceDraft Cgroup(string path, long? maxPages = null, long? memoryMaxPages = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        for (int slash = path.IndexOf('/', Math.Min(1, path.Length)); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (_cgroupPaths.Add(path[..slash]))
            {
                _cgroups.Add($"{Text(path[..slash])} {{}}");
            }
        }

        _cgroupPaths.Add(path);
        _cgroups.Add($"{Text(path)} {{ max = {Limit(maxPages)}, memory-max = {Limit(memoryMaxPages)} }}");
        return this;
    }

    /// <summary>An enclave. Building it is an operation (<c>build 2</c>).</summary>
    /// <param name="name">Its name, and that of its process.</param>
    /// <param name="pages">Its linear range, pages, rounded up to a power of two.</param>
    /// <param name="cgroup">Path of its process's cgroup.</param>
    /// <param name="node">Node of its threads; -1 for any.</param>
    public RaceDraft Enclave(string name, int pages, string cgroup = "/", int node = -1)
    {
        _enclaves.Add($"{Text(name)} {{ cgroup = {Text(cgroup)}, heap = {Number(pages)} pages{OnNode(node)} }}");
        return this;
    }

    /// <summary>A virtual machine with virtual EPC.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="pages">Its EPC, pages.</param>
    /// <param name="cgroup">Path of the cgroup of its VMM.</param>
    /// <param name="node">Node of its vCPU; -1 for any.</param>
    public RaceDraft Guest(string name, int pages, string cgroup = "/", int node = -1)
    {
        _guests.Add($"{Text(name)} {{ cgroup = {Text(cgroup)}, epc = {Number(pages)} pages{OnNode(node)} }}");
        return this;
    }

    /// <summary>
    /// Adds operations before the race, in order: <c>a: build 2</c>, <c>admin: set-max /a 4 pages</c>.
    /// </summary>
    public RaceDraft Setup(params string[] lines)
    {
        _setup.AddRange(lines);
        return this;
    }

    /// <summary>A task that races.</summary>
    /// <param name="name">Its name in schedules: <c>CPU0</c>.</param>
    /// <param name="process">The enclave or guest in whose process it runs; a cgroup's path for a process of its own
    /// there; empty for a task outside all of them.</param>
    /// <param name="operations">Its operations, in order: <c>write 0</c>.</param>
    public RaceDraft Task(string name, string process, params string[] operations) =>
        Task(name, process, -1, false, operations);

    /// <summary>The same on a CPU of a node.</summary>
    public RaceDraft Task(string name, string process, int node, params string[] operations) =>
        Task(name, process, node, false, operations);

    /// <summary>A task of one's own. The result of its code is its errno.</summary>
    /// <param name="name">Its name in schedules.</param>
    /// <param name="process">As in <see cref="Task(string, string, string[])"/>.</param>
    /// <param name="code">Its code; see <see cref="RaceTask"/>. It may read variables around it, but must not change
    /// them.</param>
    /// <exception cref="RaceDefinitionException">It uses what a search cannot bring back.</exception>
    public RaceDraft Task(string name, string process, Func<RaceTask, Routine<Errno>> code) =>
        Task(name, process, -1, false, []).Then("its own code", code);

    /// <summary>A task outside that need not run: a kill, a memory failure.</summary>
    public RaceDraft Optional(string name, params string[] operations) => Task(name, "", -1, true, operations);

    /// <summary>More for the task that was named last.</summary>
    public RaceDraft Then(params string[] operations)
    {
        foreach (string operation in operations)
        {
            Last().Operations.Add((operation, null));
        }

        return this;
    }

    /// <summary>Code of one's own for the task that was named last.</summary>
    /// <param name="text">Its name in listings.</param>
    /// <param name="code">As in <see cref="Task(string, string, Func{RaceTask, Routine{Errno}})"/>.</param>
    public RaceDraft Then(string text, Func<RaceTask, Routine<Errno>> code)
    {
        ArgumentNullException.ThrowIfNull(code);
        _captured.Add(new CapturedValues(code, $"the code of {Last().Name}"));
        Last().Operations.Add((text, code));
        return this;
    }

    /// <summary>A resource that is none of the kernel's, for messages of one's own.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="make">Makes it, once for each world; it gets its address and its name. Its fields are its state:
    /// numbers, arrays, lists, locks of EpcActors.Engine.</param>
    public RaceDraft Resource(string name, Func<ActorId, string, Resource> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        _captured.Add(new CapturedValues(make, $"the maker of {name}"));
        _resources.Add(new RaceResourceSpec(name, id => OwnMessages.Learn(make(id, name), Mistakes)));
        return this;
    }

    /// <summary>ksgxd takes part.</summary>
    public RaceDraft Ksgxd()
    {
        _hasKsgxd = true;
        return this;
    }

    /// <summary>The cgroups' reclaim workers take part.</summary>
    public RaceDraft Workers()
    {
        _hasWorkers = true;
        return this;
    }

    /// <summary>Something may go wrong so often in a schedule.</summary>
    public RaceDraft Choice(ChoicePoint point, int times = 1)
    {
        _choices[ChoicePoints.Name(point)] = times;
        return this;
    }

    /// <summary>
    /// Properties: <c>always usage(/a) &lt;= max(/a)</c>, <c>finally signals(a) == 0</c>, <c>sometimes evictions &gt;=
    /// 1</c>.
    /// </summary>
    public RaceDraft Property(params string[] texts)
    {
        _properties.AddRange(texts);
        return this;
    }

    /// <summary>A property in code that holds after every step.</summary>
    /// <param name="text">Its name.</param>
    /// <param name="holds">True when it holds; it only reads, and is called often.</param>
    public RaceDraft Always(string text, Func<RaceState, bool> holds) => Code(PropertyKind.Always, text, holds);

    /// <summary>A property in code that holds when all tasks have ended.</summary>
    public RaceDraft Finally(string text, Func<RaceState, bool> holds) => Code(PropertyKind.Finally, text, holds);

    /// <summary>
    /// A property in code that holds in some state of some schedule: a test without such a state looks past its race.
    /// </summary>
    public RaceDraft Sometimes(string text, Func<RaceState, bool> holds) => Code(PropertyKind.Sometimes, text, holds);

    /// <summary>
    /// Counts of what happened (<c>evictions</c>) that properties in code read: states that differ in them are
    /// different states.
    /// </summary>
    public RaceDraft Watch(params string[] counts)
    {
        _watched.AddRange(counts);
        return this;
    }

    /// <summary>Leaves a rule of the oracle out, because this kernel breaks it for another reason.</summary>
    public RaceDraft Ignore(string rule)
    {
        _ignored.Add(rule);
        return this;
    }

    /// <summary>Quantities to show beside the steps.</summary>
    public RaceDraft Show(params string[] quantities)
    {
        _show.AddRange(quantities);
        return this;
    }

    /// <summary>The rule that the race breaks: one of the oracle's, or the text of one of the properties.</summary>
    public RaceDraft Rule(string rule)
    {
        _rule = rule;
        return this;
    }

    /// <summary>A variant with other switches: <c>.Variant("fixed", switches => switches with { … })</c>.</summary>
    public RaceDraft Variant(string name, Func<KernelSwitches, KernelSwitches> change)
    {
        _variants.Add((name, change));
        return this;
    }

    /// <summary>Steps after which a schedule goes on in turns: what does not end then hangs.</summary>
    public RaceDraft MaxSteps(int steps)
    {
        _maxSteps = steps;
        return this;
    }

    /// <summary>Anything else that a file can say inside <c>epc { … }</c>: <c>race.bound.states = 50000</c>.</summary>
    public RaceDraft Hocon(string text)
    {
        _lines.Add(text);
        return this;
    }

    /// <summary>The race as a file. Code is a pause there.</summary>
    /// <param name="name">Its id.</param>
    /// <param name="variants">Settings of its variants.</param>
    internal string ToHocon(string name, IReadOnlyList<(string Name, IReadOnlyList<string> Settings)> variants)
    {
        StringBuilder text = new();
        text.Append("epc {\n");
        text.Append(CultureInfo.InvariantCulture, $"  title = {Text(name.Replace('_', ' '))}\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"  machine {{ nodes = [ {string.Join(", ", _nodes.Count > 0 ? _nodes : ["{ cpus = 4, epc = 16 pages }"])} "
                + $"] }}\n");
        Block(text, "cgroups", _cgroups);
        Block(text, "enclaves", _enclaves);
        Block(text, "virtual-machines", _guests);
        text.Append("  race {\n");
        text.Append(CultureInfo.InvariantCulture, $"    id = {Text(name)}, max-steps = {Number(_maxSteps)}\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"    ksgxd = {(_hasKsgxd ? "on" : "off")}, workers = {(_hasWorkers ? "on" : "off")}\n");
        if (_rule.Length > 0 && !_codeProperties.Exists(one => one.Text == _rule))
        {
            text.Append(CultureInfo.InvariantCulture, $"    rule = {Text(_rule)}\n");
        }

        List(text, "setup", _setup);
        text.Append("    tasks {\n");
        foreach (DraftTask task in _tasks)
        {
            string operations = string.Join(
                ", ",
                task.Operations.Select(one => Text(one.Code is null ? one.Text : Placeholder)));
            text.Append(
                CultureInfo.InvariantCulture,
                $"      {Text(task.Name)} {{ process = "
                    + $"{Text(task.Process)}{OnNode(task.Node)}{(task.IsOptional ? ", optional = on" : "")}, do = [ "
                    + $"{operations} ] }}\n");
        }

        text.Append("    }\n");
        foreach ((string point, int times) in _choices)
        {
            text.Append(CultureInfo.InvariantCulture, $"    choices.{point} = {Number(times)}\n");
        }

        // Any comparison of a count will do: it makes states that differ in the count different.
        List(text, "properties", [.. _properties, .. _watched.Distinct().Select(one => $"always {one} >= 0")]);
        List(text, "ignore-rules", _ignored);
        List(text, "show", _show);
        foreach ((string variant, IReadOnlyList<string> settings) in variants)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"    variants {{ {Text(variant)} {{ {string.Join(", ", settings)} }} }}\n");
        }

        // A test runs often: what is small enough is looked at as a whole, and chance has less to add.
        text.Append("    bound.schedules = 2000\n  }\n");
        foreach (string line in _lines)
        {
            text.Append("  ").Append(line.ReplaceLineEndings("\n  ")).Append('\n');
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>Puts the code where the file has a pause for it.</summary>
    internal RaceDefinition AddCode(RaceDefinition race)
    {
        RaceSpec spec = race.Scenario.Race!;
        RaceNames names = RaceNames.Of(
            race.Scenario.Machine,
            race.Scenario.Cgroups,
            race.Scenario.Enclaves,
            race.Scenario.VirtualMachines,
            [.. spec.Tasks.Select(task => task.Name)]);
        RaceTaskSpec[] tasks = [.. spec.Tasks];
        foreach (DraftTask draft in _tasks.Where(task => task.Operations.Exists(one => one.Code is not null)))
        {
            int at = Array.FindIndex(tasks, task => task.Name == draft.Name);
            TaskNames known = new(names, tasks[at], Mistakes);
            Operation[] operations = [.. tasks[at].Operations];
            for (int i = 0; i < operations.Length && i < draft.Operations.Count; i++)
            {
                if (draft.Operations[i].Code is { } code)
                {
                    operations[i] = new Operation.Code(draft.Operations[i].Text, task =>
                        code(new RaceTask(task, known)));
                }
            }

            tasks[at] = tasks[at] with { Operations = operations };
        }

        RaceProperty? own = _codeProperties.Find(one => one.Text == _rule);
        return race with
        {
            Rule = own is null ? race.Rule : own.Rule,
            Scenario = race.Scenario with
            {
                Race = spec with
                {
                    Tasks = tasks,
                    Properties = [.. spec.Properties, .. _codeProperties],
                    Resources = _resources,
                },
            },
        };
    }

    private RaceDraft Task(string name, string process, int node, bool isOptional, string[] operations)
    {
        _tasks.Add(
            new DraftTask(
                name,
                process,
                node,
                isOptional,
                [.. operations.Select(one => (one, (Func<RaceTask, Routine<Errno>>?)null))]));
        return this;
    }

    private RaceDraft Code(PropertyKind kind, string text, Func<RaceState, bool> holds)
    {
        ArgumentNullException.ThrowIfNull(holds);
        _codeProperties.Add(new RaceProperty(kind, text, "0", "==", "0")
        {
            Code = quantities =>
            {
                RaceState state = new(quantities, _watched, Mistakes);
                return (
                    () =>
                    {
                        state.Forget();
                        return holds(state);
                    },
                    state.Describe);
            },
        });
        return this;
    }

    private DraftTask Last() =>
        _tasks.Count > 0
            ? _tasks[^1]
            : throw new RaceDefinitionException("there is no task yet: write .Task(…) before .Then(…)");

    private static void Block(StringBuilder text, string name, List<string> entries)
    {
        if (entries.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {name} {{ {string.Join(", ", entries)} }}\n");
        }
    }

    private static void List(StringBuilder text, string name, List<string> entries)
    {
        if (entries.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"    {name} = [ {string.Join(", ", entries.Select(Text))} ]\n");
        }
    }

    private static string Text(string text) => JsonSerializer.Serialize(text, Plain);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Limit(long? pages) => pages is { } number ? $"{Number(number)} pages" : "max";

    private static string OnNode(int node) => node < 0 ? "" : $", node = {Number(node)}";

    private sealed record DraftTask(
        string Name,
        string Process,
        int Node,
        bool IsOptional,
        List<(string Text, Func<RaceTask, Routine<Errno>>? Code)> Operations);
}

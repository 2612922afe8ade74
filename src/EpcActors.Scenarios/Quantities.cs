using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios;

/// <summary>
/// Numbers of a machine by name: <c>counter</c>, <c>usage(/a)</c>, <c>resident(a)</c>. config/reference.conf lists them
/// all.
/// </summary>
/// <remarks>A quantity reads the actors as they are; it must be read between two steps only.</remarks>
public sealed class Quantities
{
    private static readonly SortedDictionary<string, Definition> Definitions = new(StringComparer.Ordinal)
    {
        ["counter"] = new(Argument.None, (q, _) => q.Counter),
        ["free-pages"] = new(Argument.NodeOrNone, (q, node) => node < 0
            ? () => q._topology.Nodes.Sum(one => (long)one.FreePages)
            : () => q._topology.Nodes[node].FreePages),
        ["poisoned"] = new(Argument.NodeOrNone, (q, node) => node < 0
            ? () => q._topology.Nodes.Sum(one => (long)one.PoisonedPages)
            : () => q._topology.Nodes[node].PoisonedPages),
        ["zombie-secs"] = new(Argument.None, (q, _) => () => q._topology.ZombieSecs.Count),
        ["ksgxd-asleep"] = new(Argument.None, (q, _) => () => q._topology.KsgxdWaitQueue.HasSleeper ? 1 : 0),

        ["usage"] = OfCgroup(cgroup => cgroup.UsageBytes / KernelConstants.PageSize),
        ["max"] = OfCgroup(cgroup => cgroup.Max.IsMax ? long.MaxValue : cgroup.Max.Pages),
        ["events"] = OfCgroup(cgroup => cgroup.Events),
        ["events-local"] = OfCgroup(cgroup => cgroup.EventsLocal),
        ["lru"] = OfCgroup(cgroup => cgroup.LruPages),
        ["failed-charges"] = new(Argument.Cgroup, (q, cgroup) => () => q._topology.Cgroups[cgroup].EventsLocal),
        ["memory"] = new(Argument.Cgroup, (q, cgroup) => () => q._topology.MemoryCgroups[cgroup].UsagePages),

        ["resident"] = OfEnclave(actors =>
        {
            long resident = 0;
            for (
                int page = actors.Enclave.Entries.FindFrom(0);
                page >= 0;
                page = actors.Enclave.Entries.FindFrom(page + 1))
            {
                resident += actors.Enclave.Entries[page].IsResident ? 1 : 0;
            }

            return resident;
        }),
        ["swapped"] = OfEnclave(actors => actors.Enclave.SwappedPages),
        ["va-pages"] = OfEnclave(actors => actors.Enclave.VaPages.Count),
        ["secs-children"] = OfEnclave(actors => actors.Enclave.SecsChildCount),
        ["secs-resident"] = OfEnclave(actors => actors.Enclave.SecsPage.IsNone ? 0 : 1),
        ["references"] = OfEnclave(actors => actors.Enclave.References),
        ["mms"] = OfEnclave(actors => actors.Enclave.MmCount),
        ["pages"] = OfEnclave(actors => actors.Enclave.PageCount),
        ["backing"] = OfEnclave(actors => actors.Backing.File.AllocatedPages),

        ["errno"] = OfTask(task => (long)task.LastErrno),
        ["count"] = OfTask(task => task.LastCount),
        ["done"] = OfTask(task => task.Done),
        ["signals"] = new(Argument.TaskOrProcess, (q, index) =>
            q.Signals(index, task => task.Outcome is ThreadOutcome.Sigbus or ThreadOutcome.Sigsegv)),
        ["sigbus"] = new(Argument.TaskOrProcess, (q, index) =>
            q.Signals(index, task => task.Outcome == ThreadOutcome.Sigbus)),
    };

    private readonly Topology _topology;
    private readonly RunCounts _counts;
    private readonly RaceNames _names;

    /// <param name="topology">The machine.</param>
    /// <param name="counts">Counts of its run.</param>
    /// <param name="scenario">Scenario of the machine.</param>
    public Quantities(Topology topology, RunCounts counts, Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _topology = topology;
        _counts = counts;
        _names = RaceNames.Of(
            scenario.Machine, scenario.Cgroups, scenario.Enclaves, scenario.VirtualMachines,
            [.. (scenario.Race?.Tasks ?? []).Select(task => task.Name)]);
    }

    private enum Argument
    {
        None,
        NodeOrNone,
        Cgroup,
        Enclave,
        Task,
        TaskOrProcess,
    }

    /// <summary>The machine.</summary>
    public Topology Topology => _topology;

    /// <summary>Names without their arguments.</summary>
    public static IReadOnlyList<string> Names => [.. Definitions.Keys, .. RunCounts.Names];

    private Func<long> Counter => _topology.Machine.Switches.FreePageCounter switch
    {
        FreePageCounterMode.PerNode => () => _topology.Nodes.Sum(node => node.OwnCounter),
        FreePageCounterMode.Racy or FreePageCounterMode.Atomic => () => _topology.FreePageCounter.Pages,
    };

    /// <summary>The quantity of that name.</summary>
    /// <exception cref="RaceTextException">There is none.</exception>
    public Func<long> Get(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        (Definition? definition, int count, int argument) = Resolve(text, _names);
        return definition is null ? () => _counts.Values[count] : definition.Make(this, argument);
    }

    /// <summary>Problem of the name of a quantity, with a remedy; null for none.</summary>
    public static (string Problem, string Remedy)? Problem(string text, RaceNames names)
    {
        try
        {
            Resolve(text, names);
            return null;
        }
        catch (RaceTextException e)
        {
            return (e.Problem, e.Remedy);
        }
    }

    private static (Definition? Definition, int Count, int Argument) Resolve(string text, RaceNames names)
    {
        int open = text.IndexOf('(', StringComparison.Ordinal);
        string name = open < 0 ? text : text[..open];
        string argument = "";
        if (open >= 0)
        {
            argument = text.EndsWith(')')
                ? text[(open + 1)..^1]
                : throw new RaceTextException(text, text.Length, "')' is missing");
        }

        int count = IndexOf(RunCounts.Names, name);
        if (count >= 0)
        {
            return argument.Length == 0 ? (null, count, -1)
                : throw new RaceTextException(text, open, $"{name} is of the whole machine", $"write {name}");
        }

        if (!Definitions.TryGetValue(name, out Definition? definition))
        {
            throw new RaceTextException(text, 0, $"there is no quantity '{name}'", Suggestions.Remedy(name, Names));
        }

        return (definition, -1, Find(definition.Argument, name, argument, text, open, names));
    }

    private static int Find(Argument kind, string name, string argument, string text, int open, RaceNames names)
    {
        switch (kind)
        {
            case Argument.None:
                return argument.Length == 0
                    ? -1
                    : throw new RaceTextException(text, open, $"{name} is of the whole machine", $"write {name}");
            case Argument.NodeOrNone:
                if (argument.Length == 0)
                {
                    return -1;
                }

                return
                    int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out int node)
                    && node < names.NodePages.Count
                    ? node
                    : throw new RaceTextException(
                        text,
                        open + 1,
                        $"there is no node '{argument}'",
                        $"allowed: 0 to {names.NodePages.Count - 1}");
            case Argument.Cgroup:
                return Named(names.Cgroups, "cgroup");
            case Argument.Enclave:
                return Named(names.Enclaves, "enclave");
            case Argument.Task:
                return Named(names.Tasks, "task");
            case Argument.TaskOrProcess:
                return Named([.. names.Tasks, .. names.Enclaves, .. names.Guests], "task and no process");
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }

        int Named(IReadOnlyList<string> known, string what)
        {
            int index = IndexOf(known, argument);
            return index >= 0 ? index
                : argument.Length == 0
                    ? throw new RaceTextException(
                        text,
                        text.Length,
                        $"{name} of what?",
                        $"write for example {name}({(known.Count > 0 ? known[0] : "…")})")
                : throw new RaceTextException(
                    text,
                    open + 1,
                    $"there is no {what} '{argument}'",
                    Suggestions.Remedy(argument, known));
        }
    }

    /// <summary>
    /// Threads that a signal ended: of one task, or of all tasks of an enclave or guest, forked children among them.
    /// </summary>
    private Func<long> Signals(int index, Func<OperationTask, bool> isSignalled)
    {
        int tasks = _topology.RaceTasks.Count;
        if (index < tasks)
        {
            OperationTask task = _topology.RaceTasks[index].Task;
            return () => isSignalled(task) ? 1 : 0;
        }

        int enclave = index - tasks;
        int guest = enclave - _names.Enclaves.Count;
        OperationTask[] ofProcess =
        [
            .. _topology.RaceTasks.Select(one => one.Task).Concat(_topology.RaceSetup)
                .Where(task => guest >= 0 ? task.Guest == guest : task.Enclave == enclave),
        ];
        return () => ofProcess.Count(isSignalled);
    }

    private static int IndexOf(IReadOnlyList<string> names, string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }

    private static Definition OfCgroup(Func<Cgroup, long> value) =>
        new(Argument.Cgroup, (q, index) =>
        {
            Cgroup cgroup = q._topology.Cgroups[index];
            return () => value(cgroup);
        });

    private static Definition OfEnclave(Func<EnclaveActors, long> value) =>
        new(Argument.Enclave, (q, index) =>
        {
            EnclaveActors enclave = q._topology.Enclaves[index];
            return () => value(enclave);
        });

    private static Definition OfTask(Func<OperationTask, long> value) =>
        new(Argument.Task, (q, index) =>
        {
            OperationTask task = q._topology.RaceTasks[index].Task;
            return () => value(task);
        });

    private sealed record Definition(Argument Argument, Func<Quantities, int, Func<long>> Make);
}

using System.Collections.Concurrent;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.TestKit;

/// <summary>
/// A task of a race as its own code sees it: it asks actors, and does the operations that race files know.
/// </summary>
/// <remarks>
/// Every await is a step, between two steps anything may happen elsewhere. Code of a task keeps what it knows in its
/// locals, which are part of the state. It may not change variables outside, look at a clock, draw random numbers, or
/// await anything but this. An exception that it throws breaks the rule <c>crash</c>, so that assertions of any test
/// framework work.
/// </remarks>
[Constant]
public sealed class RaceTask
{
    private readonly OperationTask _task;
    private readonly TaskNames _names;

    internal RaceTask(OperationTask task, TaskNames names)
    {
        _task = task;
        _names = names;
    }

    /// <summary>Name in schedules and reports.</summary>
    public string Name => _task.Name;

    /// <summary>Ids of the machine's actors, by number.</summary>
    public Machine Machine => _task.Machine;

    /// <summary>The process that it is a thread of; none for a task outside.</summary>
    public ActorId Process => _task.Process;

    /// <summary>One step: sends a message to an actor; the await yields it as answered.</summary>
    /// <param name="actor">Actor that gets it.</param>
    /// <param name="message">A message of one of the protocols in EpcActors.Kernel, or of a resource of one's
    /// own.</param>
    public Envelope<TMessage> Ask<TMessage>(ActorId actor, TMessage message)
        where TMessage : unmanaged, IMessage => _task.Ask(actor, message);

    /// <summary>Does an operation, to its end: many steps.</summary>
    /// <param name="operation">As race files say it: <c>write 1</c>, <c>set-max /a 4 pages</c>. Anything but fork and
    /// exit.</param>
    /// <returns>Result of the operation. A refusal by the kernel is a result like others.</returns>
    /// <exception cref="RaceDefinitionException">It says nothing, or does not work in this task's process.</exception>
    public Routine<OperationResult> Do(string operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return _task.Perform(_names.Parse(operation, _task));
    }

    /// <summary>One step in which nothing happens: others may go first.</summary>
    public TimeAwaiter Pause() => _task.Sleep(1_000_000);

    /// <summary>A cgroup.</summary>
    /// <param name="path">Its path; <c>/</c> for the root.</param>
    /// <exception cref="RaceDefinitionException">There is none.</exception>
    public ActorId Cgroup(string path) => Machine.Cgroups[_names.Find(_names.Names.Cgroups, path, "cgroup")];

    /// <summary>An enclave.</summary>
    /// <exception cref="RaceDefinitionException">There is none.</exception>
    public ActorId Enclave(string name) =>
        Machine.Enclaves[_names.Find(_names.Names.Enclaves, name, "enclave")].Enclave;

    /// <summary>A node of the machine.</summary>
    public ActorId Node(int number) => Machine.Nodes[number];

    /// <summary>A resource that the race brings along.</summary>
    /// <exception cref="RaceDefinitionException">There is none.</exception>
    public ActorId Resource(string name) => _task.Places.Resources.TryGetValue(name, out ActorId id)
        ? id
        : throw _names.Mistakes.Add($"there is no resource '{name}'; write .Resource(\"{name}\", …)");

    public override string ToString() => Name;
}

/// <summary>Names that the code of one task may use. Shared by all worlds of a search.</summary>
internal sealed class TaskNames(RaceNames names, RaceTaskSpec spec, Mistakes mistakes)
{
    private readonly ConcurrentDictionary<string, Operation> _operations = new(StringComparer.Ordinal);

    public RaceNames Names => names;

    public Mistakes Mistakes => mistakes;

    public int Find(IReadOnlyList<string> known, string name, string what)
    {
        for (int i = 0; i < known.Count; i++)
        {
            if (known[i] == name)
            {
                return i;
            }
        }

        throw mistakes.Add(
            $"the code of {spec.Name}: there is no {what} '{name}'; there are {string.Join(", ", known)}");
    }

    public Operation Parse(string text, OperationTask task)
    {
        if (_operations.TryGetValue(text, out Operation? known))
        {
            return known;
        }

        Operation operation;
        try
        {
            operation = new OperationParser(names, spec.Process).Parse(text);
        }
        catch (RaceTextException e)
        {
            throw mistakes.Add($"the code of {spec.Name}: {e.Message}", e);
        }

        if (operation is Operation.Fork or Operation.Exit)
        {
            throw mistakes.Add(
                $"the code of {spec.Name}: '{text}' cannot be done by code; make it an operation of its own, with "
                    + $".Then(\"{text}\")");
        }

        if (operation.Needs == OperationHomeKind.AnyProcess && task.Process.IsNone)
        {
            throw mistakes.Add(
                $"the code of {spec.Name}: '{text}' needs a process; give the task one, for example that of a cgroup, "
                    + $"\"/\"");
        }

        return _operations.GetOrAdd(text, operation);
    }
}

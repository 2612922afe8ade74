using System.Globalization;
using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Kernel;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Runs.Oracles;

namespace EpcActors.Races.Explorer;

/// <summary>States of all actors of a world, read between two steps: tasks first, then resources.</summary>
internal sealed class ActorStates
{
    private readonly LabWorld _world;
    private readonly int _tasks;
    private readonly ResourceStates _resources;
    private readonly Dictionary<ActorId, Resource> _byId;

    /// <param name="world">The world.</param>
    /// <param name="tasks">Tasks to describe, those with the lowest ordinals.</param>
    public ActorStates(LabWorld world, int tasks)
    {
        _world = world;
        _tasks = tasks;
        _resources = new ResourceStates(world.Topology);
        _byId = world.Topology.Resources.ToDictionary(resource => resource.Id);
    }

    /// <summary>The states as they are now.</summary>
    public IReadOnlyList<ActorState> Read()
    {
        (Resource Resource, string Lock, ActorId Owner)[] held = [.. HeldLocks.In(_world.Topology.Resources)];
        List<ActorState> states = [];
        for (int i = 0; i < _tasks; i++)
        {
            // A task that this variant gives nothing to do is not there.
            if (_world.Engine.Task(i) is not OperationTask { Operations.Count: 0 })
            {
                states.Add(OfTask(_world.Engine.Task(i), held));
            }
        }

        foreach (Resource resource in _world.Topology.Resources)
        {
            ActorState state = _resources.Of(resource);
            KeyValuePair<string, string>[] locks =
            [
                .. held.Where(one => one.Resource == resource)
                    .Select(one => KeyValuePair.Create(one.Lock, $"held by {NameOf(one.Owner)}")),
            ];
            states.Add(locks.Length == 0 ? state : state with { Facts = [.. state.Facts, .. locks] });
        }

        return states;
    }

    private ActorState OfTask(TaskActor task, (Resource Resource, string Lock, ActorId Owner)[] held)
    {
        List<KeyValuePair<string, string>> facts = [new("state", State(task, held))];
        if (task is OperationTask operations)
        {
            string done = string.Create(
                CultureInfo.InvariantCulture, $"{operations.Done} of {operations.Operations.Count} done");
            facts.Add(new("program", operations.Current is { } now ? $"{now.Text} ({done})" : done));
            if (operations.LastErrno != Errno.Ok)
            {
                facts.Add(new("errno", $"-{operations.LastErrno}"));
            }

            if (operations.Outcome != ThreadOutcome.Finished)
            {
                facts.Add(new("outcome", $"{operations.Outcome}"));
            }

            if (operations.KeptPages > 0)
            {
                facts.Add(new("EPC pages kept", operations.KeptPages.ToString(CultureInfo.InvariantCulture)));
            }
        }

        string functions = Functions(task);
        if (functions.Length > 0)
        {
            facts.Add(new("stack", functions));
        }

        string[] locks =
        [
            .. held.Where(one => one.Owner == task.Id).Select(one => $"{one.Lock} of {one.Resource.Name}"),
        ];
        if (locks.Length > 0)
        {
            facts.Add(new("holds", string.Join(", ", locks)));
        }

        return new ActorState(task.Name, "task", facts);
    }

    private string State(TaskActor task, (Resource Resource, string Lock, ActorId Owner)[] held)
    {
        ExploredEngine engine = _world.Engine;
        int ordinal = ExploredEngine.OrdinalOf(task);
        if (!task.HasStarted)
        {
            return engine.IsEnabled(ordinal) ? "about to start" : "not started";
        }

        if (task.HasStopped)
        {
            return "ended";
        }

        if (engine.IsEnabled(ordinal))
        {
            return engine.IsAsleep(ordinal) ? "asleep for a time" : "runnable";
        }

        if (engine.PendingTarget(ordinal) is { IsNone: false } target)
        {
            string owners = string.Join(", ", held
                .Where(one => one.Resource.Id == target)
                .Select(one => $"{one.Lock} held by {NameOf(one.Owner)}"));
            return $"waits at {_byId[target].Name}" + (owners.Length > 0 ? $" ({owners})" : "");
        }

        return "blocked";
    }

    /// <summary>Kernel functions that the task is in, outermost first.</summary>
    private static string Functions(TaskActor task)
    {
        List<RoutineMethod> methods = [];
        StateImage.DescribeStack(task, methods);
        List<string> names = [];
        foreach (RoutineMethod method in methods)
        {
            if (method.Linux is { IsPart: false } linux && (names.Count == 0 || names[^1] != linux.Function))
            {
                names.Add(linux.Function);
            }
        }

        return string.Join(" > ", names.Select(name => name + "()"));
    }

    private string NameOf(ActorId id)
    {
        for (int i = 0; i < _world.Engine.TaskCount; i++)
        {
            if (_world.Engine.Task(i).Id == id)
            {
                return _world.Engine.Task(i).Name;
            }
        }

        return id.ToString();
    }
}

using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Tasks;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Sharing;

/// <summary>
/// Actors share what docs/decisions/0012 lists, and no more: by their types, and by the objects of a run.
/// </summary>
public sealed class SharedStateTests
{
    private const BindingFlags AllStatic =
        BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
    private const BindingFlags AllInstance =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>
    /// Fields that lead from one actor to the object of another, each with the reason why that is sound. The list is
    /// short on purpose.
    /// </summary>
    private static readonly Dictionary<string, string> ReviewedReferences = new(StringComparer.Ordinal)
    {
        ["OomKiller._candidates"] =
            "filled while building; reads words of processes and files, as the kernel does under RCU",
        ["OperationPlaces.<Tasks>k__BackingField"] =
            "filled while building; Fork starts a task, Touch.Until reads one flag that is set once",
        ["OperationTask.<Owner>k__BackingField"] = "a task of the setup, which ends before its owner starts",
        ["EnclaveProgram.<Threads>k__BackingField"] = "to start them; constant",
        ["ForkChild.<Child>k__BackingField"] = "to start it, and its constant process and address space",
        ["Code.<Run>k__BackingField"] = "gets the task that runs it",
    };

    /// <summary>Locals of routines that hold an actor other than the one that runs them.</summary>
    private static readonly string[] ReviewedLocals = ["UserThread.ForkInto.child", "EnclaveThread.Fork.child"];

    /// <summary>
    /// Fields in which the engine keeps state with a task. The timed engine, on its one thread, gives the tasks of a
    /// kind one set of envelopes. The end of a routine may still name a box that went back to the pool.
    /// </summary>
    private static readonly string[] EnginesOwn = ["_driver", "EngineState", "_end", "_nextInPool", "_envelopes"];

    private static readonly Assembly[] Layers = [typeof(EpcPage).Assembly, typeof(Machine).Assembly];

    private static readonly ConditionalWeakTable<Type, FieldInfo[]> Fields = [];

    [Fact]
    public void No_type_has_a_static_field_that_changes()
    {
        List<string> found = [];
        foreach (Type type in Layers.SelectMany(layer => layer.GetTypes()).Where(type => !IsClosureCache(type)))
        {
            foreach (FieldInfo field in type.GetFields(AllStatic))
            {
                bool isTable = field.FieldType == typeof(double[]) && type.Name == "DeterministicMath";
                bool isConstant = field.IsLiteral || (field.IsInitOnly && (isTable || !CanChange(field.FieldType)));
                if (!isConstant)
                {
                    found.Add($"{type.Name}.{field.Name}");
                }
            }
        }

        Assert.Empty(found);

        // Delegates without a closure, kept by the compiler: a second creation makes the same.
        static bool IsClosureCache(Type type) =>
            type.Name is "<>c" or "<>O"
            || type.Name.StartsWith("<PrivateImplementationDetails>", StringComparison.Ordinal);

        static bool CanChange(Type type) =>
            type.IsArray
            || (type != typeof(string) && type.IsAssignableTo(typeof(IList)) && type.IsClass)
            || type.IsAssignableTo(typeof(IDictionary));
    }

    [Fact]
    public void No_actor_knows_the_object_of_another_but_where_it_was_reviewed()
    {
        SortedSet<string> found = new(StringComparer.Ordinal);
        SortedSet<string> locals = new(StringComparer.Ordinal);
        foreach (Type type in Layers.SelectMany(layer => layer.GetTypes()))
        {
            foreach (FieldInfo field in type.GetFields(AllInstance).Where(field => MentionsActor(field.FieldType)))
            {
                if (!type.IsAssignableTo(typeof(IAsyncStateMachine)))
                {
                    found.Add($"{type.Name}.{field.Name}");
                }
                else if (field.Name is not ("current" or "<>4__this"))
                {
                    string method = RoutineNames.Of(type).Name;
                    locals.Add($"{type.DeclaringType!.Name}.{method}.{field.Name}");
                }
            }
        }

        Assert.Equal(ReviewedReferences.Keys.Order(StringComparer.Ordinal), found);
        Assert.Equal(ReviewedLocals.Order(StringComparer.Ordinal), locals);

        static bool MentionsActor(Type type) =>
            type.IsAssignableTo(typeof(Resource))
            || type.IsAssignableTo(typeof(TaskActor))
            || (type.HasElementType && MentionsActor(type.GetElementType()!))
            || (type.IsGenericType && Array.Exists(type.GetGenericArguments(), MentionsActor));
    }

    /// <summary>
    /// Runs a scenario and compares every object that more than one actor can reach before and after: none changes, but
    /// for the descriptors.
    /// </summary>
    [Trait("tier", "slow")] // Whole scenarios, and all that their actors reach.
    [Theory]
    [InlineData("config/quickstart.conf")]
    [InlineData("config/scenarios/sgx2-storm.conf")]
    [InlineData("config/scenarios/backing-memory.conf")]
    public void What_more_than_one_actor_reaches_does_not_change_during_a_run(string file)
    {
        TimedRun run = new(
            ScenarioLoader.Load(Path.Combine(Repository.Root, file), [], null, ConfigEnvironment.Default),
            "test",
            null);
        Dictionary<object, string> shared = Shared(run.Topology);
        Assert.Contains(shared.Keys, one => one is Machine);
        Dictionary<object, string> before = new(ReferenceEqualityComparer.Instance);
        foreach (object one in shared.Keys)
        {
            before.Add(one, Contents(one));
        }

        run.Execute(CancellationToken.None);
        Assert.Empty(shared.Where(one => Contents(one.Key) != before[one.Key]).Select(one => one.Value));

        // What came to be shared during the run are requests, which wait in a resource, and the descriptors.
        Assert.Empty(
            Shared(run.Topology)
                .Where(one => !before.ContainsKey(one.Key) && one.Key is not EpcPage[])
                .Select(one => one.Value));
    }

    /// <summary>Objects that more than one actor can reach, with a path to each.</summary>
    private static Dictionary<object, string> Shared(Topology topology)
    {
        Dictionary<object, object> reachedBy = new(ReferenceEqualityComparer.Instance);
        Dictionary<object, string> shared = new(ReferenceEqualityComparer.Instance);
        foreach (object actor in topology.Resources.Cast<object>().Concat(topology.Tasks.Select(task => task.Task)))
        {
            HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
            Stack<(object Value, string Path)> left = new([(actor, actor.GetType().Name)]);
            while (left.TryPop(out (object Value, string Path) at))
            {
                if (!seen.Add(at.Value))
                {
                    continue;
                }

                if (!reachedBy.TryAdd(at.Value, actor) && !ReferenceEquals(reachedBy[at.Value], actor))
                {
                    shared.TryAdd(at.Value, at.Path);
                }

                foreach ((object value, string name) in References(at.Value))
                {
                    if (value is not (Resource or TaskActor or RoutineAwaiter or string or Type or Delegate))
                    {
                        left.Push((value, $"{at.Path}.{name}"));
                    }
                }
            }
        }

        return shared;
    }

    /// <summary>References of an object, also through structs inside; without the engine's state of a task.</summary>
    private static IEnumerable<(object Value, string Name)> References(object of)
    {
        if (of is Array array)
        {
            if (!array.GetType().GetElementType()!.IsPrimitive && of is not EpcPage[])
            {
                foreach (object? element in array)
                {
                    foreach (
                        (object Value, string Name) reference in element is null ? []
                        : element.GetType().IsValueType ? References(element)
                        : [(element, "[]")])
                    {
                        yield return reference;
                    }
                }
            }

            yield break;
        }

        foreach (FieldInfo field in FieldsOf(of.GetType()))
        {
            if (
                field.FieldType.IsPrimitive
                || field.FieldType.IsEnum
                || field.FieldType.IsPointer
                || EnginesOwn.Contains(field.Name))
            {
                continue;
            }

            object? value = field.GetValue(of);
            foreach (
                (object Value, string Name) reference in value is null ? []
                : value.GetType().IsValueType ? References(value)
                : [(value, field.Name)])
            {
                yield return (reference.Value, field.Name);
            }
        }
    }

    /// <summary>The fields of an object, or the elements of an array, as text: references by identity.</summary>
    private static string Contents(object of)
    {
        if (of is EpcPageTable)
        {
            return "";
        }

        if (of is Array { Length: var length } array)
        {
            bool isDescriptors = of is EpcPage[] or EpcPage[][];
            return isDescriptors ? $"{length}" : string.Join(' ', array.Cast<object?>().Select(Value));
        }

        return string.Join(' ', FieldsOf(of.GetType()).Select(field => $"{field.Name}={Value(field.GetValue(of))}"));

        static string Value(object? value) =>
            value is null ? "-"
            : value.GetType().IsPrimitive || value is string or Enum ? value.ToString()!
            : value.GetType().IsValueType ? $"({Contents(value)})"
            : $"#{RuntimeHelpers.GetHashCode(value)}";
    }

    private static FieldInfo[] FieldsOf(Type type) => Fields.GetValue(type, static of =>
    {
        List<FieldInfo> fields = [];
        for (Type? at = of; at is not null; at = at.BaseType)
        {
            fields.AddRange(at.GetFields(AllInstance));
        }

        return [.. fields];
    });
}

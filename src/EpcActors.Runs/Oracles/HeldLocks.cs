using System.Reflection;
using EpcActors.Engine;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// Who holds which mutex. Read from the resources' private state by reflection: only a report of a deadlock and tests
/// need it, so no message and no hot path pays for it.
/// </summary>
internal static class HeldLocks
{
    /// <summary>Every mutex that is held: the resource and the task that holds it.</summary>
    public static IEnumerable<(Resource Resource, string Lock, ActorId Owner)> In(IEnumerable<Resource> resources)
    {
        foreach (Resource resource in resources)
        {
            foreach (
                FieldInfo field in resource
                    .GetType()
                    .GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public))
            {
                object? value = field.GetValue(resource);
                Engine.Mutex[] mutexes = value switch
                {
                    Engine.Mutex one => [one],
                    Engine.Mutex[] many => many,
                    _ => [],
                };
                foreach (Engine.Mutex mutex in mutexes)
                {
                    if (mutex.IsHeld)
                    {
                        yield return (resource, field.Name.TrimStart('_'), mutex.Owner);
                    }
                }
            }
        }
    }

    /// <summary>Names of the locks that each task holds.</summary>
    public static Dictionary<ActorId, string> ByOwner(IEnumerable<Resource> resources)
    {
        Dictionary<ActorId, string> held = [];
        foreach ((Resource resource, string name, ActorId owner) in In(resources))
        {
            string one = $"{name} of {resource.Name}";
            held[owner] = held.TryGetValue(owner, out string? others) ? $"{others} and {one}" : one;
        }

        return held;
    }
}

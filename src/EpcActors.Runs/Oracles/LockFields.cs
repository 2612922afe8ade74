using System.Reflection;
using EpcActors.Engine;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// The mutexes of a resource, taken out and put back: without them shows what else a step has changed.
/// </summary>
internal static class LockFields
{
    /// <summary>Their values now.</summary>
    public static object[] Of(Resource resource) =>
        [
            .. Fields(resource)
                .Select(field => field.GetValue(resource)!)
                .Select(value => value is Engine.Mutex[] many ? many.Clone() : value),
        ];

    /// <summary>Puts values back that <see cref="Of"/> returned.</summary>
    public static void Set(Resource resource, object[] values)
    {
        int i = 0;
        foreach (FieldInfo field in Fields(resource))
        {
            if (values[i] is Engine.Mutex[] many)
            {
                many.CopyTo((Engine.Mutex[])field.GetValue(resource)!, 0);
            }
            else
            {
                field.SetValue(resource, values[i]);
            }

            i++;
        }
    }

    private static IEnumerable<FieldInfo> Fields(Resource resource) => resource.GetType()
        .GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
        .Where(field => (field.FieldType == typeof(Engine.Mutex) || field.FieldType == typeof(Engine.Mutex[]))
            && field.GetValue(resource) is not null);
}

namespace EpcActors.Engine;

/// <summary>Resources by the index of their id: an array, as ids are dense.</summary>
internal static class ResourceTable
{
    /// <summary>Adds a resource under its id.</summary>
    /// <exception cref="InvariantViolation">when another one has it.</exception>
    public static void Add(ref Resource[] resources, Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (resource.Id.Index >= resources.Length)
        {
            Array.Resize(ref resources, Math.Max(resource.Id.Index + 1, resources.Length * 2));
        }

        Invariant.That(resources[resource.Id.Index] is null, $"two actors have the id of {resource.Name}");
        resources[resource.Id.Index] = resource;
    }
}

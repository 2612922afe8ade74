using EpcActors.Tests;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer("EpcActors.Tests.SlowFirst", "EpcActors.Tests")]

namespace EpcActors.Tests;

/// <summary>
/// Begins with the slow classes. Classes run side by side; with a slow one begun last, all cores but one wait for it.
/// </summary>
public sealed class SlowFirst : ITestCollectionOrderer
{
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(one => IsSlow(one) ? 0 : 1).ThenBy(one => one.DisplayName, StringComparer.Ordinal);

    /// <summary>A class without a collection of its own is one, which is called after it.</summary>
    private static bool IsSlow(ITestCollection collection)
    {
        Type? type = typeof(SlowFirst).Assembly.GetType(collection.DisplayName.Split(' ')[^1]);
        return type is not null && type.GetCustomAttributesData().Any(one =>
            one.AttributeType == typeof(TraitAttribute)
            && one.ConstructorArguments is [{ Value: "tier" }, { Value: "slow" }]);
    }
}

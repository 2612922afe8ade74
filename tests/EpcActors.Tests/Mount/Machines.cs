using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Mount;

/// <summary>Machines for tests of the mount.</summary>
internal static class Machines
{
    /// <summary>The machine that the repository ships for the mount, with other keys.</summary>
    public static Scenario Empty(params (string Key, string Value)[] keys) => ScenarioLoader.Load(
        Loading.RepositoryPath("config/empty-machine.conf"),
        [.. keys.Select(one => KeyValuePair.Create(one.Key, one.Value))],
        null,
        ConfigEnvironment.Default);
}

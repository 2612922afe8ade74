using EpcActors.Hocon;
using EpcActors.Imports;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Imports;

/// <summary>Texts and samples as scenarios.</summary>
internal static class Importing
{
    /// <summary>A text as a file of that name.</summary>
    public static ScenarioText Text(
        string name, string text, ImportOptions? options = null, InputFormat? format = null) => ScenarioSource.Read(
            [name], format, options ?? ImportOptions.Default, Environment(name, text));

    /// <summary>A scenario's own text, loaded.</summary>
    public static Scenario LoadScenario(string name, string text) =>
        ScenarioLoader.Load(name, [], null, Environment(name, text));

    private static ConfigEnvironment Environment(string name, string text) =>
        new() { Files = new HoconMemoryIncluder([new(name, text)]), Variables = static _ => null };

    /// <summary>The scenario, loaded as a command loads it.</summary>
    public static Scenario Load(string name, string text, ImportOptions? options = null) =>
        Load(Text(name, text, options));

    public static Scenario Load(ScenarioText text) =>
        ScenarioLoader.Load(text.SourceName, [], null, text.In(ConfigEnvironment.Default));

    /// <summary>Every error of a text, one a line.</summary>
    public static string Errors(string name, string text, ImportOptions? options = null) =>
        Assert.Throws<ConfigurationException>(() => Text(name, text, options)).Message;

    public static string Notes(ScenarioText text) => string.Join('\n', text.Notes);

    public static string SamplePath(string name) => Path.Combine(Repository.Root, "config", "samples", name);

    /// <summary>misc.max of a cgroup, bytes.</summary>
    public static long MaxOf(Scenario scenario, string path) =>
        Assert.Single(scenario.Cgroups, one => one.Path == path).Max.Bytes;

    public static EnclaveSpec Enclave(Scenario scenario, string name) =>
        Assert.Single(scenario.Enclaves, one => one.Name == name);
}

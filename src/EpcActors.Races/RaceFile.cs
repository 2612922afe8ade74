using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races;

/// <summary>Reads race files: scenario files with a block <c>epc.race</c>.</summary>
public static class RaceFile
{
    /// <summary>Name of a race that was given as a text.</summary>
    public const string TextName = "race.conf";

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its path; relative paths in it are relative to its folder.</param>
    /// <param name="variant">The variant to lie on top of it; null or empty for the file as it is.</param>
    /// <param name="overrides"><c>--set key=value</c>, on top of the variant.</param>
    /// <param name="environment">Files and variables; null for those of the process.</param>
    /// <param name="seed">Replaces <c>epc.seed</c>.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong.</exception>
    public static RaceDefinition Load(
        string file,
        string? variant = null,
        IReadOnlyList<KeyValuePair<string, string>>? overrides = null,
        ConfigEnvironment? environment = null,
        ulong? seed = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        LoadContext context = new(file, environment ?? ConfigEnvironment.Default) { Variant = variant ?? "" };
        LoadedScenario loaded = ScenarioLoader.Read(context, overrides ?? [], seed);
        if (loaded.Race is null)
        {
            context.Error(
                new HoconOrigin(file, 1, 1),
                "epc.race",
                "there is no race in this file",
                "write epc.race { tasks { … } }");
            throw context.Failure();
        }

        return loaded.Race with { Notes = loaded.Notes };
    }

    /// <summary>Reads a text.</summary>
    /// <exception cref="ConfigurationException">Something in it is wrong.</exception>
    public static RaceDefinition LoadText(
        string text,
        string? variant = null,
        IReadOnlyList<KeyValuePair<string, string>>? overrides = null,
        ulong? seed = null)
    {
        ConfigEnvironment environment = ConfigEnvironment.Default with
        {
            Files = new HoconMemoryIncluder([new KeyValuePair<string, string>(TextName, text)]),
        };
        return Load(TextName, variant, overrides, environment, seed);
    }
}

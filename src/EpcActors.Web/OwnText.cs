using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Reports;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Web;

/// <summary>A race or a scenario of the reader's own, as text.</summary>
internal static class OwnText
{
    /// <summary>Name of a scenario that was given as a text.</summary>
    public const string ScenarioName = "scenario.conf";

    private const string ScenarioSample = "scenario:";

    /// <summary>Reads a text as the command would read the file.</summary>
    /// <exception cref="ConfigurationException">Something in it is wrong.</exception>
    public static LoadedScenario Load(string text) => ScenarioLoader.LoadWithNotes(
        ScenarioName,
        [],
        null,
        ConfigEnvironment.Default with
        {
            Files = new HoconMemoryIncluder([new KeyValuePair<string, string>(ScenarioName, text)]),
        });

    /// <summary>All mistakes of a text; none when it can be run.</summary>
    public static IReadOnlyList<TextMistake> Check(string text)
    {
        try
        {
            if (Load(text).Race is { } race)
            {
                foreach (string variant in race.Variants)
                {
                    RaceFile.LoadText(text, variant);
                }

                _ = new RaceWorld(race.Scenario);
            }

            return [];
        }
        catch (ConfigurationException wrong)
        {
            return
            [
                .. wrong.Errors.Select(error => new TextMistake(
                    error.Origin.Source is RaceFile.TextName or ScenarioName ? error.Origin.Line : 0,
                    error.Origin.Column,
                    (error.Key.Length > 0 ? $"{error.Key}: " : "") + error.Message
                        + (error.Remedy.Length > 0 ? $"; {error.Remedy}" : ""))),
            ];
        }
        catch (RaceSetupException wrong)
        {
            return [new TextMistake(0, 0, wrong.Message)];
        }
    }

    /// <summary>The text has no mistake and is of a scenario, which is run and not played.</summary>
    public static bool IsScenario(string text) => IsReadable(text) && Load(text).Race is null;

    /// <summary>The text has no mistake and is of a race.</summary>
    public static bool IsRace(string text) => IsReadable(text) && Load(text).Race is not null;

    /// <summary>
    /// Keys that can stand at a place: the characters of the key that stand there already, then a key on each line.
    /// </summary>
    /// <param name="place">Characters before the place, a line break, the text.</param>
    public static string Complete(string place)
    {
        int end = place.IndexOf('\n', StringComparison.Ordinal);
        (string begun, IReadOnlyList<string> keys) = KeyCompletion.At(
            place[(end + 1)..], int.Parse(place.AsSpan(0, end), CultureInfo.InvariantCulture));
        return string.Join('\n', keys.Prepend(begun.Length.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>
    /// A text to start from: a race of the catalogue by its id, or a scenario of the folder config/ as
    /// <c>scenario:quickstart</c>. An empty name is the shortest race.
    /// </summary>
    public static string Sample(string name) =>
        name.StartsWith(ScenarioSample, StringComparison.Ordinal)
            && BuiltInFiles.Read($"{BuiltInFiles.Prefix}{name[ScenarioSample.Length..]}.conf") is { } scenario
            ? scenario
            : Catalogue.TextOf(Catalogue.FileOf(name.Length == 0 ? "R1" : name) ?? Catalogue.FileOf("R1")!);

    private static bool IsReadable(string text)
    {
        try
        {
            Load(text);
            return true;
        }
        catch (ConfigurationException)
        {
            return false;
        }
    }
}

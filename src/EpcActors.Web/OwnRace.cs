using System.Globalization;
using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Reports;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Web;

/// <summary>A race of the reader's own, as text.</summary>
internal static class OwnRace
{
    /// <summary>All mistakes of a text; none when it can be run.</summary>
    public static IReadOnlyList<TextMistake> Check(string text)
    {
        try
        {
            RaceDefinition plain = RaceFile.LoadText(text);
            foreach (string variant in plain.Variants)
            {
                RaceFile.LoadText(text, variant);
            }

            _ = new RaceWorld(plain.Scenario);
            return [];
        }
        catch (ConfigurationException wrong)
        {
            return
            [
                .. wrong.Errors.Select(error => new TextMistake(
                    error.Origin.Source == RaceFile.TextName ? error.Origin.Line : 0,
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

    /// <summary>A race of the catalogue as a sample to start from; an empty id is the shortest.</summary>
    public static string Sample(string id) =>
        Catalogue.TextOf(Catalogue.FileOf(id.Length == 0 ? "R1" : id) ?? Catalogue.FileOf("R1")!);
}

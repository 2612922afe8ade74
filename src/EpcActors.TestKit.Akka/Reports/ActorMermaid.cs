using System.Globalization;
using System.Text;
using EpcActors.Reports;

namespace EpcActors.TestKit.Akka;

/// <summary>A schedule as a Mermaid sequence diagram: an arrow where a message is handled, from its sender.</summary>
internal static class ActorMermaid
{
    /// <summary>Viewers refuse much longer texts.</summary>
    private const int MostSteps = 400;

    public static string Text(FoundActorRace race)
    {
        StringBuilder text = new("sequenceDiagram\n");
        Dictionary<string, string> ids = [];
        int count = Math.Min(race.Steps.Count, MostSteps);
        for (int i = 0; i < count; i++)
        {
            AddParticipant(text, ids, SenderOf(race, i));
            AddParticipant(text, ids, race.Steps[i].Actor);
        }

        for (int i = 0; i < count; i++)
        {
            ActorStep step = race.Steps[i];
            string to = ids[step.Actor];
            string words = MermaidText.Escape(step.Detail);
            text.Append(
                CultureInfo.InvariantCulture, $"    {ids[SenderOf(race, i)]}-){to}: {i + 1} {words}\n");
            foreach (string note in step.Fault.Length > 0 ? [step.Fault, .. step.Happened] : step.Happened)
            {
                text.Append(CultureInfo.InvariantCulture, $"    Note over {to}: {MermaidText.Escape(note)}\n");
            }
        }

        if (count < race.Steps.Count)
        {
            text.Append(
                CultureInfo.InvariantCulture, $"    Note over p0: cut here, {race.Steps.Count - count} more steps\n");
        }

        string broken = MermaidText.Escape($"violated: {race.Finding.Rule}");
        string over = ids.Count > 1 ? $"p0,p{(ids.Count - 1).ToString(CultureInfo.InvariantCulture)}" : "p0";
        return ids.Count == 0 ? text.ToString()
            : text.Append(CultureInfo.InvariantCulture, $"    Note over {over}: {broken}\n").ToString();
    }

    private static void AddParticipant(StringBuilder text, Dictionary<string, string> ids, string actor)
    {
        string id = $"p{ids.Count.ToString(CultureInfo.InvariantCulture)}";
        if (ids.TryAdd(actor, id))
        {
            text.Append(CultureInfo.InvariantCulture, $"    participant {id} as {MermaidText.Escape(actor)}\n");
        }
    }

    /// <summary>
    /// The actor of the step that sent it: Akka's sender is another one where a message is forwarded, or none.
    /// </summary>
    private static string SenderOf(FoundActorRace race, int i) =>
        race.DetailOf(i).Causes is [var cause, ..] ? cause >= 0 ? race.Steps[cause].Actor : FoundActorRace.Outside
            : race.Steps[i].Actor;
}

using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The state of every actor: those that take part first, what the last step changed marked.</summary>
internal static class ExplorerActors
{
    public static void Write(HtmlWriter html, ExplorerView view)
    {
        RacePosition position = view.Position;
        HashSet<string> taking =
        [
            .. view.Central,
            .. view.Way.Steps.Concat(position.Choices.Select(choice => choice.Step))
                .Where(step => step.Resource >= 0)
                .Select(step => view.Way.Resources[step.Resource].Name),
        ];
        html.Element("h2", "State of the actors");
        html.Open("div", ("class", "cards"));
        ActorState[] shown =
        [
            .. position.Actors.Where(actor => IsTask(actor) || taking.Contains(actor.Name)
                || Changes(actor, position.Before).Count > 0),
        ];
        foreach (ActorState actor in shown)
        {
            WriteCard(html, actor, position.Before);
        }

        html.Close("div");
        ActorState[] rest = [.. position.Actors.Except(shown).Where(actor => actor.Facts.Count > 0)];
        if (rest.Length > 0)
        {
            html.Open("details", ("id", "others"));
            html.Element("summary", $"{rest.Length} more");
            html.Open("div", ("class", "cards"));
            foreach (ActorState actor in rest)
            {
                WriteCard(html, actor, position.Before);
            }

            html.Close("div");
            html.Close("details");
        }
    }

    private static void WriteCard(HtmlWriter html, ActorState actor, IReadOnlyList<ActorState> before)
    {
        HashSet<string> changes = Changes(actor, before);
        html.Open("section", ("class", changes.Count > 0 ? "actor changed" : "actor"), ("aria-label", actor.Name));
        html.Open("h3");
        html.Text(actor.Name);
        if (!IsTask(actor))
        {
            html.Element("span", actor.Kind, ("class", "sub"));
        }

        html.Close("h3");
        html.Open("dl");
        foreach ((string name, string value) in actor.Facts)
        {
            html.Open("div", ("class", changes.Contains(name) ? "changed" : null));
            html.Element("dt", name);
            html.Element("dd", value);
            html.Close("div");
        }

        html.Close("dl");
        html.Close("section");
    }

    private static bool IsTask(ActorState actor) => actor.Kind == "task";

    private static HashSet<string> Changes(ActorState actor, IReadOnlyList<ActorState> before)
    {
        ActorState? old = before.FirstOrDefault(one => one.Name == actor.Name);
        return old is null ? [] : [.. actor.Facts.Except(old.Facts).Select(fact => fact.Key)];
    }
}

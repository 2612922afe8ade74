using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>What a reader can let happen from outside at a position, as buttons.</summary>
internal static class ExplorerFaults
{
    public static void Write(HtmlWriter html, ExplorerView view)
    {
        bool isShown = view.Faults is not null;
        html.Element(
            "button",
            "Let something go wrong …",
            ("type", "button"),
            ("data-do", "faults"),
            ("data-arg", isShown ? "off" : "on"),
            ("aria-expanded", isShown ? "true" : "false"),
            ("aria-keyshortcuts", "F"),
            ("title", "Kills, signals, the loss of the EPC, leaves that fail (F)"));
        if (view.Faults is not { } faults)
        {
            return;
        }

        if (faults.Count == 0)
        {
            html.Element("p", "The run is over here.", ("class", "sub"));
            return;
        }

        html.Open("dl", ("class", "faults"));
        foreach (IGrouping<string, ExplorerFault> kind in faults.GroupBy(fault => fault.Kind))
        {
            html.Open("div");
            html.Element("dt", kind.Key);
            html.Open("dd");
            foreach (ExplorerFault fault in kind)
            {
                ExplorerPage.Button(html, fault.Text, "inject", fault.Argument);
            }

            html.Close("dd");
            html.Close("div");
        }

        html.Close("dl");
        html.Element(
            "p",
            "A kill, a signal or a loss becomes a task of the race, and a failure a choice: link and schedule hold it.",
            ("class", "sub"));
    }
}

using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The tables of a run over several processes.</summary>
internal static class ClusterHtml
{
    public static void Write(HtmlWriter html, RunReport r)
    {
        if (r.Cluster is not { } cluster)
        {
            return;
        }

        WriteProcesses(html, cluster);
        if (cluster.Deaths.Count > 0)
        {
            WriteDeaths(html, cluster);
        }
    }

    private static void WriteProcesses(HtmlWriter html, ClusterReport cluster)
    {
        HtmlTables.Begin(
            html,
            "Processes: " + ClusterWords.Summary(cluster),
            "process",
            "sockets",
            "where",
            "#lives",
            "verdict",
            "#messages/s",
            "#faults",
            "#evictions",
            "#enclaves",
            "#frames out",
            "#frames in",
            "#bytes out",
            "#bytes in",
            "#dropped",
            "#sent again",
            "#fenced",
            "#audits",
            "missing");
        foreach (ProcessReport p in cluster.Processes)
        {
            html.Open("tr");
            html.Element("th", Units.Count(p.Member), ("scope", "row"));
            html.Element("td", string.Join(", ", p.Sockets));
            html.Element("td", $"{p.Host}, process {p.ProcessId}");
            HtmlTables.Number(html, Units.Count(p.Incarnations));
            html.Element(
                "td",
                ClusterWords.Verdict(p),
                ("class", !p.HasReport || p.Verdict == Verdict.Violation ? "bad" : null));
            HtmlTables.Number(html, Units.SiPrefixed(p.MessagesPerSecond));
            HtmlTables.Number(html, Units.Count(p.Faults));
            HtmlTables.Number(html, Units.Count(p.Evictions));
            HtmlTables.Number(html, Units.Count(p.Enclaves));
            HtmlTables.Number(html, Units.Count(p.FramesOut));
            HtmlTables.Number(html, Units.Count(p.FramesIn));
            HtmlTables.Number(html, Units.Bytes(p.BytesOut));
            HtmlTables.Number(html, Units.Bytes(p.BytesIn));
            HtmlTables.Number(html, Units.Count(p.FramesDropped));
            HtmlTables.Number(html, Units.Count(p.SentAgain));
            HtmlTables.Number(html, Units.Count(p.FencedFrames));
            HtmlTables.Number(html, Units.Count(p.Cuts));
            html.Element("td", p.Missing, ("class", "prose"));
            html.Close("tr");
        }

        HtmlTables.End(html);
    }

    private static void WriteDeaths(HtmlWriter html, ClusterReport cluster)
    {
        HtmlTables.Begin(
            html,
            "Deaths, and how long until all processes knew, until an audit over all processes found every counter in "
            + "order, and until it was back at work",
            "process", "#life", "#at", "#known to all", "#clean audit", "#back", "reason");
        foreach (DeathReport death in cluster.Deaths)
        {
            html.Open("tr");
            html.Element("th", Units.Count(death.Member), ("scope", "row"));
            HtmlTables.Number(html, Units.Count(death.Incarnation));
            HtmlTables.Number(html, Units.Duration(death.AtNs));
            HtmlTables.Number(html, After(death.InstalledNs));
            HtmlTables.Number(html, After(death.CleanAuditNs));
            HtmlTables.Number(html, After(death.BackNs));
            html.Element("td", death.Reason, ("class", "prose"));
            html.Close("tr");
        }

        HtmlTables.End(html);
    }

    private static string After(long? ns) => ns is { } after ? Units.Duration(after) : "-";
}

using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Reports;

/// <summary>
/// Additional figures of a run over several processes, as plain text: a line for each process and one for each death.
/// </summary>
internal static class ClusterText
{
    public static void Write(ConsoleText text, RunReport r)
    {
        if (r.Cluster is not { } cluster)
        {
            return;
        }

        text.Paragraph("cluster   ", ClusterWords.Summary(cluster), ConsoleText.Dim);
        text.Heading("Processes");
        TextTable table = new(
            TextTable.Figure("process"),
            TextTable.Name("sockets"),
            TextTable.Name("where"),
            TextTable.Figure("lives"),
            TextTable.Word("verdict"),
            TextTable.Figure("messages/s"),
            TextTable.Figure("faults"),
            TextTable.Figure("evictions"),
            TextTable.Figure("frames out"),
            TextTable.Figure("bytes out"),
            TextTable.Figure("sent again"),
            TextTable.Figure("audits"));
        foreach (ProcessReport p in cluster.Processes)
        {
            Style? style = !p.HasReport || p.Verdict == Verdict.Violation ? ConsoleText.Bad : (Style?)null;
            table.Row(
                Units.Count(p.Member),
                string.Join(", ", p.Sockets),
                $"{p.Host}:{p.ProcessId}",
                Units.Count(p.Incarnations),
                new Cell(ClusterWords.Verdict(p), style),
                Units.SiPrefixed(p.MessagesPerSecond),
                Units.Count(p.Faults),
                Units.Count(p.Evictions),
                Units.Count(p.FramesOut),
                Units.Bytes(p.BytesOut),
                Units.Count(p.SentAgain),
                Units.Count(p.Cuts));
        }

        table.WriteTo(text);
        foreach (ProcessReport p in cluster.Processes.Where(one => !one.HasReport))
        {
            text.Paragraph("  - ", $"process {p.Member}: {p.Missing}");
        }

        foreach (DeathReport death in cluster.Deaths)
        {
            text.Paragraph("  - ", ClusterWords.Death(death));
        }
    }
}

/// <summary>The words that every report uses for a cluster.</summary>
internal static class ClusterWords
{
    public static string Summary(ClusterReport cluster) =>
        $"{Wording.Counted(cluster.Processes.Count, "process")}, {Wording.Counted(cluster.Views, "view")}; "
        + $"{Wording.Counted(cluster.Audits, "audit")} over all processes"
        + (cluster.Audits == 0 ? "" : $", the longest {Units.Duration((long)(cluster.LongestAuditMs * 1e6))}")
        + (cluster.DroppedAudits == 0 ? ""
            : $", {Units.Count(cluster.DroppedAudits)} dropped when a process joined or died")
        + (cluster.WasAuditedAtTheEnd ? ", and one at the end" : ", none at the end");

    public static string Verdict(ProcessReport process) =>
        process.Verdict is { } verdict ? Wording.Key(verdict) : "no report";

    public static string Death(DeathReport death) =>
        $"process {death.Member}, life {death.Incarnation}, was found dead at {Units.Duration(death.AtNs)}: "
        + $"{death.Reason}; "
        + (
            death.InstalledNs is { } installed
                ? $"all knew {Units.Duration(installed)} later"
                : "the run ended before all knew")
        + (
            death.CleanAuditNs is { } clean
                ? $", an audit found all in order {Units.Duration(clean)} later"
                : ", no audit came after it")
        + (death.BackNs is { } back ? $", and it was back at work {Units.Duration(back)} later" : "");
}

using System.Globalization;
using System.Text;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed class CsvReportTests
{
    [Fact]
    public void The_columns_are_those_of_the_contract()
    {
        List<List<string>> rows = Parse(Render.Csv(SampleReports.Hang(3)));
        Assert.Equal(
            ["t_ns", "free_pages", "free_page_counter", "free_pages_node0", "free_pages_node1",
                "faults_in_sample", "fault_retries_in_sample", "evictions_in_sample", "reloads_in_sample",
                "fault_p50_ns", "fault_p99_ns", "/:misc.current", "/:misc.max", "/:misc.peak",
                "/:misc.events", "/:misc.events.local",
                "faults_total", "fault_retries_total", "evictions_total", "reloads_total"],
            rows[0]);
        Assert.Equal(4, rows.Count);
    }

    [Fact]
    public void Every_sample_comes_back()
    {
        RunReport report = SampleReports.Escapes();
        Timeline t = report.Timeline;
        List<List<string>> rows = Parse(Render.Csv(report));
        Assert.Equal(t.AtNs.Count + 1, rows.Count);
        Assert.Equal($"/{SampleReports.Nasty}:misc.current", rows[0][16]);
        for (int i = 0; i < t.AtNs.Count; i++)
        {
            List<string> row = rows[i + 1];
            Assert.Equal(rows[0].Count, row.Count);
            Assert.Equal(t.AtNs[i], Number(row[0]));
            Assert.Equal(t.Nodes.Sum(n => n.FreePages[i]), Number(row[1]));
            Assert.Equal(t.FreePageCounter[i], Number(row[2]));
            Assert.Equal(t.Nodes[1].FreePages[i], Number(row[4]));
            Assert.Equal(t.Faults[i], Number(row[5]));
            Assert.Equal(t.FaultRetries[i], Number(row[6]));
            Assert.Equal(t.Evictions[i], Number(row[7]));
            Assert.Equal(t.Reloads[i], Number(row[8]));
            Assert.Equal(t.FaultP99Ns[i], row[10].Length == 0 ? 0 : Number(row[10]));
            Assert.Equal("max", row[12]);
            Assert.Equal(t.Cgroups[1].CurrentBytes[i], Number(row[16]));
            Assert.Equal(t.Cgroups[1].MaxBytes[i], Number(row[17]));
            Assert.Equal(t.Cgroups[1].PeakBytes[i], Number(row[18]));
            Assert.Equal(t.Cgroups[1].Events[i], Number(row[19]));
            Assert.Equal(t.Cgroups[1].EventsLocal[i], Number(row[20]));
            Assert.Equal(t.Faults.Take(i + 1).Sum(), Number(row[^4]));
            Assert.Equal(t.Reloads.Take(i + 1).Sum(), Number(row[^1]));
        }
    }

    [Fact]
    public void A_latency_without_a_fault_is_empty()
    {
        RunReport report = SampleReports.Empty() with { Timeline = new Timeline { AtNs = [5], FaultP50Ns = [0] } };
        Assert.Equal("5,,,,,,,,,,,,", Render.Csv(report).Split('\n')[1]);
    }

    [Fact]
    public void An_empty_timeline_is_a_header_only() => Assert.Single(Parse(Render.Csv(SampleReports.Empty())));

    private static long Number(string field) => long.Parse(field, CultureInfo.InvariantCulture);

    /// <summary>A reader of RFC 4180, written apart from the writer.</summary>
    private static List<List<string>> Parse(string csv)
    {
        List<List<string>> rows = [];
        List<string> row = [];
        StringBuilder field = new();
        bool isQuoted = false;
        for (int i = 0; i < csv.Length; i++)
        {
            char c = csv[i];
            if (isQuoted)
            {
                if (c == '"' && i + 1 < csv.Length && csv[i + 1] == '"')
                {
                    field.Append('"');
                    i++;
                }
                else if (c == '"')
                {
                    isQuoted = false;
                }
                else
                {
                    field.Append(c);
                }
            }
            else if (c == '"')
            {
                Assert.Equal(0, field.Length);
                isQuoted = true;
            }
            else if (c is ',' or '\n')
            {
                row.Add(field.ToString());
                field.Clear();
                if (c == '\n')
                {
                    rows.Add(row);
                    row = [];
                }
            }
            else
            {
                field.Append(c);
            }
        }

        Assert.False(isQuoted);
        Assert.Empty(row);
        return rows;
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Tests.Telemetry;

namespace EpcActors.Tests.Reports;

public sealed partial class OpenMetricsTests
{
    [Fact]
    public void Every_line_follows_the_grammar()
    {
        foreach (RunReport report in (RunReport[])[SampleReports.Quiet(3), SampleReports.Hang(3), SampleReports.Empty(),
            SampleReports.Escapes()])
        {
            Assert.True(OpenMetricsPage.Parse(Write(report)).Types.Count > 30);
        }
    }

    [Fact]
    public void Known_names_are_kept_and_hold_the_values()
    {
        string[] lines = Write(SampleReports.Hang(3)).Split('\n');
        Assert.Contains("sgx_nr_total_epc_pages 32768", lines);
        Assert.Contains("sgx_nr_free_pages 187", lines);
        Assert.Contains("sgx_nr_low_pages 32", lines);
        Assert.Contains("sgx_nr_high_pages 64", lines);
        Assert.Contains("sgx_nr_evicted 16", lines);
        Assert.Contains("sgx_loaded_back 0", lines);
        Assert.Contains("epc_node_poisoned_pages{node=\"1\"} 1", lines);
        Assert.Contains("epc_enclaves{outcome=\"hung\"} 1", lines);
        Assert.Contains("epc_violations{rule=\"liveness\"} 1", lines);
        string[] quiet = Write(SampleReports.Quiet(3)).Split('\n');
        Assert.Contains("container_misc_usage{id=\"/kubepods/best-effort\",resource=\"sgx_epc\"} 25165824",
            quiet);
        Assert.Contains("container_misc_max{id=\"/\",resource=\"sgx_epc\"} +Inf", quiet);
        Assert.Contains("container_misc_events_local_total{id=\"/kubepods/best-effort\",resource=\"sgx_epc\"} 1234",
            quiet);
        Assert.Contains("epc_activity_seconds_total{activity=\"__eldu\"} 4.0016", quiet);
    }

    [Fact]
    public void The_histogram_is_cumulative_and_ends_in_infinity()
    {
        List<(double Bound, long Count)> buckets = [];
        foreach (string line in Write(SampleReports.Quiet(3)).Split('\n'))
        {
            Match match = Bucket().Match(line);
            if (match.Success)
            {
                string bound = match.Groups[1].Value;
                double upTo = bound == "+Inf"
                    ? double.PositiveInfinity
                    : double.Parse(bound, CultureInfo.InvariantCulture);
                buckets.Add((upTo, long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)));
            }
        }

        Assert.Equal(9, buckets.Count);
        Assert.Equal((4.096e-6, 32L), buckets[0]);
        Assert.Equal((8.192e-6, 8_032L), buckets[1]);
        Assert.Equal((double.PositiveInfinity, 65_432L), buckets[^1]);
        Assert.Equal(buckets.OrderBy(b => b.Bound).ThenBy(b => b.Count), buckets);
    }

    [Fact]
    public void Label_values_are_escaped()
    {
        RunReport report = SampleReports.Empty() with { Kernel = "a\\b\"c\nd" };
        Assert.Contains("kernel=\"a\\\\b\\\"c\\nd\"", Write(report), StringComparison.Ordinal);
    }

    private static string Write(RunReport report) => Render.Text(writer => OpenMetrics.Write(writer, report));

    [GeneratedRegex("""^epc_fault_latency_seconds_bucket\{le="([^"]+)"\} (\d+)$""")]
    private static partial Regex Bucket();
}

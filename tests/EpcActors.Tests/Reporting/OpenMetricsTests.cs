using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Lab.Results;
using EpcActors.Reporting;

namespace EpcActors.Tests.Reporting;

public sealed partial class OpenMetricsTests
{
    [Fact]
    public void Every_line_follows_the_grammar()
    {
        foreach (RunReport report in (RunReport[])[SampleReports.Quiet(3), SampleReports.Hang(3), SampleReports.Empty(),
            SampleReports.Escapes()])
        {
            AssertGrammar(Write(report));
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

    /// <summary>
    /// The rules of the format that a scraper checks: metadata first, families in one piece, suffixes by type.
    /// </summary>
    private static void AssertGrammar(string text)
    {
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        HashSet<string> families = [];
        HashSet<string> samples = [];
        string family = "";
        string type = "";
        foreach (string line in text[..^"# EOF\n".Length].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Match meta = Metadata().Match(line);
            if (meta.Success)
            {
                if (meta.Groups[1].Value == "TYPE")
                {
                    family = meta.Groups[2].Value;
                    type = meta.Groups[3].Value;
                    Assert.True(families.Add(family), $"{family} comes twice");
                    Assert.Contains(type, (string[])["gauge", "counter", "info", "histogram", "summary", "unknown"]);
                    Assert.False(type == "counter" && family.EndsWith("_total", StringComparison.Ordinal));
                }

                Assert.Equal(family, meta.Groups[2].Value);
                if (meta.Groups[1].Value == "UNIT")
                {
                    Assert.EndsWith("_" + meta.Groups[3].Value, family, StringComparison.Ordinal);
                }

                continue;
            }

            Match sample = Sample().Match(line);
            Assert.True(sample.Success, $"not a sample: {line}");
            string suffix = type switch { "counter" => "_total", "info" => "_info", "histogram" => "_bucket", _ => "" };
            Assert.Equal(family + suffix, sample.Groups[1].Value);
            Assert.True(samples.Add(sample.Groups[1].Value + sample.Groups[2].Value), $"twice: {line}");
        }

        Assert.True(families.Count > 30);
    }

    [GeneratedRegex("^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$")]
    private static partial Regex Metadata();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? """
        + """(-?[0-9.]+(?:E[+-]?[0-9]+)?|\+Inf|NaN)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("""^epc_fault_latency_seconds_bucket\{le="([^"]+)"\} (\d+)$""")]
    private static partial Regex Bucket();
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace EpcActors.Tests.Telemetry;

/// <summary>
/// A page of OpenMetrics, read with all the rules of the format that a scraper checks: metadata first, families in one
/// piece, suffixes by type, the end mark.
/// </summary>
internal sealed partial class OpenMetricsPage
{
    private readonly Dictionary<string, double> _samples = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    /// <summary>Type of each family.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    /// <summary>Value of each sample, by its name and labels as written.</summary>
    public IReadOnlyDictionary<string, double> Samples => _samples;

    public static OpenMetricsPage Parse(string text)
    {
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        OpenMetricsPage page = new();
        string family = "";
        HashSet<string> metadata = [];
        bool hasSamples = false;
        foreach (string line in text[..^"# EOF\n".Length].Split('\n')[..^1])
        {
            Match meta = Metadata().Match(line);
            if (meta.Success)
            {
                if (meta.Groups[1].Value == "TYPE")
                {
                    family = meta.Groups[2].Value;
                    metadata.Clear();
                    hasSamples = false;
                    Assert.True(page._types.TryAdd(family, meta.Groups[3].Value), $"{family} comes twice");
                    Assert.Contains(
                        meta.Groups[3].Value,
                        (string[])["gauge", "counter", "info", "histogram", "summary", "unknown"]);
                    Assert.False(
                        meta.Groups[3].Value == "counter" && family.EndsWith("_total", StringComparison.Ordinal));
                }

                Assert.Equal(family, meta.Groups[2].Value);
                Assert.True(metadata.Add(meta.Groups[1].Value), $"twice: {line}");
                Assert.False(hasSamples, $"behind its samples: {line}");
                if (meta.Groups[1].Value == "UNIT")
                {
                    Assert.EndsWith("_" + meta.Groups[3].Value, family, StringComparison.Ordinal);
                }

                continue;
            }

            Match sample = Sample().Match(line);
            Assert.True(sample.Success, $"not a sample: {line}");
            hasSamples = true;
            string[] suffixes = page._types[family] switch
            {
                "counter" => ["_total"],
                "info" => ["_info"],
                "histogram" => ["_bucket", "_sum", "_count"],
                _ => [""],
            };
            Assert.Contains(sample.Groups[1].Value, suffixes.Select(suffix => family + suffix));
            Assert.True(
                page._samples.TryAdd(sample.Groups[1].Value + sample.Groups[2].Value, Number(sample.Groups[3].Value)),
                $"twice: {line}");
        }

        page.CheckHistograms();
        return page;
    }

    private void CheckHistograms()
    {
        foreach (string family in _types.Where(one => one.Value == "histogram").Select(one => one.Key))
        {
            List<(double Bound, double Count)> buckets =
            [
                .. _samples
                    .Select(one => (Match: Bucket().Match(one.Key), one.Value))
                    .Where(one => one.Match.Success && one.Match.Groups[1].Value == family)
                    .Select(one => (Number(one.Match.Groups[2].Value), one.Value)),
            ];
            Assert.Equal(buckets.OrderBy(one => one.Bound).ThenBy(one => one.Count), buckets);
            Assert.Equal(double.PositiveInfinity, buckets[^1].Bound);
            Assert.Equal(_samples.ContainsKey(family + "_sum"), _samples.ContainsKey(family + "_count"));
            if (_samples.TryGetValue(family + "_count", out double count))
            {
                Assert.True(
                    count >= buckets[^1].Count,
                    $"{family}: {count} values, {buckets[^1].Count} of them in buckets");
            }
        }
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\\\\"]|\\\\[\\\\\"n])+)$")]
    private static partial Regex Metadata();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-z])|(?=\})))+\})? """
        + """(-?[0-9.]+(?:E[+-]?[0-9]+)?|\+Inf|NaN)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("""^([a-z_]+)_bucket\{le="([^"]+)"\}$""")]
    private static partial Regex Bucket();
}

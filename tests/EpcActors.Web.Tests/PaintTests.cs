using System.Globalization;
using Xunit.Abstractions;

namespace EpcActors.Web.Tests;

/// <summary>When the page can be read and when it can be used: figures for docs/explore.md.</summary>
[Trait("tier", "slow")] // A browser, and an engine in it that is interpreted.
[Collection(BrowserTests.Name)]
public sealed class PaintTests(Browser browser, ITestOutputHelper output)
{
    private const int Times = 5;

    [BrowserFact]
    public async Task The_list_is_painted_before_the_engine_is_there()
    {
        List<double> paints = [];
        List<double> readies = [];
        for (int i = 0; i < Times; i++)
        {
            await using Window window = await browser.OpenAsync("races");
            double[] times = await window.Page.EvaluateAsync<double[]>(
                """
                () => [
                  performance.getEntriesByName("first-contentful-paint")[0].startTime,
                  performance.getEntriesByName("ready")[0].startTime,
                ]
                """);
            paints.Add(times[0]);
            readies.Add(times[1]);

            // What can be read does not wait for what can be used.
            Assert.True(times[0] < times[1], $"painted after {times[0]} ms, ready after {times[1]} ms");
        }

        double packed = new FileInfo(Path.Combine(AppContext.BaseDirectory, "explorer.zip")).Length / 1e6;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"first paint {Median(paints):0} ms, ready {Median(readies):0} ms (median of {Times}); {packed:0.00} MB"));
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);
}

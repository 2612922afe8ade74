using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Cli;
using EpcActors.Races.Explorer;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Web.Tests;

/// <summary>A scenario in the editor of the page: checked, run, judged.</summary>
[Trait("tier", "slow")] // A browser, and an engine in it that is interpreted.
[Collection(BrowserTests.Name)]
public sealed partial class ScenarioTests(Browser browser) : IDisposable
{
    internal const string Small =
        """
        epc {
          title = "small"
          seed = 7
          machine { nodes = [ { cpus = 4, epc = 1 MiB } ] }
          cgroups { /pod { max = 768 KiB } }
          enclaves { a { cgroup = /pod, heap = 1 MiB, threads = 2, steps = [ touch,
              { run { pattern = uniform, accesses = 200, work = 1 us } } ] } }
          run { duration = 10 s }
          expect = [ "verdict == pass", "faults == 0" ]
        }

        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("epc-page");

    public void Dispose() => _folder.Delete(recursive: true);

    [BrowserFact]
    public async Task A_scenario_is_run_and_its_report_is_that_of_the_command()
    {
        await using Window window = await browser.OpenAsync("own");
        await window.WaitAsync("#mistakes ol");
        await window.Page.Locator("#text").FillAsync(Small);
        await window.WaitAsync("#run:has-text('Run it')");
        await window.KeyAsync("Control+Enter");
        await window.WaitAsync("#run-state [data-do=report]");
        (string name, string saved) = await window.SavedAsync("#run-state [data-do=report]");

        Assert.Equal("report.html", name);
        Assert.Equal(Plain(await ReportOfCommandAsync(Small)), Plain(saved));
        Assert.Contains("not met", saved, StringComparison.Ordinal);

        // What is shown is that page, with its style and its script.
        Microsoft.Playwright.IFrameLocator shown = window.Page.FrameLocator("#report");
        Assert.Equal("small", await shown.Locator("h1").InnerTextAsync());
        Assert.Equal(
            Cell().Count(saved), await shown.Locator("table, tr, th, td").CountAsync());
        Assert.Equal(
            "8px",
            await shown.Locator(".verdict").First.EvaluateAsync<string>(
                "(one) => getComputedStyle(one).borderLeftWidth"));
        await shown.Locator("svg.time").First.HoverAsync();
        Assert.NotEqual("", await shown.Locator(".readout").First.InnerTextAsync());
        int height = await window.Page.EvaluateAsync<int>("document.getElementById('report').offsetHeight");
        Assert.True(height > 1000, $"{height}");

        // The link is the scenario, and opens it in the editor.
        Assert.Equal(Small, RaceLink.Parse(window.Fragment).Text);
        await using Window other = await browser.OpenAsync(window.Fragment[1..]);
        await other.WaitAsync("#mistakes .correct");
        Assert.Equal(Small, await other.Page.Locator("#text").InputValueAsync());
    }

    [BrowserFact]
    public async Task A_mistake_is_told_with_its_line_and_column_and_keys_are_completed()
    {
        string[] lines = Small.Replace("pattern = uniform", "pattern = unifrom", StringComparison.Ordinal).Split('\n');
        int line = Array.FindIndex(lines, one => one.Contains("unifrom", StringComparison.Ordinal));
        int column = lines[line].IndexOf("unifrom", StringComparison.Ordinal);
        await using Window window = await browser.OpenAsync("races");
        await window.DropAsync("body", ("small.conf", string.Join('\n', lines)));

        await window.WaitAsync("#mistakes li");
        Assert.StartsWith(
            string.Create(CultureInfo.InvariantCulture, $"line {line + 1}:{column + 1}"),
            await window.TextAsync("#mistakes li"),
            StringComparison.Ordinal);
        await window.PressAsync("#mistakes [data-line]");
        Assert.StartsWith(
            "unifrom",
            await window.Page.Locator("#text").EvaluateAsync<string>(
                "(one) => one.value.slice(one.selectionStart, one.selectionEnd)"),
            StringComparison.Ordinal);
        await window.PressAsync("#run");
        Assert.Contains("mistakes", await window.TextAsync("#wrong"), StringComparison.Ordinal);

        await window.Page.Locator("#text").FillAsync("epc { enclaves { a { hea");
        await window.KeyAsync("Control+Space");
        await window.WaitAsync("#words li");
        await window.KeyAsync("Enter");
        Assert.Equal("epc { enclaves { a { heap", await window.Page.Locator("#text").InputValueAsync());
    }

    [BrowserFact]
    public async Task A_long_run_shows_how_far_it_is_and_can_be_stopped()
    {
        await using Window window = await browser.OpenAsync("own");
        await window.WaitAsync("#mistakes ol");
        await window.Page.Locator("#text").FillAsync(
            Small.Replace("accesses = 200,", "accesses = 100000000,", StringComparison.Ordinal));
        await window.WaitAsync("#run:has-text('Run it')");
        await window.Page.Locator("#run").ClickAsync();
        await window.WaitAsync("#run-state progress");
        string first = await window.TextAsync("#run-state .said");
        await window.WaitAsync($"#run-state .said:not(:has-text('{first}'))");

        // The page goes on with other things meanwhile.
        await window.Page.Locator("#sample").FocusAsync();
        await window.Page.Keyboard.PressAsync("Escape");

        await window.WaitAsync("#run-state [data-do=report]");
        Assert.Contains(
            "inconclusive", await window.Page.FrameLocator("#report").Locator(".verdict").First.InnerTextAsync(),
            StringComparison.OrdinalIgnoreCase);
    }

    [BrowserFact]
    public async Task Samples_are_files_that_the_project_ships()
    {
        await using Window window = await browser.OpenAsync("own");
        await window.WaitAsync("#mistakes ol");
        List<string> wrong = [];
        string[] samples = await window.Page.Locator("#sample-scenarios option").EvaluateAllAsync<string[]>(
            "(options) => options.map((one) => one.value + '=' + one.textContent)");
        Assert.InRange(samples.Length, 3, 12);
        foreach (string sample in samples)
        {
            (string value, string title) = (sample.Split('=')[0], sample.Split('=')[1]);
            string? text = BuiltInFiles.Read($"{BuiltInFiles.Prefix}{value["scenario:".Length..]}.conf");
            await window.Page.Locator("#sample").SelectOptionAsync(value);
            await window.SettledAsync();
            await window.WaitAsync("#mistakes .correct");
            if (
                text is null
                || await window.Page.Locator("#text").InputValueAsync() != text
                || !text.Contains($"title = \"{title}\"", StringComparison.Ordinal)
                || await window.TextAsync("#run") != "Run it")
            {
                wrong.Add(sample);
            }
        }

        Assert.Empty(wrong);
    }

    /// <summary>The host's time is another one each time.</summary>
    private static string Plain(string report) => HostTime().Replace(report.ReplaceLineEndings("\n"), "");

    private async Task<string> ReportOfCommandAsync(string text)
    {
        string before = Environment.CurrentDirectory;
        string file = Path.Combine(_folder.FullName, "scenario.conf");
        await File.WriteAllTextAsync(file, text);
        await using StringWriter output = new();
        await EpcCommand.InvokeAsync(
            ["run", file, "--out", _folder.FullName], output, output, CancellationToken.None);
        Assert.Equal(before, Environment.CurrentDirectory);

        // The page knows the file by its name alone.
        return (await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "report.html")))
            .Replace(file, "scenario.conf", StringComparison.Ordinal);
    }

    [GeneratedRegex("Host time of the run: [^<]*")]
    private static partial Regex HostTime();

    [GeneratedRegex("<(table|tr|th|td)[ >]")]
    private static partial Regex Cell();
}

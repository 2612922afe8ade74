using System.Globalization;
using System.IO.Compression;
using EpcActors.Cli.Commands.Explore;
using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Results;

namespace EpcActors.Web.Tests;

/// <summary>The published page in a real browser.</summary>
[Trait("tier", "slow")] // A browser, and an engine in it that is interpreted.
[Collection(BrowserTests.Name)]
public sealed class PageTests(Browser browser)
{
    private const string Lost = "R1/buggy/CPU0*2,CPU1*3,CPU0";

    [BrowserFact]
    public async Task A_race_is_understood_and_its_fix_flipped()
    {
        await using Window window = await browser.OpenAsync("");
        await window.Page.Locator("#search").FillAsync("free-page counter");
        await window.Page.Locator("#races li:not([hidden]) a").First.ClickAsync();
        await window.WaitAsync("#next .choice");
        Assert.Equal("Free-page counter loses updates", await window.TextAsync("#race h1"));
        Assert.Contains("sgx_nr_free_pages", await window.TextAsync("#actors"), StringComparison.Ordinal);

        foreach (string task in (string[])["CPU0", "CPU0", "CPU1", "CPU1", "CPU1", "CPU0"])
        {
            await window.PressAsync($"#next [data-arg={task}]");
        }

        Assert.Contains("violated: free-page-counter", await window.TextAsync("#verdict"), StringComparison.Ordinal);
        Assert.Equal("#" + Lost, window.Fragment);

        await window.PressAsync("#race [data-arg=fixed]");
        Assert.DoesNotContain("violated", await window.TextAsync("#verdict"), StringComparison.Ordinal);
        await window.PressAsync("#way [data-key=Home]");
        await window.PressAsync(".tools [data-do=count]");
        Assert.Contains(
            "every schedule: 42 states, 4 ends, none breaks a rule", await window.TextAsync("#next .below"),
            StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task A_link_opens_the_same_step()
    {
        await using Window window = await browser.OpenAsync("R1/buggy/CPU0*2,CPU1*2");
        await window.WaitAsync("#next .choice");

        ExplorerView here = new ExplorerSession(RaceLink.Parse("R1/buggy/CPU0*2,CPU1*2")).View();
        Assert.Equal("step 4 of 4", await window.TextAsync("#place"));
        Assert.Equal(Text(here.Position.TraceHash), await window.TraceHashAsync());
        Assert.Equal(2, await window.Page.Locator("#next .choice").CountAsync());
        Assert.Contains("conflicts with CPU1", await window.TextAsync("#next"), StringComparison.Ordinal);

        // Another link in the same window.
        await window.Page.EvaluateAsync($"location.hash = '#{Lost}/vs/fixed'");
        await window.WaitAsync("#verdict .violation");
        Assert.Contains("first difference is in row 1", await window.TextAsync("#compare"), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Every_race_has_the_verdict_and_the_hashes_of_dotnet()
    {
        await using Window window = await browser.OpenAsync("R1");
        await window.WaitAsync("#next .choice");
        List<string> wrong = [];
        foreach (string id in Catalogue.Ids)
        {
            Schedule schedule = Catalogue.ScheduleOf(id)!;
            ExplorerSession session = new(ExplorerSession.LinkOf(schedule));
            session.Open(schedule);
            ExplorerView here = session.View();

            await window.Page.EvaluateAsync(
                "async (text) => { await window.explorer.ask('file', text); }", schedule.ToString());
            string there = await window.TraceHashAsync();
            if (
                there != Text(here.Position.TraceHash)
                || await window.StateHashAsync() != Text(here.Position.StateHash)
                || window.Fragment != $"#{here.Link}"
                || (here.Position.Trace.Rule.Length > 0)
                    != await window.Page.Locator("#verdict .violation").IsVisibleAsync())
            {
                wrong.Add($"{id}: {there} {window.Fragment}, here {Text(here.Position.TraceHash)} #{here.Link}");
            }
        }

        Assert.Empty(wrong);
    }

    [BrowserFact]
    public async Task A_strategy_finds_what_it_finds_in_dotnet()
    {
        await using Window window = await browser.OpenAsync("R11");
        await window.WaitAsync("#next .choice");

        await window.KeyAsync("g");

        ExplorerSession session = new(RaceLink.Parse("R11/buggy/"));
        session.BeginGoOn();
        while (session.IsBusy)
        {
            session.Advance();
        }

        Assert.Equal($"#{session.Link}", window.Fragment);
        Assert.Equal(Text(session.View().Position.TraceHash), await window.TraceHashAsync());
    }

    [BrowserFact]
    public async Task States_are_told_apart_as_in_dotnet()
    {
        // What a trimmed engine would not see of a state, it would not tell apart: there would be fewer.
        await using Window window = await browser.OpenAsync("R11/fixed/");
        await window.WaitAsync("#next .choice");
        await window.KeyAsync("c");

        ExplorerSession session = new(RaceLink.Parse("R11/fixed/"));
        session.BeginCount();
        while (session.IsBusy)
        {
            session.Advance();
        }

        SpaceCount below = session.View().Below!;
        Assert.True(below.IsSafe);
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"{below.States:N0} states, {below.Ends:N0} ends"),
            await window.TextAsync("#next .below"),
            StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Keys_do_what_buttons_do()
    {
        await using Window window = await browser.OpenAsync("R1/buggy/");
        await window.WaitAsync("#next .choice");

        await window.KeyAsync("1");
        await window.KeyAsync("2");
        Assert.Equal("#R1/buggy/CPU0,CPU1", window.Fragment);
        await window.KeyAsync("ArrowLeft");
        Assert.Equal("step 1 of 2", await window.TextAsync("#place"));
        await window.KeyAsync("End");
        Assert.Equal("step 2 of 2", await window.TextAsync("#place"));
        await window.KeyAsync("k");
        await window.KeyAsync("s");
        Assert.Contains("violated: free-page-counter", await window.TextAsync("#verdict"), StringComparison.Ordinal);
        Assert.StartsWith("#R1/buggy/CPU0", window.Fragment, StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task The_page_answers_while_work_goes_on()
    {
        await using Window window = await browser.OpenAsync("C19/buggy/");
        await window.WaitAsync("#next .choice");

        await window.Page.Locator(".tools [data-do=count]").ClickAsync();
        await window.WaitAsync("#next .count");
        await window.WaitAsync("#work [data-do=stop]");
        await window.KeyAsync("Escape");

        Assert.Contains("Stopped.", await window.TextAsync("#work"), StringComparison.Ordinal);
        Assert.Contains("so far", await window.TextAsync("#next"), StringComparison.Ordinal);
        await window.KeyAsync("1");
        Assert.Equal("step 1 of 1", await window.TextAsync("#place"));
    }

    [BrowserFact]
    public async Task A_race_of_ones_own_is_checked_and_played()
    {
        await using Window window = await browser.OpenAsync("own");
        await window.WaitAsync("#mistakes ol");
        string text = await window.Page.Locator("#text").InputValueAsync();
        string[] lines = text.Split('\n');
        int line = Array.FindIndex(lines, one => one.Contains("CPU0 {", StringComparison.Ordinal));
        lines[line] = lines[line].Replace("allocate", "alocate", StringComparison.Ordinal);

        await window.Page.Locator("#text").FillAsync(string.Join('\n', lines));
        await window.WaitAsync("#mistakes li");
        string mistake = await window.TextAsync("#mistakes li");
        Assert.StartsWith(
            $"line {(line + 1).ToString(CultureInfo.InvariantCulture)}:", mistake, StringComparison.Ordinal);
        Assert.Contains("did you mean", mistake, StringComparison.Ordinal);
        await window.PressAsync("#run");
        Assert.True(await window.Page.Locator("#editor").IsVisibleAsync());

        await window.Page.Locator("#text").FillAsync("epc { race { symp");
        await window.KeyAsync("Control+Space");
        await window.WaitAsync("#words li");
        await window.KeyAsync("Enter");
        Assert.Equal("epc { race { symptom", await window.Page.Locator("#text").InputValueAsync());

        await window.Page.Locator("#text").FillAsync(text.Replace("id = R1", "id = mine", StringComparison.Ordinal));
        await window.PressAsync("#run");
        await window.WaitAsync("#next .choice");
        Assert.StartsWith("#own:", window.Fragment, StringComparison.Ordinal);
        await window.KeyAsync("s");
        Assert.Contains("violated: free-page-counter", await window.TextAsync("#verdict"), StringComparison.Ordinal);

        // The link holds the whole race.
        string link = window.Fragment[1..];
        await using Window other = await browser.OpenAsync(link);
        await other.WaitAsync("#verdict .violation");
        Assert.StartsWith("mine", await other.TextAsync("#race .over"), StringComparison.OrdinalIgnoreCase);
    }

    [BrowserFact]
    public async Task A_damaged_link_says_so()
    {
        await using Window window = await browser.OpenAsync("R1/buggy/CPU0*2,CPU9");
        await window.WaitAsync("#next .choice");
        Assert.Contains("there is no task 'CPU9'", await window.TextAsync("#work"), StringComparison.Ordinal);

        await window.Page.EvaluateAsync("location.hash = '#R99/x'");
        await window.WaitAsync("#wrong:not([hidden])");
        Assert.Contains("no race 'R99'", await window.TextAsync("#wrong"), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task The_page_works_below_a_path_and_without_a_network()
    {
        string folder = Directory.CreateTempSubdirectory("epc-site").FullName;
        try
        {
            ExplorerSite.Load().Write(Path.Combine(folder, "site", "some", "path"));
            string zip = Path.Combine(folder, "site.zip");
            await ZipFile.CreateFromDirectoryAsync(Path.Combine(folder, "site"), zip);
            using CancellationTokenSource closing = new();
            SiteServer server = SiteServer.Listen(ExplorerSite.Load(zip), 0);
            Task serving = server.ServeAsync(closing.Token);
            await using Window window = await browser.OpenAsync("R1", url: server.Url + "some/path/");
            await window.WaitAsync("#next .choice");
            await window.Page.EvaluateAsync("navigator.serviceWorker.ready.then(() => true)");
            await closing.CancelAsync();
            await serving;
            server.Dispose();

            await window.Page.ReloadAsync();
            await window.WaitAsync("#next .choice");
            await window.KeyAsync("1");
            Assert.Equal("step 1 of 1", await window.TextAsync("#place"));

            // Without a network the browser says of each file that it could not be had, before the kept one comes.
            window.Complaints.Clear();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);
}

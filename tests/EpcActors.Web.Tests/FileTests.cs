using EpcActors.Cli;
using EpcActors.Races;
using EpcActors.Races.Explorer;

namespace EpcActors.Web.Tests;

/// <summary>Files in and out of the page: what the command writes opens in the page, and the other way round.</summary>
[Trait("tier", "slow")] // A browser, and an engine in it that is interpreted.
[Collection(BrowserTests.Name)]
public sealed class FileTests(Browser browser) : IDisposable
{
    private const string Lost = "R1/buggy/CPU0*2,CPU1*3,CPU0";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("epc-page");

    public void Dispose() => _folder.Delete(recursive: true);

    [BrowserFact]
    public async Task A_schedule_of_the_command_opens_by_drop_and_by_button()
    {
        Assert.Equal(1, await RunAsync("race", "find", "R11", "--out", _folder.FullName));
        string file = _folder.GetFiles("*.schedule").Single().FullName;
        await using Window window = await browser.OpenAsync("R1");
        await window.WaitAsync("#next .choice");

        await window.DropAsync("#lab", ("race.schedule", await File.ReadAllTextAsync(file)));
        await window.WaitAsync("#race .over:has-text('R11')");
        Assert.Contains("violated: use-after-free", await window.TextAsync("#verdict"), StringComparison.Ordinal);
        Assert.StartsWith("#R11/buggy/", window.Fragment, StringComparison.Ordinal);

        await window.Page.Locator("#mail").ClickAsync();
        await window.WaitAsync("#said:has-text('Copied')");
        string mail = await window.Page.EvaluateAsync<string>("navigator.clipboard.readText()");
        Assert.Contains("<-- violated: use-after-free", mail, StringComparison.Ordinal);
        Assert.Contains(window.Fragment, mail, StringComparison.Ordinal);

        // Without a mouse: the button, by its key, and the files that the system's dialog gives.
        await using Window other = await browser.OpenAsync("races");
        await other.ChooseAsync("#pick", file);
        await other.WaitAsync("#race .over:has-text('R11')");
        Assert.Equal(window.Fragment, other.Fragment);
    }

    [BrowserFact]
    public async Task What_the_page_saves_the_command_replays_and_the_page_opens()
    {
        await using Window window = await browser.OpenAsync(Lost);
        await window.WaitAsync("#verdict .violation");
        (string name, string saved) = await window.SavedAsync("#save");

        Assert.Equal("R1.schedule", name);
        Assert.Equal(new ExplorerSession(RaceLink.Parse(Lost)).ToSchedule().ToString(), saved);
        string file = Path.Combine(_folder.FullName, name);
        await File.WriteAllTextAsync(file, saved);
        Assert.Equal(1, await RunAsync("race", "replay", file));

        await using Window other = await browser.OpenAsync("R3");
        await other.WaitAsync("#next .choice");
        await other.DropAsync("body", (name, saved));
        await other.WaitAsync("#verdict .violation");
        Assert.Equal("#" + Lost, other.Fragment);
    }

    [BrowserFact]
    public async Task A_race_file_opens_and_one_with_a_mistake_opens_in_the_editor()
    {
        string text = Catalogue.TextOf(Catalogue.FileOf("R1")!)
            .Replace("id = R1", "id = mine", StringComparison.Ordinal);
        await using Window window = await browser.OpenAsync("races");
        await window.DropAsync("#list", ("mine.conf", text));
        await window.WaitAsync("#race .over:has-text('mine')");
        Assert.Equal(text, RaceLink.Parse(window.Fragment).Text);

        string[] lines = text.Split('\n');
        int line = Array.FindIndex(lines, one => one.Contains("CPU0 {", StringComparison.Ordinal)) + 1;
        lines[line - 1] = lines[line - 1].Replace("allocate", "alocate", StringComparison.Ordinal);
        await window.DropAsync("#lab", ("mine.conf", string.Join('\n', lines)));
        await window.WaitAsync($"#mistakes [data-line='{line}']");
        Assert.True(await window.Page.Locator("#editor").IsVisibleAsync());
        Assert.Contains("did you mean", await window.TextAsync("#mistakes"), StringComparison.Ordinal);

        await window.DropAsync("#editor", ("x.schedule", "# EpcActors schedule 1\nrace: R1\nsteps:\nCPU0 what\n"));
        await window.WaitAsync("#wrong:not([hidden])");
        Assert.Contains("the file:4:1", await window.TextAsync("#wrong"), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Two_schedules_are_compared()
    {
        string one = new ExplorerSession(RaceLink.Parse(Lost)).ToSchedule().ToString();
        string other = new ExplorerSession(RaceLink.Parse("R1/fixed/CPU0*3,CPU1*3")).ToSchedule().ToString();
        await using Window window = await browser.OpenAsync("races");

        // Two at once.
        await window.DropAsync("body", ("one.schedule", one), ("other.schedule", other));
        await window.WaitAsync("#compare tr.first");
        ExplorerSession session = new(RaceLink.Parse(Lost));
        session.CompareWith(Schedule.Parse(other, "x"));
        Assert.Equal("#" + session.Link, window.Fragment);
        Assert.Equal(
            session.View().Comparison!.Rows.Count + 1, await window.Page.Locator("#compare tbody tr").CountAsync());
        Assert.Equal(
            session.View().Comparison!.FirstDifference,
            await window.Page.EvaluateAsync<int>(
                "[...document.querySelectorAll('#compare tbody tr')].findIndex((row) => row.className === 'first')"));
        Assert.Contains("the other: fixed", await window.TextAsync("#compare thead"), StringComparison.Ordinal);

        // By its text, by a drop on the comparison, and put aside.
        await window.PressAsync("#compare [data-do=compare][data-arg='']");
        Assert.Equal("#" + Lost, window.Fragment);
        await window.Page.Locator("#compare [data-do=paste-beside]").ClickAsync();
        await window.Page.Locator("#paste-text").FillAsync(other);
        await window.Page.Locator("#paste button[value=beside]").ClickAsync();
        await window.WaitAsync("#compare tr.first");
        Assert.Equal("#" + session.Link, window.Fragment);
        await window.DropAsync("#compare", ("one.schedule", one));
        await window.WaitAsync("#compare:has-text('The steps do not differ.')");
        await window.PressAsync("#way [data-key=Home]");
        await window.PressAsync("#compare [data-do=aside]");
        await window.KeyAsync("2");
        Assert.Contains("first difference is in row 1", await window.TextAsync("#compare"), StringComparison.Ordinal);
        Assert.Equal($"#R1/buggy/CPU1/vs/buggy/{Lost.Split('/')[2]}", window.Fragment);
    }

    private static async Task<int> RunAsync(params string[] words)
    {
        await using StringWriter output = new();
        await using StringWriter error = new();
        int code = await EpcCommand.InvokeAsync(words, output, error, CancellationToken.None);
        Assert.Equal("", error.ToString());
        return code;
    }
}

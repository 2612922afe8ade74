using System.Globalization;
using EpcActors.Races.Explorer;
using EpcActors.Results;

namespace EpcActors.Web.Tests;

/// <summary>The states around a position, and what can be let happen there.</summary>
[Trait("tier", "slow")] // A browser, and an engine in it that is interpreted.
[Collection(BrowserTests.Name)]
public sealed class MapTests(Browser browser)
{
    [BrowserFact]
    public async Task The_states_around_here_are_drawn_and_lead_there()
    {
        const string Place = "R1/buggy/CPU0*2,CPU1*2";
        await using Window window = await browser.OpenAsync(Place);
        await window.WaitAsync("#next .choice");
        await window.KeyAsync("m");

        ExplorerSession session = new(RaceLink.Parse(Place));
        session.BeginMap(2);
        while (session.IsBusy)
        {
            session.Advance();
        }

        StateMap map = session.View().Map!;
        Assert.Equal(map.States.Count, await window.Page.Locator("#map .state").CountAsync());
        Assert.Equal(
            map.States.Count(state => state.Kind == StateKind.Violation),
            await window.Page.Locator("#map .state.bad").CountAsync());
        string[] drawn = await window.Page.Locator("#map .state").EvaluateAllAsync<string[]>(
            "(all) => all.map((one) => one.dataset.arg)");
        Assert.Equal(map.States.Select(state => state.Path), drawn);

        // By keyboard to the last state, where the map is drawn anew.
        int last = map.States.ToList().FindLastIndex(state => state.Kind == StateKind.Open);
        await window.Page.Locator("#map .state").Nth(last).FocusAsync();
        await window.KeyAsync("Enter");
        Assert.Equal($"#R1/buggy/{map.States[last].Path}", window.Fragment);
        Assert.Equal(
            map.States[last].Path, await window.Page.Locator("#map .state.here").GetAttributeAsync("data-arg"));

        // With a mouse, and by the list that says the same.
        await window.KeyAsync("Home");
        await window.Page.Locator("#map .state").Nth(1).ClickAsync();
        await window.SettledAsync();
        Assert.Equal("step 1 of", (await window.TextAsync("#place"))[..9]);
        await window.Page.Locator("#map-list summary").ClickAsync();
        await window.PressAsync("#map-list li:nth-child(2) button");
        Assert.Equal("step 2 of", (await window.TextAsync("#place"))[..9]);
        await window.PressAsync("#map [aria-pressed=true]");
        Assert.Equal(0, await window.Page.Locator("#map .state").CountAsync());
    }

    [BrowserFact]
    public async Task A_map_fills_in_while_one_looks()
    {
        await using Window window = await browser.OpenAsync("C19/buggy/");
        await window.WaitAsync("#next .choice");

        await window.Page.Keyboard.PressAsync("m");
        await window.WaitAsync("#map .state");
        await window.WaitAsync("#map #map-said");
        string? first = await window.Page.Locator("#map .state.here").GetAttributeAsync("aria-label");
        await window.WaitAsync($"#map .state.here:not([aria-label='{first}'])");

        // A step is taken while it goes on, and it goes on from there.
        await window.Page.Keyboard.PressAsync("1");
        await window.WaitAsync("#place:has-text('step 1 of 1')");
        await window.WaitAsync("#work [data-do=stop]");
        await window.KeyAsync("Escape");
        await window.WaitAsync("#map .state");
    }

    [BrowserFact]
    public async Task What_goes_wrong_is_in_the_link_and_comes_back()
    {
        await using Window window = await browser.OpenAsync("R3/buggy/CPU0*2");
        await window.WaitAsync("#next .choice");
        await window.KeyAsync("f");
        await window.PressAsync("#faults [data-arg='kill a']");

        ExplorerSession session = new(RaceLink.Parse("R3/buggy/CPU0*2"));
        session.ShowFaults(true);
        session.Inject("kill a");
        Assert.Equal($"#{session.Link}", window.Fragment);
        Assert.Contains("SIGKILL", await window.TextAsync("#actors"), StringComparison.Ordinal);
        int offered = await window.Page.Locator("#faults dd button").CountAsync();
        Assert.Equal(session.View().Faults!.Count, offered);

        (string _, string saved) = await window.SavedAsync("#save");
        Assert.Equal(session.ToSchedule().ToString(), saved);
        await using Window other = await browser.OpenAsync(window.Fragment[1..]);
        await other.WaitAsync("#next .choice");
        Assert.Equal(await window.StateHashAsync(), await other.StateHashAsync());

        string failing = session.View().Faults!.First(fault => fault.Kind == "failures").Argument;
        await window.PressAsync($"#faults [data-arg='{failing}']");
        session.Inject(failing);
        Assert.Equal($"#{session.Link}", window.Fragment);
        Assert.Equal(
            session.View().Position.TraceHash.ToString("x16", CultureInfo.InvariantCulture),
            await window.TraceHashAsync());
    }
}

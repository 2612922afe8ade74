using System.Globalization;
using EpcActors.Races.Explorer;
using Microsoft.Playwright;

namespace EpcActors.Web.Tests;

/// <summary>How the page looks: pictures of it, and what can be measured of them.</summary>
[Trait("tier", "slow")] // A browser, and an engine in it that is interpreted.
[Collection(BrowserTests.Name)]
public sealed class LookTests(Browser browser)
{
    private static readonly string ScenarioLink = new RaceLink { Text = ScenarioTests.Small }.ToString();

    private const string Lost = "R1/buggy/CPU0*2,CPU1*3,CPU0/vs/fixed";

    /// <summary>Elements with text of their own whose colours are nearer to each other than WCAG AA allows.</summary>
    private const string Pale =
        """
        () => {
          const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = (one) => {
            for (let at = one; at; at = at.parentElement) {
              const c = parse(getComputedStyle(at).backgroundColor);
              if (c.length === 3 || c[3] === 1) return c;
            }
            return [255, 255, 255];
          };
          const pale = [];
          for (const one of document.querySelectorAll("body *:not(svg *)")) {
            const text = Array.from(one.childNodes).some((n) => n.nodeType === 3 && n.data.trim() !== "");
            const style = getComputedStyle(one);
            if (!text || !one.checkVisibility({ visibilityProperty: true }) || one.disabled) continue;
            const [a, b] = [light(parse(style.color)), light(behind(one))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const isLarge = parseFloat(style.fontSize) >= 24;
            if (ratio < (isLarge ? 3 : 4.5)) {
              const what = one.tagName + "." + one.className;
              pale.push(what + " " + ratio.toFixed(2) + ": " + one.textContent.slice(0, 30));
            }
          }
          for (const one of document.querySelectorAll("#map svg text")) {
            const fill = (part) => light(parse(getComputedStyle(part).fill));
            const box = one.closest(".state")?.querySelector("rect");
            const [a, b] = [fill(one), box ? fill(box) : light(behind(one.closest("div")))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) {
              pale.push("map " + ratio.toFixed(2) + ": " + one.textContent);
            }
          }
          return pale;
        }
        """;

    /// <summary>What a screen reader could not name.</summary>
    private const string Nameless =
        """
        () => Array.from(document.querySelectorAll(
            "button, a, input, select, textarea, iframe, progress, [role=region], [role=button]"))
          .filter((one) => one.checkVisibility())
          .filter((one) => !(one.textContent.trim() || one.getAttribute("aria-label") || one.title
            || one.labels?.length))
          .map((one) => one.outerHTML.slice(0, 80))
        """;

    [BrowserFact]
    public async Task Nothing_is_cut_off_pale_or_nameless()
    {
        string pictures = Directory.CreateDirectory(
            Path.Combine(AppContext.BaseDirectory, "pictures")).FullName;
        List<string> wrong = [];
        foreach ((string name, string link, string ready, string[] presses) in ((string, string, string, string[])[])
            [
                ("races", "races", "#races li", []),
                ("own", "own", "#mistakes ol", []),
                ("R1", Lost, "#compare table", []),
                ("R3", "R3/buggy/reclaimer*4", "#next .choice", ["#faults [data-do=faults]", "[data-do=count]"]),
                ("two", "R1/buggy/CPU0*2,CPU1*3,CPU0/vs/fixed/CPU1*4,CPU0*3", "#compare table", []),
                ("map", "R1/buggy/CPU0*2,CPU1", "#next .choice", ["#map [data-arg='3']", "#map-list summary"]),
                ("run", ScenarioLink, "#mistakes .correct", ["#run"]),
            ])
        {
            await using Window window = await browser.OpenAsync(link);
            await window.WaitAsync(ready);
            foreach (string press in presses)
            {
                await window.PressAsync(press);
            }

            await window.SettledAsync();
            foreach (int width in (int[])[1200, 500])
            {
                foreach (ColorScheme scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
                {
                    await window.Page.SetViewportSizeAsync(width, 1000);
                    await window.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
                    string tone = scheme == ColorScheme.Dark ? "dark" : "light";
                    string place = string.Create(CultureInfo.InvariantCulture, $"{name}-{width}-{tone}");
                    await window.Page.ScreenshotAsync(
                        new() { Path = Path.Combine(pictures, place + ".png"), FullPage = name != "races" });
                    int needed = await window.Page.EvaluateAsync<int>("document.documentElement.scrollWidth");
                    wrong.AddRange(needed > width ? [$"{place}: needs {needed} pixels"] : []);
                    wrong.AddRange((await window.Page.EvaluateAsync<string[]>(Pale)).Select(one => $"{place}: {one}"));
                    wrong.AddRange((await window.Page.EvaluateAsync<string[]>(Nameless))
                        .Select(one => $"{place}: no name: {one}"));
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(30)));
    }

    [Fact]
    public void The_page_is_small()
    {
        // Packed as a host would: 5 MB are a few seconds of a slow line.
        long bytes = new FileInfo(Path.Combine(AppContext.BaseDirectory, "explorer.zip")).Length;

        Assert.InRange(bytes, 1, 5 * 1024 * 1024);
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports.Races;

public sealed partial class RaceReportTests
{
    public static TheoryData<string> Names => ["r1", "hang", "hostile", "empty", "large"];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_page_is_well_formed_and_asks_nothing_of_the_network(string name)
    {
        string page = Page(Trace(name));
        XDocument document = XDocument.Parse(page["<!DOCTYPE html>\n".Length..]);
        Assert.DoesNotContain("http:", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("https:", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.DoesNotContain(" style=", page, StringComparison.Ordinal);
        Assert.DoesNotContain(document.Descendants(), e =>
            e.Attributes().Any(a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal)));
        Assert.Equal(2, document.Descendants("script").Count());
        Assert.Equal(2, document.Descendants("style").Count());
        JsonElement data = JsonDocument.Parse(document.Descendants("script").First().Value).RootElement;
        int steps = Trace(name).Steps.Count;
        Assert.Equal(steps, data.GetProperty("steps").GetArrayLength());
        Assert.Equal(steps, document.Descendants("g").Count(g => (string?)g.Attribute("class") == "step"));
        Assert.Equal(
            steps,
            document.Descendants("details").Single().Descendants("tbody").Single().Elements("tr").Count());
        List<string> ids = [.. document.Descendants().Attributes("id").Select(a => a.Value)];
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(document.Descendants("button"), b => Assert.NotNull(b.Attribute("aria-label")));
    }

    /// <summary>
    /// Nine resources fill a window of 1200 pixels: beside them the panel would cut the drawing off. A long line of the
    /// legend wraps.
    /// </summary>
    [Theory]
    [InlineData("r1", 1)]
    [InlineData("r1", 9)]
    [InlineData("r1", 30)]
    public void The_panel_stands_beside_the_drawing_only_where_there_is_room_for_both(string name, int resources)
    {
        RaceTrace trace = Trace(name);
        IEnumerable<RaceLane> more = Enumerable.Repeat(trace.Resources[0], resources);
        string page = Page(trace with { Resources = [.. trace.Resources, .. more] });
        const string Drawing = "<div class=\"stage (\\w+)\">.*?<svg class=\"heads\" [^>]*width=\"([0-9.]+)\"";
        Match drawing = Regex.Match(page, Drawing, RegexOptions.Singleline);
        double needed = double.Parse(drawing.Groups[2].Value, CultureInfo.InvariantCulture) + 300 + 16 + 45;
        string rule = $"\n.stage.{drawing.Groups[1].Value} {{ flex-direction: column; }}";
        string style = page[..page.LastIndexOf("</style>", StringComparison.Ordinal)];
        int at = style.IndexOf(rule, StringComparison.Ordinal);
        Match above = Regex.Match(at < 0 ? "" : style[..at], "@media \\(max-width: (\\d+)px\\) \\{$");
        int besideFrom = above.Success ? int.Parse(above.Groups[1].Value, CultureInfo.InvariantCulture) + 1
            : at < 0 ? 901 : int.MaxValue;

        Assert.InRange(needed, 0, besideFrom);
        Assert.Contains("ul.legend .key { white-space: normal;", style, StringComparison.Ordinal);
    }

    [Fact]
    public void The_policy_names_the_scripts_and_styles_of_the_page()
    {
        XDocument document = XDocument.Parse(Page(Trace("r1"))["<!DOCTYPE html>\n".Length..]);
        string policy = (string)
            document.Descendants("meta").Single(m => m.Attribute("http-equiv") is not null).Attribute("content")!;
        foreach (
            XElement element in document
                .Descendants("style")
                .Concat(document.Descendants("script").Where(s => s.Attribute("type") is null)))
        {
            byte[] hash = System.Security.Cryptography.SHA256.HashData(
                System.Text.Encoding.UTF8.GetBytes(element.Value));
            Assert.Contains("'sha256-" + Convert.ToBase64String(hash) + "'", policy, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_page_marks_conflict_violation_waits_locks_and_cycle()
    {
        string r1 = Page(Trace("r1"));
        Assert.Equal(2, Regex.Count(r1, "class=\"row clash\""));
        Assert.Equal(1, Regex.Count(r1, "class=\"row bad\""));
        Assert.Contains("CPU1 holds node-&gt;lock of node-1", r1, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"cycle\"", r1, StringComparison.Ordinal);
        string hang = Page(Trace("hang"));
        Assert.Contains("class=\"cycle\"", hang, StringComparison.Ordinal);
        Assert.Contains("at the end: violated: liveness", hang, StringComparison.Ordinal);
        // Two waits and the key of the legend.
        Assert.Equal(3, Regex.Count(hang, "line class=\"wait\""));
    }

    [Fact]
    public void A_long_trace_is_cut_at_its_beginning_and_says_so()
    {
        string page = Page(SampleRaces.Large(20, 2500));
        Assert.Contains("Drawn are the last 2000 of 2500 steps", page, StringComparison.Ordinal);
        Assert.Equal(2000, Regex.Count(page, "<g class=\"step\""));
        Assert.True(page.Length < 4_000_000);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Listings_keep_their_widths(string name)
    {
        RaceTrace trace = Trace(name) with { ReplayCommand = "" };
        Assert.All(RaceListing.Text(trace).Split('\n'), line => Assert.True(line.Length <= 100, line));
        Assert.All(RaceListing.Text(trace, 80).Split('\n'), line => Assert.True(line.Length <= 80, line));
        Assert.All(RaceListing.KernelStyle(Trace(name)).Split('\n'), line => Assert.True(line.Length <= 75, line));
        Assert.DoesNotContain(
            '\u001b',
            RaceListing.Text(trace) + RaceListing.KernelStyle(trace) + RaceListing.Markup(trace));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Markup_says_what_the_text_says(string name)
    {
        RaceTrace trace = Trace(name);
        string plain = Spectre.Console.Markup.Remove(RaceListing.Markup(trace));
        Assert.Equal(RaceListing.Text(trace), string.Join('\n', plain.Split('\n').Select(l => l.TrimEnd())));
        Assert.Equal(
            RaceListing.Text(trace),
            string.Join(
                '\n',
                Render.Console(100, console => RaceListing.Write(console, trace)).Split('\n').Select(l => l.TrimEnd()))
        );
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Slices_of_a_task_nest(string name)
    {
        JsonElement root = JsonDocument.Parse(Render.Utf8(s => RaceChromeTrace.Write(s, Trace(name)))).RootElement;
        List<JsonElement> events = [.. root.GetProperty("traceEvents").EnumerateArray()];
        foreach (
            IGrouping<int, JsonElement> thread in events
                .Where(e => Phase(e) == "X")
                .GroupBy(e => e.GetProperty("tid").GetInt32()))
        {
            Stack<decimal> ends = new();
            decimal last = -1;
            foreach (JsonElement e in thread)
            {
                decimal start = e.GetProperty("ts").GetDecimal();
                decimal end = start + e.GetProperty("dur").GetDecimal();
                Assert.True(start >= last);
                last = start;
                while (ends.Count > 0 && ends.Peek() <= start)
                {
                    ends.Pop();
                }

                Assert.True(ends.Count == 0 || end <= ends.Peek());
                ends.Push(end);
            }
        }

        Assert.Equal(events.Count(e => Phase(e) == "s"), events.Count(e => Phase(e) == "f"));
        Assert.Equal(Trace(name).Rule.Length > 0 ? 1 : 0, events.Count(e => Phase(e) == "i"));
    }

    [Fact]
    public void The_chrome_trace_has_functions_arrows_and_counters()
    {
        JsonElement root = JsonDocument.Parse(Render.Utf8(s => RaceChromeTrace.Write(s, Trace("hang")))).RootElement;
        List<JsonElement> events = [.. root.GetProperty("traceEvents").EnumerateArray()];
        JsonElement wait = events.Single(e => e.GetProperty("name").GetString() == "... waits for encl->lock");
        Assert.Equal(2m, wait.GetProperty("ts").GetDecimal());
        Assert.Equal(3m, wait.GetProperty("dur").GetDecimal());
        JsonElement fault = events.First(e =>
            e.GetProperty("name").GetString() == "encl.c: sgx_vma_fault()" && e.GetProperty("tid").GetInt32() == 3);
        Assert.Equal(6m, fault.GetProperty("dur").GetDecimal());
        Assert.Equal(4.5m, events.Single(e => Phase(e) == "s").GetProperty("ts").GetDecimal());
        Assert.Equal(5.5m, events.Single(e => Phase(e) == "f").GetProperty("ts").GetDecimal());
        List<JsonElement> r1 =
        [
            .. JsonDocument
                .Parse(Render.Utf8(s => RaceChromeTrace.Write(s, Trace("r1"))))
                .RootElement.GetProperty("traceEvents")
                .EnumerateArray(),
        ];
        Assert.Equal(
            ["0:100", "5:99", "8:101", "10:101"],
            r1.Where(e => Phase(e) == "C" && e.GetProperty("name").GetString() == "counter")
                .Select(e =>
                    $"{e.GetProperty("ts").GetDecimal()}:{e.GetProperty("args").GetProperty("value").GetInt64()}"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Mermaid_blocks_close_and_names_hold_no_syntax(string name)
    {
        string text = MermaidDiagram.Text(Trace(name));
        int open = 0;
        foreach (string line in text.Split('\n').Select(l => l.Trim()))
        {
            open +=
                line.StartsWith("rect ", StringComparison.Ordinal) || line.StartsWith("loop ", StringComparison.Ordinal)
                    ? 1
                : line == "end" ? -1
                : 0;
            Assert.True(open >= 0);
            if (!line.StartsWith("title ", StringComparison.Ordinal) && line.Length > 0 && line != "end")
            {
                Assert.Matches(Statement(), line);
            }
        }

        Assert.Equal(0, open);
    }

    [Fact]
    public void Mermaid_entities()
    {
        Assert.Equal("a#59;b#35;c#58;d#34;e#60;f#62;", MermaidDiagram.Escape("a;b#c:d\"e<f>"));
        Assert.Equal("the #101;nd of it", MermaidDiagram.Escape("the end of it"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_json_holds_the_whole_trace(string name)
    {
        RaceTrace trace = Trace(name);
        JsonElement root = JsonDocument.Parse(RaceJson.ToJson(trace)).RootElement;
        Assert.Equal("epc-actors/race-trace/1", root.EnumerateObject().First().Value.GetString());
        Assert.Equal(trace.Title, root.GetProperty("title").GetString());
        Assert.Equal(trace.Steps.Count, root.GetProperty("steps").GetArrayLength());
        Assert.Equal(trace.Conflict.Second, root.GetProperty("conflict").GetProperty("second").GetInt32());
        foreach ((RaceStep step, JsonElement json) in trace.Steps.Zip(root.GetProperty("steps").EnumerateArray()))
        {
            Assert.Equal(step.Values, json.GetProperty("values").EnumerateArray().Select(v => v.GetInt64()));
            Assert.Equal(
                step.Request.Select(f => f.Value),
                json.GetProperty("request").EnumerateArray().Select(f => f.GetProperty("value").GetString()));
            Assert.Equal(step.IsParked, json.GetProperty("parked").GetBoolean());
        }
    }

    [Fact]
    public void No_report_depends_on_the_culture_or_on_the_time()
    {
        RaceTrace trace = Trace("r1") with { Before = [-100, 100] };
        string expected = All(trace);
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat.NegativeSign = "~";
        odd.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = odd;
            Assert.Equal(expected, All(trace));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static string All(RaceTrace trace) =>
        RaceListing.Text(trace)
        + RaceListing.Markup(trace)
        + RaceListing.KernelStyle(trace)
        + MermaidDiagram.Text(trace)
        + Page(trace)
        + RaceJson.ToJson(trace)
        + Render.Utf8(s => RaceChromeTrace.Write(s, trace));

    private static string Page(RaceTrace trace) => Render.Text(w => LamportPage.Write(w, trace));

    private static string Phase(JsonElement e) => e.GetProperty("ph").GetString()!;

    private static RaceTrace Trace(string name) =>
        name switch
        {
            "r1" => SampleRaces.LostUpdate(),
            "hang" => SampleRaces.Hang(),
            "hostile" => SampleRaces.Hostile(),
            "large" => SampleRaces.Large(9, 300),
            _ => SampleRaces.LostUpdate() with
            {
                Steps = [],
                Tasks = [],
                Resources = [],
                Rule = "",
                Quantities = [],
                Before = [],
                Conflict = (-1, -1),
            },
        };

    [GeneratedRegex(
        @"^(sequenceDiagram|loop for ever|rect rgba\([0-9., ]+\)|participant [TR]\d+ as [^:<>]+(<br/>[^:<>]+)?|"
            + @"Note over T\d+(,T\d+)?: [^:<>""]+|[TR]\d+(->>|-->>|-\)|--\))[TR]\d+: [^:<>""]+)$")]
    private static partial Regex Statement();
}

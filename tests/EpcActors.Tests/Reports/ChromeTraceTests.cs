using System.Text.Json;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed class ChromeTraceTests
{
    [Fact]
    public void It_is_the_object_form_and_counts_in_microseconds()
    {
        JsonElement root = Parse(SampleReports.Quiet(5));
        Assert.Equal("ns", root.GetProperty("displayTimeUnit").GetString());
        JsonElement eldu = Events(root).Single(e => Name(e) == "sgx_encl_eldu");
        Assert.Equal("X", Phase(eldu));
        Assert.Equal(3.0m, eldu.GetProperty("ts").GetDecimal());
        Assert.Equal(8.001m, eldu.GetProperty("dur").GetDecimal());
        Assert.Equal(0, eldu.GetProperty("pid").GetInt32());
        Assert.Equal(7, eldu.GetProperty("tid").GetInt32());
    }

    [Fact]
    public void Every_event_has_what_the_viewers_need()
    {
        foreach (RunReport report in (RunReport[])[SampleReports.Quiet(50), SampleReports.Hang(50),
            SampleReports.Empty(),
            SampleReports.Escapes()])
        {
            foreach (JsonElement e in Events(Parse(report)))
            {
                Assert.Contains(Phase(e), (string[])["M", "X", "i", "C", "b", "e"]);
                Assert.Equal(JsonValueKind.String, e.GetProperty("name").ValueKind);
                Assert.True(e.GetProperty("pid").TryGetInt32(out _));
                Assert.True(e.GetProperty("tid").TryGetInt32(out _));
                Assert.Equal(Phase(e) != "M", e.TryGetProperty("ts", out _));
                Assert.Equal(Phase(e) == "X", e.TryGetProperty("dur", out _));
                Assert.Equal(Phase(e) == "i", e.TryGetProperty("s", out _));
            }
        }
    }

    [Fact]
    public void Nodes_and_tasks_have_names()
    {
        List<JsonElement> events = Events(Parse(SampleReports.Quiet(5)));
        Assert.Contains(events, e => Name(e) == "process_name" && Argument(e, "name") == "node 0");
        Assert.Contains(events, e => Name(e) == "thread_name" && e.GetProperty("tid").GetInt32() == 3
            && Argument(e, "name") == "ksgxd");
        Assert.Contains(events, e => Name(e) == "thread_sort_index" && e.GetProperty("tid").GetInt32() == 7);
    }

    [Fact]
    public void Spans_of_a_lane_nest()
    {
        AssertNests(Events(Parse(SampleReports.Quiet(5))));
        Assert.Equal(5, Events(Parse(SampleReports.Quiet(5))).Count(e => Phase(e) == "X"));
    }

    [Fact]
    public void Spans_that_overlap_leave_the_lane_as_an_asynchronous_pair()
    {
        RunReport report = SampleReports.Empty() with
        {
            TraceEvents =
            [
                Span("inner", 200, 100), Span("outer", 100, 500), Span("crosses", 550, 100), Span("next", 600, 50),
                Span("same start, shorter", 100, 50),
            ],
        };
        List<JsonElement> events = Events(Parse(report));
        AssertNests(events);
        Assert.Equal(["outer", "same start, shorter", "inner", "next"],
            events.Where(e => Phase(e) == "X").Select(Name));
        JsonElement begin = events.Single(e => Phase(e) == "b");
        JsonElement end = events.Single(e => Phase(e) == "e");
        Assert.Equal("crosses", Name(begin));
        Assert.Equal(begin.GetProperty("id").GetString(), end.GetProperty("id").GetString());
        Assert.Equal(0.65m, end.GetProperty("ts").GetDecimal());
    }

    [Fact]
    public void Counters_follow_the_timeline_and_say_only_changes()
    {
        RunReport report = SampleReports.Empty() with
        {
            Timeline = new Timeline
            {
                AtNs = [1_000, 2_000, 3_000, 4_000],
                Nodes = [new NodeTimeline(0, [7, 7, 5, 5]), new NodeTimeline(1, [1, 1, 1, 1])],
                FreePageCounter = [8, 8, 9, 9],
                Cgroups = [new CgroupTimeline { Path = "/a", CurrentBytes = [0, 4096, 4096, 4096] }],
                Marks = [new TimelineMark(2_500, "limit")],
            },
        };
        List<JsonElement> events = Events(Parse(report));
        Assert.Equal([(1m, 8L), (3m, 6L), (4m, 6L)], Counter(events, "free pages (lists)", "pages"));
        Assert.Equal([(1m, 8L), (3m, 9L), (4m, 9L)], Counter(events, "free pages (counter)", "pages"));
        Assert.Equal([(1m, 0L), (2m, 4096L), (4m, 4096L)], Counter(events, "misc.current /a", "bytes"));
        JsonElement mark = events.Single(e => Phase(e) == "i");
        Assert.Equal(("limit", "g", 2.5m),
            (Name(mark), mark.GetProperty("s").GetString(), mark.GetProperty("ts").GetDecimal()));
    }

    private static TraceEvent Span(string name, long start, long duration) =>
        new(TraceEventKind.Span, 0, 1, "task", name, start, duration, "");

    private static List<(decimal, long)> Counter(List<JsonElement> events, string name, string series) =>
        [.. events.Where(e => Phase(e) == "C" && Name(e) == name).Select(e =>
            (e.GetProperty("ts").GetDecimal(), e.GetProperty("args").GetProperty(series).GetInt64()))];

    private static void AssertNests(List<JsonElement> events)
    {
        foreach (IGrouping<(int, int), JsonElement> lane in events.Where(e => Phase(e) == "X")
            .GroupBy(e => (e.GetProperty("pid").GetInt32(), e.GetProperty("tid").GetInt32())))
        {
            (decimal From, decimal To)[] spans = [.. lane.Select(e => (e.GetProperty("ts").GetDecimal(),
                e.GetProperty("ts").GetDecimal() + e.GetProperty("dur").GetDecimal()))];
            for (int a = 0; a < spans.Length; a++)
            {
                for (int b = a + 1; b < spans.Length; b++)
                {
                    bool isApart = spans[a].To <= spans[b].From || spans[b].To <= spans[a].From;
                    bool isInside = spans[b].From >= spans[a].From && spans[b].To <= spans[a].To;
                    Assert.True(isApart || isInside, $"{spans[a]} and {spans[b]} overlap or come in the wrong order");
                }
            }
        }
    }

    private static JsonElement Parse(RunReport report) =>
        JsonDocument.Parse(Render.Utf8(stream => ChromeTrace.Write(stream, report))).RootElement;

    private static List<JsonElement> Events(JsonElement root) => [.. root.GetProperty("traceEvents").EnumerateArray()];

    private static string? Phase(JsonElement e) => e.GetProperty("ph").GetString();

    private static string? Name(JsonElement e) => e.GetProperty("name").GetString();

    private static string? Argument(JsonElement e, string name) => e.GetProperty("args").GetProperty(name).GetString();
}

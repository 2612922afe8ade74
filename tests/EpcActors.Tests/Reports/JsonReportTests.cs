using System.Text.Json;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed class JsonReportTests
{
    /// <summary>The contract with scripts: every key and its type. A key may be added, none may go.</summary>
    private static readonly (string Key, JsonValueKind Kind)[] Root =
    [
        ("verdict", JsonValueKind.String), ("kernel", JsonValueKind.String), ("engine", JsonValueKind.String),
        ("seed", JsonValueKind.Number), ("trace_hash", JsonValueKind.String), ("virtual_time_ns", JsonValueKind.Number),
        ("wall_time_ms", JsonValueKind.Number), ("steps", JsonValueKind.Number), ("cgroups", JsonValueKind.Array),
        ("nodes", JsonValueKind.Array), ("free_page_counter", JsonValueKind.Number), ("enclaves", JsonValueKind.Array),
        ("memory_cgroups", JsonValueKind.Array), ("profile", JsonValueKind.Object), ("ksgxd", JsonValueKind.Object),
        ("violations", JsonValueKind.Array), ("scenario", JsonValueKind.String), ("title", JsonValueKind.String),
        ("switches", JsonValueKind.Array), ("expectations", JsonValueKind.Array), ("notes", JsonValueKind.Array),
        ("fault_latency", JsonValueKind.Object), ("virtual_epcs", JsonValueKind.Array),
        ("replay_command", JsonValueKind.String), ("description", JsonValueKind.String),
    ];

    private static readonly (string Array, (string Key, JsonValueKind Kind)[] Keys)[] Items =
    [
        ("cgroups", [("path", JsonValueKind.String), ("max", JsonValueKind.String), ("current", JsonValueKind.Number),
            ("peak", JsonValueKind.Number), ("events", JsonValueKind.Number), ("events_local", JsonValueKind.Number),
            ("faults", JsonValueKind.Number), ("evictions", JsonValueKind.Number), ("reloads", JsonValueKind.Number),
            ("slowdown", JsonValueKind.Null)]),
        ("nodes", [("id", JsonValueKind.Number), ("capacity_pages", JsonValueKind.Number),
            ("free_pages", JsonValueKind.Number), ("poisoned_pages", JsonValueKind.Number)]),
        ("enclaves", [("name", JsonValueKind.String), ("cgroup", JsonValueKind.String),
            ("outcome", JsonValueKind.String), ("faults", JsonValueKind.Number),
            ("resident_pages", JsonValueKind.Number), ("swapped_pages", JsonValueKind.Number),
            ("va_pages", JsonValueKind.Number)]),
        ("memory_cgroups", [("path", JsonValueKind.String), ("max", JsonValueKind.Number),
            ("current", JsonValueKind.Number), ("oom_kills", JsonValueKind.Number)]),
        ("violations", [("rule", JsonValueKind.String), ("at_ns", JsonValueKind.Number),
            ("detail", JsonValueKind.String)]),
        ("virtual_epcs", [("name", JsonValueKind.String), ("pages", JsonValueKind.Number)]),
        ("switches", [("name", JsonValueKind.String), ("value", JsonValueKind.String),
            ("overridden", JsonValueKind.True)]),
        ("expectations", [("text", JsonValueKind.String), ("met", JsonValueKind.False),
            ("found", JsonValueKind.String)]),
    ];

    [Fact]
    public void Every_key_is_there_with_its_type()
    {
        JsonElement root = Parse(SampleReports.Escapes());
        foreach ((string key, JsonValueKind kind) in Root)
        {
            Assert.Equal((key, kind), (key, root.GetProperty(key).ValueKind));
        }

        foreach ((string array, (string, JsonValueKind)[] keys) in Items)
        {
            JsonElement first = root.GetProperty(array)[0];
            foreach ((string key, JsonValueKind kind) in keys)
            {
                Assert.Equal((array, key, kind), (array, key, first.GetProperty(key).ValueKind));
            }
        }

        JsonElement ksgxd = root.GetProperty("ksgxd");
        Assert.Equal(1, ksgxd.GetProperty("wakeups").GetInt64());
        Assert.Equal(128, ksgxd.GetProperty("pages_reclaimed").GetInt64());
        Assert.Equal(0.0123, ksgxd.GetProperty("busy_share").GetDouble());
    }

    [Fact]
    public void Values_are_those_of_the_report()
    {
        JsonElement root = Parse(SampleReports.Quiet());
        Assert.Equal("pass", root.GetProperty("verdict").GetString());
        Assert.Equal("max", root.GetProperty("cgroups")[0].GetProperty("max").GetString());
        JsonElement pod = root.GetProperty("cgroups")[3];
        Assert.Equal("/kubepods/best-effort", pod.GetProperty("path").GetString());
        Assert.Equal(24 * SampleReports.MiB, pod.GetProperty("max").GetInt64());
        Assert.Equal(1_234, pod.GetProperty("events_local").GetInt64());
        Assert.Equal(14.5, pod.GetProperty("slowdown").GetDouble());
        Assert.Equal(0.2483, root.GetProperty("profile").GetProperty("sgx_encl_ewb").GetDouble());
        Assert.Equal(12_400, root.GetProperty("fault_latency").GetProperty("p50_ns").GetInt64());
    }

    [Fact]
    public void The_highest_seed_is_an_exact_number() =>
        Assert.Equal(ulong.MaxValue, Parse(SampleReports.Hang()).GetProperty("seed").GetUInt64());

    [Theory]
    [InlineData(EnclaveOutcome.Finished, "finished")]
    [InlineData(EnclaveOutcome.Running, "running")]
    [InlineData(EnclaveOutcome.Enomem, "enomem")]
    [InlineData(EnclaveOutcome.Sigbus, "sigbus")]
    [InlineData(EnclaveOutcome.Killed, "killed")]
    [InlineData(EnclaveOutcome.OomKilled, "oom-killed")]
    [InlineData(EnclaveOutcome.Hung, "hung")]
    [InlineData(EnclaveOutcome.Sigsegv, "sigsegv")]
    public void Outcomes_have_these_words(EnclaveOutcome outcome, string word)
    {
        RunReport report = SampleReports.Empty() with
        {
            Enclaves = [new EnclaveReport { Name = "a", Cgroup = "/", Outcome = outcome }],
        };
        Assert.Equal(word, Parse(report).GetProperty("enclaves")[0].GetProperty("outcome").GetString());
    }

    [Theory]
    [InlineData(Verdict.Pass, "pass")]
    [InlineData(Verdict.Violation, "violation")]
    [InlineData(Verdict.Inconclusive, "inconclusive")]
    public void Verdicts_have_these_words(Verdict verdict, string word) =>
        Assert.Equal(word, Parse(SampleReports.Empty() with { Verdict = verdict }).GetProperty("verdict").GetString());

    [Fact]
    public void Texts_come_back_as_they_were() =>
        Assert.Equal(SampleReports.Nasty, Parse(SampleReports.Escapes()).GetProperty("notes")[0].GetString());

    [Fact]
    public void What_is_no_number_is_null()
    {
        RunReport report = SampleReports.Empty() with
        {
            WallTimeMs = double.NaN,
            Cgroups = [new CgroupReport { Path = "/", Slowdown = double.PositiveInfinity }],
        };
        JsonElement root = Parse(report);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("wall_time_ms").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("cgroups")[0].GetProperty("slowdown").ValueKind);
    }

    [Fact]
    public void The_stream_stays_open_and_holds_what_the_string_holds()
    {
        using MemoryStream stream = new();
        JsonReport.Write(stream, SampleReports.Quiet());
        stream.Position = 0;
        using StreamReader reader = new(stream);
        Assert.Equal(JsonReport.ToJson(SampleReports.Quiet()), reader.ReadToEnd());
    }

    private static JsonElement Parse(RunReport report) => JsonDocument.Parse(JsonReport.ToJson(report)).RootElement;
}

using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;
using EpcActors.Kernel.Cgroups;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Live;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cluster;

/// <summary>Control messages come back as they were, and what is not exactly one is refused.</summary>
public sealed class WireControlTests
{
    private static readonly ControlMessage.Membership View = new(
        3,
        [1, 0, 2],
        [1, 2, 3],
        [0, 2, 2],
        [1, 3, 3],
        ["127.0.0.1:1", "", "127.0.0.1:3"]);

    private static readonly ControlMessage.CutPart Part = new(
        4,
        new GatewaySnapshot
        {
            Member = 1,
            Incarnation = 2,
            Epoch = 3,
            IsFenced = true,
            Granted = [long.MaxValue, long.MinValue],
            Used = [1, 2],
            Stock = [3, 4],
            Calls = [new OpenCall(1, uint.MaxValue, 2, -1, 0x0E01)],
            Owners = [new OwnedCounter(1, 2, ulong.MaxValue, 3, 4, [5, 6])],
            Served = [new ServedCall(1, 2, 3, -4)],
        },
        [new NodePart(0, 1, 2, 3, 4, long.MaxValue, 6, 7, -8)],
        12.5,
        IsComplete: true);

    private static readonly LiveStatus Live = new()
    {
        NowNs = 1,
        LimitNs = 2,
        Steps = 3,
        Faults = 4,
        Evictions = 5,
        Tasks = 6,
        GoingTasks = 7,
        Cgroups =
        [
            new LiveCgroup("/a \"b\" ü", 1, Limit.Max, 2, 3),
            new LiveCgroup("/c", 4, Limit.OfPages(5), 6, 7),
            new LiveCgroup("/d", 8, Limit.Of(ulong.MaxValue - 1), 9, 10),
        ],
        Nodes = [new LiveNode(0, 1, 2)],
        FreePageCounter = -9,
        Audits = 10,
        LastAuditNs = -1,
        LastAuditTookNs = 12,
        Violations = 13,
    };

    /// <summary>One message of each kind, the kind first.</summary>
    public static IReadOnlyDictionary<string, ControlMessage> Samples { get; } =
        new Dictionary<string, ControlMessage>(StringComparer.Ordinal)
        {
            ["hello"] = new ControlMessage.Hello("1.2", "abc", [2, 3], 4711, "here", "127.0.0.1:5", "t"),
            ["welcome"] = new ControlMessage.Welcome(1, 2, [0, 1], [1, 1, 0], [], View),
            ["refused"] = new ControlMessage.Refused("another file: \u0000 \u2028 \U0001F600", ClusterErrorKind.Usage),
            ["view"] = View,
            ["start"] = new ControlMessage.Start(),
            ["status"] = new ControlMessage.Status(long.MaxValue, true, false, true, 3, 4, 5, [1], true, Live),
            ["begin-cut"] = new ControlMessage.BeginCut(int.MaxValue),
            ["cut-part"] = Part,
            ["cut-off"] = new ControlMessage.CutOff([0, 2]),
            ["arm"] = new ControlMessage.Arm(),
            ["stop"] = new ControlMessage.Stop(RunEndKind.Deadlock),
            ["result"] = new ControlMessage.Result(FullReport(), Part, new WireCounts(1, 2, 3, 4, 5, 6), 7, 8),
            ["failed"] = new ControlMessage.Failed(""),
        };

    public static TheoryData<string> Kinds => [.. Samples.Keys];

    [Fact]
    public void There_is_a_sample_of_every_kind()
    {
        JsonDerivedTypeAttribute[] declared =
        [
            .. typeof(ControlMessage).GetCustomAttributes<JsonDerivedTypeAttribute>(),
        ];
        Assert.Equal(declared.Select(one => (string)one.TypeDiscriminator!).Order(), Samples.Keys.Order());
        Assert.All(declared, one => Assert.IsType(one.DerivedType, Samples[(string)one.TypeDiscriminator!]));

        // A record that is not declared could not be sent.
        Type[] records =
        [
            .. typeof(ControlMessage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ControlMessage))),
        ];
        Assert.Equal(records.Select(type => type.Name).Order(), declared.Select(one => one.DerivedType.Name).Order());
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_message_comes_back(string kind)
    {
        byte[] json = ControlCodec.Encode(Samples[kind]);
        Assert.StartsWith($"{{\"kind\":\"{kind}\"", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        ControlMessage back = ControlCodec.Decode(json);
        Assert.Equal(Samples[kind].GetType(), back.GetType());
        Assert.Equivalent(Samples[kind], back, strict: true);
        Assert.Equal(Encoding.UTF8.GetString(json), Encoding.UTF8.GetString(ControlCodec.Encode(back)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_field_more_or_less_is_refused(string kind)
    {
        JsonObject whole = JsonNode.Parse(ControlCodec.Encode(Samples[kind]))!.AsObject();
        JsonObject more = whole.DeepClone().AsObject();
        more["surplus"] = 1;
        Refuses(more.ToJsonString());
        foreach (string name in whole.Select(field => field.Key).ToArray())
        {
            JsonObject less = whole.DeepClone().AsObject();
            less.Remove(name);
            Refuses(less.ToJsonString());

            JsonObject other = whole.DeepClone().AsObject();
            other[name] = new JsonArray(new JsonObject());
            Refuses(other.ToJsonString());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("17")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"kind\":\"unknown\"}")]
    [InlineData("{\"kind\":3}")]
    [InlineData("{\"kind\":\"start\"} {}")]
    [InlineData("{\"kind\":\"start\"")]
    [InlineData("{\"kind\":\"begin-cut\",\"number\":1,\"number\":2}")]
    [InlineData("{\"kind\":\"begin-cut\",\"number\":3000000000}")]
    [InlineData("{\"kind\":\"begin-cut\",\"Number\":1}")]
    [InlineData("{\"kind\":\"stop\",\"end\":0}")]
    [InlineData("{\"kind\":\"stop\",\"end\":\"Never\"}")]
    [InlineData("{\"kind\":\"failed\",\"message\":null}")]
    [InlineData("{\"kind\":\"failed\",\"message\":\"\\ud800\"}")]
    public void What_is_no_message_is_refused(string json) => Refuses(json);

    [Fact]
    public void Bytes_that_are_no_text_are_refused() =>
        Assert.Throws<WireFormatException>(() =>
            ControlCodec.Decode([.. "{\"kind\":\"failed\",\"message\":\""u8, 0xC3, 0x28, .. "\"}"u8]));

    [Fact]
    public void The_length_is_bounded() =>
        Assert.Throws<WireFormatException>(() =>
            ControlCodec.Encode(new ControlMessage.Failed(new string('x', ControlCodec.MaxBytes))));

    [Fact]
    public void The_report_of_a_real_run_survives()
    {
        RunReport report = new ScenarioRunner(
            ScenarioLoader.Load(Loading.RepositoryPath("config/quickstart.conf"), [], null, ConfigEnvironment.Default)
        ).Run("epc run", CancellationToken.None);
        Assert.NotEmpty(report.Timeline.AtNs);
        Assert.NotEmpty(report.Profile);
        Assert.NotEmpty(report.VirtualEpcs);
        Assert.NotEmpty(report.FaultLatency.Buckets);

        ControlMessage.Result sent = new(report, Part, WireCounts.None, 0, 0);
        byte[] json = ControlCodec.Encode(sent);
        RunReport back = Assert.IsType<ControlMessage.Result>(ControlCodec.Decode(json)).Report;
        Assert.Equal(JsonReport.ToJson(report), JsonReport.ToJson(back));
        Assert.Equal(
            Encoding.UTF8.GetString(json),
            Encoding.UTF8.GetString(ControlCodec.Encode(sent with { Report = back })));
        Assert.Equivalent(report, back, strict: true);
    }

    private static void Refuses(string json) =>
        Assert.Throws<WireFormatException>(() => ControlCodec.Decode(Encoding.UTF8.GetBytes(json)));

    /// <summary>
    /// Every list has something in it, every figure that may be missing is there, and some are no numbers.
    /// </summary>
    private static RunReport FullReport() =>
        new()
        {
            Scenario = "a.conf",
            Title = "title",
            Description = "what it shows",
            Verdict = Verdict.Violation,
            Kernel = "linux-6.16",
            Switches = [new SwitchReport("free-page-counter", "racy", true)],
            Engine = "threads",
            Live = new LiveReport
            {
                Workers = 1,
                Tasks = 2,
                Resources = 3,
                MessagesPerSecond = double.NaN,
                Cuts = 4,
                CutMs = 5.5,
                LongestCutMs = double.PositiveInfinity,
                Actions = 6,
                ActionsLeft = 7,
            },
            Seed = ulong.MaxValue,
            TraceHash = "",
            VirtualTimeNs = long.MaxValue,
            WallTimeMs = 0.1,
            Steps = 1,
            ReplayCommand = "epc run",
            Cgroups =
            [
                new CgroupReport
                {
                    Path = "/",
                    MaxBytes = 1,
                    Slowdown = 1.5,
                    IsDying = true,
                    FaultLatency = new LatencyReport(1, 2, 3, 4, 5, 6, 7, [new LatencyBucket(8, 9)]) { SumNs = 10 },
                },
            ],
            Nodes =
            [
                new NodeReport
                {
                    Id = 0,
                    CapacityPages = 1,
                    Allocations = 2,
                },
            ],
            FreePageCounter = -1,
            Enclaves =
            [
                new EnclaveReport
                {
                    Name = "e",
                    Cgroup = "/",
                    Outcome = EnclaveOutcome.OomKilled,
                    Slowdown = 2,
                    Detail = "why",
                },
            ],
            VirtualEpcs = [new VirtualEpcReport("g", "/", EnclaveOutcome.Sigbus, 1, 2, "d")],
            MemoryCgroups = [new MemoryCgroupReport("/", null, 1, 2, 3)],
            Profile = [new ActivityReport("sgx_encl_ewb", 0.25, 1, 2)],
            Ksgxd = new KsgxdReport(1, 2, null),
            Reclaim = new ReclaimReport(1, 2, 3),
            FaultLatency = LatencyReport.Empty,
            Violations = [new ViolationReport("liveness", 1, "detail")],
            Notes = ["note"],
            Expectations = [new ExpectationReport("text", false, "found") { NotJudged = "live" }],
            Timeline = new Timeline
            {
                AtNs = [1],
                Cgroups =
                [
                    new CgroupTimeline
                    {
                        Path = "/",
                        CurrentBytes = [1],
                        MaxBytes = [null],
                    },
                ],
                Nodes = [new NodeTimeline(0, [1])],
                FreePageCounter = [1],
                Marks = [new TimelineMark(1, "m")],
                LowPages = 1,
            },
            TraceEvents = [new TraceEvent(TraceEventKind.Instant, 0, 1, "kind", "name", 2, 3, "d")],
        };
}

using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// A coordinator whose members are the test: nothing happens but what it does, at the times that it says.
/// </summary>
internal sealed class CoordinatorRig
{
    public const string Machine = """
        epc {
          machine { nodes = [ { cpus = 1, epc = 1 MiB }, { cpus = 1, epc = 1 MiB }, { cpus = 1, epc = 1 MiB },
              { cpus = 1, epc = 1 MiB } ] }
          cgroups { "/a" { max = 512 KiB } }
          enclaves { x { cgroup = "/a", node = 0, heap = 64 KiB, steps = [ touch ] },
              y { cgroup = "/a", node = 3, heap = 64 KiB, steps = [ touch ] } }
          run { duration = 60 s }
          cluster { failure-timeout = 1 s, audit-every = 1 s, resend = 100 ms }
        }
        """;

    private readonly Clock _clock = new();
    private long _number;

    public CoordinatorRig(Scenario? scenario = null, IReadOnlyList<IReadOnlyList<int>>? own = null)
    {
        Scenario = scenario ?? Loading.Load(Machine);
        Transport = new FakeTransport();
        Keeper = new FakeKeeper();
        Coordinator = new Coordinator(
            new CoordinatorOptions
            {
                Scenario = Scenario,
                Version = "v1",
                Configuration = "c1",
                Own = own
                    ??
                    [
                        [0],
                        [1],
                        [2],
                        [3],
                    ],
            },
            Transport,
            Keeper,
            _clock);
        Coordinator.Begin();
        Coordinator.Pump();
    }

    public Scenario Scenario { get; }

    public FakeTransport Transport { get; }

    public FakeKeeper Keeper { get; }

    public Coordinator Coordinator { get; }

    /// <summary>By number.</summary>
    public List<FakeLink> Members { get; } = [];

    public ClusterView View => Coordinator.View!;

    /// <summary>A coordinator with all its members at work.</summary>
    public static CoordinatorRig Running(Scenario? scenario = null)
    {
        CoordinatorRig rig = new(scenario);
        for (int i = 0; i < 4; i++)
        {
            rig.Members.Add(rig.Hello(rig.Keeper.Started[i].Ticket));
        }

        foreach (FakeLink member in rig.Members)
        {
            rig.Say(member);
        }

        Assert.All(rig.Members, member => Assert.Single(member.Told.OfType<ControlMessage.Start>()));
        return rig;
    }

    public static Scenario With(params string[] overrides) => Loading.Load(Machine, overrides);

    public FakeLink Hello(string ticket = "", int[]? sockets = null, string version = "v1", string configuration = "c1")
    {
        FakeLink link = new();
        Coordinator.OnHello(
            link,
            new ControlMessage.Hello(version, configuration, sockets ?? [], 100, "host", $"at-{++_number}", ticket));
        Coordinator.Pump();
        return link;
    }

    public void Say(
        FakeLink from,
        bool isReady = true,
        bool isDone = false,
        bool isQuiet = false,
        int? epoch = null,
        long framesOut = 0,
        long framesIn = 0,
        int[]? unreachable = null,
        bool isHopeless = false)
    {
        Coordinator.OnControl(
            from,
            new ControlMessage.Status(
                ++from.Number,
                isReady,
                isDone,
                isQuiet,
                epoch ?? Coordinator.View?.Epoch ?? 0,
                framesOut,
                framesIn,
                unreachable ?? [],
                isHopeless,
                null));
        Coordinator.Pump();
    }

    /// <summary>All the living say the same; in between some time passes.</summary>
    public void AllSay(bool isDone = false, bool isQuiet = false)
    {
        Pass(10);
        foreach (FakeLink member in Living())
        {
            Say(member, isDone: isDone, isQuiet: isQuiet);
        }
    }

    public IEnumerable<FakeLink> Living() => Members.Where(member => !member.IsDropped);

    /// <summary>Time passes and the living are heard of all the while.</summary>
    public void PassAlive(int milliseconds, params FakeLink[] silent)
    {
        for (int left = milliseconds; left > 0; left -= 50)
        {
            Pass(Math.Min(50, left));
            foreach (FakeLink member in Living().Except(silent).ToArray())
            {
                Say(member);
            }
        }
    }

    /// <summary>Time passes, and the coordinator looks at its clock several times.</summary>
    public void Pass(int milliseconds)
    {
        for (int left = milliseconds; left > 0; left -= 200)
        {
            Stop(Math.Min(200, left));
        }
    }

    /// <summary>Time passes at once: the coordinator was stopped, or got no processor.</summary>
    public void Stop(int milliseconds)
    {
        _clock.Now += milliseconds;
        Coordinator.Pump();
    }

    public void Tell(FakeLink from, ControlMessage message)
    {
        Coordinator.OnControl(from, message);
        Coordinator.Pump();
    }

    public void Lose(FakeLink member, string reason = "connection reset")
    {
        Coordinator.OnLost(member, reason);
        Coordinator.Pump();
    }

    /// <summary>
    /// A part of a cut in which every counter of the member is at its owner and nothing has happened.
    /// </summary>
    public ControlMessage.CutPart Part(int member, int number, Func<GatewaySnapshot, GatewaySnapshot>? change = null)
    {
        GatewaySnapshot gateway = AuditParts.Gateway(View, member);
        return new ControlMessage.CutPart(
            number,
            change is null ? gateway : change(gateway),
            AuditParts.Nodes(Scenario, member),
            1,
            IsComplete: true);
    }

    public ControlMessage.Result Result(int member, params ViolationReport[] violations) =>
        new(
            AuditParts.Report(Scenario) with
            {
                Violations = violations,
                Verdict = violations.Length > 0 ? Verdict.Violation : Verdict.Pass,
            },
            Part(member, int.MaxValue),
            new WireCounts(10, 640, 9, 600, 0, 5),
            1,
            2);

    public ClusterOutcome End()
    {
        for (int member = 0; member < Members.Count; member++)
        {
            if (!Members[member].IsDropped && Members[member].Told.OfType<ControlMessage.Stop>().Any())
            {
                Tell(Members[member], Result(member));
            }
        }

        Assert.True(Coordinator.HasEnded);
        return Coordinator.Outcome();
    }

    private sealed class Clock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Now;
    }

    internal sealed class FakeLink : MemberLink
    {
        public long Number { get; set; }

        public List<ControlMessage> Told { get; } = [];

        public bool IsDropped { get; set; }

        public override string Address => "fake";

        public T Last<T>()
            where T : ControlMessage => Told.OfType<T>().Last();

        public string Refusal => Last<ControlMessage.Refused>().Reason;
    }

    internal sealed class FakeTransport : ICoordinatorTransport
    {
        public string Address => "door:1";

        public Task OpenAsync(ICoordinatorListener listener, CancellationToken cancellationToken) => Task.CompletedTask;

        public void Tell(MemberLink member, ControlMessage message) => ((FakeLink)member).Told.Add(message);

        public void Drop(MemberLink member) => ((FakeLink)member).IsDropped = true;

        public Task CloseAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    internal sealed class FakeKeeper : IProcessKeeper
    {
        public List<FakeProcess> Started { get; } = [];

        public string? Refusal { get; set; }

        public IOwnProcess Start(string ticket, Action<int, string> exited)
        {
            if (Refusal is not null)
            {
                throw new ClusterException(Refusal);
            }

            FakeProcess process = new(1000 + Started.Count, ticket, exited);
            Started.Add(process);
            return process;
        }
    }

    internal sealed class FakeProcess(int id, string ticket, Action<int, string> exited) : IOwnProcess
    {
        public int Id => id;

        public string Ticket => ticket;

        public List<string> Signals { get; } = [];

        public void Exit(int code, string words = "") => exited(code, words);

        public void Kill() => Signals.Add("kill");

        public void Pause() => Signals.Add("pause");

        public void Resume() => Signals.Add("resume");
    }
}

/// <summary>Parts of cuts in which all is in order, to plant defects in.</summary>
internal static class AuditParts
{
    public static GatewaySnapshot Gateway(ClusterView view, int member, long granted = 0) =>
        new()
        {
            Member = member,
            Incarnation = view.IncarnationOf(member),
            Epoch = view.Epoch,
            IsFenced = false,
            Granted = [.. Enumerable.Repeat(granted, view.CounterCount)],
            Used = [.. Enumerable.Repeat(granted, view.CounterCount)],
            Stock = [.. Enumerable.Repeat(0L, view.CounterCount)],
            Calls = [],
            Owners =
            [
                .. Enumerable
                    .Range(0, view.CounterCount)
                    .Where(counter => view.OwnerOf(counter) == member)
                    .Select(counter => new OwnedCounter(
                        counter,
                        granted * view.Alive().Count(),
                        ulong.MaxValue,
                        1 << 30,
                        0,
                        [.. Enumerable.Range(0, view.MemberCount).Select(one => view.IsAlive(one) ? granted : 0)])),
            ],
            Served = [],
        };

    /// <summary>Each member has its own node in full; the counter is at 0, so no page is free.</summary>
    public static IReadOnlyList<NodePart> Nodes(Scenario scenario, int member) =>
    [
        .. scenario.Machine.Nodes.Select((node, i) => i == member
            ? new NodePart(i, node.SectionPages.Sum(), 0, 0, 0, 0, 0, 0, 0)
            : new NodePart(i, 0, 0, 0, 0, 0, 0, 0, 0)),
    ];

    public static RunReport Report(Scenario scenario) => new()
    {
        Scenario = scenario.File,
        Verdict = Verdict.Pass,
        Kernel = scenario.Kernel,
        Engine = "threads",
        Seed = scenario.Seed,
        TraceHash = "",
        VirtualTimeNs = 1_000_000,
        WallTimeMs = 1,
        Steps = 7,
        ReplayCommand = "",
        Ksgxd = new KsgxdReport(1, 2, null),
        Live = new LiveReport { Workers = 2, Tasks = 3, Resources = 4, MessagesPerSecond = 5 },
    };
}

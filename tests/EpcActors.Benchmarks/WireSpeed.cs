using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;

namespace EpcActors.Benchmarks;

/// <summary>
/// Cost of a call to another process: two members that ask and answer one another with so many calls under way, beside
/// bare Akka.Remote with the same payload, one message a call, in the same run. All actor systems are in this process
/// and talk over sockets of the loopback, so they share its cores and its garbage collector.
/// </summary>
internal static class WireSpeed
{
    /// <summary>Bare Akka.Remote makes fewer calls in the same time.</summary>
    private static readonly (int Window, int Calls, int BareCalls)[] Cases =
        [(1, 4_000, 4_000), (16, 40_000, 15_000), (256, 400_000, 30_000)];

    /// <summary>
    /// <c>wire [ROUNDS] [AKKA]</c>: prints a table with the medians, and the ratios of rounds that ran one after the
    /// other. AKKA is an <c>akka { … }</c> block for the members, to try settings.
    /// </summary>
    public static async Task<int> RunAsync(string[] args)
    {
        NumberFormatInfo format = CultureInfo.InvariantCulture.NumberFormat;
        bool isGiven = int.TryParse(args.FirstOrDefault(), NumberStyles.None, format, out int rounds);
        rounds = isGiven ? Math.Max(1, rounds) : 5;
        string akka = args.Length > 1 ? args[1] : "";
        await using MemberLoad members = await MemberLoad.OpenAsync(akka).ConfigureAwait(false);
        await using BareLoad bare = new("batching.enabled = off");
        await using BareLoad stock = new("");
        (string Name, IWireLoad Load)[] loads =
            [("queue", members), ("bare Akka.Remote, unbatched", bare), ("bare Akka.Remote, as it comes", stock)];

        Console.WriteLine(
            "| calls under way | transport | frames/s | bytes/frame | frames/write | round trip, us "
            + "| CPU, us/frame | allocated, bytes/frame | frames/s of the queue in ratio to it |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach ((int window, int calls, int bareCalls) in Cases)
        {
            List<Figures>[] all = [.. loads.Select(_ => new List<Figures>())];
            for (int round = -1; round < rounds; round++)
            {
                for (int i = 0; i < loads.Length; i++)
                {
                    int count = i == 0 ? calls : bareCalls;
                    Figures figures = await MeasureAsync(loads[i].Load, window, count).ConfigureAwait(false);
                    if (round >= 0)
                    {
                        // The first one is for the JIT.
                        all[i].Add(figures);
                    }
                }
            }

            for (int i = 0; i < loads.Length; i++)
            {
                Figures median = all[i].OrderBy(one => one.FramesPerSecond).ElementAt(rounds / 2);
                double[] ratios =
                    [.. all[0].Zip(all[i], (queue, other) => queue.FramesPerSecond / other.FramesPerSecond).Order()];
                string ratio = i == 0 ? "" : $"{ratios[rounds / 2]:0.00} ({ratios[0]:0.00} to {ratios[^1]:0.00})";
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {window} | {loads[i].Name} | {median.FramesPerSecond:0} | {median.BytesPerFrame:0.0} "
                    + $"| {median.FramesPerWrite:0.0} | {median.RoundTripUs:0} "
                    + $"| {median.CpuUs:0.0} | {median.AllocatedPerFrame:0} | {ratio} |"));
            }
        }

        return 0;
    }

    private static async Task<Figures> MeasureAsync(IWireLoad load, int window, int calls)
    {
        WireCounts before = load.Counts;
        long allocated = GC.GetTotalAllocatedBytes();
        using Process self = Process.GetCurrentProcess();
        TimeSpan cpu = self.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        await load.RunAsync(window, calls).WaitAsync(TimeSpan.FromMinutes(1)).ConfigureAwait(false);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        self.Refresh();
        cpu = self.TotalProcessorTime - cpu;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        WireCounts after = load.Counts;
        if (after.FramesDropped != before.FramesDropped)
        {
            throw new InvalidOperationException($"frames were lost: {after}");
        }

        // Of the one that asks; the other one sends as much.
        return new Figures(
            2 * calls / seconds,
            (after.BytesOut - before.BytesOut) / (double)calls,
            calls / (double)(after.Writes - before.Writes),
            seconds / calls * window * 1e6,
            cpu.TotalMicroseconds / (2.0 * calls),
            allocated / (2.0 * calls));
    }

    private interface IWireLoad
    {
        /// <summary>Of the member that asks.</summary>
        WireCounts Counts { get; }

        /// <summary>Makes so many calls, at most so many of them at once.</summary>
        Task RunAsync(int window, int calls);
    }

    private sealed record Figures(
        double FramesPerSecond, double BytesPerFrame, double FramesPerWrite, double RoundTripUs, double CpuUs,
        double AllocatedPerFrame);

    /// <summary>
    /// Two members of a cluster as the run has them, without the machine: the listener of the one answers in the turn
    /// in which it is told.
    /// </summary>
    private sealed class MemberLoad : IWireLoad, IMemberListener, ICoordinatorListener, IAsyncDisposable
    {
        private readonly AkkaCoordinatorTransport _coordinator = new(new AkkaClusterOptions());
        private readonly List<(MemberLink Link, ControlMessage.Hello Hello)> _hellos = [];
        private readonly TaskCompletionSource _allThere = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private AkkaMemberTransport _asks = null!;
        private AkkaMemberTransport _answers = null!;
        private TaskCompletionSource _done = new();
        private int _calls;
        private int _asked;
        private int _answered;

        public WireCounts Counts => _asks.Counts;

        public static async Task<MemberLoad> OpenAsync(string akka)
        {
            MemberLoad load = new();
            await load._coordinator.OpenAsync(load, CancellationToken.None).ConfigureAwait(false);
            AkkaClusterOptions options = new() { Seed = load._coordinator.Address, AkkaBlock = akka };
            load._asks = new AkkaMemberTransport(options);
            load._answers = new AkkaMemberTransport(options);
            Task[] joining =
            [
                load._asks.JoinAsync(HelloOf(0), load, CancellationToken.None),
                load._answers.JoinAsync(HelloOf(1), new Answerer(load._answers), CancellationToken.None),
            ];
            await load._allThere.Task.WaitAsync(TimeSpan.FromMinutes(1)).ConfigureAwait(false);
            string[] addresses = [.. load._hellos.OrderBy(one => one.Hello.ProcessId).Select(one => one.Hello.Address)];
            ControlMessage.Membership view = ControlMessage.Membership.Of(ClusterView.First(2, [0]), addresses);
            foreach ((MemberLink link, ControlMessage.Hello hello) in load._hellos)
            {
                load._coordinator.Tell(link, new ControlMessage.Welcome(hello.ProcessId, 1, [], [], [], view));
            }

            await Task.WhenAll(joining).ConfigureAwait(false);
            load._asks.Connect(view);
            load._answers.Connect(view);
            return load;
        }

        public Task RunAsync(int window, int calls)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _calls = calls;
            _answered = 0;
            Volatile.Write(ref _asked, window);
            for (int i = 0; i < window; i++)
            {
                Send(_asks, WireBenchmarks.Charge((uint)i), window);
            }

            return _done.Task;
        }

        public void OnFrames(ReadOnlySpan<Frame> frames)
        {
            foreach (ref readonly Frame frame in frames)
            {
                if (_asked < _calls)
                {
                    Send(_asks, WireBenchmarks.Charge((uint)++_asked), frames.Length);
                }

                if (++_answered == _calls)
                {
                    _done.SetResult();
                }
            }
        }

        public void OnControl(ControlMessage message)
        {
        }

        public void OnCoordinatorLost(string reason) => _done.TrySetException(new ClusterException(reason));

        public void OnHello(MemberLink member, ControlMessage.Hello hello)
        {
            lock (_hellos)
            {
                _hellos.Add((member, hello));
                if (_hellos.Count == 2)
                {
                    _allThere.SetResult();
                }
            }
        }

        public void OnControl(MemberLink member, ControlMessage message)
        {
        }

        public void OnLost(MemberLink member, string reason)
        {
        }

        public async ValueTask DisposeAsync()
        {
            await _asks.DisposeAsync().ConfigureAwait(false);
            await _answers.DisposeAsync().ConfigureAwait(false);
            await _coordinator.DisposeAsync().ConfigureAwait(false);
        }

        /// <summary>As the gateway does: frames of one turn may wait for one another.</summary>
        private static void Send(AkkaMemberTransport transport, in Frame frame, int together)
        {
            if (together > 1)
            {
                transport.SendWithOthers(in frame);
            }
            else
            {
                transport.Send(in frame);
            }
        }

        private static ControlMessage.Hello HelloOf(int number) => new("1", "", [number], number, "", "", "");

        private sealed class Answerer(AkkaMemberTransport transport) : IMemberListener
        {
            public void OnFrames(ReadOnlySpan<Frame> frames)
            {
                foreach (ref readonly Frame frame in frames)
                {
                    Frame reply = frame;
                    reply.Kind = FrameKind.Reply;
                    (reply.From, reply.To) = (frame.To, frame.From);
                    Send(transport, in reply, frames.Length);
                }
            }

            public void OnControl(ControlMessage message)
            {
            }

            public void OnCoordinatorLost(string reason)
            {
            }
        }
    }

    /// <summary>Two actor systems, an actor each: one asks, the other answers, a message a call.</summary>
    private sealed class BareLoad : IWireLoad, IAsyncDisposable
    {
        private readonly WireMeter _meter = new();
        private readonly ActorSystem _asks;
        private readonly ActorSystem _answers;
        private readonly IActorRef _asker;

        public BareLoad(string settings)
        {
            _asks = Create(settings, _meter);
            _answers = Create(settings, new WireMeter());
            _answers.ActorOf(Props.Create(() => new BareAnswerer()), WireActor.Name);
            Address address = ((ExtendedActorSystem)_answers).Provider.DefaultAddress;
            ActorPath path = new RootActorPath(address) / "user" / WireActor.Name;
            IActorRef answerer = ((ExtendedActorSystem)_asks).Provider.ResolveActorRef(path);
            _asker = _asks.ActorOf(Props.Create(() => new BareAsker(answerer)), WireActor.Name);
        }

        public WireCounts Counts => _meter.Counts;

        public Task RunAsync(int window, int calls)
        {
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _asker.Tell(new BareRun(window, calls, done));
            return done.Task;
        }

        public async ValueTask DisposeAsync()
        {
            await _asks.Terminate().ConfigureAwait(false);
            await _answers.Terminate().ConfigureAwait(false);
        }

        private static ActorSystem Create(string settings, WireMeter meter) => ActorSystem.Create(
            "epc-cluster", BootstrapSetup.Create().WithConfig(ConfigurationFactory.ParseString($$"""
            akka {
              loglevel = ERROR
              stdout-loglevel = OFF
              actor {
                provider = remote
                serializers.bare = "{{typeof(BareSerializer).FullName}}, EpcActors.Benchmarks"
                serialization-bindings { "{{typeof(BareFrame).FullName}}, EpcActors.Benchmarks" = bare }
              }
              remote.adapters.epc-counted = "{{typeof(CountedTransportProvider).FullName}},EpcActors.Engine.Akka"
              remote.dot-netty.tcp {
                hostname = "127.0.0.1"
                port = 0
                applied-adapters = [epc-counted]
                {{settings}}
              }
            }
            """)).And(meter));
    }

    private sealed record BareRun(int Window, int Calls, TaskCompletionSource Done);

    private sealed class BareAnswerer : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(message);
    }

    private sealed class BareAsker(IActorRef answerer) : UntypedActor
    {
        private BareRun _run = new(0, 0, new TaskCompletionSource());
        private int _asked;
        private int _answered;

        protected override void OnReceive(object message)
        {
            if (message is BareRun run)
            {
                (_run, _asked, _answered) = (run, run.Window, 0);
                for (int i = 0; i < run.Window; i++)
                {
                    answerer.Tell(BareFrame.New());
                }

                return;
            }

            if (_asked < _run.Calls)
            {
                _asked++;
                answerer.Tell(BareFrame.New());
            }

            if (++_answered == _run.Calls)
            {
                _run.Done.SetResult();
            }
        }
    }
}

/// <summary>As many bytes as a charge has on the queue.</summary>
internal sealed record BareFrame(byte[] Bytes)
{
    public const int Length = 38;

    public static BareFrame New() => new(new byte[Length]);
}

/// <summary>Writes a <see cref="BareFrame"/> as it is. Made by Akka.</summary>
public sealed class BareSerializer(ExtendedActorSystem system) : Akka.Serialization.SerializerWithStringManifest(system)
{
    public override int Identifier => 74_518;

    public override string Manifest(object o) => "frame/1";

    public override byte[] ToBinary(object obj) => ((BareFrame)obj).Bytes;

    public override object FromBinary(byte[] bytes, string manifest) => new BareFrame(bytes);
}

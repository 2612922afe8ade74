using System.Net;
using BenchmarkDotNet.Attributes;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Transport.Sockets;
using EpcActors.Distribution.Wire;

namespace EpcActors.Benchmarks;

/// <summary>Frames to bytes and back, in bundles of a hundred: what a message costs that leaves its process, without the network.</summary>
public class WireBenchmarks
{
    private const int Frames = 10_000_000;
    private const int PerBundle = 100;

    private readonly BundleWriter _writer = new();
    private readonly BundleReader _reader = new(8);
    private readonly Frame[] _frames = new Frame[PerBundle];

    /// <summary>What travels: a charge page by page and its answer, which is most of what does, or one of each message.</summary>
    [Params("charge", "all")]
    public string Mix { get; set; } = "charge";

    [GlobalSetup]
    public void SetUp()
    {
        for (int i = 0; i < PerBundle; i++)
        {
            _frames[i] = WireLoad.Frame((uint)(50_000 + i));
            if (Mix == "all")
            {
                _frames[i].Code = WireMessages.All[i % WireMessages.All.Count].Code;
            }

            _writer.TryAdd(in _frames[i]);
        }
    }

    [Benchmark]
    public long Encode()
    {
        long bytes = 0;
        for (int i = 0; i < Frames / PerBundle; i++)
        {
            _writer.Clear();
            foreach (ref Frame frame in _frames.AsSpan())
            {
                _writer.TryAdd(in frame);
            }

            bytes += _writer.Finish().Length;
        }

        Work.Count($"{nameof(Encode)}|{Mix}", "frames", Frames);
        Work.Count($"{nameof(Encode)}|{Mix}", "bytes per frame", (double)bytes / Frames);
        return bytes;
    }

    [Benchmark]
    public long Decode()
    {
        long frames = 0;
        ReadOnlySpan<byte> bundle = _writer.Finish().Span;
        for (int i = 0; i < Frames / PerBundle; i++)
        {
            frames += _reader.Read(bundle).Length;
        }

        Work.Count($"{nameof(Decode)}|{Mix}", "frames", frames);
        Work.Count($"{nameof(Decode)}|{Mix}", "bytes per frame", (double)bundle.Length / PerBundle);
        return frames;
    }
}

/// <summary>Two members in one process, on real sockets of loopback.</summary>
public class SocketBenchmarks
{
    private WireLoad _load = null!;

    [GlobalSetup]
    public void SetUp() => _load = WireLoad.CreateAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void CleanUp() => _load.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>One way, as many as arrive without a loss: at most so many unanswered that the buffer never is full.</summary>
    [Benchmark]
    public long OneWay() => Count(nameof(OneWay), _load.Stream(2_000_000));

    /// <summary>One request after the other, each with its answer: nothing to bundle, a system call and a wake-up for each.</summary>
    [Benchmark]
    public long PingPong() => Count(nameof(PingPong), _load.Bounce(tasks: 1, frames: 20_000));

    /// <summary>So many tasks at once as the window of calls to one process has: the answers travel together.</summary>
    [Benchmark]
    public long PingPong256() => Count(nameof(PingPong256), _load.Bounce(tasks: 256, frames: 1_000_000));

    private static long Count(string name, WireCounts counts)
    {
        Work.Count(name, "frames", counts.FramesOut);
        Work.Count(name, "bytes per frame", (double)counts.BytesOut / counts.FramesOut);
        Work.Count(name, "frames per write", (double)counts.FramesOut / counts.Writes);
        return counts.FramesOut;
    }
}

/// <summary>Two members that send one another frames.</summary>
internal sealed class WireLoad : IAsyncDisposable, ICoordinatorListener
{
    /// <summary>Frames on their way; half a buffer of them.</summary>
    private const int Credit = 12_000;

    private readonly SocketCoordinatorTransport _coordinator;
    private readonly End[] _ends;
    private readonly List<(MemberLink Link, ControlMessage.Hello Hello)> _hellos = [];
    private readonly TaskCompletionSource _allThere = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WireLoad()
    {
        SocketOptions options = new() { Token = SocketOptions.NewToken() };
        _coordinator = new SocketCoordinatorTransport(new IPEndPoint(IPAddress.Loopback, 0), options);
        _coordinator.OpenAsync(this, CancellationToken.None).GetAwaiter().GetResult();
        _ends = [.. Enumerable.Range(0, 2).Select(_ => new End(new SocketMemberTransport(SocketOptions.ParseAddress(_coordinator.Address), options)))];
    }

    public static async Task<WireLoad> CreateAsync()
    {
        WireLoad load = new();
        Task[] joining = [.. load._ends.Select((end, i) => end.Transport.JoinAsync(new ControlMessage.Hello("", "", [], i, "", "", ""), end, CancellationToken.None))];
        await load._allThere.Task.ConfigureAwait(false);
        string[] addresses = [.. load._hellos.OrderBy(one => one.Hello.ProcessId).Select(one => one.Hello.Address)];
        ControlMessage.Membership view = new(1, [1, 1], [1, 1], [0], [1], addresses);
        foreach ((MemberLink link, ControlMessage.Hello hello) in load._hellos)
        {
            load._coordinator.Tell(link, new ControlMessage.Welcome(hello.ProcessId, 1, [], [], [], view));
        }

        await Task.WhenAll(joining).ConfigureAwait(false);
        Array.ForEach(load._ends, end => end.Transport.Connect(view));
        return load;
    }

    public static Frame Frame(uint sequence, int from = 0, int caller = 60)
    {
        Frame frame = new()
        {
            Kind = FrameKind.Request,
            Version = Actors.Cluster.Frame.CurrentVersion,
            From = (short)from,
            To = (short)(1 - from),
            FromIncarnation = 1,
            ToIncarnation = 1,
            Epoch = 1,
            Caller = caller,
            Sequence = sequence,
            Cut = 20,
        };
        frame.Write(new ClusterProtocol.ChargeAccount { Bytes = 4096, Account = 3 });
        return frame;
    }

    /// <summary>Sends so many frames from the one to the other.</summary>
    public WireCounts Stream(int frames)
    {
        WireCounts before = _ends[0].Transport.Counts;
        long arrived = _ends[1].Arrived;
        _ends[1].Bounces = false;
        SpinWait spin = default;
        for (int i = 0; i < frames; i++)
        {
            while (i - (_ends[1].Arrived - arrived) >= Credit)
            {
                spin.SpinOnce();
            }

            _ends[0].Transport.Send(Frame((uint)i));
        }

        Await(() => _ends[1].Arrived - arrived >= frames);
        return Since(before, _ends[0].Transport.Counts);
    }

    /// <summary>So many tasks send a frame each, and again when it is back, until so many were sent.</summary>
    public WireCounts Bounce(int tasks, int frames)
    {
        WireCounts before = _ends[0].Transport.Counts;
        long arrived = _ends[0].Arrived;
        _ends[1].Bounces = true;
        _ends[0].Left = frames - tasks;
        for (int task = 0; task < tasks; task++)
        {
            _ends[0].Transport.Send(Frame(1000, caller: task));
        }

        Await(() => _ends[0].Arrived - arrived >= frames);
        return Since(before, _ends[0].Transport.Counts);
    }

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
        foreach (End end in _ends)
        {
            await end.Transport.DisposeAsync().ConfigureAwait(false);
        }

        await _coordinator.DisposeAsync().ConfigureAwait(false);
    }

    private void Await(Func<bool> isDone)
    {
        if (!SpinWait.SpinUntil(isDone, TimeSpan.FromMinutes(1)))
        {
            throw new InvalidOperationException($"frames were lost: {_ends[0].Transport.Counts}, {_ends[1].Transport.Counts}");
        }
    }

    private static WireCounts Since(WireCounts before, WireCounts now) => new(
        now.FramesOut - before.FramesOut,
        now.BytesOut - before.BytesOut,
        now.FramesIn - before.FramesIn,
        now.BytesIn - before.BytesIn,
        now.FramesDropped - before.FramesDropped,
        now.Writes - before.Writes);

    private sealed class End(SocketMemberTransport transport) : IMemberListener
    {
        private long _arrived;
        private long _left;

        public SocketMemberTransport Transport => transport;

        public long Arrived => Volatile.Read(ref _arrived);

        /// <summary>Every frame goes back.</summary>
        public bool Bounces { get; set; }

        /// <summary>How many more it sends when frames come back.</summary>
        public long Left
        {
            get => Volatile.Read(ref _left);
            set => Volatile.Write(ref _left, value);
        }

        public void OnFrames(ReadOnlySpan<Frame> frames)
        {
            foreach (ref readonly Frame frame in frames)
            {
                if (Bounces || Left > 0)
                {
                    Left--;
                    Frame back = frame;
                    (back.From, back.To) = (frame.To, frame.From);
                    transport.Send(in back);
                }
            }

            Volatile.Write(ref _arrived, _arrived + frames.Length);
        }

        public void OnControl(ControlMessage message)
        {
        }

        public void OnCoordinatorLost(string reason)
        {
        }
    }
}

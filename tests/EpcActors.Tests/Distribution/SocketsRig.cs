using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Transport.Sockets;

namespace EpcActors.Tests.Distribution;

/// <summary>A coordinator and members in one process, on real sockets.</summary>
internal sealed class SocketsRig : IAsyncDisposable
{
    public const string Token = "token-of-this-run";

    /// <summary>Nothing takes so long unless it never comes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<IAsyncDisposable> _owned = [];

    public SocketsRig(SocketOptions? options = null)
    {
        Options = (options ?? Quick) with { Log = Log.Add };
        Coordinator = new SocketCoordinatorTransport(new IPEndPoint(IPAddress.Loopback, 0), Options);
    }

    /// <summary>Limits for what ends well.</summary>
    public static SocketOptions Quick => new() { Token = Token, JoinLimit = Patience, HandshakeLimit = Patience };

    public SocketOptions Options { get; }

    public LogOfTest Log { get; } = new();

    public SocketCoordinatorTransport Coordinator { get; }

    public RecordingCoordinator Heard { get; } = new();

    public IPEndPoint Address => SocketOptions.ParseAddress(Coordinator.Address);

    public async Task OpenAsync() => await Coordinator.OpenAsync(Heard, CancellationToken.None);

    /// <summary>So many members with their welcome, connected to one another.</summary>
    public async Task<MemberOfTest[]> MembersAsync(int count, SocketOptions? options = null)
    {
        MemberOfTest[] members = [.. Enumerable.Range(0, count).Select(_ => New(options))];
        Task<ControlMessage.Welcome>[] joining = [.. members.Select(member => member.JoinAsync())];
        MemberLink[] links = new MemberLink[count];
        string[] addresses = new string[count];
        for (int i = 0; i < count; i++)
        {
            (MemberLink link, ControlMessage.Hello hello) = await Heard.Hellos.NextAsync();
            links[hello.ProcessId] = link;
            addresses[hello.ProcessId] = hello.Address;
        }

        ControlMessage.Membership view = View(1, [.. Enumerable.Repeat(1, count)], addresses);
        for (int i = 0; i < count; i++)
        {
            members[i].Link = links[i];
            members[i].Address = addresses[i];
            Coordinator.Tell(links[i], new ControlMessage.Welcome(i, 1, [], [], [], view));
        }

        await Task.WhenAll(joining).WaitAsync(Patience);
        Array.ForEach(members, member => member.Transport.Connect(view));
        return members;
    }

    /// <summary>A member that has not joined. Its process id is its number in the rig.</summary>
    public MemberOfTest New(SocketOptions? options = null)
    {
        MemberOfTest member = new(_owned.Count, new SocketMemberTransport(Address, (options ?? Options) with { Log = Log.Add }));
        _owned.Add(member.Transport);
        return member;
    }

    public static ControlMessage.Membership View(int epoch, int[] incarnations, string[] addresses) =>
        new(epoch, incarnations, [.. incarnations.Select(_ => 1)], [0], [1], addresses);

    public static ControlMessage.Hello Hello(int process) => new("1", "file", [], process, "host", "", "ticket");

    public static Frame Request(int from, int to, uint sequence, int incarnation = 1)
    {
        Frame frame = new()
        {
            Kind = FrameKind.Request,
            Version = Frame.CurrentVersion,
            From = (short)from,
            To = (short)to,
            FromIncarnation = 1,
            ToIncarnation = incarnation,
            Epoch = 1,
            Caller = 7,
            Sequence = sequence,
        };
        frame.Write(new ClusterProtocol.ChargeAccount { Bytes = 4096, Account = 3 });
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable owned in _owned)
        {
            await owned.DisposeAsync().AsTask().WaitAsync(Patience);
        }

        await Coordinator.DisposeAsync().AsTask().WaitAsync(Patience);
    }
}

/// <summary>A member of a rig, and what it heard.</summary>
internal sealed class MemberOfTest(int number, SocketMemberTransport transport) : IMemberListener
{
    public SocketMemberTransport Transport => transport;

    public MemberLink Link { get; set; } = null!;

    public string Address { get; set; } = "";

    public Heard<Frame> Frames { get; } = new();

    public Heard<int> Bundles { get; } = new();

    public Heard<ControlMessage> Controls { get; } = new();

    public Heard<string> Losses { get; } = new();

    /// <summary>Frames given to the transport.</summary>
    public long Sends { get; private set; }

    /// <summary>Set: taking frames blocks until it is set.</summary>
    public ManualResetEventSlim? Stop { get; set; }

    public Task<ControlMessage.Welcome> JoinAsync(CancellationToken cancellationToken = default) => transport.JoinAsync(SocketsRig.Hello(number), this, cancellationToken);

    public void Send(in Frame frame)
    {
        Sends++;
        transport.Send(in frame);
    }

    public void OnFrames(ReadOnlySpan<Frame> frames)
    {
        Stop?.Wait(SocketsRig.Patience);
        Bundles.Add(frames.Length);
        foreach (ref readonly Frame frame in frames)
        {
            Frames.Add(frame);
        }
    }

    public void OnControl(ControlMessage message) => Controls.Add(message);

    public void OnCoordinatorLost(string reason) => Losses.Add(reason);

    /// <summary>Sends requests with ascending numbers until one arrives there; the first ones of a connection that is just being made may be lost.</summary>
    public async Task<Frame> ReachAsync(MemberOfTest other, int from, int to, int incarnation = 1)
    {
        using CancellationTokenSource limit = new(SocketsRig.Patience);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(10));
        for (uint sequence = 1; ; sequence++)
        {
            Send(SocketsRig.Request(from, to, sequence, incarnation));
            await timer.WaitForNextTickAsync(limit.Token);
            if (other.Frames.TryNext(out Frame frame))
            {
                return frame;
            }
        }
    }
}

/// <summary>What a coordinator heard.</summary>
internal sealed class RecordingCoordinator : ICoordinatorListener
{
    public Heard<(MemberLink Link, ControlMessage.Hello Hello)> Hellos { get; } = new();

    public Heard<(MemberLink Link, ControlMessage Message)> Controls { get; } = new();

    public Heard<(MemberLink Link, string Reason)> Losses { get; } = new();

    public void OnHello(MemberLink member, ControlMessage.Hello hello) => Hellos.Add((member, hello));

    public void OnControl(MemberLink member, ControlMessage message) => Controls.Add((member, message));

    public void OnLost(MemberLink member, string reason) => Losses.Add((member, reason));
}

/// <summary>What came, in order; waits for what has not come.</summary>
internal sealed class Heard<T>
{
    private readonly Channel<T> _items = Channel.CreateUnbounded<T>();

    public int Waiting => _items.Reader.Count;

    public void Add(T item) => _items.Writer.TryWrite(item);

    public bool TryNext(out T item) => _items.Reader.TryRead(out item!);

    public async Task<T> NextAsync()
    {
        using CancellationTokenSource limit = new(SocketsRig.Patience);
        return await _items.Reader.ReadAsync(limit.Token);
    }
}

/// <summary>Lines that transports logged.</summary>
internal sealed class LogOfTest
{
    private readonly ConcurrentQueue<string> _all = new();
    private readonly Heard<string> _lines = new();

    public IReadOnlyCollection<string> All => _all;

    public void Add(string line)
    {
        _all.Enqueue(line);
        _lines.Add(line);
    }

    /// <summary>The next line with a text in it.</summary>
    public async Task<string> LineAsync(string text)
    {
        while (true)
        {
            string line = await _lines.NextAsync();
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }
}

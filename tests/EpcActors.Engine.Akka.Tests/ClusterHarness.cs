using System.Collections.Concurrent;
using System.Threading.Channels;
using Akka.Actor;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// Coordinator and members of a cluster in one process: each with its own actor system, over sockets of the loopback on
/// ports that are free.
/// </summary>
internal sealed class ClusterHarness : IAsyncDisposable
{
    /// <summary>Longest that anything here may take, on a machine that is busy with something else.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>
    /// For tests in which a process is taken out. Long enough that a machine with many other tests at work takes out no
    /// process that is only starved: two fifths of it pass before a silent process counts as unreachable.
    /// </summary>
    public static readonly TimeSpan FailureTimeout = TimeSpan.FromSeconds(5);

    private readonly List<AkkaMemberTransport> _members = [];

    private ClusterHarness(AkkaCoordinatorTransport coordinator, CoordinatorLog log, AkkaClusterOptions options)
    {
        Coordinator = coordinator;
        Log = log;
        Options = options;
    }

    public AkkaCoordinatorTransport Coordinator { get; }

    public CoordinatorLog Log { get; }

    /// <summary>Of members.</summary>
    public AkkaClusterOptions Options { get; }

    public static async Task<ClusterHarness> OpenAsync(
        TimeSpan? failureTimeout = null,
        string akkaBlock = "",
        string token = "")
    {
        ConcurrentQueue<string> notes = new();
        AkkaClusterOptions options = new()
        {
            FailureTimeout = failureTimeout ?? TimeSpan.FromSeconds(10),
            AkkaBlock = akkaBlock,
            Token = token,
            OnNote = notes.Enqueue,
        };
        AkkaCoordinatorTransport coordinator = new(options);
        CoordinatorLog log = new(notes);
        using CancellationTokenSource limit = new(Limit);
        await coordinator.OpenAsync(log, limit.Token);
        return new ClusterHarness(coordinator, log, options with { Seed = coordinator.Address });
    }

    /// <summary>A member that has said hello; its welcome is given by <see cref="Welcome"/>.</summary>
    public (AkkaMemberTransport Transport, MemberLog Log, Task<ControlMessage.Welcome> Joined) Begin(
        params int[] sockets
    ) => Begin(Options, sockets);

    public (AkkaMemberTransport Transport, MemberLog Log, Task<ControlMessage.Welcome> Joined) Begin(
        AkkaClusterOptions options,
        params int[] sockets)
    {
        AkkaMemberTransport transport = new(options);
        _members.Add(transport);
        MemberLog log = new();
        return (transport, log, transport.JoinAsync(HelloOf(sockets), log, CancellationToken.None).WaitAsync(Limit));
    }

    /// <summary>Members that are welcome, in the order of their numbers.</summary>
    public async Task<IReadOnlyList<ClusterMember>> JoinAsync(int count)
    {
        List<ClusterMember> members = [];
        for (int i = 0; i < count; i++)
        {
            var (transport, log, joined) = Begin(i);
            Arrival arrival = await Log.Hellos.NextAsync();
            members.Add(new ClusterMember(transport, log, joined, arrival.Link, arrival.Hello.Address));
        }

        ControlMessage.Membership view = View(members);
        for (int i = 0; i < count; i++)
        {
            Coordinator.Tell(members[i].Link, new ControlMessage.Welcome(i, 1, [], [], [], view));
        }

        foreach (ClusterMember member in members)
        {
            await member.Joined;
            member.Transport.Connect(view);
        }

        return members;
    }

    public static ControlMessage.Membership View(IReadOnlyList<ClusterMember> members) =>
        ControlMessage.Membership.Of(
            ClusterView.First(members.Count, [0]),
            [.. members.Select(member => member.Address)]);

    public static ControlMessage.Hello HelloOf(params int[] sockets) => new("1", "abc", sockets, 4711, "here", "", "");

    /// <summary>A frame from one member to another.</summary>
    public static Frame FrameOf(int from, int to, int number)
    {
        Frame frame = new()
        {
            Kind = FrameKind.Request,
            Version = Frame.CurrentVersion,
            From = (short)from,
            To = (short)to,
            FromIncarnation = 1,
            ToIncarnation = 1,
            Epoch = 1,
            Sequence = (uint)number,
        };
        frame.Write(new ClusterProtocol.AddToCounter { Counter = 3, Amount = number });
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_members.Select(member => member.DisposeAsync().AsTask()));
        await Coordinator.DisposeAsync();
    }
}

/// <summary>A member that is welcome.</summary>
internal sealed record ClusterMember(
    AkkaMemberTransport Transport,
    MemberLog Log,
    Task<ControlMessage.Welcome> Joined,
    MemberLink Link,
    string Address)
{
    /// <summary>
    /// Its process is gone from one moment to the next, as far as one process can have that: nothing is left or said.
    /// </summary>
    public void Kill() => ((ExtendedActorSystem)Transport.System!).Abort();
}

internal sealed record Arrival(MemberLink Link, ControlMessage.Hello Hello);

internal sealed record Heard(MemberLink Link, ControlMessage Message);

internal sealed record Loss(MemberLink Link, string Reason);

/// <summary>Received items, in order; waits for more with a limit.</summary>
internal sealed class Inbox<T>
{
    private readonly Channel<T> _all = Channel.CreateUnbounded<T>();

    /// <summary>Number of items that the test has not taken.</summary>
    public int Left => _all.Reader.Count;

    public void Add(T item) => Assert.True(_all.Writer.TryWrite(item));

    public async Task<T> NextAsync()
    {
        using CancellationTokenSource limit = new(ClusterHarness.Limit);
        try
        {
            return await _all.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no {typeof(T).Name} came");
        }
    }
}

internal sealed class CoordinatorLog(ConcurrentQueue<string> notes) : ICoordinatorListener
{
    public Inbox<Arrival> Hellos { get; } = new();

    public Inbox<Heard> Controls { get; } = new();

    public Inbox<Loss> Losses { get; } = new();

    public IReadOnlyCollection<string> Notes => notes;

    public void OnHello(MemberLink member, ControlMessage.Hello hello) => Hellos.Add(new Arrival(member, hello));

    public void OnControl(MemberLink member, ControlMessage message) => Controls.Add(new Heard(member, message));

    public void OnLost(MemberLink member, string reason) => Losses.Add(new Loss(member, reason));
}

internal sealed class MemberLog : IMemberListener
{
    public Inbox<Frame> Frames { get; } = new();

    public Inbox<ControlMessage> Controls { get; } = new();

    public Inbox<string> Losses { get; } = new();

    public void OnFrames(ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            Frames.Add(frame);
        }
    }

    public void OnControl(ControlMessage message) => Controls.Add(message);

    public void OnCoordinatorLost(string reason) => Losses.Add(reason);
}

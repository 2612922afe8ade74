using Akka;
using Akka.Actor;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine.Akka;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// A member process in an Akka.Cluster. It has an actor system of its own for this, which begins with <see
/// cref="JoinAsync"/> and ends with <see cref="LeaveAsync"/>.
/// </summary>
/// <remarks>
/// Any thread may send, tell, connect and cut at any time. The listener is called by two actors, one for frames and one
/// for what the coordinator says, each one call at a time. One join per object. When the cluster takes this process
/// out, the listener gets <see cref="IMemberListener.OnCoordinatorLost"/> with the reason, and the system ends by
/// itself.
/// </remarks>
public sealed class AkkaMemberTransport : IMemberTransport
{
    private static readonly TimeSpan LongestLeave = TimeSpan.FromSeconds(15);

    private readonly AkkaClusterOptions _options;
    private readonly WireMeter _meter = new();
    private readonly FrameQueues _queues;
    private ActorSystem? _system;
    private IActorRef _gateway = ActorRefs.Nobody;
    private IActorRef _member = ActorRefs.Nobody;

    /// <summary>Nothing is opened yet.</summary>
    public AkkaMemberTransport(AkkaClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _queues = new FrameQueues(_meter, new RunToken(options.Token));
    }

    public WireCounts Counts => _meter.Counts;

    /// <summary>Null before the join.</summary>
    internal ActorSystem? System => _system;

    public void Send(in Frame frame) => _queues.Send(in frame, mayLeave: true);

    public void SendWithOthers(in Frame frame) => _queues.Send(in frame, mayLeave: false);

    /// <remarks>
    /// The sockets of the hello become roles of the node, and its address becomes the one that others reach this system
    /// at.
    /// </remarks>
    public async Task<ControlMessage.Welcome> JoinAsync(
        ControlMessage.Hello hello,
        IMemberListener listener,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hello);
        ArgumentNullException.ThrowIfNull(listener);
        if (_system is not null)
        {
            throw new InvalidOperationException("A transport joins once.");
        }

        (string host, int port) = Seed();
        cancellationToken.ThrowIfCancellationRequested();
        _system = ClusterSystem.Create(
            _options,
            [AkkaClusterOptions.MemberRole, .. hello.Sockets.Select(AkkaClusterOptions.SocketRole)],
            _meter);
        try
        {
            AkkaCluster cluster = AkkaCluster.Get(_system);
            MemberDuties duties = new(
                hello with { Address = cluster.SelfAddress.ToString() },
                new RunToken(_options.Token),
                listener,
                new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
                new TaskCompletionSource<ControlMessage.Welcome>(TaskCreationOptions.RunContinuationsAsynchronously),
                _options.FailureTimeout,
                Note);
            _gateway = _system.ActorOf(WireActor.Props(_queues, _meter, listener, Note), WireActor.Name);
            _member = _system.ActorOf(MemberActor.Props(duties), MemberActor.Name);
            RegisterShutdown(_system);

            // The protocol has the name that the configuration gives it: another with TLS, say.
            cluster.JoinSeedNodes([new Address(cluster.SelfAddress.Protocol, cluster.SelfAddress.System, host, port)]);
            await AnswerAsync(duties, cancellationToken).ConfigureAwait(false);
            ControlMessage.Welcome welcome = await duties
                .Welcome.Task.WaitAsync(cancellationToken)
                .ConfigureAwait(false);
            _queues.Introduce(welcome.Member, welcome.Incarnation);
            _gateway.Tell(WireActor.Order.Open);
            _member.Tell(new Local.Open());
            return welcome;
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Tell(ControlMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _member.Tell(new Local.Tell(null, message));
    }

    public void Connect(ControlMessage.Membership view)
    {
        ArgumentNullException.ThrowIfNull(view);
        if (_system is { } system)
        {
            _queues.Connect(view, address => ClusterSystem.Resolve(system, address, WireActor.Name), _gateway);
        }
    }

    public void Cut(IReadOnlyCollection<int> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        _queues.Cut(members);
    }

    /// <summary>
    /// Waits until the last messages to the coordinator have arrived, then leaves the cluster and ends the system.
    /// </summary>
    /// <exception cref="OperationCanceledException">the system was ended at once instead; the others will
    /// notice.</exception>
    public Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (_system is not { } system)
        {
            return Task.CompletedTask;
        }

        _member.Tell(new Local.Leaving());
        return ClusterSystem.LeaveAsync(system, RunIsOver.Reason, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is { WhenTerminated.IsCompleted: false })
        {
            using CancellationTokenSource limit = new(LongestLeave);
            try
            {
                await LeaveAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // It has ended at once.
            }
        }

        _queues.Close();
    }

    private async Task AnswerAsync(MemberDuties duties, CancellationToken cancellationToken)
    {
        try
        {
            await duties.Heard.Task.WaitAsync(_options.JoinTimeout, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            throw new ClusterException(
                $"no coordinator answers at {_options.Seed} within {Words.Of(_options.JoinTimeout)}: is 'epc cluster' "
                    + "running there, is the port open between the two hosts, and has each the same TLS keys?",
                error);
        }
    }

    /// <summary>
    /// The order of leaving: receive the reason, deliver the last messages; Akka.Cluster leaves in later phases.
    /// </summary>
    private void RegisterShutdown(ActorSystem system)
    {
        CoordinatedShutdown shutdown = CoordinatedShutdown.Get(system);

        // Wait for an answer: a stop overtakes the actor's earlier messages.
        shutdown.AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "epc-say-why", () =>
        {
            if (shutdown.ShutdownReason is RunIsOver)
            {
                return Task.FromResult(Done.Instance);
            }

            _member.Tell(
                new Local.Over(
                    shutdown.ShutdownReason
                        is CoordinatedShutdown.ClusterDowningReason
                            or CoordinatedShutdown.ClusterLeavingReason
                        ? null
                        : $"this process shuts down: {shutdown.ShutdownReason}"));
            return FlushAsync();
        });
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "epc-control-arrived", FlushAsync);
    }

    private async Task<Done> FlushAsync()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _member.Tell(new Local.Flush(done));
        await done.Task.ConfigureAwait(false);
        return Done.Instance;
    }

    private (string Host, int Port) Seed()
    {
        int colon = _options.Seed.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(_options.Seed.AsSpan(colon + 1), out ushort port) && port > 0
            ? (_options.Seed[..colon], port)
            : throw new ClusterException(
                ClusterErrorKind.Usage,
                $"'{_options.Seed}' is not a valid address of a coordinator: write host:port, for example first:4053");
    }

    private void Note(string text) => _options.OnNote?.Invoke(text);
}

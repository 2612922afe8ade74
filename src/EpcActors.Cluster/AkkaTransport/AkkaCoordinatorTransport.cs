using Akka;
using Akka.Actor;
using Akka.Cluster;
using EpcActors.Cluster.Transport;
using EpcActors.Engine.Akka;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The coordinator process of an Akka.Cluster: its first node, which all others join, which is never downed.
/// </summary>
/// <remarks>
/// Any thread may tell and drop. The listener is called by one actor, one call at a time. One opening per object.
/// </remarks>
public sealed class AkkaCoordinatorTransport : ICoordinatorTransport
{
    /// <summary>
    /// Longest time until this node is a cluster of one. It waits for no other process: join-timeout is not about it,
    /// and a short one must not end the run on a busy machine before another process could join.
    /// </summary>
    private static readonly TimeSpan OwnStart = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LongestLeave = TimeSpan.FromSeconds(15);

    private readonly AkkaClusterOptions _options;
    private ActorSystem? _system;
    private IActorRef _coordinatorActor = ActorRefs.Nobody;

    /// <summary>Nothing is opened yet.</summary>
    public AkkaCoordinatorTransport(AkkaClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    public string Address { get; private set; } = "";

    /// <summary>Null before the opening.</summary>
    internal ActorSystem? System => _system;

    public async Task OpenAsync(ICoordinatorListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        if (_system is not null)
        {
            throw new InvalidOperationException("A transport opens once.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        _system = ClusterSystem.Create(_options, [AkkaClusterOptions.CoordinatorRole]);
        try
        {
            AkkaCluster cluster = AkkaCluster.Get(_system);
            _coordinatorActor = _system.ActorOf(
                CoordinatorActor.Props(listener, new RunToken(_options.Token), _options.FailureTimeout, text =>
                    _options.OnNote?.Invoke(text)),
                CoordinatorActor.Name);
            CoordinatedShutdown
                .Get(_system)
                .AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "epc-control-arrived", FlushAsync);
            Address = ClusterSystem.Place(cluster.SelfAddress);
            await cluster
                .JoinAsync(cluster.SelfAddress, CancellationToken.None)
                .WaitAsync(OwnStart, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or ClusterJoinFailedException)
        {
            await DisposeAsync().ConfigureAwait(false);
            throw new ClusterException($"the cluster at {Address} does not come up: {error.Message}", error);
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Tell(MemberLink member, ControlMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _coordinatorActor.Tell(new Local.Tell((AkkaMemberLink)member, message));
    }

    public void Drop(MemberLink member) => _coordinatorActor.Tell(new Local.Drop((AkkaMemberLink)member));

    /// <summary>
    /// Waits until the last messages to the members have arrived, then leaves the cluster. Members that are still there
    /// hear that the coordinator has left.
    /// </summary>
    /// <exception cref="OperationCanceledException">the system was ended at once instead.</exception>
    public Task CloseAsync(CancellationToken cancellationToken)
    {
        if (_system is not { } system)
        {
            return Task.CompletedTask;
        }

        _coordinatorActor.Tell(new Local.Leaving());
        return ClusterSystem.LeaveAsync(system, RunIsOver.Reason, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is { WhenTerminated.IsCompleted: false })
        {
            using CancellationTokenSource limit = new(LongestLeave);
            try
            {
                await CloseAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // It has ended at once.
            }
        }
    }

    private async Task<Done> FlushAsync()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _coordinatorActor.Tell(new Local.Flush(done));
        await done.Task.ConfigureAwait(false);
        return Done.Instance;
    }
}

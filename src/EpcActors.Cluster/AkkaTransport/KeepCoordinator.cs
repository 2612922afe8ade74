using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The split-brain resolver of a cluster that has a referee (docs/decisions/0019-akka-cluster.md): the coordinator
/// downs each member that it does not hear, and a member that does not hear the coordinator downs itself. The
/// coordinator itself is never downed by a member.
/// </summary>
/// <remarks>
/// Both wait for <c>akka.cluster.keep-coordinator.stable-after</c>, so a process that was only paused has time to come
/// back. Two members that do not hear one another but both hear the coordinator stay: the coordinator learns it from
/// their status, and decides.
/// </remarks>
public sealed class KeepCoordinator : IDowningProvider
{
    private readonly ActorSystem _system;
    private readonly AkkaCluster _cluster;

    /// <summary>Made by Akka.Cluster, which has these two.</summary>
    public KeepCoordinator(ActorSystem system, AkkaCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(cluster);
        _system = system;
        _cluster = cluster;
    }

    public TimeSpan DownRemovalMargin
    {
        get
        {
            Config config = _system.Settings.Config.GetConfig("akka.cluster");
            return config.GetString("down-removal-margin") is "off" or "false"
                ? TimeSpan.Zero
                : config.GetTimeSpan("down-removal-margin");
        }
    }

    public Props DowningActorProps
    {
        get
        {
            TimeSpan stableAfter = _system.Settings.Config.GetTimeSpan(
                "akka.cluster.keep-coordinator.stable-after",
                null,
                false);
            if (stableAfter <= TimeSpan.Zero)
            {
                throw new ConfigurationException(
                    "akka.cluster.keep-coordinator.stable-after has to be a time above zero");
            }

            return Props.Create(() => new Resolver(_cluster, stableAfter));
        }
    }

    /// <summary>One per process.</summary>
    private sealed class Resolver : UntypedActor, IWithTimers
    {
        private readonly AkkaCluster _cluster;
        private readonly TimeSpan _stableAfter;
        private readonly bool _isCoordinator;

        public Resolver(AkkaCluster cluster, TimeSpan stableAfter)
        {
            _cluster = cluster;
            _stableAfter = stableAfter;
            _isCoordinator = cluster.SelfRoles.Contains(AkkaClusterOptions.CoordinatorRole);
        }

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() =>
            _cluster.Subscribe(
                Self,
                ClusterEvent.InitialStateAsEvents,
                typeof(ClusterEvent.IReachabilityEvent),
                typeof(ClusterEvent.MemberRemoved));

        protected override void PostStop() => _cluster.Unsubscribe(Self);

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case ClusterEvent.UnreachableMember unreachable when Concerns(unreachable.Member):
                    Timers.StartSingleTimer(
                        unreachable.Member.UniqueAddress,
                        new Due(unreachable.Member),
                        _stableAfter);
                    break;
                case ClusterEvent.ReachableMember reachable:
                    Timers.Cancel(reachable.Member.UniqueAddress);
                    break;
                case ClusterEvent.MemberRemoved removed:
                    Timers.Cancel(removed.Member.UniqueAddress);
                    break;
                case Due due:
                    Decide(due.Member);
                    break;
            }
        }

        /// <summary>The coordinator watches every member, and every member watches the coordinator.</summary>
        private bool Concerns(Member member) => _isCoordinator || member.HasRole(AkkaClusterOptions.CoordinatorRole);

        private void Decide(Member member)
        {
            if (
                _cluster.FailureDetector.IsMonitoring(member.Address)
                && _cluster.FailureDetector.IsAvailable(member.Address))
            {
                // Another process does not hear it; we do. If we stop hearing it too while it stays unreachable for the
                // other, no event tells us: look again.
                Timers.StartSingleTimer(member.UniqueAddress, new Due(member), _stableAfter);
                return;
            }

            _cluster.Down(_isCoordinator ? member.Address : _cluster.SelfAddress);
        }

        private sealed record Due(Member Member) : INoSerializationVerificationNeeded;
    }
}

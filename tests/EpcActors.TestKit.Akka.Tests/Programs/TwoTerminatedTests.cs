using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>
/// A store with a primary and a backup, both of which end: it takes it that the primary's end is told first. Akka gives
/// no order between the Terminated of two actors.
/// </summary>
public sealed class TwoTerminatedTests : Programs
{
    [Fact]
    public void The_backup_ends_first_and_becomes_the_primary()
    {
        FoundAndRepaired(
            seesBoth => race =>
            {
                race.Forbid(Forbidden.DeadLetter);
                IActorRef primary = race.ActorOf<Node>("primary");
                IActorRef backup = race.ActorOf<Node>("backup");
                IActorRef store = race.ActorOf(Props.Create(() => new Store(primary, backup, seesBoth)), "store");
                primary.Tell(PoisonPill.Instance);
                backup.Tell(PoisonPill.Instance);
            },
            "no dead letter",
            atMost: 8);
    }

    private sealed record Promote;

    private sealed class Node : UntypedActor
    {
        protected override void OnReceive(object message)
        {
        }
    }

    private sealed class Store : UntypedActor
    {
        private readonly IActorRef _primary;
        private readonly IActorRef _backup;
        private readonly bool _seesBoth;
        private bool _hasBackup = true;

        public Store(IActorRef primary, IActorRef backup, bool seesBoth)
        {
            _primary = primary;
            _backup = backup;
            _seesBoth = seesBoth;
            Context.Watch(primary);
            Context.Watch(backup);
        }

        protected override void OnReceive(object message)
        {
            if (message is not Terminated ended)
            {
                return;
            }

            if (ended.ActorRef.Equals(_backup))
            {
                _hasBackup = false;
            }
            else if (ended.ActorRef.Equals(_primary) && !_seesBoth && !_hasBackup)
            {
                // "That cannot be": it was told of the backup's end only after the primary's, in every test.
                _backup.Tell(new Promote());
            }
        }
    }
}

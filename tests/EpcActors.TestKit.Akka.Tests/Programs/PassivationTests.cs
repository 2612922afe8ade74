using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>An idle actor stops itself by its receive time-out; a message that is on its way is lost.</summary>
public sealed class PassivationTests : Programs
{
    [Fact]
    public void A_message_gets_to_an_actor_that_has_just_gone_to_sleep()
    {
        FoundActorRace found = FoundAndRepaired(
            asksParent => race =>
            {
                race.Forbid(Forbidden.DeadLetter);
                RaceProbe done = race.Probe("done");
                IActorRef region = race.ActorOf(Props.Create(() => new Region(done.Ref, asksParent)), "region");
                region.Tell(new Work(1));
                race.ActorOf(Props.Create(() => new Forwarder(region)), "client").Tell(new Work(2));
                race.Finally(() => Assert.Equal(2, done.Messages.Count()), "all work is done");
            },
            "no dead letter",
            atMost: 14);
        Assert.Contains(found.Steps, step => step.Message.StartsWith("ReceiveTimeout", StringComparison.Ordinal));
    }

    private sealed record Work(int Number);

    private sealed record Sleep;

    private sealed class Forwarder : ReceiveActor
    {
        public Forwarder(IActorRef region) => Receive<Work>(work => region.Tell(work));
    }

    private sealed class Region : ReceiveActor
    {
        private readonly List<Work> _kept = [];
        private IActorRef? _entity;
        private bool _isLeaving;

        public Region(IActorRef done, bool asksParent)
        {
            Props props = Props.Create(() => new Entity(done, asksParent));
            Receive<Work>(work =>
            {
                if (_isLeaving)
                {
                    _kept.Add(work);
                    return;
                }

                _entity ??= Context.Watch(Context.ActorOf(props));
                _entity.Tell(work);
            });
            Receive<Sleep>(_ =>
            {
                _isLeaving = true;
                _entity.Tell(PoisonPill.Instance);
            });
            Receive<Terminated>(_ =>
            {
                _entity = null;
                _isLeaving = false;
                foreach (Work work in _kept)
                {
                    Self.Tell(work);
                }

                _kept.Clear();
            });
        }
    }

    private sealed class Entity : ReceiveActor
    {
        public Entity(IActorRef done, bool asksParent)
        {
            Context.SetReceiveTimeout(TimeSpan.FromSeconds(30));
            Receive<Work>(done.Tell);
            Receive<ReceiveTimeout>(_ =>
            {
                Context.SetReceiveTimeout(null);
                if (asksParent)
                {
                    Context.Parent.Tell(new Sleep());
                }
                else
                {
                    Context.Stop(Self);
                }
            });
        }
    }
}

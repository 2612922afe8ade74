using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>A listener subscribes when it is told to start; what is published before that it misses.</summary>
public sealed class PublishTests : Programs
{
    [Fact]
    public void A_listener_misses_what_is_published_before_it_subscribed()
    {
        FoundAndRepaired(
            waits => race =>
            {
                RaceProbe heard = race.Probe("heard");
                IActorRef source = race.ActorOf<Source>("source");
                IActorRef listener = race.ActorOf(
                    Props.Create(() => new Listener(heard.Ref, source, waits)), "listener");
                listener.Tell(new Begin());
                if (!waits)
                {
                    source.Tell(new Begin());
                }

                race.Finally(() => Assert.Single(heard.Messages), "the news is heard");
            },
            "the news is heard",
            atMost: 4);
    }

    private sealed record Begin;

    private sealed record News;

    private sealed class Source : ReceiveActor
    {
        public Source() => Receive<Begin>(_ => Context.System.EventStream.Publish(new News()));
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(IActorRef heard, IActorRef source, bool waits)
        {
            Receive<Begin>(_ =>
            {
                Context.System.EventStream.Subscribe(Self, typeof(News));
                if (waits)
                {
                    source.Tell(new Begin());
                }
            });
            Receive<News>(heard.Forward);
        }
    }
}

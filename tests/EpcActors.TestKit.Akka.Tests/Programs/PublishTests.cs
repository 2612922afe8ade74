using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>A listener subscribes when it is told to start; what is published before that it misses.</summary>
public sealed class PublishTests : Programs
{
    [Fact]
    public void A_listener_misses_what_is_published_before_it_subscribed()
    {
        FoundAndRepaired(Missed, "the news is heard", atMost: 4);
    }

    /// <summary>Publishing and subscribing do not commute, though nothing is sent between the two.</summary>
    [Fact]
    public void The_search_in_order_finds_it_by_itself() =>
        Race(Missed(waits: false)).Schedules(0).Expect("the news is heard");

    private static Action<Race> Missed(bool waits) => race =>
    {
        RaceProbe heard = race.Probe("heard");

        // The listener is the older one, so that the first order that is tried is the good one.
        IActorRef listener = race.ActorOf(Props.Create(() => new Listener(heard.Ref, waits)), "listener");
        IActorRef source = race.ActorOf<Source>("source");
        listener.Tell(new Listen(source));
        if (!waits)
        {
            source.Tell(new Begin());
        }

        race.Finally(() => Assert.Single(heard.Messages), "the news is heard");
    };

    private sealed record Begin;

    private sealed record Listen(IActorRef Source);

    private sealed record News;

    private sealed class Source : ReceiveActor
    {
        public Source() => Receive<Begin>(_ => Context.System.EventStream.Publish(new News()));
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(IActorRef heard, bool waits)
        {
            Receive<Listen>(listen =>
            {
                Context.System.EventStream.Subscribe(Self, typeof(News));
                if (waits)
                {
                    listen.Source.Tell(new Begin());
                }
            });
            Receive<News>(heard.Forward);
        }
    }
}

using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Documented.Repaired;

/// <summary>docs/akka-races.md after its fifth step.</summary>
public sealed class CounterTests : AkkaRaces
{
    [Fact]
    public void Both_updates_count() => Race(BothUpdate).Check();

    internal static void BothUpdate(Race race)
    {
        int value = 0;
        Action<int> changed = now => value = now;
        IActorRef counter = race.ActorOf(Props.Create(() => new Counter(changed)), "counter");
        race.ActorOf(Props.Create(() => new Client(counter)), "a").Tell(new Go());
        race.ActorOf(Props.Create(() => new Client(counter)), "b").Tell(new Go());
        race.Finally(() => Assert.Equal(2, value));
    }
}

public sealed class PinnedTests : AkkaRaces
{
    [Fact]
    public void The_lost_update_happens_no_more() =>
        Race(CounterTests.BothUpdate).Pinned("schedules/Both_updates_count.schedule").MustHold();
}

public sealed record Go;
public sealed record Add;

public sealed class Counter : ReceiveActor
{
    private int _value;

    public Counter(Action<int> changed) => Receive<Add>(_ => changed(++_value));
}

public sealed class Client : ReceiveActor
{
    public Client(IActorRef counter) => Receive<Go>(_ => counter.Tell(new Add()));
}

using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests;

/// <summary>Two clients read and write a counter: the smallest lost update, told and asked.</summary>
public sealed class CounterTests : AkkaRaces
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lost_update_is_found_shrunk_and_replayed(bool asks)
    {
        ActorRace race = Race(Lost(asks, isAtomic: false));
        FoundActorRace found = race.Expect();
        Assert.Equal("finally", found.Finding.Rule);
        Assert.Equal("counter = 1", found.Finding.Detail);
        PinnedActorRace pinned = race.Pinned(found.Schedule.ToString());
        string[] traces = [.. Enumerable.Range(0, 100).Select(_ => pinned.MustBreak().Trace)];
        Assert.Single(traces.Distinct());
        Assert.Equal(found.Trace, traces[0]);
        Assert.Equal(found.Schedule.ToString(), race.Expect().Schedule.ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_an_atomic_update_every_schedule_holds(bool asks)
    {
        CleanActorRace clean = Race(Lost(asks, isAtomic: true)).Check();
        Assert.True(clean.IsComplete, clean.Bound);
    }

    [Fact]
    public void A_failing_check_prints_the_interleaving_and_the_line_that_pins_it()
    {
        ActorRaceFoundException failure = Assert.Throws<ActorRaceFoundException>(
            () => Race(Lost(asks: false, isAtomic: false)).SchedulesTo(Path.GetTempPath()).Check());
        Assert.Matches(@"counter  Set \{ Value = 1 \}  [ab]\n", failure.Message);
        Assert.Contains(".MustBreak();", failure.Message, StringComparison.Ordinal);
        Assert.Contains("sequenceDiagram", failure.Race.Mermaid, StringComparison.Ordinal);
    }

    /// <summary>The value goes up and down again: at the end nothing is wrong.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_rule_of_each_step_sees_what_is_over_at_the_end(bool watches)
    {
        ActorRace race = Race(race =>
        {
            int value = 0;
            Action<int> changed = now => value = now;
            IActorRef counter = race.ActorOf(Props.Create(() => new Counter(changed)), "counter");
            counter.Tell(new Set(1));
            counter.Tell(new Set(0));
            Action isLow = () => Assert.Equal(0, value);
            race.Finally(isLow);
            if (watches)
            {
                race.Always(isLow, "stays low");
            }
        });
        if (!watches)
        {
            Assert.True(race.Check().IsComplete);
            return;
        }

        FoundActorRace found = race.Expect();
        Assert.Equal("stays low", found.Finding.Rule);
        Assert.DoesNotContain("Set { Value = 0 }", found.Trace, StringComparison.Ordinal);
    }

    private static Action<Race> Lost(bool asks, bool isAtomic) => race =>
    {
        int value = 0;
        Action<int> changed = now => value = now;
        IActorRef counter = race.ActorOf(Props.Create(() => new Counter(changed)), "counter");
        foreach (string name in (string[])["a", "b"])
        {
            Props props = asks
                ? Props.Create(() => new AskingClient(counter, isAtomic))
                : Props.Create(() => new Client(counter, isAtomic));
            race.ActorOf(props, name).Tell(new Go());
        }

        race.Finally(() =>
        {
            if (value != 2)
            {
                throw new InvalidOperationException($"counter = {value}");
            }
        });
    };

    private sealed record Go;

    private sealed record Get;

    private sealed record Add;

    private sealed record Set(int Value);

    private sealed record Val(int Value);

    private sealed class Counter : ReceiveActor
    {
        private int _value;

        public Counter(Action<int> changed)
        {
            Receive<Get>(_ => Sender.Tell(new Val(_value)));
            Receive<Set>(set => changed(_value = set.Value));
            Receive<Add>(_ => changed(++_value));
        }
    }

    private sealed class Client : ReceiveActor
    {
        public Client(IActorRef counter, bool isAtomic)
        {
            Receive<Go>(_ => counter.Tell(isAtomic ? new Add() : new Get()));
            Receive<Val>(value => counter.Tell(new Set(value.Value + 1)));
        }
    }

    private sealed class AskingClient : ReceiveActor
    {
        public AskingClient(IActorRef counter, bool isAtomic) => ReceiveAsync<Go>(async _ =>
        {
            if (isAtomic)
            {
                counter.Tell(new Add());
                return;
            }

            Val value = await counter.Ask<Val>(new Get());
            counter.Tell(new Set(value.Value + 1));
        });
    }
}

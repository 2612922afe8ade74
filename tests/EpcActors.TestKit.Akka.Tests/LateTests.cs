using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests;

/// <summary>A late message comes behind those of other pairs, and never out of its pair's order.</summary>
public sealed class LateTests : AkkaRaces
{
    [Theory]
    [InlineData(0, "direct by-way")]
    [InlineData(1, "by-way direct|direct by-way")]
    public void A_late_message_is_overtaken_by_another_pair(int times, string ends)
    {
        SortedSet<string> seen = new(StringComparer.Ordinal);
        CleanActorRace clean = Race(race =>
        {
            RaceProbe end = race.Probe("end");
            IActorRef way = race.ActorOf(Props.Create(() => new Forward(end.Ref)), "way");
            IActorRef start = race.ActorOf(Props.Create(() => new Start(end.Ref, way)), "start");
            if (times > 0)
            {
                race.MayDelay(start, end.Ref, times);
            }

            start.Tell("go");
            race.Finally(() => seen.Add(string.Join(' ', end.Messages)));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);
        Assert.Equal(ends.Split('|'), seen);
    }

    [Fact]
    public void Messages_of_one_pair_keep_their_order()
    {
        SortedSet<string> seen = new(StringComparer.Ordinal);
        CleanActorRace clean = Race(race =>
        {
            RaceProbe end = race.Probe("end");
            IActorRef from = race.ActorOf(Props.Create(() => new Forward(end.Ref)), "from");
            IActorRef other = race.ActorOf(Props.Create(() => new Forward(end.Ref)), "other");
            race.MayDelay(from, end.Ref, times: 2);
            from.Tell("1");
            from.Tell("2");
            from.Tell("3");
            other.Tell("x");
            race.Finally(() => seen.Add(string.Join("", end.Messages)));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);
        Assert.Equal(["123x", "12x3", "1x23", "x123"], seen);
    }

    /// <summary>The late message is a step of its own in the listing, and its schedule is read again.</summary>
    [Fact]
    public void A_schedule_with_a_late_message_is_short_and_replays()
    {
        ActorRace race = Race(race =>
        {
            RaceProbe end = race.Probe("end");
            IActorRef way = race.ActorOf(Props.Create(() => new Forward(end.Ref)), "way");
            IActorRef start = race.ActorOf(Props.Create(() => new Start(end.Ref, way)), "start");
            race.MayDelay(start, end.Ref);
            start.Tell("go");
            race.Finally(() => Assert.Equal("direct", end.Messages.First()), "direct comes first");
        });
        FoundActorRace found = race.Expect("direct comes first");
        Assert.Equal(
            ["start", "way", "start->end", "end", "end"], found.Steps.Select(step => step.Actor));
        Assert.Equal("arrives: \"direct\"", found.Steps[2].Detail);
        Assert.Contains("start  ? late yes", Spaced(found.Schedule.ToString()), StringComparison.Ordinal);
        PinnedActorRace pinned = race.Pinned(found.Schedule.ToString());
        Assert.Single(Enumerable.Range(0, 20).Select(_ => pinned.MustBreak().Trace).Append(found.Trace).Distinct());
    }

    private static string Spaced(string text) => text.Replace("start       ?", "start  ?", StringComparison.Ordinal);

    private sealed class Start : ReceiveActor
    {
        public Start(IActorRef end, IActorRef way) => Receive<string>(_ =>
        {
            end.Tell("direct");
            way.Tell("by-way");
        });
    }

    private sealed class Forward : ReceiveActor
    {
        public Forward(IActorRef to) => Receive<string>(text => to.Tell(text));
    }
}

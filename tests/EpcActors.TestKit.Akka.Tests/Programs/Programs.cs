namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>A program with a race and its repair: what each of them must show.</summary>
public abstract class Programs : AkkaRaces
{
    /// <summary>The race is found, short, and the same again; repaired, every schedule holds.</summary>
    /// <param name="racy">The race; the repair when asked for it.</param>
    /// <param name="rule">Name of the rule that it breaks.</param>
    /// <param name="atMost">Most steps of the short schedule.</param>
    private protected FoundActorRace FoundAndRepaired(
        Func<bool, Action<Race>> racy,
        string rule,
        int atMost,
        [System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        ActorRace race = Race(racy(false), name);
        FoundActorRace found = race.Expect(rule);
        Assert.True(found.Steps.Count <= atMost, found.Listing);
        Assert.Equal(found.Trace, race.Pinned(found.Schedule.ToString()).MustBreak().Trace);
        ActorRace repaired = Race(racy(true), name);
        CleanActorRace clean = repaired.Check();
        Assert.True(clean.IsComplete, clean.Bound);
        repaired.Pinned(found.Schedule.ToString()).MustHold();
        return found;
    }
}

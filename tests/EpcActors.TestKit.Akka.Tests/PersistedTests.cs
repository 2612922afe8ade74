using global::Akka.Actor;
using global::Akka.Persistence;

namespace EpcActors.TestKit.Akka.Tests;

/// <summary>
/// The in-memory journal and snapshot store are emptied between schedules, in one actor system; any other journal makes
/// a new system each time.
/// </summary>
public sealed class PersistedTests : AkkaRaces
{
    protected override string Configuration =>
        """
        akka.persistence.journal.plugin = "akka.persistence.journal.inmem"
        akka.persistence.snapshot-store.plugin = "akka.persistence.snapshot-store.inmem"
        """;

    [Fact]
    public void What_a_schedule_has_persisted_is_no_part_of_the_next()
    {
        SortedSet<string> recovered = [];
        SortedSet<string> systems = [];
        CleanActorRace clean = Race(race =>
        {
            // A recovery takes no half minute here.
            race.TimeMayOvertake(0);
            List<string> seen = [];
            systems.Add(race.System.Name);
            IActorRef first = race.ActorOf(Props.Create(() => new Noting("note", seen)), "first");
            first.Tell("one");
            first.Tell("snapshot");
            first.Tell("two");
            race.Then(() => first.Tell(PoisonPill.Instance));
            race.Then(() => race.ActorOf(Props.Create(() => new Noting("note", seen)), "second"));
            race.Finally(() => recovered.Add(string.Join(' ', seen)));
        }).Schedules(40).Check();
        Assert.True(clean.Schedules > 20);
        Assert.Equal(["one two / one, two"], recovered);
        Assert.Single(systems);
    }

    /// <summary>The actor that persists is created in the middle of a schedule, and with it the journal.</summary>
    [Fact]
    public void A_journal_that_is_made_in_a_schedule_makes_no_difference()
    {
        ActorRace race = Race(race =>
        {
            // A recovery takes no half minute here.
            race.TimeMayOvertake(0);
            List<string> seen = [];
            race.ActorOf(Props.Create(() => new Late(seen)), "late").Tell("go");
            race.Finally(() => Assert.Empty(seen), "nothing is seen");
        });
        FoundActorRace found = race.Expect("nothing is seen");
        PinnedActorRace pinned = race.Pinned(found.Schedule.ToString());
        Assert.Equal(found.Trace, pinned.MustBreak().Trace);
        Assert.DoesNotContain(
            found.Steps,
            step => step.Message == "(start)" && step.Actor.StartsWith("/system", StringComparison.Ordinal));
    }

    [Fact]
    public void Another_journal_has_a_system_for_each_schedule()
    {
        HashSet<string> systems = [];
        HashSet<int> recovered = [];
        new OtherJournal().Check(race =>
        {
            // A recovery takes no half minute here.
            race.TimeMayOvertake(0);
            List<string> seen = [];
            systems.Add(race.System.Name);
            race.ActorOf(Props.Create(() => new Noting("note", seen)), "noting").Tell("one");
            race.Finally(() => recovered.Add(seen.Count));
        });
        Assert.Equal([1], recovered);
        Assert.True(systems.Count > 3, $"{systems.Count} systems");
    }

    private sealed class OtherJournal : AkkaRaces
    {
        protected override string Configuration =>
            $$"""
            akka.persistence.journal.plugin = "akka.persistence.journal.other"
            akka.persistence.journal.other { class = "{{typeof(Journal).AssemblyQualifiedName}}" }
            """;

        public void Check(Action<Race> setUp) => Race(setUp).Schedules(5).Check();
    }

    /// <summary>Might keep what it has anywhere.</summary>
    public sealed class Journal : global::Akka.Persistence.Journal.MemoryJournal;

    private sealed class Late : ReceiveActor
    {
        public Late(List<string> seen) => Receive<string>(_ =>
            Context.ActorOf(Props.Create(() => new Noting("late", seen)), "noting").Tell("one"));
    }

    private sealed class Noting : UntypedPersistentActor
    {
        private readonly List<string> _seen;
        private List<string> _state = [];

        public Noting(string id, List<string> seen)
        {
            PersistenceId = id;
            _seen = seen;
        }

        public override string PersistenceId { get; }

        protected override void OnCommand(object message)
        {
            switch (message)
            {
                case "snapshot":
                    SaveSnapshot(string.Join(", ", _state));
                    break;
                case string text:
                    Persist(text, Apply);
                    break;
            }
        }

        protected override void OnRecover(object message)
        {
            switch (message)
            {
                case SnapshotOffer offer:
                    _state = [(string)offer.Snapshot];
                    break;
                case string text:
                    _state.Add(text);
                    break;
                case RecoveryCompleted when _state.Count > 0:
                    _seen.Add("/");
                    _seen.Add(string.Join(", ", _state));
                    break;
            }
        }

        private void Apply(string text)
        {
            _state.Add(text);
            _seen.Add(text);
        }
    }
}

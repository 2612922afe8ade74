using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests;

/// <summary>
/// Several actor systems under one laboratory: messages between them take their time, and nodes leave.
/// </summary>
public sealed class NodeTests : AkkaRaces
{
    [Fact]
    public void Messages_of_two_nodes_arrive_in_any_order_and_those_of_a_pair_in_theirs()
    {
        SortedSet<string> seen = new(StringComparer.Ordinal);
        CleanActorRace clean = Race(race =>
        {
            RaceProbe end = race.Probe("end");
            foreach (string name in (string[])["a", "b"])
            {
                IActorRef from = race.Node(name).ActorOf(Props.Create(() => new Each(end.Ref)), "from");
                from.Tell($"{name}1");
                from.Tell($"{name}2");
            }

            race.Finally(() => seen.Add(string.Join(' ', end.Messages)));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);
        Assert.Equal(
            ["a1 a2 b1 b2", "a1 b1 a2 b2", "a1 b1 b2 a2", "b1 a1 a2 b2", "b1 a1 b2 a2", "b1 b2 a1 a2"], seen);
    }

    [Fact]
    public void A_node_that_leaves_is_told_as_terminated_with_its_address()
    {
        SortedSet<string> seen = new(StringComparer.Ordinal);
        CleanActorRace clean = Race(race =>
        {
            RaceProbe log = race.Probe("log");
            RaceNode far = race.Node("far");
            IActorRef worker = far.ActorOf<Worker>("worker");
            IActorRef boss = race.ActorOf(Props.Create(() => new Boss(worker, log.Ref)), "boss");
            race.MayLeave(far);
            boss.Tell("job");
            race.Finally(() => seen.Add($"{(far.HasLeft ? "left" : "stays")}: {string.Join(' ', log.Messages)}"));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);

        // It may leave before the job came, before the answer came, or when the answer was there.
        Assert.Equal(["left: done terminated-True", "left: terminated-True", "stays: done"], seen);
    }

    [Fact]
    public void What_is_told_to_a_node_that_has_left_is_lost_and_watching_it_ends_at_once()
    {
        SortedSet<string> seen = new(StringComparer.Ordinal);
        CleanActorRace clean = Race(race =>
        {
            race.Forbid(Forbidden.DeadLetter);
            RaceProbe log = race.Probe("log");
            RaceNode far = race.Node("far");
            IActorRef worker = far.ActorOf<Ticker>("worker");
            worker.Tell(log.Ref);
            race.RunToRest();
            race.Then(() =>
            {
                far.Leave();
                race.ActorOf(Props.Create(() => new Boss(worker, log.Ref)), "boss").Tell("job");
            });
            race.Finally(() => seen.Add(string.Join(' ', log.Messages)));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);
        Assert.Equal(["tick tick tick terminated-True"], seen);
    }

    /// <summary>
    /// The boss gives a job again when the worker's node has left; the work may have been done by then: it is done
    /// twice. That the books know the job is half of the repair: a worker that answers before it is in the books may
    /// leave in between, and the job is done never.
    /// </summary>
    [Fact]
    public void A_job_that_is_given_again_is_done_twice()
    {
        ActorRace race = Race(Again(knows: false, confirms: false));
        FoundActorRace found = race.Expect("done once");
        Assert.Contains(found.Steps, step => step is { Actor: "far", Message: "(leaves)" });
        Assert.Contains(found.Steps, step => step.Actor == "far:worker");
        PinnedActorRace pinned = race.Pinned(found.Schedule.ToString());
        Assert.Single(Enumerable.Range(0, 20).Select(_ => pinned.MustBreak().Trace).Append(found.Trace).Distinct());
        FoundActorRace never = Race(Again(knows: true, confirms: false)).Expect("done once");
        Assert.Contains("Actual:   0", never.Finding.Detail, StringComparison.Ordinal);
        CleanActorRace clean = Race(Again(knows: true, confirms: true)).Check();
        Assert.True(clean.IsComplete, clean.Bound);
    }

    private static Action<Race> Again(bool knows, bool confirms) => race =>
    {
        RaceProbe books = race.Probe("books");
        books.OnMessage = (_, sender) =>
        {
            if (confirms)
            {
                sender.Tell("done");
            }
        };
        RaceNode far = race.Node("far");
        IActorRef first = far.ActorOf(Props.Create(() => new Booking(books.Ref, !confirms)), "worker");
        IActorRef second = race.ActorOf(Props.Create(() => new Booking(books.Ref, !confirms)), "spare");
        race.ActorOf(Props.Create(() => new Retrying(first, second)), "boss").Tell("job");
        race.MayLeave(far);
        race.Finally(
            () => Assert.Equal(1, knows ? books.Messages.Distinct().Count() : books.Messages.Count()), "done once");
    };

    private sealed class Each : ReceiveActor
    {
        public Each(IActorRef to) => Receive<string>(text => to.Tell(text));
    }

    private sealed class Worker : ReceiveActor
    {
        public Worker() => Receive<string>(_ => Sender.Tell("done"));
    }

    private sealed class Ticker : ReceiveActor, IWithTimers
    {
        private IActorRef _log = ActorRefs.Nobody;

        public Ticker()
        {
            Receive<IActorRef>(log =>
            {
                _log = log;
                Timers.StartPeriodicTimer("tick", "tick", TimeSpan.FromSeconds(1));
            });
            Receive<string>(text => _log.Tell(text));
        }

        public ITimerScheduler Timers { get; set; } = null!;
    }

    private sealed class Boss : ReceiveActor
    {
        public Boss(IActorRef worker, IActorRef log)
        {
            Context.Watch(worker);
            Receive<string>(text => text == "job", _ => worker.Tell("job"));
            Receive<string>(log.Forward);
            Receive<Terminated>(ended => log.Tell($"terminated-{ended.AddressTerminated}"));
        }
    }

    private sealed class Booking : ReceiveActor
    {
        public Booking(IActorRef books, bool answers) => Receive<string>(text =>
        {
            books.Forward(text);
            if (answers)
            {
                Sender.Tell("done");
            }
        });
    }

    private sealed class Retrying : ReceiveActor
    {
        private bool _isDone;

        public Retrying(IActorRef first, IActorRef second)
        {
            Context.Watch(first);
            Receive<string>(text => text == "job", _ => first.Tell("job"));
            Receive<string>(_ => _isDone = true);
            Receive<Terminated>(_ =>
            {
                if (!_isDone)
                {
                    second.Tell("job");
                }
            });
        }
    }
}

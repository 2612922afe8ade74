using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests;

/// <summary>What the laboratory controls of an actor system, each on its own.</summary>
public sealed class ControlTests : AkkaRaces
{
    protected override string Configuration => "my.dispatcher { type = ForkJoinDispatcher, throughput = 7 }";

    [Fact]
    public void What_is_internal_in_Akka_is_there() => AkkaInternals.Check();

    [Fact]
    public void Work_on_the_thread_pool_is_waited_for()
    {
        SortedSet<string> ends = [];
        CleanActorRace clean = Race(race =>
        {
            List<string> order = [];
            IActorRef worker = race.ActorOf(Props.Create(() => new Away(order)), "worker");
            IActorRef other = race.ActorOf(Props.Create(() => new Forward(worker)), "other");
            worker.Tell("away");
            other.Tell("near");
            race.Finally(() => ends.Add(string.Join(' ', order)));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);

        // What comes while the worker awaits waits in its mailbox.
        Assert.Equal(["away back near"], ends);
    }

    [Fact]
    public void Piped_work_comes_back_as_a_message()
    {
        CleanActorRace clean = Race(race =>
        {
            List<string> order = [];
            race.ActorOf(Props.Create(() => new Piping(order)), "worker").Tell("go");
            race.Finally(() => Assert.Equal(["go", "42"], order));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);
    }

    /// <summary>
    /// The continuation of a promise goes to the pool's queue, which no task announces. Time must not pass meanwhile,
    /// whoever keeps the promise, and wherever the garbage collector moves the continuation.
    /// </summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void What_follows_a_promise_on_the_pool_is_waited_for(bool isKeptByATask, bool areThingsMoved)
    {
        SortedSet<string> ends = [];
        using CancellationTokenSource over = new();
        Thread collector = new(() =>
        {
            while (areThingsMoved && !over.IsCancellationRequested)
            {
                GC.Collect(0);
                over.Token.WaitHandle.WaitOne(1);
            }
        });
        collector.IsBackground = true;
        collector.Start();
        for (int i = 0; i < 20; i++)
        {
            CleanActorRace clean = Race(race =>
            {
                List<string> order = [];
                IActorRef worker = race.ActorOf(Props.Create(() => new Promising(order, isKeptByATask)), "worker");
                race.System.Scheduler.ScheduleTellOnce(TimeSpan.FromSeconds(1), worker, "late", ActorRefs.NoSender);
                worker.Tell("go");
                race.TimeMayOvertake(0);
                race.Finally(() => ends.Add(string.Join(' ', order)));
            }).Schedules(10).Check();
            Assert.True(clean.IsComplete, clean.Bound);
        }

        over.Cancel();
        collector.Join();
        Assert.Equal(["go kept kept kept kept kept late"], ends);
    }

    [Fact]
    public void Work_that_does_not_come_back_is_named()
    {
        OutsideWorkException failure = Assert.Throws<OutsideWorkException>(() => Race(race =>
        {
            race.WaitOutside(TimeSpan.FromMilliseconds(50));
            race.ActorOf<Lost>("lost-one").Tell("go");
        }).Check());
        Assert.Contains("lost-one awaits something that does not come back", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_that_never_comes_is_an_endless_await()
    {
        FoundActorRace found = Race(race =>
        {
            RaceProbe silent = race.Probe("silent");
            race.ActorOf(Props.Create(() => new Asking(silent.Ref)), "asking").Tell("go");
        }).Expect("no endless await");
        Assert.Contains("asking: awaits an answer that never comes", found.Listing, StringComparison.Ordinal);
    }

    [Fact]
    public void A_timer_fires_before_or_after_a_message_and_time_goes_on_at_once()
    {
        SortedSet<string> ends = [];
        Race(race =>
        {
            List<string> order = [];
            IActorRef actor = race.ActorOf(Props.Create(() => new Noting(order)), "actor");
            race.System.Scheduler.ScheduleTellOnce(TimeSpan.FromHours(2), actor, "later", ActorRefs.NoSender);
            race.System.Scheduler.ScheduleTellOnce(TimeSpan.FromHours(1), actor, "soon", ActorRefs.NoSender);
            actor.Tell("now");
            race.Finally(() =>
            {
                Assert.Equal(ActorWorld.Epoch + TimeSpan.FromHours(2), race.Clock.GetUtcNow());
                ends.Add(string.Join(' ', order));
            });
        }).Check();

        // The order of the queue is that of sending: the timers may fire before the message is handled, never before
        // it was sent.
        Assert.Equal(["now soon later"], ends);
    }

    [Fact]
    public void A_repeated_timer_is_no_run_without_an_end()
    {
        int ticks = 0;
        CleanActorRace clean = Race(race =>
        {
            ticks = 0;
            Action tick = () => ticks++;
            race.ActorOf(Props.Create(() => new Ticking(tick)), "clock");
            race.Finally(() => Assert.Equal(3, ticks));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);
    }

    [Fact]
    public void Actors_without_names_are_called_by_their_class_and_own_dispatchers_are_taken_over()
    {
        FoundActorRace found = Race(race =>
        {
            IActorRef parent = race.ActorOf(
                Props.Create(() => new Parent()).WithDispatcher("my.dispatcher"), "parent");
            parent.Tell("two");
            race.Forbid(Forbidden.Unhandled);
        }).Expect("no unhandled message");
        Assert.Contains(found.Steps, step => step.Actor.StartsWith("parent/Child#", StringComparison.Ordinal));
        Assert.DoesNotContain('$', found.Listing);
    }

    [Fact]
    public void A_failure_restarts_and_is_told()
    {
        ActorRace race = Race(race =>
        {
            race.Forbid(Forbidden.Restart);
            race.ActorOf<Failing>("failing").Tell("fail");
        });
        FoundActorRace found = race.Expect("no restart");
        Assert.Equal("\"fail\"", Assert.Single(found.Steps).Message);
        Assert.Contains(
            "failing fails: InvalidOperationException: on purpose", found.Listing, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_are_chosen_within_their_budget()
    {
        SortedSet<string> ends = [];
        CleanActorRace clean = Race(race =>
        {
            RaceProbe to = race.Probe("to");
            IActorRef from = race.ActorOf(Props.Create(() => new Forward(to.Ref)), "from");
            race.MayLose(from, to.Ref);
            race.MayDouble(from, to.Ref);
            from.Tell("x");
            from.Tell("y");
            race.Finally(() => ends.Add(string.Join("", to.Messages)));
        }).Check();
        Assert.True(clean.IsComplete, clean.Bound);
        Assert.Equal(["x", "xx", "xxy", "xy", "xyy", "y", "yy"], ends);
    }

    [Fact]
    public void A_probe_decides_at_once()
    {
        RaceAssertionException failure = Assert.IsType<RaceAssertionException>(Race(race =>
        {
            RaceProbe probe = race.Probe();
            probe.Ref.Tell("one");
            race.Then(() =>
            {
                Assert.Equal("one", probe.ExpectMsg<string>());
                probe.ExpectNoMsg();
                probe.Ref.Tell("two");
            });
            race.Then(probe.ExpectNoMsg);
        }).Expect("then").Finding.Cause);
        Assert.Equal("expected no message, and \"two\" came", failure.Message);
    }

    [Fact]
    public void What_the_schedule_does_not_decide_is_told()
    {
        int runs = 0;
        ActorNondeterminismException failure = Assert.Throws<ActorNondeterminismException>(() => Race(race =>
        {
            runs++;
            race.ActorOf<Failing>("actor").Tell($"run{runs}");
            race.Finally(() => Assert.Fail("always"));
        }).Check());
        Assert.Contains("from step 1 on", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_that_does_not_fit_says_where()
    {
        ActorRace race = Race(race =>
        {
            RaceProbe probe = race.Probe();
            probe.Ref.Tell("one");
            race.Finally(probe.ExpectNoMsg);
        });
        string schedule = race.Expect().Schedule.ToString();
        ActorScheduleException failure = Assert.Throws<ActorScheduleException>(
            () => race.Pinned(schedule.Replace("\"one\"", "\"two\"", StringComparison.Ordinal)).MustBreak());
        Assert.Equal(
            "step 1 (probe \"two\") does not come up; what can happen there: probe \"one\"", failure.Message);
    }

    private sealed class Away : ReceiveActor
    {
        public Away(List<string> order)
        {
            ReceiveAsync<string>(text => text == "away", async text =>
            {
                order.Add(text);
                await Task.Run(() => Thread.Yield());
                order.Add("back");
            });
            Receive<string>(order.Add);
        }
    }

    private sealed class Piping : ReceiveActor
    {
        public Piping(List<string> order)
        {
            Receive<string>(text =>
            {
                order.Add(text);
                Task.Run(() => 42).PipeTo(Self);
            });
            Receive<int>(number => order.Add($"{number}"));
        }
    }

    private sealed class Promising : ReceiveActor
    {
        public Promising(List<string> order, bool isKeptByATask) => Receive<string>(text =>
        {
            order.Add(text);
            if (text is "go" or "kept" && order.Count < 6)
            {
                const TaskCreationOptions Elsewhere = TaskCreationOptions.RunContinuationsAsynchronously;
                if (isKeptByATask)
                {
                    Pipe(Task.Factory.StartNew(() => "kept", default, Elsewhere, TaskScheduler.Default), Self);
                    return;
                }

                TaskCompletionSource<string> promise = new(Elsewhere);
                Pipe(promise.Task, Self);
                promise.SetResult("kept");
            }
        });

        private static async void Pipe(Task<string> promise, IActorRef to) =>
            to.Tell(await promise.ConfigureAwait(false));
    }

    private sealed class Forward : ReceiveActor
    {
        public Forward(IActorRef to) => Receive<string>(to.Tell);
    }

    private sealed class Lost : ReceiveActor
    {
        public Lost() => ReceiveAsync<string>(_ => new TaskCompletionSource().Task);
    }

    private sealed class Asking : ReceiveActor
    {
        public Asking(IActorRef other) => ReceiveAsync<string>(text => other.Ask<string>(text));
    }

    private sealed class Noting : ReceiveActor
    {
        public Noting(List<string> order) => Receive<string>(order.Add);
    }

    private sealed class Ticking : ReceiveActor, IWithTimers
    {
        public Ticking(Action tick) => Receive<string>(_ => tick());

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() =>
            Timers.StartPeriodicTimer("tick", "tick", TimeSpan.FromSeconds(1));
    }

    private sealed class Parent : ReceiveActor
    {
        public Parent() => Receive<string>(text =>
        {
            Context.ActorOf(Props.Create(() => new Child())).Tell(text);
            Context.ActorOf(Props.Create(() => new Child())).Tell(1);
        });
    }

    private sealed class Child : ReceiveActor
    {
        public Child() => Receive<int>(_ => { });
    }

    private sealed class Failing : ReceiveActor
    {
        public Failing() => Receive<string>(text =>
        {
            if (text == "fail")
            {
                throw new InvalidOperationException("on purpose");
            }
        });
    }
}

using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>
/// A session as a state machine, which a timer of the scheduler ends: the timer of the first session ends the second.
/// FSM's own timers are cancelled with their generation.
/// </summary>
public sealed class StaleTimerTests : Programs
{
    [Fact]
    public void A_session_is_ended_by_the_timer_of_the_one_before()
    {
        FoundActorRace found = FoundAndRepaired(
            usesOwnTimer => race =>
            {
                RaceProbe user = race.Probe("user");
                IActorRef session = race.ActorOf(Props.Create(() => new Session(user.Ref, usesOwnTimer)), "session");
                session.Tell(new LogIn());
                session.Tell(new LogOut());
                session.Tell(new LogIn());
                race.Finally(
                    () =>
                    {
                        // The second session ends after ten seconds, and not before.
                        TimeSpan ended = user.Messages.OfType<Ended>().Single().After;
                        Assert.Equal(TimeSpan.FromSeconds(10), ended);
                    },
                    "a whole session");
            },
            "a whole session",
            atMost: 8);
        Assert.Contains(found.Steps, step => step.Message.StartsWith("Expired", StringComparison.Ordinal));
    }

    private enum State
    {
        Out,
        In,
    }

    private sealed record LogIn;

    private sealed record LogOut;

    private sealed record Expired;

    private sealed record Ended(TimeSpan After);

    private sealed class Session : FSM<State, TimeSpan>
    {
        public Session(IActorRef user, bool usesOwnTimer)
        {
            IScheduler scheduler = Context.System.Scheduler;
            StartWith(State.Out, TimeSpan.Zero);
            When(State.Out, happened =>
            {
                if (happened.FsmEvent is not LogIn)
                {
                    return Stay();
                }

                TimeSpan limit = TimeSpan.FromSeconds(10);
                if (usesOwnTimer)
                {
                    SetTimer("expiry", new Expired(), limit);
                }
                else
                {
#pragma warning disable AK1004 // The mistake that this is about.
                    scheduler.ScheduleTellOnce(limit, Self, new Expired(), Self);
#pragma warning restore AK1004
                }

                return GoTo(State.In).Using(scheduler.MonotonicClock);
            });
            When(State.In, happened =>
            {
                if (happened.FsmEvent is LogOut)
                {
                    CancelTimer("expiry");
                    return GoTo(State.Out);
                }

                if (happened.FsmEvent is Expired)
                {
                    user.Tell(new Ended(scheduler.MonotonicClock - happened.StateData));
                    return GoTo(State.Out);
                }

                return Stay();
            });
            Initialize();
        }
    }
}

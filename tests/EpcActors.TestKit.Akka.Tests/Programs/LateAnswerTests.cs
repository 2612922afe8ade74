using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>
/// A desk asks for a seat and gives up when the answer is late; the seat stays taken. As in
/// reports of Ask whose answer comes behind the time-out.
/// </summary>
public sealed class LateAnswerTests : Programs
{
    [Fact]
    public void A_seat_is_taken_for_a_guest_who_was_sent_away()
    {
        FoundActorRace found = FoundAndRepaired(
            cancels => race =>
            {
                race.AskTimeout(TimeSpan.FromSeconds(3));
                Hall hall = new();
                IActorRef seats = race.ActorOf(Props.Create(() => new Seats(hall)), "seats");
                RaceProbe guest = race.Probe("guest");
                race.ActorOf(Props.Create(() => new Desk(seats, cancels)), "desk").Tell(new Book(), guest.Ref);
                race.Finally(
                    () => Assert.Equal(guest.Messages.OfType<Booked>().Count(), hall.Taken),
                    "as many seats as guests");
            },
            "as many seats as guests",
            atMost: 6);
        Assert.Contains(found.Steps, step => step.Actor == ActorStep.Time);
    }

    private sealed class Hall
    {
        public int Taken { get; set; }
    }

    private sealed record Book;

    private sealed record Take;

    private sealed record GiveBack;

    private sealed record Taken;

    private sealed record Booked;

    private sealed record Refused;

    private sealed class Seats : ReceiveActor
    {
        public Seats(Hall hall)
        {
            Receive<Take>(_ =>
            {
                hall.Taken++;
                Sender.Tell(new Taken());
            });
            Receive<GiveBack>(_ => hall.Taken--);
        }
    }

    private sealed class Desk : ReceiveActor
    {
        public Desk(IActorRef seats, bool cancels) => ReceiveAsync<Book>(async _ =>
        {
            IActorRef guest = Sender;
            try
            {
                await seats.Ask<Taken>(new Take());
                guest.Tell(new Booked());
            }
            catch (AskTimeoutException)
            {
                if (cancels)
                {
                    // Behind the question in the same order of two actors: so it takes back what that has taken.
                    seats.Tell(new GiveBack());
                }

                guest.Tell(new Refused());
            }
        });
    }
}

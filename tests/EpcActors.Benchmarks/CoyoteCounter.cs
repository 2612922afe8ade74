using Microsoft.Coyote;
using Microsoft.Coyote.Actors;

namespace EpcActors.Benchmarks;

/// <summary>The program of <see cref="ActorRaceSpeed"/> in the actors of Coyote, which are written for it.</summary>
internal static class CoyoteCounter
{
    /// <summary>Runs so many random schedules.</summary>
    /// <returns>Schedules, and steps of one as Coyote counts them.</returns>
    public static (int Schedules, double Steps) Run(int schedules, int clients) =>
        CoyoteRuns.Run(schedules, runtime =>
        {
            ActorId counter = runtime.CreateActor(typeof(Counter));
            for (int i = 0; i < clients; i++)
            {
                ActorId client = runtime.CreateActor(typeof(Client), new Known(counter));
                runtime.SendEvent(client, new Go());
            }
        });

    internal sealed class Known(ActorId counter) : Event
    {
        public ActorId Counter => counter;
    }

    internal sealed class Go : Event;

    internal sealed class Get(ActorId from) : Event
    {
        public ActorId From => from;
    }

    internal sealed class Val(int value) : Event
    {
        public int Value => value;
    }

    internal sealed class Set(int value) : Event
    {
        public int Value => value;
    }

    [OnEventDoAction(typeof(Get), nameof(OnGet))]
    [OnEventDoAction(typeof(Set), nameof(OnSet))]
    internal sealed class Counter : Actor
    {
        private int _value;

        private void OnGet(Event e) => SendEvent(((Get)e).From, new Val(_value));

        private void OnSet(Event e)
        {
            _value = ((Set)e).Value;
            Assert(_value > 0);
        }
    }

    [OnEventDoAction(typeof(Go), nameof(OnGo))]
    [OnEventDoAction(typeof(Val), nameof(OnVal))]
    internal sealed class Client : Actor
    {
        private ActorId _counter = null!;

        protected override Task OnInitializeAsync(Event initialEvent)
        {
            _counter = ((Known)initialEvent).Counter;
            return Task.CompletedTask;
        }

        private void OnGo() => SendEvent(_counter, new Get(Id));

        private void OnVal(Event e) => SendEvent(_counter, new Set(((Val)e).Value + 1));
    }
}

using Microsoft.Coyote;
using Microsoft.Coyote.Actors;

namespace EpcActors.Benchmarks;

/// <summary>
/// The program of <see cref="Checkers"/> in Coyote's actors: CPUs that take pages of their node and give them back, and
/// one atomic counter of free pages. Each critical section is a request and its answer, as in the emulator.
/// </summary>
internal static class CoyotePages
{
    private const int PagesPerNode = 8;

    /// <summary>Runs so many random schedules.</summary>
    /// <param name="schedules">How many.</param>
    /// <param name="operations">Of each CPU: allocate, free, allocate …</param>
    /// <returns>Schedules, and steps of one as Coyote counts them.</returns>
    public static (int Schedules, double Steps) Run(int schedules, int operations) =>
        CoyoteRuns.Run(schedules, runtime =>
        {
            ActorId counter = runtime.CreateActor(typeof(Counter));
            for (int i = 0; i < 2; i++)
            {
                ActorId node = runtime.CreateActor(typeof(Node));
                ActorId cpu = runtime.CreateActor(typeof(Cpu), new Begin(node, counter, operations));
                runtime.SendEvent(cpu, new Answer());
            }
        });

    internal sealed class Begin(ActorId node, ActorId counter, int operations) : Event
    {
        public ActorId Node => node;

        public ActorId Counter => counter;

        public int Operations => operations;
    }

    /// <summary>Take a page off the list or put one back; add to the counter, or read it with 0.</summary>
    internal sealed class Request(ActorId from, int value) : Event
    {
        public ActorId From => from;

        public int Value => value;
    }

    internal sealed class Answer : Event;

    [OnEventDoAction(typeof(Request), nameof(OnRequest))]
    internal sealed class Node : Actor
    {
        private int _free = PagesPerNode;

        private void OnRequest(Event e)
        {
            Request request = (Request)e;
            _free += request.Value;
            Assert(_free is >= 0 and <= PagesPerNode);
            SendEvent(request.From, new Answer());
        }
    }

    [OnEventDoAction(typeof(Request), nameof(OnRequest))]
    internal sealed class Counter : Actor
    {
        private int _free = 2 * PagesPerNode;

        private void OnRequest(Event e)
        {
            Request request = (Request)e;
            _free += request.Value;
            Assert(_free is >= 0 and <= 2 * PagesPerNode);
            SendEvent(request.From, new Answer());
        }
    }

    /// <summary>Three critical sections an operation: the list, the counter, and a look at the counter.</summary>
    [OnEventDoAction(typeof(Answer), nameof(OnAnswer))]
    internal sealed class Cpu : Actor
    {
        private Begin _begin = null!;
        private int _sections;

        protected override Task OnInitializeAsync(Event initialEvent)
        {
            _begin = (Begin)initialEvent;
            return Task.CompletedTask;
        }

        private void OnAnswer()
        {
            (int operation, int section) = Math.DivRem(_sections++, 3);
            if (operation < _begin.Operations)
            {
                int change = operation % 2 == 0 ? -1 : 1;
                SendEvent(
                    section == 0 ? _begin.Node : _begin.Counter, new Request(Id, section == 2 ? 0 : change));
            }
        }
    }
}

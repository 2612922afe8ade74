using Akka.Actor;
using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Lost messages are counted, noted and published.</summary>
public sealed class LetterTests : AkkaTestKit
{
    [Fact]
    public void Letters_to_actors_of_the_run_count_and_those_of_others_do_not()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions { Prefix = "epc" }));
        ProbeResource resource = live.AddResource(0, "node-0");
        ProbeTask ended = live.AddTask(1, t => Routines.Add(t, resource.Id, 1));
        live.AddTask(2, t => Routines.Wait(t, resource.Id));
        live.AddTask(3, t => Routines.Tick(t, resource.Id, 1_000_000_000), isDaemon: true);
        TestProbe events = CreateTestProbe();
        Sys.EventStream.Subscribe(events.Ref, typeof(LettersLost));
        TestProbe watcher = CreateTestProbe();
        live.Go();
        watcher.Watch(live.Engine.RefOf(ended));
        watcher.ExpectMsg<Terminated>(EngineHarness.Patience);
        EventFilter.DeadLetter<string>().Expect(3, EngineHarness.Patience, () =>
        {
            live.Engine.RefOf(ended).Tell("too late");
            live.Engine.RefOf(ended).Tell("again");
            Sys.DeadLetters.Tell("another actor's");
        });
        live.Engine.RefOf(resource).Tell(new object());
        AwaitCondition(() => live.Engine is { DeadLetters: 2, UnhandledMessages: 1 }, EngineHarness.Patience);
        Assert.Equal(RunEnd.Cancelled, live.Cancel());
        Assert.Equal(
            [
                "2 dead letters, the first: String 'too late' to /user/epc/tasks/1",
                "1 message that no actor understood, the first: Object 'System.Object' to /user/epc/node-0",
            ],
            live.Engine.Notes);
        Assert.Equal(new LettersLost(2, 1), events.ExpectMsg<LettersLost>(EngineHarness.Patience));
    }

    [Fact]
    public void In_a_system_of_its_own_every_dead_letter_counts()
    {
        using EngineHarness live = new(new AkkaEngine(new AkkaOptions()));
        ProbeResource resource = live.AddResource(0, "node-0", () => live.Engine.ActorSystem.DeadLetters.Tell("lost"));
        live.AddTask(1, t => Routines.Call(t, resource.Id));
        live.Begin();
        Assert.Equal(RunEnd.Finished, live.End());
        Assert.Equal(1, live.Engine.DeadLetters);
    }
}

using Akka.Actor;
using Akka.TestKit;
using EpcActors.Engine;
using EpcActors.Engine.Akka;

namespace EpcActors.Engine.Akka.Tests.FirstActor;

/// <summary>
/// Requests to a <see cref="PagePool"/>. A message is a struct of numbers: the fields of the request and, marked Out,
/// those of the answer.
/// </summary>
public static class PagePoolProtocol
{
    /// <summary>Takes a page, or waits until there is one.</summary>
    public struct Take : IMessage
    {
        public static ushort Code => 0xF201;

        public static MessageKind Kind => MessageKind.Allocate;

        /// <summary>Out: its number.</summary>
        public int Page;
    }

    /// <summary>Gives a page back.</summary>
    public struct Give : IMessage
    {
        public static ushort Code => 0xF202;

        public static MessageKind Kind => MessageKind.Free;

        public int Page;
    }
}

/// <summary>
/// The actor: data that one lock would protect. Its messages come one at a time, and each is handled to its end;
/// nothing in here waits, blocks or calls another actor.
/// </summary>
public sealed class PagePool : Resource, IHandle<PagePoolProtocol.Take>, IHandle<PagePoolProtocol.Give>
{
    private readonly Stack<int> _free = [];
    private WaitQueue _waiting;

    public PagePool(ActorId id, int pages)
        : base(id, "page-pool")
    {
        for (int page = pages - 1; page >= 0; page--)
        {
            _free.Push(page);
        }
    }

    public void Handle(ref PagePoolProtocol.Take message, Turn turn)
    {
        if (_free.Count == 0)
        {
            // Parked: nothing has happened yet, and the message is handled again once it is made ready.
            turn.Park(ref _waiting);
            return;
        }

        message.Page = _free.Pop();
    }

    public void Handle(ref PagePoolProtocol.Give message, Turn turn)
    {
        _free.Push(message.Page);
        if (!_waiting.IsEmpty)
        {
            turn.Ready(ref _waiting);
        }
    }
}

/// <summary>The thread of control: sequential code in which every await is a message and its answer.</summary>
public sealed class Worker(ActorId id, ActorId pool, int rounds) : TaskActor(id, $"worker-{id.Index}", cpu: -1, node: 0)
{
    protected override async Routine Run()
    {
        for (int i = 0; i < rounds; i++)
        {
            PagePoolProtocol.Take taken = await Ask(pool, new PagePoolProtocol.Take());
            await Ask(pool, new PagePoolProtocol.Give { Page = taken.Page });
        }
    }
}

/// <summary>Its test, in the actor system of the test. docs/akka.md explains it.</summary>
public sealed class FirstActorExample : global::Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_worker_waits_for_the_page_that_the_probe_has()
    {
        PagePool pool = new(new ActorId(0), pages: 1);
        Worker worker = new(new ActorId(1), pool.Id, rounds: 3);
        using AkkaEngine engine = new(Sys);
        engine.Add(pool, "pool");
        engine.Add(worker, "workers/first");
        TestProbe tap = CreateTestProbe();
        MessageTap.Get(Sys).Subscribe(tap.Ref);

        // The run goes on until it is told to stop; so there is time to look at it.
        engine.StaysOpen = true;
        Sys.EventStream.Subscribe(TestActor, typeof(RunStarted));
        Task<RunEnd> run = Task.Run(() => engine.Run(long.MaxValue, CancellationToken.None));
        ExpectMsg<RunStarted>(Patience);

        // /user/pool is an actor like any other: the probe takes its only page ...
        TestProbe probe = CreateTestProbe();
        IActorRef actor = engine.RefOf(pool);
        actor.Tell(new Request<PagePoolProtocol.Take>(default), probe.Ref);
        int page = probe.ExpectMsg<Reply<PagePoolProtocol.Take>>(Patience).Message.Page;

        // ... so that the worker's message is parked ...
        engine.Start(worker);
        object parked = tap.FishForMessage(one => one is MessageDelivered { IsParked: true }, Patience);
        Assert.Equal("allocate: /user/workers/first -> /user/pool: Take -> parked", parked.ToString());

        // ... and goes on once the page is back.
        actor.Tell(new Request<PagePoolProtocol.Give>(new PagePoolProtocol.Give { Page = page }), probe.Ref);
        probe.ExpectMsg<Reply<PagePoolProtocol.Give>>(Patience);
        AwaitCondition(() => worker.HasStopped, Patience);
        engine.RequestStop(RunEnd.Finished);
        Assert.Equal(RunEnd.Finished, await run.WaitAsync(Patience));
        Assert.Contains(engine.Messages, one => one is { Kind: MessageKind.Allocate, Asker: ActorKind.Task, Count: 3 });
    }
}

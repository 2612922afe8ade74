using Akka.Actor;
using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>An engine that runs on a thread of its own while the test looks on.</summary>
internal sealed class EngineHarness : IDisposable
{
    /// <summary>Longer than any test needs on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _cancel = new();

    public EngineHarness(AkkaEngine engine) => Engine = engine;

    public AkkaEngine Engine { get; }

    /// <summary>The run, once <see cref="Go"/> was called.</summary>
    public Task<RunEnd> Run { get; private set; } = Task.FromResult(RunEnd.Stopped);

    /// <summary>Adds a task and starts it.</summary>
    public ProbeTask AddTask(
        int id,
        Func<ProbeTask, Routine> run,
        bool isDaemon = false,
        string? path = null,
        long afterNs = 0,
        string? name = null)
    {
        ProbeTask task = new(id, run, isDaemon, name);
        Engine.Add(task, path ?? $"tasks/{id}");
        Engine.Start(task, afterNs);
        return task;
    }

    public ProbeResource AddResource(int id, string path, Action? onCall = null)
    {
        ProbeResource resource = new(id, $"resource:{path}") { OnCall = onCall ?? (static () => { }) };
        Engine.Add(resource, path);
        return resource;
    }

    /// <summary>Begins the run; comes back when every actor is there.</summary>
    public void Go()
    {
        Begin();
        Assert.True(SpinWait.SpinUntil(() => Engine.HasOpened || Run.IsCompleted, Patience));
    }

    public void Begin() =>
        Run = Task.Factory.StartNew(
            () => Engine.Run(long.MaxValue, _cancel.Token),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    public RunEnd End()
    {
        Assert.True(((IAsyncResult)Run).AsyncWaitHandle.WaitOne(Patience), "the run does not end");
        return Run.GetAwaiter().GetResult();
    }

    public InvariantViolation Failure() => Assert.Throws<InvariantViolation>(() => End());

    public RunEnd Cancel()
    {
        _cancel.Cancel();
        return End();
    }

    public void Dispose()
    {
        _cancel.Cancel();
        ((IAsyncResult)Run).AsyncWaitHandle.WaitOne(Patience);
        Engine.Dispose();
        _cancel.Dispose();
    }
}

internal static class Routines
{
    /// <summary>Adds 1 that often.</summary>
    public static async Routine Add(ProbeTask task, ActorId resource, long count)
    {
        for (long i = 0; i < count; i++)
        {
            await task.Ask(resource, new Probe.Add { Value = 1 });
        }
    }

    /// <summary>Waits until the end of the run.</summary>
    public static async Routine Wait(ProbeTask task, ActorId resource) =>
        await task.Ask(resource, new Probe.WaitHere());

    /// <summary>Takes the lock and gives it back.</summary>
    public static async Routine Lock(ProbeTask task, ActorId resource)
    {
        await task.Ask(resource, new Probe.Acquire());
        await task.Ask(resource, new Probe.Release());
    }

    /// <summary>Wakes a request that waits in a resource, once there is one.</summary>
    public static async Routine Wake(ProbeTask task, ProbeResource resource)
    {
        while (resource.Waiting == 0)
        {
            await task.Sleep(100_000);
        }

        await task.Ask(resource.Id, new Probe.WakeOne());
    }

    /// <summary>Sleeps and adds 1, again and again.</summary>
    public static async Routine Tick(ProbeTask task, ActorId resource, long ns)
    {
        while (true)
        {
            await task.Sleep(ns);
            await task.Ask(resource, new Probe.Add { Value = 1 });
        }
    }

    public static async Routine Call(ProbeTask task, ActorId resource) => await task.Ask(resource, new Probe.Call());

    public static async Routine CallThenFail(ProbeTask task, ActorId resource)
    {
        await task.Ask(resource, new Probe.Call());
        await task.Ask(resource, new Probe.Fail());
    }

    public static async Routine FailItself(ProbeTask task, ActorId resource)
    {
        await task.Ask(resource, new Probe.Add { Value = 1 });
        throw new InvalidOperationException("lost the way");
    }

    /// <summary>Everything that was told to an actor before has been dealt with.</summary>
    public static void Settle(this TestKitBase kit, IActorRef actor)
    {
        TestProbe probe = kit.CreateTestProbe();
        actor.Tell(new Identify(actor.Path), probe.Ref);
        probe.ExpectMsg<ActorIdentity>(EngineHarness.Patience);
    }
}

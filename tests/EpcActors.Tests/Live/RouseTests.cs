using EpcActors.Engine;
using EpcActors.Engine.Live.Threads;

namespace EpcActors.Tests.Live;

/// <summary>Sleep that another thread ends.</summary>
public sealed class RouseTests
{
    [Fact]
    public void A_task_that_was_roused_before_it_slept_does_not_sleep()
    {
        using ThreadsEngine engine = new(new ThreadsOptions { Workers = 1 });
        Sleeper sleeper = new(new ActorId(0));
        engine.Add(sleeper, "sleeper");
        engine.Start(sleeper);

        // Two calls count as one: the call says that there is work, not how much.
        engine.Rouse(sleeper);
        engine.Rouse(sleeper);
        Assert.Equal(RunEnd.Finished, engine.Run(30_000_000_000, CancellationToken.None));
    }

    private sealed class Sleeper(ActorId id) : TaskActor(id, "sleeper", -1, 0)
    {
        protected override async Routine Run() => await Sleep(long.MaxValue);
    }
}

using Akka.Actor;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <content>Virtual time of a test: when its TestScheduler may be advanced.</content>
public sealed partial class AkkaEngine
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Completes when no task can go on by itself: each has ended, waits for another task, or sleeps with its timer in
    /// the system's scheduler. A test with Akka's TestScheduler awaits this before each <c>Advance</c>, which moves
    /// only what is scheduled by then. Completes also when the run ends.
    /// </summary>
    /// <remarks>
    /// Call it after the run was begun on another thread; it waits for the start. With a scheduler on the wall clock a
    /// task may wake as soon as this completes.
    /// </remarks>
    /// <exception cref="OperationCanceledException">when the token is cancelled first.</exception>
    public async Task WhenAsleep(CancellationToken cancellationToken = default)
    {
        while (!IsStopping)
        {
            if (HasStartedAll && GoingTasks == 0)
            {
                // A task counts as asleep a moment before its actor hands the timer over. The same actor answers this.
                foreach (TaskCell cell in TaskCells.Where(static cell => !cell.Task.HasStopped))
                {
                    await RefOf(cell.Task).Ask<ActorIdentity>(new Identify(null), cancellationToken)
                        .ConfigureAwait(false);
                }

                if (GoingTasks == 0)
                {
                    return;
                }
            }

            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
        }
    }
}

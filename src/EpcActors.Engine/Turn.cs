namespace EpcActors.Engine;

/// <summary>Context of a resource while it handles one message. Valid during the call only.</summary>
public abstract class Turn
{
    /// <summary>The task whose request is handled.</summary>
    public ActorId Caller { get; protected set; }

    /// <summary>NUMA node of the CPU that the caller runs on.</summary>
    public int CallerNode { get; protected set; }

    /// <summary>True when this request was parked before and is handled again.</summary>
    public bool WasParked { get; protected set; }

    /// <summary>Time on the caller's own clock, nanoseconds; 0 on an engine without time.</summary>
    public abstract long NowNs { get; }

    /// <summary>
    /// Keeps the request: it is handled again after <see cref="Ready"/>. The handler must not have changed anything for
    /// it.
    /// </summary>
    /// <param name="queue">Queue in which it waits.</param>
    /// <param name="spinActivity">The activity that waiting counts as when the waiter spins; negative when it
    /// sleeps.</param>
    public abstract void Park(ref WaitQueue queue, int spinActivity = -1);

    /// <summary>
    /// Takes the first parked request out of the queue, to be handled again at a time that the engine chooses.
    /// </summary>
    /// <param name="queue">The queue; must not be empty.</param>
    /// <param name="activity">Cost of the hand-over for the waiter, as an activity; negative for nothing.</param>
    /// <param name="count">Number of times.</param>
    public abstract void Ready(ref WaitQueue queue, int activity = -1, int count = 1);

    /// <summary>
    /// The caller's clock moves on to <paramref name="untilNs"/>, when it is not there yet: a lock was held until then.
    /// Nothing on an engine without time.
    /// </summary>
    /// <param name="untilNs">Virtual time, nanoseconds.</param>
    /// <param name="spinActivity">The activity that waiting counts as.</param>
    /// <param name="activity">Cost of the hand-over after a wait, as an activity; negative for nothing.</param>
    public virtual void WaitUntil(long untilNs, int spinActivity, int activity = -1)
    {
    }

    /// <summary>
    /// The caller's CPU is busy with <paramref name="activity"/> (index into the cost table) before it gets its answer.
    /// </summary>
    /// <param name="activity">Index into the engine's cost table.</param>
    /// <param name="count">Number of times.</param>
    /// <param name="remote">The work touches memory of another node than the caller's.</param>
    public abstract void Spend(int activity, int count, bool remote);

    /// <summary>
    /// As <see cref="Spend"/>, and no other request enters this resource meanwhile: the length of a spin-locked
    /// section. This is where lock contention comes from in virtual time.
    /// </summary>
    public abstract void Hold(int activity, int count, bool remote);

    /// <summary>
    /// The answer must not reach the caller within the same instant: the caller goes to sleep for at least what it has
    /// spent, and others run in between. For the two halves of an unprotected read-modify-write.
    /// </summary>
    public abstract void Yield();

    /// <summary>
    /// Another task's CPU loses time to <paramref name="activity"/>: an inter-processor interrupt hit it.
    /// </summary>
    public abstract void Interrupt(ActorId task, int activity);
}

namespace EpcActors.Engine;

/// <summary>
/// Virtual time at which the last section of a lock ends. For the engine a section inside one message is over when that
/// message was handled; for other tasks it lasts as long as it costs.
/// </summary>
public struct SectionEnd
{
    /// <summary>End of the last section, nanoseconds; 0 on an engine without time.</summary>
    public long Ns { get; private set; }

    /// <summary>A section of the caller ends now, on its clock.</summary>
    public void Extend(Turn turn) => Ns = Math.Max(Ns, turn.NowNs);

    /// <summary>Makes a caller with an earlier clock wait until the last section is over.</summary>
    public readonly void Await(Turn turn, int spinActivity, int handOver = -1)
    {
        if (Ns > 0)
        {
            turn.WaitUntil(Ns, spinActivity, handOver);
        }
    }
}

/// <summary>
/// A lock of a resource that is held across messages: a sleeping one (<c>encl->lock</c>, <c>mmap_lock</c>,
/// <c>vepc->lock</c>) by default, or a spin lock. With hand-off: the owner gives it to the first waiter on release, so
/// a later task cannot barge in (the kernel's queued spin locks and contended mutexes do the same).
/// </summary>
/// <remarks>
/// Its sections exclude each other in virtual time too. While it is held, others queue; when it was released at a time
/// that the next caller's clock has not reached yet, that caller waits until then.
/// </remarks>
public struct Mutex
{
    [Constant]
    private readonly bool _isSpinLock;

    private ActorId _owner;
    private bool _held;
    private SectionEnd _end;

    /// <summary>Requests that wait for it.</summary>
    public WaitQueue Waiters;

    public Mutex(bool isSpinLock) => _isSpinLock = isSpinLock;

    public readonly bool IsHeld => _held;

    /// <summary>
    /// Virtual time at which the present or last section began, nanoseconds; 0 on an engine without time.
    /// </summary>
    public long SinceNs { get; private set; }

    /// <summary>Virtual time at which the last section ended, nanoseconds.</summary>
    public readonly long EndNs => _end.Ns;

    /// <summary>The task that holds it, or <see cref="ActorId.None"/>.</summary>
    public readonly ActorId Owner => _held ? _owner : ActorId.None;

    // The kernel's mutex spins as long as its owner runs: waiting is CPU time for both kinds.
    private readonly int WaitActivity => _isSpinLock ? EngineActivity.SpinWait : EngineActivity.MutexWait;

    private readonly int HandOverActivity => _isSpinLock ? -1 : EngineActivity.MutexHandOver;

    /// <summary>True when the caller of this turn has the lock now; false when its request was parked.</summary>
    public bool Acquire(Turn turn)
    {
        if (!_held)
        {
            _end.Await(turn, WaitActivity, HandOverActivity);
            _held = true;
            _owner = turn.Caller;
            SinceNs = turn.NowNs;
            return true;
        }

        if (_owner == turn.Caller)
        {
            // Handed over while parked; anything else would be a thread that locks twice.
            Invariant.That(turn.WasParked, "a task locks a mutex that it holds already");
            SinceNs = turn.NowNs;
            return true;
        }

        turn.Park(ref Waiters, WaitActivity);
        return false;
    }

    /// <summary>Asserts that the caller holds the lock, as the kernel's lockdep_assert_held().</summary>
    public readonly void AssertHeldBy(Turn turn) =>
        Invariant.That(_held && _owner == turn.Caller, "a task works on what a lock protects without holding it");

    /// <summary>Releases the lock, to the first waiter if there is one.</summary>
    public void Release(Turn turn)
    {
        AssertHeldBy(turn);
        _end.Extend(turn);
        if (Waiters.IsEmpty)
        {
            _held = false;
            return;
        }

        _owner = Waiters.First!.Caller.Id;
        turn.Ready(ref Waiters, HandOverActivity);
    }
}

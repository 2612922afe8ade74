using EpcActors.Engine;
using static EpcActors.Kernel.Waiting.WaitChannelProtocol;

namespace EpcActors.Kernel.Waiting;

/// <summary>Requests to a wait queue.</summary>
public static class WaitChannelProtocol
{
    /// <summary>prepare_to_wait(): from here on no wake-up is lost before the caller sleeps.</summary>
    public struct PrepareToWait : IMessage
    {
        public static ushort Code => 0x0A01;

        public static MessageKind Kind => MessageKind.Wait;

        /// <summary>
        /// Out: the work was cancelled while it ran, and another task waits for the caller to report its end.
        /// </summary>
        public YesNo WasCancelled;
    }

    /// <summary>
    /// cancel_work_sync(): takes the work off the queue for good. The kernel waits for a run that is under way; here
    /// the caller leaves its later steps to the worker (it may be the worker itself).
    /// </summary>
    public struct CancelWork : IMessage
    {
        public static ushort Code => 0x0A05;

        public static MessageKind Kind => MessageKind.Wait;

        /// <summary>Out: a run is under way.</summary>
        public YesNo IsRunning;
    }

    /// <summary>schedule(): sleeps until woken; returns at once when woken since <see cref="PrepareToWait"/>.</summary>
    public struct SleepUntilWoken : IMessage
    {
        public static ushort Code => 0x0A02;

        public static MessageKind Kind => MessageKind.Wait;
    }

    /// <summary>finish_wait(): the condition was true, so the task does not sleep.</summary>
    public struct FinishWait : IMessage
    {
        public static ushort Code => 0x0A03;

        public static MessageKind Kind => MessageKind.Wait;
    }

    /// <summary>wake_up() or queue_work(): wakes the sleeper; one that has only prepared will not sleep.</summary>
    public struct Wake : IMessage
    {
        public static ushort Code => 0x0A04;

        public static MessageKind Kind => MessageKind.Wait;

        /// <summary>Out: a task slept, or was about to.</summary>
        public YesNo WasWaiting;

        /// <summary>In: the caller wants what queue_work() returns (switch limit-events).</summary>
        public YesNo TellsPending;

        /// <summary>Out: it was queued before, and has not run since.</summary>
        public YesNo WasPending;
    }

    /// <summary>INIT_WORK(): the work item of a new cgroup, which was cancelled with the cgroup before it.</summary>
    public struct InitWork : IMessage
    {
        public static ushort Code => 0x0A06;

        public static MessageKind Kind => MessageKind.Wait;
    }
}

/// <summary>
/// A wait queue head with its sleepers (<c>ksgxd_waitq</c>), or the pending bit of a work item (a cgroup's
/// <c>reclaim_work</c>): the first kind forgets a wake-up that finds no sleeper, the second remembers it.
/// </summary>
public sealed class WaitChannel : Resource,
    IHandle<PrepareToWait>, IHandle<SleepUntilWoken>, IHandle<FinishWait>, IHandle<Wake>, IHandle<CancelWork>,
    IHandle<InitWork>
{
    private readonly bool _remembers;
    private WaitQueue _sleepers;
    private int _prepared;
    private bool _woken;
    private bool _isRunning;
    private bool _isCancelled;

    /// <param name="id">Address.</param>
    /// <param name="name">Name.</param>
    /// <param name="remembers">True for a work item: queueing it while it runs makes it run again.</param>
    public WaitChannel(ActorId id, string name, bool remembers)
        : base(id, name) => _remembers = remembers;

    public override ActorKind ActorKind => ActorKind.WaitChannel;

    /// <summary>Wake-ups that ended a sleep.</summary>
    [NotState]
    public long Wakeups { get; private set; }

    /// <summary>True while a task sleeps here.</summary>
    public bool HasSleeper => !_sleepers.IsEmpty;

    public void Handle(ref PrepareToWait message, Turn turn)
    {
        _prepared++;
        message.WasCancelled = _isCancelled && _isRunning;
        _isRunning = false;
        if (!_remembers)
        {
            _woken = false;
        }
    }

    public void Handle(ref SleepUntilWoken message, Turn turn)
    {
        if (!_woken)
        {
            turn.Park(ref _sleepers);
            return;
        }

        _woken = false;
        _isRunning = true;
        _prepared--;
        Wakeups++;
        turn.Spend(Activity.Schedule);
    }

    public void Handle(ref FinishWait message, Turn turn) => _prepared--;

    public void Handle(ref Wake message, Turn turn)
    {
        if (_isCancelled || (_prepared == 0 && !_remembers))
        {
            return;
        }

        message.WasWaiting = _prepared > 0;
        message.WasPending = message.TellsPending && _woken;
        _woken = true;
        while (!_sleepers.IsEmpty)
        {
            turn.Ready(ref _sleepers);
        }
    }

    public void Handle(ref InitWork message, Turn turn)
    {
        _isCancelled = false;
        _woken = false;
    }

    public void Handle(ref CancelWork message, Turn turn)
    {
        _isCancelled = true;

        // A task that was woken and has not run yet sleeps on.
        _woken = false;
        message.IsRunning = _isRunning;
    }
}

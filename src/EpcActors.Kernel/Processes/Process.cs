using EpcActors.Engine;
using static EpcActors.Kernel.Processes.ProcessProtocol;

namespace EpcActors.Kernel.Processes;

/// <summary>Reason of a process's SIGKILL.</summary>
public enum KillReason
{
    None,

    /// <summary>The scenario.</summary>
    Scenario,

    /// <summary>The memory controller's out-of-memory killer.</summary>
    MemoryOom,

    /// <summary>
    /// It had EPC pages of a socket whose process is dead: the memory is gone (a machine check in its enclave).
    /// </summary>
    SocketLost,

    /// <summary>A vCPU got SIGBUS: the VMM and with it all sections of the guest end.</summary>
    Sigbus,
}

/// <summary>End of a thread.</summary>
public enum ThreadOutcome
{
    Finished,

    /// <summary>Building the enclave failed.</summary>
    BuildFailed,

    /// <summary>SIGBUS, or the vDSO's report of one.</summary>
    Sigbus,

    /// <summary>SIGSEGV: a page fault with the SGX bit that never goes away, or one outside any VMA.</summary>
    Sigsegv,

    /// <summary>SIGKILL.</summary>
    Killed,

    /// <summary>A system call failed later on.</summary>
    CallFailed,
}

/// <summary>Requests to a process.</summary>
public static class ProcessProtocol
{
    /// <summary>get_current_misc_cg(), and the memory cgroup beside it.</summary>
    public struct ReadCss : IMessage
    {
        public static ushort Code => 0x0501;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: index of its cgroup.</summary>
        public int Cgroup;

        /// <summary>Out: index of its memory cgroup.</summary>
        public int MemoryCgroup;

        /// <summary>Out: its last thread has ended, or it was not forked yet.</summary>
        public YesNo HasExited;
    }

    /// <summary>A write to cgroup.procs: pages stay where they are charged.</summary>
    public struct Migrate : IMessage
    {
        public static ushort Code => 0x0502;

        public static MessageKind Kind => MessageKind.Limit;

        public int Cgroup;

        /// <summary>-1 to leave it.</summary>
        public int MemoryCgroup;

        /// <summary>Out: there is no such process; nothing happened.</summary>
        public YesNo HasExited;
    }

    /// <summary>SIGKILL: pending until the next check in the kernel or on the return to user space.</summary>
    public struct Kill : IMessage
    {
        public static ushort Code => 0x0503;

        public static MessageKind Kind => MessageKind.Lifetime;

        public KillReason Reason;

        /// <summary>Out: it was dead or dying already.</summary>
        public YesNo WasDying;
    }

    /// <summary>signal_pending(current).</summary>
    public struct ReadSignal : IMessage
    {
        public static ushort Code => 0x0504;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>In: on the way back to user space, where a signal that does not kill is handled.</summary>
        public YesNo IsReturn;

        /// <summary>Out.</summary>
        public YesNo IsPending;

        /// <summary>Out: it is SIGKILL.</summary>
        public YesNo IsFatal;
    }

    /// <summary>
    /// A signal with a handler (SA_RESTART): pending until a thread of the process goes back to user space.
    /// </summary>
    public struct Signal : IMessage
    {
        public static ushort Code => 0x0508;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: it was dead or dying already.</summary>
        public YesNo WasDying;
    }

    /// <summary>clone(): the process has more threads from now on.</summary>
    public struct SpawnThreads : IMessage
    {
        public static ushort Code => 0x0507;

        public static MessageKind Kind => MessageKind.Lifetime;

        public int Count;
    }

    /// <summary>A thread of the process has ended.</summary>
    public struct ThreadExit : IMessage
    {
        public static ushort Code => 0x0505;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>
        /// End of the thread; the process keeps the first one that is not <see cref="ThreadOutcome.Finished"/>.
        /// </summary>
        public ThreadOutcome Outcome;

        /// <summary>Error number, or the failed ioctl with the error above it; for people.</summary>
        public int Detail;

        /// <summary>Out: it is the last thread, and releases the process's resources.</summary>
        public YesNo WasLast;
    }

    /// <summary>close() of the SGX device: the file descriptor is the whole process's, and goes once.</summary>
    public struct CloseDevice : IMessage
    {
        public static ushort Code => 0x0510;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Out: it was closed before.</summary>
        public YesNo WasClosed;
    }

    /// <summary>
    /// fork() from outside of the machine: a place whose last process is gone becomes a new one, with one thread.
    /// </summary>
    public struct Spawn : IMessage
    {
        public static ushort Code => 0x0511;

        public static MessageKind Kind => MessageKind.Lifetime;

        public int Cgroup;

        public int MemoryCgroup;
    }

    /// <summary>A thread arrives at a barrier of the program and waits for all live threads.</summary>
    public struct ArriveAtBarrier : IMessage
    {
        public static ushort Code => 0x0506;

        public static MessageKind Kind => MessageKind.Wait;

        /// <summary>Number of the barrier.</summary>
        public int Phase;
    }
}

/// <summary>A process: its cgroups, its pending signal, its live threads.</summary>
public sealed class Process
    : Resource,
        IHandle<ReadCss>,
        IHandle<Migrate>,
        IHandle<Kill>,
        IHandle<ReadSignal>,
        IHandle<Signal>,
        IHandle<SpawnThreads>,
        IHandle<ThreadExit>,
        IHandle<ArriveAtBarrier>,
        IHandle<CloseDevice>,
        IHandle<Spawn>
{
    private WaitQueue _atBarrier;
    private int _threads;
    private int _arrived;
    private int _phase;
    private bool _isClosed;
    private bool _hasSignal;

    public Process(ActorId id, string name, int cgroup, int memoryCgroup, int threads)
        : base(id, $"process:{name}")
    {
        Cgroup = cgroup;
        MemoryCgroup = memoryCgroup;
        _threads = threads;
    }

    public override ActorKind ActorKind => ActorKind.Process;

    /// <summary>Index of the cgroup it is in.</summary>
    public int Cgroup { get; private set; }

    public int MemoryCgroup { get; private set; }

    public KillReason Killed { get; private set; }

    public bool HasExited => _threads == 0;

    /// <summary>The first outcome of a thread other than <see cref="ThreadOutcome.Finished"/>.</summary>
    [NotState]
    public ThreadOutcome Outcome { get; private set; }

    /// <summary>Detail of that outcome.</summary>
    [NotState]
    public int OutcomeDetail { get; private set; }

    public void Handle(ref ReadCss message, Turn turn)
    {
        message.Cgroup = Cgroup;
        message.MemoryCgroup = MemoryCgroup;
        message.HasExited = HasExited;
    }

    public void Handle(ref Migrate message, Turn turn)
    {
        message.HasExited = HasExited;
        if (HasExited)
        {
            return;
        }

        Cgroup = message.Cgroup;
        if (message.MemoryCgroup >= 0)
        {
            MemoryCgroup = message.MemoryCgroup;
        }
    }

    public void Handle(ref Kill message, Turn turn)
    {
        message.WasDying = Killed != KillReason.None || HasExited;
        if (message.WasDying)
        {
            return;
        }

        Killed = message.Reason;

        // A fatal signal ends a futex wait.
        while (!_atBarrier.IsEmpty)
        {
            turn.Ready(ref _atBarrier);
        }
    }

    public void Handle(ref ReadSignal message, Turn turn)
    {
        message.IsFatal = Killed != KillReason.None;
        message.IsPending = message.IsFatal || _hasSignal;
        if (message.IsReturn)
        {
            _hasSignal = false;
        }
    }

    public void Handle(ref Signal message, Turn turn)
    {
        message.WasDying = Killed != KillReason.None || HasExited;
        _hasSignal |= !message.WasDying;
    }

    public void Handle(ref Spawn message, Turn turn)
    {
        Invariant.That(HasExited, $"{Name} is used again before its last thread has ended");
        Cgroup = message.Cgroup;
        MemoryCgroup = message.MemoryCgroup;
        Killed = KillReason.None;
        Outcome = ThreadOutcome.Finished;
        OutcomeDetail = 0;
        _threads = 1;
        _arrived = 0;
        _phase = 0;
        _isClosed = false;
        _hasSignal = false;
    }

    public void Handle(ref SpawnThreads message, Turn turn) => _threads += message.Count;

    public void Handle(ref CloseDevice message, Turn turn)
    {
        message.WasClosed = _isClosed;
        _isClosed = true;
    }

    public void Handle(ref ThreadExit message, Turn turn)
    {
        if (Outcome == ThreadOutcome.Finished)
        {
            Outcome = message.Outcome;
            OutcomeDetail = message.Detail;
        }

        _threads--;
        message.WasLast = _threads == 0;
        OpenBarrierIfComplete(turn);
    }

    public void Handle(ref ArriveAtBarrier message, Turn turn)
    {
        if (Killed != KillReason.None || _phase > message.Phase)
        {
            return;
        }

        if (!turn.WasParked)
        {
            _arrived++;
            if (_arrived >= _threads)
            {
                OpenBarrierIfComplete(turn);
                return;
            }
        }

        turn.Park(ref _atBarrier);
    }

    private void OpenBarrierIfComplete(Turn turn)
    {
        if (_threads == 0 || _arrived < _threads)
        {
            return;
        }

        _arrived = 0;
        _phase++;
        while (!_atBarrier.IsEmpty)
        {
            turn.Ready(ref _atBarrier);
        }
    }
}

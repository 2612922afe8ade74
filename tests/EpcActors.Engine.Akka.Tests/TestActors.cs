namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// Messages that only these tests know; their codes are in a range that no actor of the product uses.
/// </summary>
internal static class Probe
{
    /// <summary>Adds up.</summary>
    public struct Add : IMessage
    {
        public static ushort Code => 0xF101;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;

        public long Sum;
    }

    public struct Acquire : IMessage
    {
        public static ushort Code => 0xF102;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct Release : IMessage
    {
        public static ushort Code => 0xF103;

        public static MessageKind Kind => MessageKind.Other;
    }

    /// <summary>Waits until another task wakes it.</summary>
    public struct WaitHere : IMessage
    {
        public static ushort Code => 0xF104;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct WakeOne : IMessage
    {
        public static ushort Code => 0xF105;

        public static MessageKind Kind => MessageKind.Other;
    }

    /// <summary>The handler throws.</summary>
    public struct Fail : IMessage
    {
        public static ushort Code => 0xF106;

        public static MessageKind Kind => MessageKind.Other;
    }

    /// <summary>The handler calls a function of the test.</summary>
    public struct Call : IMessage
    {
        public static ushort Code => 0xF107;

        public static MessageKind Kind => MessageKind.Other;
    }
}

internal sealed class ProbeResource(int id, string name = "probe")
    : Resource(new ActorId(id), name),
        IHandle<Probe.Add>,
        IHandle<Probe.Acquire>,
        IHandle<Probe.Release>,
        IHandle<Probe.WaitHere>,
        IHandle<Probe.WakeOne>,
        IHandle<Probe.Fail>,
        IHandle<Probe.Call>
{
    private Mutex _mutex;
    private WaitQueue _waiting;
    private int _inside;

    /// <summary>Action of <see cref="Probe.Call"/>.</summary>
    public Action OnCall { get; init; } = static () => { };

    public long Sum { get; private set; }

    /// <summary>Requests that wait here.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Tasks in the order in which they got the lock.</summary>
    public List<int> Owners { get; } = [];

    public void Handle(ref Probe.Add message, Turn turn)
    {
        Invariant.That(Interlocked.Increment(ref _inside) == 1, "two requests are handled at the same time");
        Sum += message.Value;
        message.Sum = Sum;
        Interlocked.Decrement(ref _inside);
    }

    public void Handle(ref Probe.Acquire message, Turn turn)
    {
        if (_mutex.Acquire(turn))
        {
            Owners.Add(turn.Caller.Index);
        }
    }

    public void Handle(ref Probe.Release message, Turn turn) => _mutex.Release(turn);

    public void Handle(ref Probe.WaitHere message, Turn turn)
    {
        if (!turn.WasParked)
        {
            turn.Park(ref _waiting);
        }
    }

    public void Handle(ref Probe.WakeOne message, Turn turn)
    {
        if (!_waiting.IsEmpty)
        {
            turn.Ready(ref _waiting);
        }
    }

    public void Handle(ref Probe.Fail message, Turn turn) => throw new InvariantViolation("planted");

    public void Handle(ref Probe.Call message, Turn turn) => OnCall();
}

/// <summary>A task whose routine is given as a function.</summary>
internal sealed class ProbeTask(int id, Func<ProbeTask, Routine> run, bool isDaemon = false, string? name = null)
    : TaskActor(new ActorId(id), name ?? $"task-{id}", -1, 0)
{
    public override bool IsDaemon => isDaemon;

    protected override Routine Run() => run(this);
}

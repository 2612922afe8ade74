using EpcActors.Engine;
using EpcActors.Engine.Simulation;

namespace EpcActors.Tests.EngineTests;

/// <summary>
/// Actors and messages that only the tests of the engine know; their codes are in a range that no actor of the product
/// uses.
/// </summary>
internal static class Probe
{
    public struct Note : IMessage
    {
        public static ushort Code => 0xF001;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;

        public long Answer;
    }

    public struct Acquire : IMessage
    {
        public static ushort Code => 0xF002;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct Release : IMessage
    {
        public static ushort Code => 0xF003;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct SleepHere : IMessage
    {
        public static ushort Code => 0xF004;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct WakeOne : IMessage
    {
        public static ushort Code => 0xF005;

        public static MessageKind Kind => MessageKind.Other;

        public long Woken;
    }

    public struct Load : IMessage
    {
        public static ushort Code => 0xF006;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;
    }

    public struct Store : IMessage
    {
        public static ushort Code => 0xF007;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;
    }

    public struct HoldFor : IMessage
    {
        public static ushort Code => 0xF008;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct Fail : IMessage
    {
        public static ushort Code => 0xF009;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct Hit : IMessage
    {
        public static ushort Code => 0xF00A;

        public static MessageKind Kind => MessageKind.Other;

        public ActorId Task;
    }

    public struct Unheard : IMessage
    {
        public static ushort Code => 0xF00B;

        public static MessageKind Kind => MessageKind.Other;
    }
}

internal sealed class ProbeResource(int id, string name = "probe")
    : Resource(new ActorId(id), name),
        IHandle<Probe.Note>,
        IHandle<Probe.Acquire>,
        IHandle<Probe.Release>,
        IHandle<Probe.SleepHere>,
        IHandle<Probe.WakeOne>,
        IHandle<Probe.Load>,
        IHandle<Probe.Store>,
        IHandle<Probe.HoldFor>,
        IHandle<Probe.Fail>,
        IHandle<Probe.Hit>
{
    private EpcActors.Engine.Mutex _mutex;
    private WaitQueue _sleepers;
    private long _value;

    public List<(int Task, long Value, long AtNs)> Notes { get; } = [];

    public long Value => _value;

    public bool KeepsNotes { get; init; } = true;

    public void Handle(ref Probe.Note message, Turn turn)
    {
        if (KeepsNotes)
        {
            Notes.Add((turn.Caller.Index, message.Value, turn.NowNs));
        }

        message.Answer = message.Value + 1;
    }

    public void Handle(ref Probe.Acquire message, Turn turn)
    {
        if (_mutex.Acquire(turn))
        {
            Notes.Add((turn.Caller.Index, 0, turn.NowNs));
        }
    }

    public void Handle(ref Probe.Release message, Turn turn) => _mutex.Release(turn);

    public void Handle(ref Probe.SleepHere message, Turn turn)
    {
        if (!turn.WasParked)
        {
            turn.Park(ref _sleepers);
            return;
        }

        Notes.Add((turn.Caller.Index, 0, turn.NowNs));
    }

    public void Handle(ref Probe.WakeOne message, Turn turn)
    {
        message.Woken = _sleepers.Count;
        if (!_sleepers.IsEmpty)
        {
            turn.Ready(ref _sleepers);
        }
    }

    public void Handle(ref Probe.Load message, Turn turn)
    {
        turn.Spend(Costs.Short, 1, false);
        turn.Yield();
        message.Value = _value;
    }

    public void Handle(ref Probe.Store message, Turn turn)
    {
        turn.Spend(Costs.Short, 1, false);
        _value = message.Value;
    }

    public void Handle(ref Probe.HoldFor message, Turn turn) => turn.Hold(Costs.Long, 1, false);

    public void Handle(ref Probe.Fail message, Turn turn) => throw new InvariantViolation("planted");

    public void Handle(ref Probe.Hit message, Turn turn) => turn.Interrupt(message.Task, Costs.Long);
}

/// <summary>A task whose routine is given as a function.</summary>
internal sealed class ProbeTask(
    int id,
    Func<ProbeTask, Routine> run,
    int cpu = -1,
    bool isDaemon = false,
    string? name = null
) : TaskActor(new ActorId(id), name ?? $"task-{id}", cpu, 0)
{
    public override bool IsDaemon => isDaemon;

    protected override Routine Run() => run(this);
}

/// <summary>Activities of the tests and what they cost.</summary>
internal static class Costs
{
    public const int Short = EngineActivity.Count;
    public const int Long = EngineActivity.Count + 1;

    public static CostTable Table { get; } = new([0, 50, 0, 100, 10_000], [0, 50, 0, 200, 20_000], 5_000);
}

/// <summary>An engine with one resource and some tasks.</summary>
internal sealed class Bench
{
    public Bench(long quantumNs = 0, ulong seed = 1, int jitterPercent = 0)
    {
        Engine = new TimedEngine(Costs.Table, quantumNs, seed, jitterPercent);
        Resource = new ProbeResource(0);
        Engine.Add(Resource);
    }

    public TimedEngine Engine { get; }

    public ProbeResource Resource { get; }

    public ActorId Id => Resource.Id;

    public ProbeTask Task(int id, Func<ProbeTask, Routine> run, long startNs = 0, int cpu = -1, bool isDaemon = false)
    {
        ProbeTask task = new(id, run, cpu, isDaemon);
        Engine.Add(task);
        Engine.Start(task, startNs);
        return task;
    }

    public RunEnd Run(long limitNs = 1_000_000_000) => Engine.Run(limitNs, CancellationToken.None);
}

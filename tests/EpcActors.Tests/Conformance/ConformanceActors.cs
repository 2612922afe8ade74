using EpcActors.Engine;

namespace EpcActors.Tests.Conformance;

/// <summary>Messages of the conformance suite; their codes are in a range that no actor of the product uses.</summary>
internal static class Say
{
    public struct Count : IMessage
    {
        public static ushort Code => 0xF101;

        public static MessageKind Kind => MessageKind.Other;

        /// <summary>Number of the request, by its task.</summary>
        public long Number;

        /// <summary>Out: requests handled before.</summary>
        public long Before;
    }

    public struct Lock : IMessage
    {
        public static ushort Code => 0xF102;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct Unlock : IMessage
    {
        public static ushort Code => 0xF103;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct WaitHere : IMessage
    {
        public static ushort Code => 0xF104;

        public static MessageKind Kind => MessageKind.Other;

        /// <summary>Out: how many were woken before.</summary>
        public long Turn;
    }

    public struct WakeOne : IMessage
    {
        public static ushort Code => 0xF105;

        public static MessageKind Kind => MessageKind.Other;

        /// <summary>Out: how many waited.</summary>
        public long Waiting;
    }

    public struct Load : IMessage
    {
        public static ushort Code => 0xF106;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;
    }

    public struct Store : IMessage
    {
        public static ushort Code => 0xF107;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;
    }

    public struct Explode : IMessage
    {
        public static ushort Code => 0xF108;

        public static MessageKind Kind => MessageKind.Other;
    }

    /// <summary>Takes a token out, if there is one.</summary>
    public struct Take : IMessage
    {
        public static ushort Code => 0xF109;

        public static MessageKind Kind => MessageKind.Other;

        public long Got;
    }

    /// <summary>Puts a token in.</summary>
    public struct Put : IMessage
    {
        public static ushort Code => 0xF10A;

        public static MessageKind Kind => MessageKind.Other;
    }
}

/// <summary>
/// A resource that notices when two are in it at once, when an order is not kept, and when a request comes twice.
/// </summary>
internal sealed class Counter(int id, string name, int tasks)
    : Resource(new ActorId(id), name),
        IHandle<Say.Count>,
        IHandle<Say.Lock>,
        IHandle<Say.Unlock>,
        IHandle<Say.WaitHere>,
        IHandle<Say.WakeOne>,
        IHandle<Say.Load>,
        IHandle<Say.Store>,
        IHandle<Say.Explode>
{
    private readonly long[] _next = new long[tasks];
    private EpcActors.Engine.Mutex _mutex;
    private WaitQueue _sleepers;
    private int _inside;
    private int _overlaps;

    /// <summary>Deliberately not atomic: only one handler at a time may change it.</summary>
    public long Handled { get; private set; }

    public long Value { get; private set; }

    public int OutOfOrder { get; private set; }

    public int Overlaps => Volatile.Read(ref _overlaps);

    public List<int> Woken { get; } = [];

    public List<int> Slept { get; } = [];

    public int MutexHolders { get; private set; }

    public int MostMutexHolders { get; private set; }

    public void Handle(ref Say.Count message, Turn turn)
    {
        Enter(turn);
        ref long next = ref _next[turn.Caller.Index % _next.Length];
        OutOfOrder += message.Number == next ? 0 : 1;
        next = message.Number + 1;
        message.Before = Handled++;
        Leave();
    }

    public void Handle(ref Say.Lock message, Turn turn)
    {
        Enter(turn);
        if (_mutex.Acquire(turn))
        {
            MostMutexHolders = Math.Max(MostMutexHolders, ++MutexHolders);
        }

        Leave();
    }

    public void Handle(ref Say.Unlock message, Turn turn)
    {
        Enter(turn);
        MutexHolders--;
        _mutex.Release(turn);
        Leave();
    }

    public void Handle(ref Say.WaitHere message, Turn turn)
    {
        Enter(turn);
        if (!turn.WasParked)
        {
            Slept.Add(turn.Caller.Index);
            turn.Park(ref _sleepers);
        }
        else
        {
            message.Turn = Woken.Count;
            Woken.Add(turn.Caller.Index);
        }

        Leave();
    }

    public void Handle(ref Say.WakeOne message, Turn turn)
    {
        Enter(turn);
        message.Waiting = _sleepers.Count;
        if (!_sleepers.IsEmpty)
        {
            turn.Ready(ref _sleepers);
        }

        Leave();
    }

    public void Handle(ref Say.Load message, Turn turn)
    {
        turn.Spend(EngineActivity.Count, 1, false);
        turn.Yield();
        message.Value = Value;
    }

    public void Handle(ref Say.Store message, Turn turn) => Value = message.Value;

    public void Handle(ref Say.Explode message, Turn turn) => throw new InvariantViolation("planted");

    private void Enter(Turn turn)
    {
        // Where time is virtual it has to pass, or a run without an end would never come to its limit.
        turn.Spend(EngineActivity.Count, 1, false);
        if (Interlocked.Increment(ref _inside) != 1)
        {
            Interlocked.Increment(ref _overlaps);
        }
    }

    private void Leave() => Interlocked.Decrement(ref _inside);
}

/// <summary>A purse of tokens that keeps books of what each task has taken out of it and put into it.</summary>
internal sealed class Purse(int id, string name, int tokens, int tasks)
    : Resource(new ActorId(id), name),
        IHandle<Say.Take>,
        IHandle<Say.Put>
{
    private readonly int[] _given = new int[tasks];

    public int Tokens { get; private set; } = tokens;

    /// <summary>By index of the task: taken out, less put in.</summary>
    public ReadOnlySpan<int> Given => _given;

    public void Handle(ref Say.Take message, Turn turn)
    {
        turn.Spend(EngineActivity.Count, 1, false);
        if (Tokens > 0)
        {
            Tokens--;
            message.Got = 1;
            _given[turn.Caller.Index % _given.Length]++;
        }
    }

    public void Handle(ref Say.Put message, Turn turn)
    {
        Tokens++;
        _given[turn.Caller.Index % _given.Length]--;
    }
}

/// <summary>A task whose routine is given as a function.</summary>
internal sealed class Doing(int id, string name, Func<Doing, Routine> run, bool isDaemon = false)
    : TaskActor(new ActorId(id), name, -1, 0)
{
    public override bool IsDaemon => isDaemon;

    protected override Routine Run() => run(this);
}

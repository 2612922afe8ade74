using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;

namespace EpcActors.Tests.Exploring;

internal static class Toy
{
    public struct Get : IMessage
    {
        public static ushort Code => 0xF101;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;
    }

    public struct Put : IMessage
    {
        public static ushort Code => 0xF102;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;
    }

    public struct Add : IMessage
    {
        public static ushort Code => 0xF103;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;
    }

    public struct Take : IMessage
    {
        public static ushort Code => 0xF104;

        public static MessageKind Kind => MessageKind.Other;
    }

    public struct Give : IMessage
    {
        public static ushort Code => 0xF105;

        public static MessageKind Kind => MessageKind.Other;
    }
}

internal sealed class Cell(int id) : Resource(new ActorId(id), $"cell-{id}"),
    IHandle<Toy.Get>, IHandle<Toy.Put>, IHandle<Toy.Add>, IHandle<Toy.Take>, IHandle<Toy.Give>
{
    private EpcActors.Engine.Mutex _mutex;

    public long Value { get; set; }

    public bool IsHeld => _mutex.IsHeld;

    public int Owner => _mutex.Owner.Index;

    public int Waiting => _mutex.Waiters.Count;

    public void Forget()
    {
        Value = 0;
        _mutex = default;
    }

    public void Handle(ref Toy.Get message, Turn turn) => message.Value = Value;

    public void Handle(ref Toy.Put message, Turn turn) => Value = message.Value;

    public void Handle(ref Toy.Add message, Turn turn) => Value += message.Value;

    public void Handle(ref Toy.Take message, Turn turn) => _mutex.Acquire(turn);

    public void Handle(ref Toy.Give message, Turn turn) => _mutex.Release(turn);
}

/// <summary>
/// A task whose position is a number that it sets itself: all that a fingerprint needs to know of it.
/// </summary>
internal sealed class ToyTask(int id, Func<ToyTask, Routine> body, bool isDaemon = false)
    : TaskActor(new ActorId(id), $"task-{id}", -1, 0)
{
    public long At { get; set; }

    public long Local { get; set; }

    public override bool IsDaemon => isDaemon;

    public Envelope<Toy.Get> Get(Cell cell) => Ask(cell.Id, new Toy.Get());

    public Envelope<Toy.Put> Put(Cell cell, long value) => Ask(cell.Id, new Toy.Put { Value = value });

    public Envelope<Toy.Add> Add(Cell cell, long value) => Ask(cell.Id, new Toy.Add { Value = value });

    public Envelope<Toy.Take> Take(Cell cell) => Ask(cell.Id, new Toy.Take());

    public Envelope<Toy.Give> Give(Cell cell) => Ask(cell.Id, new Toy.Give());

    protected override Routine Run() => body(this);
}

/// <summary>
/// A few cells and tasks with a fingerprint written by hand, to test searches with answers that one can count on paper.
/// </summary>
internal sealed class ToyWorld : ExploredWorld
{
    private readonly List<ToyTask> _tasks = [];
    private readonly Func<ToyWorld, bool>? _isBroken;
    private readonly bool _breaksOnDeadlock;
    private bool _broken;

    public ToyWorld(int cells, Func<ToyWorld, bool>? isBrokenAtEnd = null, bool breaksOnDeadlock = true)
    {
        _isBroken = isBrokenAtEnd;
        _breaksOnDeadlock = breaksOnDeadlock;
        for (int i = 0; i < cells; i++)
        {
            Cells.Add(new Cell(100 + i));
            Engine.Add(Cells[i]);
        }
    }

    public override ExploredEngine Engine { get; } = new();

    public List<Cell> Cells { get; } = [];

    public HashSet<ulong> Ends { get; } = [];

    public List<ExploredEnd> EndKinds { get; } = [];

    public override long Progress => 0;

    public override bool IsBroken => _broken;

    public ToyTask Task(Func<ToyTask, Routine> body, bool isOptional = false)
    {
        ToyTask task = new(_tasks.Count, body, isOptional);
        _tasks.Add(task);
        Engine.Add(task, isOptional);
        return task;
    }

    public override void Reset()
    {
        foreach (Cell cell in Cells)
        {
            cell.Forget();
        }

        foreach (ToyTask task in _tasks)
        {
            task.At = 0;
            task.Local = 0;
        }

        _broken = false;
        Engine.Reset();
        foreach (ToyTask task in _tasks)
        {
            Engine.Start(task);
        }
    }

    public override ulong Fingerprint()
    {
        ulong hash = SplitMix.Mix(Engine.BudgetWord);
        foreach (Cell cell in Cells)
        {
            hash = SplitMix.Mix(hash + (ulong)cell.Value);
            hash = SplitMix.Mix(hash + (ulong)(cell.IsHeld ? cell.Owner + 1 : 0) + ((ulong)cell.Waiting << 32));
        }

        for (int i = 0; i < _tasks.Count; i++)
        {
            hash = SplitMix.Mix(hash + (ulong)_tasks[i].At);
            hash = SplitMix.Mix(hash + (ulong)_tasks[i].Local);
            hash = SplitMix.Mix(
                hash
                    + (ulong)(Engine.IsEnabled(i) ? 1 : 0)
                    + ((ulong)Engine.PendingCode(i) << 8)
                    + ((ulong)Engine.PendingTarget(i).Index << 24));
        }

        return hash;
    }

    public override void Judge(ExploredEnd end)
    {
        EndKinds.Add(end);
        if (end == ExploredEnd.Finished)
        {
            Ends.Add(Fingerprint());
            _broken |= _isBroken?.Invoke(this) ?? false;
        }

        _broken |= end == ExploredEnd.Deadlock && _breaksOnDeadlock;
    }

    public override bool TouchesOthers(ushort code) => false;
}

namespace EpcActors.Engine;

/// <summary>
/// An actor that owns data: what one lock or one atomic variable protects in the kernel. It reacts to messages, one at
/// a time, and never waits, blocks, reads a clock or calls another actor.
/// </summary>
/// <remarks>
/// Its public properties are for reports and audits. One that gives a word of at most 64 bits (a count, a limit, an
/// enum, a flag) may be read from another thread while the actor works: the value was true a moment ago, and two values
/// need not be of the same moment. A walk over a list, as in every <c>ForEach…</c>, needs a stopped engine.
/// </remarks>
public abstract class Resource
{
    protected Resource(ActorId id, string name)
    {
        Id = id;
        Name = name;
    }

    public ActorId Id { get; }

    /// <summary>
    /// Kind of the resource, for counts, logs and tools; a resource of a test or of a user need not say it.
    /// </summary>
    public virtual ActorKind ActorKind => ActorKind.Resource;

    /// <summary>Name in the words of the field: <c>node-0</c>, <c>cgroup:/pods/a</c>, <c>enclave:a</c>.</summary>
    [NotState]
    public string Name { get; protected set; }

    /// <summary>Virtual time until which a holder keeps the lock; only a timed engine reads or writes it.</summary>
    internal long BusyUntilNs { get; set; }

    public override string ToString() => Name;
}

/// <summary>
/// Parked requests of a resource in the order of their arrival: the waiters of a sleeping lock or the sleepers of a
/// wait queue. First in, first out: with an unfair lock, unlike the kernel's, many faulting threads could starve the
/// reclaimer.
/// </summary>
public struct WaitQueue
{
    private Envelope? _head;
    private Envelope? _tail;

    public int Count { get; private set; }

    public readonly bool IsEmpty => _head is null;

    /// <summary>The request that waits longest, or null.</summary>
    public readonly Envelope? First => _head;

    internal void Enqueue(Envelope envelope)
    {
        envelope.NextInQueue = null;
        envelope.IsParked = true;
        if (_tail is null)
        {
            _head = envelope;
        }
        else
        {
            _tail.NextInQueue = envelope;
        }

        _tail = envelope;
        Count++;
    }

    internal Envelope Dequeue()
    {
        Envelope first = _head ?? throw new InvariantViolation("no request waits in this queue");
        _head = first.NextInQueue;
        if (_head is null)
        {
            _tail = null;
        }

        first.NextInQueue = null;
        Count--;
        return first;
    }
}

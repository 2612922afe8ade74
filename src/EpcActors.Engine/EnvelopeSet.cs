namespace EpcActors.Engine;

/// <summary>
/// Envelopes that are not under way, by message type. A task has a set of its own, unless its engine gives all tasks of
/// a kind one: an engine that answers most requests before the next task runs then needs one envelope for each type,
/// and that one stays in the cache however many tasks take turns.
/// </summary>
internal sealed class EnvelopeSet
{
    // A chain, so that reports can count while a task makes another: an envelope is complete before it is seen, and
    // none ever goes.
    private Envelope? _newest;
    private Slot[] _idle = [];

    /// <summary>A free envelope for a message of this type, or null.</summary>
    public Envelope? Idle(int index) => (uint)index < (uint)_idle.Length ? _idle[index].First : null;

    public void Add(Envelope envelope)
    {
        if (envelope.TypeIndex >= _idle.Length)
        {
            Array.Resize(ref _idle, Math.Max(envelope.TypeIndex + 1, _idle.Length * 2));
        }

        envelope.Older = _newest;
        _newest = envelope;
        PutBack(envelope);
    }

    /// <summary>The request is answered later: until then no other request gets its envelope.</summary>
    public void TakeOut(Envelope envelope)
    {
        Invariant.That(ReferenceEquals(_idle[envelope.TypeIndex].First, envelope), "an envelope is under way twice");
        _idle[envelope.TypeIndex].First = envelope.NextIdle;
        envelope.NextIdle = null;
    }

    /// <summary>The answer is about to be read.</summary>
    public void PutBack(Envelope envelope)
    {
        ref Slot slot = ref _idle[envelope.TypeIndex];
        envelope.NextIdle = slot.First;
        slot.First = envelope;
    }

    /// <summary>Adds the numbers of requests handled in its envelopes; on any thread, while tasks go on.</summary>
    public void CountMessages(MessageCounts counts)
    {
        for (Envelope? envelope = _newest; envelope is not null; envelope = envelope.Older)
        {
            envelope.CountMessages(counts);
        }
    }

    /// <summary>The idle envelopes of one type. A struct: storing into an array of a class checks its type.</summary>
    private struct Slot
    {
        public Envelope? First;
    }
}

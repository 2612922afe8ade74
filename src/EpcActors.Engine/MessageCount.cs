namespace EpcActors.Engine;

/// <summary>Number of requests of one message type that resources of one kind handled for tasks of one kind.</summary>
/// <param name="Asker">Kind of the tasks.</param>
/// <param name="Resource">Kind of the resources.</param>
/// <param name="Kind">Kind of the message.</param>
/// <param name="Code"><see cref="IMessage.Code"/> of the message.</param>
/// <param name="Count">Requests handled; a parked one counts when it is answered.</param>
public readonly record struct MessageCount(
    ActorKind Asker, ActorKind Resource, MessageKind Kind, ushort Code, long Count);

/// <summary>Sums of what the envelopes of tasks have counted.</summary>
/// <remarks>
/// An envelope carries one message type for tasks of one kind, so it is already a counter of both, in a cache line that
/// the handler touches anyway. A reader computes the sums. During a live run a reader sees a little less than there is;
/// counts only grow.
/// </remarks>
public sealed class MessageCounts
{
    private readonly Dictionary<(ActorKind Asker, ActorKind Resource, ushort Code), (MessageKind Kind, long Count)>
        _sums = [];

    /// <summary>Sums over these tasks; ordered by kinds of both ends and code.</summary>
    public static IReadOnlyList<MessageCount> Of(IEnumerable<TaskActor> tasks)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        MessageCounts counts = new();
        HashSet<EnvelopeSet> seen = [];
        foreach (TaskActor task in tasks)
        {
            if (seen.Add(task.Envelopes))
            {
                task.Envelopes.CountMessages(counts);
            }
        }

        List<MessageCount> list = new(counts._sums.Count);
        foreach (((ActorKind asker, ActorKind resource, ushort code), (MessageKind kind, long count)) in counts._sums)
        {
            list.Add(new MessageCount(asker, resource, kind, code, count));
        }

        list.Sort(static (a, b) => Key(a).CompareTo(Key(b)));
        return list;
    }

    internal void Add(ActorKind asker, ActorKind resource, MessageKind kind, ushort code, long count)
    {
        if (count > 0)
        {
            _sums.TryGetValue((asker, resource, code), out (MessageKind Kind, long Count) before);
            _sums[(asker, resource, code)] = (kind, before.Count + count);
        }
    }

    private static int Key(MessageCount count) => ((int)count.Asker << 24) | ((int)count.Resource << 16) | count.Code;
}

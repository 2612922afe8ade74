using EpcActors.Engine;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// Small numbers for the codes of the messages that concern a rule, the same for every oracle of the process: one
/// look-up a step.
/// </summary>
internal static class WatchedMessages
{
    /// <summary>Above every number.</summary>
    public const int Most = 128;

    /// <summary>By code.</summary>
    internal static readonly byte[] Numbers = new byte[ushort.MaxValue + 1];

    private static readonly Lock Gate = new();
    private static int _count;

    /// <summary>Number of the messages with a code; 0 when they concern no rule.</summary>
    public static int NumberOf(ushort code) => Numbers[code];

    /// <summary>Number of a message type, given now when it has none.</summary>
    public static int NumberFor<TMessage>()
        where TMessage : IMessage
    {
        lock (Gate)
        {
            if (Numbers[TMessage.Code] == 0)
            {
                Invariant.That(_count + 1 < Most, "more messages are watched than there are numbers for");
                Numbers[TMessage.Code] = (byte)++_count;
            }

            return Numbers[TMessage.Code];
        }
    }
}

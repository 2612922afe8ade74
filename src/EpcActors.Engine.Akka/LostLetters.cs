using Akka.Event;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Counts messages without a recipient and messages that the recipient did not understand. One actor writes it, any
/// thread reads it.
/// </summary>
internal sealed class LostLetters
{
    private readonly Lock _gate = new();
    private string _firstDead = "";
    private string _firstUnhandled = "";
    private long _deadLetters;
    private long _unhandled;
    private bool _isOver;

    public long DeadLetters => Volatile.Read(ref _deadLetters);

    public long Unhandled => Volatile.Read(ref _unhandled);

    public void Add(DeadLetter letter)
    {
        lock (_gate)
        {
            if (!_isOver && _deadLetters++ == 0)
            {
                _firstDead = $"{Describe(letter.Message)} to {letter.Recipient.Path.ToStringWithoutAddress()}";
            }
        }
    }

    public void Add(UnhandledMessage message)
    {
        lock (_gate)
        {
            if (!_isOver && _unhandled++ == 0)
            {
                _firstUnhandled = $"{Describe(message.Message)} to {message.Recipient.Path.ToStringWithoutAddress()}";
            }
        }
    }

    /// <summary>Stops the count: later losses are a consequence of the end.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isOver = true;
        }
    }

    public IReadOnlyList<string> Notes()
    {
        List<string> notes = [];
        lock (_gate)
        {
            if (_deadLetters > 0)
            {
                notes.Add($"{Count(_deadLetters, "dead letter")}, the first: {_firstDead}");
            }

            if (_unhandled > 0)
            {
                notes.Add($"{Count(_unhandled, "message")} that no actor understood, the first: {_firstUnhandled}");
            }
        }

        return notes;
    }

    private static string Count(long count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string Describe(object message) =>
        message is Envelope envelope
            ? $"{envelope.Describe().GetType().Name} of {envelope.Caller.Name}"
            : $"{message.GetType().Name} '{message}'";
}

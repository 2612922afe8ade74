namespace EpcActors.Engine;

/// <summary>
/// Reads an envelope with the type of its message: for code that shows a request to people or to actors outside of the
/// engine.
/// </summary>
/// <typeparam name="TResult">What it makes of the envelope.</typeparam>
public interface IEnvelopeReader<out TResult>
{
    /// <summary>Called back by <see cref="Envelope.Read"/>.</summary>
    TResult Read<TMessage>(Envelope<TMessage> envelope)
        where TMessage : unmanaged, IMessage;
}

using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;
using RemoteTransport = Akka.Remote.Transport.Transport;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// Puts <see cref="CountedTransport"/> around Akka's own transport, where <c>applied-adapters</c> names it.
/// </summary>
/// <remarks>Made by Akka, which gives it nothing but the system: the meter comes with the system's setup.</remarks>
public sealed class CountedTransportProvider : ITransportAdapterProvider
{
    public RemoteTransport Create(RemoteTransport wrappedTransport, ExtendedActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(wrappedTransport);
        ArgumentNullException.ThrowIfNull(system);
        return system.Settings.Setup.Get<WireMeter>() is { HasValue: true } meter
            ? new CountedTransport(wrappedTransport, system, meter.Value)
            : wrappedTransport;
    }
}

/// <summary>
/// Akka's transport, with the bytes counted that pass in both directions. It changes neither a byte nor an address:
/// Akka's own adapters put their name into the scheme, so an address would depend on whether bytes are counted.
/// </summary>
internal sealed class CountedTransport : RemoteTransport
{
    /// <summary>The length that DotNetty puts before each message.</summary>
    public const int LengthBytes = sizeof(int);

    private static readonly byte[] GatewayPath = [.. "/user/"u8, .. WireActor.Name.Select(letter => (byte)letter)];

    private readonly RemoteTransport _inner;
    private readonly WireMeter _meter;

    public CountedTransport(RemoteTransport inner, ActorSystem system, WireMeter meter)
    {
        _inner = inner;
        _meter = meter;
        System = system;
        Config = inner.Config;
    }

    public override string SchemeIdentifier => _inner.SchemeIdentifier;

    public override long MaximumPayloadBytes => _inner.MaximumPayloadBytes;

    public override async Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        (Address address, TaskCompletionSource<IAssociationEventListener> inner) =
            await _inner.Listen().ConfigureAwait(false);
        TaskCompletionSource<IAssociationEventListener> outer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = ForwardAsync(outer.Task, inner, listener => new Listener(listener, _meter));
        return (address, outer);
    }

    public override bool IsResponsibleFor(Address remote) => _inner.IsResponsibleFor(remote);

    public override async Task<AssociationHandle> Associate(Address remoteAddress) =>
        new Handle(await _inner.Associate(remoteAddress).ConfigureAwait(false), _meter);

    public override Task<bool> Shutdown() => _inner.Shutdown();

    public override Task<bool> ManagementCommand(object message) => _inner.ManagementCommand(message);

    /// <summary>
    /// True for a message to the gateway actor of a process. Such a message begins, in the fields of protocol buffers,
    /// with: payload (1) { envelope (2) { recipient (1) { path (1) …; an acknowledgement (1) may stand before the
    /// envelope. Only these lengths are read.
    /// </summary>
    internal static bool IsFrames(ReadOnlySpan<byte> message) =>
        TryEnter(ref message, 1, isSkipped: false)
        && (TryEnter(ref message, 2, isSkipped: false)
            || (TryEnter(ref message, 1, isSkipped: true) && TryEnter(ref message, 2, isSkipped: false)))
        && TryEnter(ref message, 1, isSkipped: false)
        && TryEnter(ref message, 1, isSkipped: false)
        && message.EndsWith(GatewayPath);

    /// <summary>Goes into a field that has a length, when it is the first of a message, or behind it.</summary>
    private static bool TryEnter(ref ReadOnlySpan<byte> message, int field, bool isSkipped)
    {
        const int WithLength = 2;
        if (message.IsEmpty || message[0] != ((field << 3) | WithLength))
        {
            return false;
        }

        int length = 0;
        for (int at = 1; at < message.Length && at <= 5; at++)
        {
            length |= (message[at] & 0x7F) << (7 * (at - 1));
            if (message[at] < 0x80)
            {
                ReadOnlySpan<byte> behind = message[(at + 1)..];
                if ((uint)length > (uint)behind.Length)
                {
                    return false;
                }

                message = isSkipped ? behind[length..] : behind[..length];
                return true;
            }
        }

        return false;
    }

    /// <summary>Akka registers listeners by completing a task; the inner transport waits for one of its own.</summary>
    private static async Task ForwardAsync<T>(Task<T> from, TaskCompletionSource<T> to, Func<T, T> wrap) =>
        to.TrySetResult(wrap(await from.ConfigureAwait(false)));

    private sealed class Listener(IAssociationEventListener inner, WireMeter meter) : IAssociationEventListener
    {
        public void Notify(IAssociationEvent ev) =>
            inner.Notify(
                ev is InboundAssociation one ? new InboundAssociation(new Handle(one.Association, meter)) : ev);
    }

    private sealed class Handle : AssociationHandle
    {
        private readonly AssociationHandle _inner;
        private readonly WireMeter _meter;

        public Handle(AssociationHandle inner, WireMeter meter)
            : base(inner.LocalAddress, inner.RemoteAddress)
        {
            _inner = inner;
            _meter = meter;
            _ = ForwardAsync(ReadHandlerSource.Task, inner.ReadHandlerSource, reader => new Reader(reader, meter));
        }

        public override bool Write(ByteString payload)
        {
            bool isWritten = _inner.Write(payload);
            if (isWritten)
            {
                _meter.Written(LengthBytes + payload.Length, IsFrames(payload.Span));
            }

            return isWritten;
        }

        [Obsolete("As the method that it overrides.")]
        public override void Disassociate() => _inner.Disassociate();
    }

    private sealed class Reader(IHandleEventListener inner, WireMeter meter) : IHandleEventListener
    {
        public void Notify(IHandleEvent ev)
        {
            if (ev is InboundPayload { Payload: { } payload })
            {
                meter.Read(LengthBytes + payload.Length, IsFrames(payload.Span));
            }

            inner.Notify(ev);
        }
    }
}

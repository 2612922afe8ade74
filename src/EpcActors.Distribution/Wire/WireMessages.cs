using System.Runtime.CompilerServices;
using EpcActors.Actors.Cluster;
using EpcActors.Engine;
using static EpcActors.Actors.Cluster.ClusterProtocol;

namespace EpcActors.Distribution.Wire;

/// <summary>A message that travels.</summary>
/// <param name="Code">Its manifest: <see cref="IMessage.Code"/>.</param>
/// <param name="Name">Its name in <see cref="ClusterProtocol"/>.</param>
/// <param name="Version">The version of the wire format that its layout belongs to.</param>
/// <param name="Size">Bytes that it has, on the wire as in memory.</param>
public sealed record WireMessage(ushort Code, string Name, byte Version, int Size);

/// <summary>
/// Every message that may be in a frame. A message that is not listed here is not accepted from the wire; a test
/// compares the list with the protocol. Immutable: any thread may use it.
/// </summary>
public static class WireMessages
{
    // Codes that travel share their high byte, so the low one finds the message.
    private const int HighByte = FirstLocalCode >> 8;

    private static readonly WireMessage?[] ByLowByte = new WireMessage?[FirstLocalCode & 0xFF];

    /// <summary>In ascending order of their codes.</summary>
    public static IReadOnlyList<WireMessage> All { get; } =
    [
        Of<ChargeAccount>(),
        Of<UnchargeAccount>(),
        Of<AddAccount>(),
        Of<LoadAccount>(),
        Of<StoreAccount>(),
        Of<ReadAccount>(),
        Of<WriteAccountMax>(),
        Of<ReportAccount>(),
        Of<BorrowPage>(),
        Of<ReturnPage>(),
        Of<ReclaimAt>(),
        Of<WakeKsgxd>(),
        Of<QueueWorkAt>(),
        Of<ReadNodeAt>(),
        Of<DrainStock>(),
        Of<ShareMax>(),
    ];

    /// <summary>The message with a code; null when no such message travels.</summary>
    public static WireMessage? Find(ushort code) =>
        code >> 8 == HighByte && (code & 0xFF) < ByLowByte.Length ? ByLowByte[code & 0xFF] : null;

    private static WireMessage Of<TMessage>()
        where TMessage : unmanaged, IMessage
    {
        int size = Unsafe.SizeOf<TMessage>();
        Invariant.That(size <= Frame.MaxPayload, "a message is too long for a frame");
        Invariant.That(
            TMessage.Code >> 8 == HighByte && TMessage.Code < FirstLocalCode,
            "a message that stays in its process is listed as one that travels");
        WireMessage message = new(TMessage.Code, typeof(TMessage).Name, Frame.CurrentVersion, size);
        ref WireMessage? place = ref ByLowByte[TMessage.Code & 0xFF];
        Invariant.That(place is null, "two messages have one code");
        place = message;
        return message;
    }
}

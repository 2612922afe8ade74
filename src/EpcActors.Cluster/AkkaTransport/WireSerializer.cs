using System.Buffers.Binary;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Akka.Serialization;
using EpcActors.Cluster.Wire;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// Everything of ours that crosses Akka.Remote, with a versioned manifest each. The bytes are little-endian; bundles
/// and JSON are those of <see cref="Wire"/>. It is bound to <see cref="object"/> as well, so an unknown
/// type is an error and not JSON by reflection.
/// </summary>
public sealed class WireSerializer : SerializerWithStringManifest
{
    /// <summary>On the wire since the first version; never another one.</summary>
    public const int FixedIdentifier = 74_517;

    /// <summary>
    /// A <see cref="BundleHead"/>, and the bundle behind it if there is one. Version 1 had no head, and a message of
    /// its own for answers.
    /// </summary>
    public const string FramesManifest = "frames/2";

    /// <summary>A part of a control message.</summary>
    public const string ControlManifest = "control/1";

    /// <summary>Manifest of the receipt that says which parts have arrived.</summary>
    public const string ControlTakenManifest = "control-taken/1";

    /// <summary>A member is dead for the coordinator.</summary>
    public const string LifeOverManifest = "life-over/1";

    /// <summary>A step of the handshake.</summary>
    public const string HandshakeManifest = "handshake/1";

    private const int NumberedBytes = sizeof(int) + sizeof(long);

    /// <summary>Made by Akka.</summary>
    public WireSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <summary>Every type that it writes.</summary>
    internal static IReadOnlyList<Type> Types { get; } =
        [typeof(FrameBundle), typeof(ControlPart), typeof(ControlTaken), typeof(LifeOver), typeof(Handshake)];

    public override int Identifier => FixedIdentifier;

    public override string Manifest(object o) => o switch
    {
        FrameBundle => FramesManifest,
        ControlPart => ControlManifest,
        ControlTaken => ControlTakenManifest,
        LifeOver => LifeOverManifest,
        Handshake => HandshakeManifest,
        _ => throw NotOurs(o),
    };

    public override byte[] ToBinary(object obj)
    {
        switch (obj)
        {
            case FrameBundle bundle:
                // Written once, where the frames were added: Akka copies it into its envelope.
                return bundle.Bytes;
            case ControlPart part:
                byte[] bytes = Numbered(part.Life, part.Number, 1, part.Bytes);
                bytes[NumberedBytes] = part.IsLast ? (byte)1 : (byte)0;
                return bytes;
            case ControlTaken taken:
                return Numbered(taken.Life, taken.Number, 0, []);
            case LifeOver over:
                return Numbered(over.Life, 0, 0, Encoding.UTF8.GetBytes(over.Reason));
            case Handshake step:
                return Numbered(step.Life, step.Nonce.Length, 0, [.. step.Nonce, .. step.Proof]);
            default:
                throw NotOurs(obj);
        }
    }

    /// <exception cref="SerializationException">an unknown manifest or wrong bytes: Akka.Remote drops that message,
    /// says so, and keeps the connection.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        switch (manifest)
        {
            case FramesManifest:
                // The receiving actor reads it into its own memory: no copy is made here.
                return new FrameBundle(bytes, 0);
            case ControlManifest:
                (int life, long number) = Head(bytes, manifest, NumberedBytes + 1);
                return bytes[NumberedBytes] is 0 or 1
                    ? new ControlPart(life, number, bytes[NumberedBytes] == 1, bytes[(NumberedBytes + 1)..])
                    : throw new SerializationException(
                        $"{manifest} is neither the last part of a message nor another: {bytes[NumberedBytes]}");
            case ControlTakenManifest:
                (life, number) = Whole(bytes, manifest);
                return new ControlTaken(life, number);
            case LifeOverManifest:
                (life, _) = Head(bytes, manifest, NumberedBytes);
                return new LifeOver(life, Encoding.UTF8.GetString(bytes.AsSpan(NumberedBytes)));
            case HandshakeManifest:
                (life, long nonceBytes) = Head(bytes, manifest, NumberedBytes);
                return Step(life, nonceBytes, bytes[NumberedBytes..]);
            default:
                throw new SerializationException(
                    $"a message with the manifest '{manifest}' came over the wire, which this program does not know: "
                        + "all processes of a cluster must be of the same build");
        }
    }

    private static Handshake Step(int life, long nonceBytes, byte[] rest) =>
        nonceBytes is 0 or RunToken.NonceBytes && rest.Length - nonceBytes is 0 or RunToken.ProofBytes
            ? new Handshake(life, rest[..(int)nonceBytes], rest[(int)nonceBytes..])
            : throw new SerializationException(
                $"{HandshakeManifest} has a nonce of {nonceBytes} among {rest.Length} bytes");

    private static byte[] Numbered(int first, long second, int gap, ReadOnlySpan<byte> rest)
    {
        byte[] bytes = new byte[NumberedBytes + gap + rest.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, first);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(sizeof(int)), second);
        rest.CopyTo(bytes.AsSpan(NumberedBytes + gap));
        return bytes;
    }

    private static (int First, long Second) Head(byte[] bytes, string manifest, int least) =>
        bytes.Length >= least
            ? (
                BinaryPrimitives.ReadInt32LittleEndian(bytes),
                BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(sizeof(int))))
            : throw new SerializationException($"{manifest} has {bytes.Length} bytes; it needs {least}");

    private static (int First, long Second) Whole(byte[] bytes, string manifest) => bytes.Length <= NumberedBytes
        ? Head(bytes, manifest, NumberedBytes)
        : throw new SerializationException($"{manifest} has {bytes.Length} bytes; it has {NumberedBytes}");

    private static SerializationException NotOurs(object message) =>
        new(
            $"{message.GetType().FullName} is to go to another process, and has no format for that: only what "
                + $"{nameof(WireSerializer)} lists may");
}

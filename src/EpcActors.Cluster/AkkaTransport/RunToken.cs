using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Akka.Cluster;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The secret of one run, which the coordinator and every member have. Each proves to the other that it has it; the
/// secret itself never
/// leaves a process.
/// </summary>
/// <remarks>
/// A proof is an HMAC-SHA256 over the role of the end that proves, the unique addresses of both ends (with the uids of
/// their actor systems)
/// and a nonce of each. The nonces make a recorded proof worthless, the roles keep an end from returning the other's
/// proof, and the
/// addresses keep a third process from passing on the proofs of two others as its own.
/// </remarks>
/// <param name="text">The secret; both ends of a run without one have the empty text.</param>
internal sealed class RunToken(string text)
{
    /// <summary>Bytes of a nonce.</summary>
    public const int NonceBytes = 16;

    /// <summary>Bytes of a proof.</summary>
    public const int ProofBytes = HMACSHA256.HashSizeInBytes;

    private readonly byte[] _key = Encoding.UTF8.GetBytes(text);

    /// <summary>A number that is used once.</summary>
    public static byte[] NewNonce() => RandomNumberGenerator.GetBytes(NonceBytes);

    /// <summary>Proof that the coordinator shows to a member.</summary>
    public byte[] ProofOfCoordinator(Introduction between) => Proof(AkkaClusterOptions.CoordinatorRole, between);

    /// <summary>Proof that a member shows to the coordinator.</summary>
    public byte[] ProofOfMember(Introduction between) => Proof(AkkaClusterOptions.MemberRole, between);

    /// <summary>True when the proofs are the same; takes as long when they differ.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> shown) =>
        CryptographicOperations.FixedTimeEquals(expected, shown);

    /// <summary>
    /// Mark in every bundle of frames from one incarnation of a member to one of another: a process without the token
    /// cannot make it. It is no secret from a reader of the wire; TLS keeps such a reader out.
    /// </summary>
    public ulong Seal(int from, int to, int fromIncarnation, int toIncarnation)
    {
        byte[] hash = HMACSHA256.HashData(
            _key,
            Encoding.UTF8.GetBytes($"frames {from} {to} {fromIncarnation} {toIncarnation}"));
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    private byte[] Proof(string role, Introduction between)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);

        // No line break is in a role or an address, and the nonces have a fixed length: no two introductions give the
        // same bytes.
        hash.AppendData(Encoding.UTF8.GetBytes($"{role}\n{Name(between.Coordinator)}\n{Name(between.Member)}\n"));
        hash.AppendData(between.NonceOfCoordinator);
        hash.AppendData(between.NonceOfMember);
        return hash.GetHashAndReset();
    }

    private static string Name(UniqueAddress node) => $"{node.Address}#{node.Uid}";
}

/// <summary>Subject of the two proofs of one handshake.</summary>
/// <param name="Coordinator">Its node.</param>
/// <param name="Member">Its node.</param>
/// <param name="NonceOfCoordinator">Fresh for this life of the member.</param>
/// <param name="NonceOfMember">Fresh for this life of the member.</param>
internal sealed record Introduction(
    UniqueAddress Coordinator,
    UniqueAddress Member,
    byte[] NonceOfCoordinator,
    byte[] NonceOfMember);

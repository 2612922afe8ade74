using Akka.Event;
using EpcActors.Cluster.Wire;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// Messages of our actors to those of other processes: these and no others. <see cref="WireSerializer"/> writes them.
/// </summary>
internal interface IWireMessage : IDeadLetterSuppression;

/// <summary>Frames for another member behind a <see cref="BundleHead"/>, or a head alone that answers.</summary>
/// <param name="Bytes">The message as it is on the wire. It belongs to the message: no code writes to it any
/// more.</param>
/// <param name="Frames">Number of frames; known to the sender only, else 0.</param>
internal sealed record FrameBundle(byte[] Bytes, int Frames) : IWireMessage;

/// <summary>A control message, or a part of a long one.</summary>
/// <param name="Life">The uid of the member's actor system, in both directions: it names one life of one
/// process.</param>
/// <param name="Number">Ascending from 1, per life and direction.</param>
/// <param name="IsLast">The message ends here.</param>
/// <param name="Bytes">UTF-8 JSON.</param>
internal sealed record ControlPart(int Life, long Number, bool IsLast, byte[] Bytes) : IWireMessage;

/// <summary>All parts up to that number have arrived.</summary>
internal sealed record ControlTaken(int Life, long Number) : IWireMessage;

/// <summary>Coordinator: that incarnation is dead here; its messages are ignored.</summary>
internal sealed record LifeOver(int Life, string Reason) : IWireMessage;

/// <summary>
/// A step of the handshake that comes before the first control message. The member sends a nonce; the coordinator
/// answers with its own and its
/// proof; the member sends its proof, or none when that of the coordinator is wrong.
/// </summary>
/// <param name="Life">As in <see cref="ControlPart"/>.</param>
/// <param name="Nonce"><see cref="RunToken.NonceBytes"/>, or empty in the last step.</param>
/// <param name="Proof"><see cref="RunToken.ProofBytes"/>, or empty.</param>
internal sealed record Handshake(int Life, byte[] Nonce, byte[] Proof) : IWireMessage;

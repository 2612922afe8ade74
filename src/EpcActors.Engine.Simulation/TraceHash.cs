using System.Numerics;
using System.Runtime.InteropServices;

namespace EpcActors.Engine.Simulation;

/// <summary>
/// Hash over every step of a run: time, who asked whom, and the message as answered. Two runs with equal hashes did the same. Multiply and
/// rotate on 64-bit words; not cryptographic, and the same on every little-endian machine.
/// </summary>
internal struct TraceHash
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;
    private ulong _state;

    public readonly ulong Value => _state;

    public void Add(ulong word) => _state = (BitOperations.RotateLeft(_state, 23) ^ word) * Multiplier;

    public void Add(ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(payload);
        foreach (ulong word in words)
        {
            Add(word);
        }

        int rest = payload.Length & 7;
        if (rest != 0)
        {
            ulong tail = 0;
            foreach (byte one in payload[^rest..])
            {
                tail = (tail << 8) | one;
            }

            Add(tail);
        }
    }
}

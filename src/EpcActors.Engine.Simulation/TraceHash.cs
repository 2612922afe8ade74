using System.Numerics;

namespace EpcActors.Engine.Simulation;

/// <summary>
/// Hash over every step of a run: time, who asked whom, and the message as answered. Two runs with equal hashes did the
/// same. Not cryptographic, and the same on every little-endian machine.
/// </summary>
internal struct TraceHash
{
    private const ulong StateMultiplier = 0x9E3779B97F4A7C15;
    private const ulong TimeMultiplier = 0xC2B2AE3D27D4EB4F;
    private const ulong WhoMultiplier = 0x165667B19E3779F9;

    private ulong _state;

    public readonly ulong Value => _state;

    public void Add(ulong word) => _state = (BitOperations.RotateLeft(_state, 23) ^ word) * StateMultiplier;

    /// <summary>One step: only the last multiplication waits for the step before, the others run beside it.</summary>
    public void Add(ulong time, ulong who, ulong message) =>
        Add((time * TimeMultiplier) + (who * WhoMultiplier) + message);
}

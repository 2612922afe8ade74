using System.Numerics;

namespace EpcActors.Kernel.Random;

/// <summary>The four words of a <see cref="Prng"/>: all there is to save in a snapshot and to restore.</summary>
public readonly record struct PrngState(ulong S0, ulong S1, ulong S2, ulong S3);

/// <summary>
/// Pseudo-random numbers that are the same on every machine and in every version of .NET: xoshiro256** of Blackman and
/// Vigna, "Scrambled Linear Pseudorandom Number Generators" (2021), seeded by SplitMix64 as its authors advise.
/// </summary>
/// <remarks>
/// <para>
/// The algorithm is part of what a recorded seed means, so it is written out here and pinned by a golden sequence;
/// the generators of the class library may change under us and have done so.
/// </para>
/// <para>
/// A mutable struct: a copy goes on from the same place and repeats what the original draws. Keep it in a field that is
/// not <c>readonly</c> and pass it by <c>ref</c>. <c>default(Prng)</c> is not a generator and throws on the first draw.
/// </para>
/// </remarks>
public struct Prng
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Every seed, 0 included, gives a sound state: SplitMix64 never yields four zeros in a row.</summary>
    public Prng(ulong seed)
    {
        ulong mixer = seed;
        _s0 = SplitMix64.Next(ref mixer);
        _s1 = SplitMix64.Next(ref mixer);
        _s2 = SplitMix64.Next(ref mixer);
        _s3 = SplitMix64.Next(ref mixer);
    }

    private Prng(PrngState state)
    {
        _s0 = state.S0;
        _s1 = state.S1;
        _s2 = state.S2;
        _s3 = state.S3;
    }

    /// <summary>Where the generator stands. Restored by <see cref="FromState"/>.</summary>
    public readonly PrngState State => new(_s0, _s1, _s2, _s3);

    /// <summary>A generator that goes on from a saved state.</summary>
    /// <exception cref="ArgumentException">The state is all zeros, from which xoshiro never leaves.</exception>
    public static Prng FromState(PrngState state)
    {
        if ((state.S0 | state.S1 | state.S2 | state.S3) == 0)
        {
            throw new ArgumentException("A generator state must not be all zeros.", nameof(state));
        }

        return new Prng(state);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        unchecked
        {
            if ((_s0 | _s1 | _s2 | _s3) == 0)
            {
                ThrowUnseeded();
            }

            ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
            ulong shifted = _s1 << 17;
            _s2 ^= _s0;
            _s3 ^= _s1;
            _s1 ^= _s2;
            _s0 ^= _s3;
            _s2 ^= shifted;
            _s3 = BitOperations.RotateLeft(_s3, 45);
            return result;
        }
    }

    /// <summary>A whole number from 0 to <paramref name="bound"/> - 1, each exactly as likely as the other.</summary>
    /// <remarks>
    /// Lemire, "Fast Random Integer Generation in an Interval" (2019): one multiplication, and a division only when the
    /// low half falls into the zone that would make some results likelier. Usually one draw, seldom more.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is 0.</exception>
    public uint NextBelow(uint bound)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bound);
        unchecked
        {
            // The upper half: the better bits of the scrambler's output, and the same on 32-bit machines.
            ulong product = (NextUInt64() >> 32) * bound;
            uint low = (uint)product;
            if (low < bound)
            {
                uint threshold = (0u - bound) % bound;
                while (low < threshold)
                {
                    product = (NextUInt64() >> 32) * bound;
                    low = (uint)product;
                }
            }

            return (uint)(product >> 32);
        }
    }

    /// <summary>As <see cref="NextBelow(uint)"/>, drawing the same numbers, for indices.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is 0 or negative.</exception>
    public int NextBelow(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)NextBelow((uint)bound);
    }

    /// <summary>
    /// A whole number from 0 to <paramref name="bound"/> - 1 from 64 random bits, each equally likely.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is 0 or negative.</exception>
    public long NextBelow(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        unchecked
        {
            ulong range = (ulong)bound;
            ulong high = Math.BigMul(NextUInt64(), range, out ulong low);
            if (low < range)
            {
                ulong threshold = (0ul - range) % range;
                while (low < threshold)
                {
                    high = Math.BigMul(NextUInt64(), range, out low);
                }
            }

            return (long)high;
        }
    }

    /// <summary>
    /// True in <paramref name="numerator"/> of <paramref name="denominator"/> cases. Always draws, also for 0 and 1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 &lt;= numerator &lt;= denominator, or the denominator is
    /// 0.</exception>
    public bool Chance(long numerator, long denominator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numerator);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(numerator, denominator);
        return NextBelow(denominator) < numerator;
    }

    /// <summary>
    /// A multiple of 2^-53 in [0, 1). The conversion is exact, so it too is the same everywhere; for samplers that need
    /// a real number, never for a decision that <see cref="Chance"/> can take.
    /// </summary>
    public double NextUnit() => (NextUInt64() >> 11) * (1.0 / (1ul << 53));

    /// <summary>
    /// The stream of one concern (schedule, workload, faults, …). Draws of one stream never shift those of another.
    /// </summary>
    /// <remarks>
    /// Depends on the state and the label and leaves the state alone: keep one root generator that nothing draws from
    /// and split all concerns off it, in any order. The same state and label give the same stream.
    /// </remarks>
    public readonly Prng Split(ulong label)
    {
        unchecked
        {
            // Each word is mixed before the next one enters, so that no pair of (state, label) cancels out.
            ulong hash = SplitMix64.Mix(label + SplitMix64.Gamma);
            hash = SplitMix64.Mix(hash ^ _s0) + SplitMix64.Gamma;
            hash = SplitMix64.Mix(hash ^ _s1) + SplitMix64.Gamma;
            hash = SplitMix64.Mix(hash ^ _s2) + SplitMix64.Gamma;
            hash = SplitMix64.Mix(hash ^ _s3);
            return new Prng(hash);
        }
    }

    /// <summary>As <see cref="Split(ulong)"/>, the label being a name: <c>root.Split("schedule")</c>.</summary>
    public readonly Prng Split(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        return Split(StableHash.Fnv1a(label));
    }

    private static void ThrowUnseeded() =>
        throw new InvalidOperationException("This Prng was never seeded: use new Prng(seed), FromState or Split.");
}

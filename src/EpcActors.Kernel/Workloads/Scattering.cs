using System.Numerics;
using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>Where the popular pages or records lie.</summary>
public enum PlacementOrder
{
    /// <summary>Most popular first: rank 0 at 0, the hot ones side by side.</summary>
    ByRank,

    /// <summary>
    /// Spread over all by a bijection: every place has one rank, so the probabilities stay exactly those of the ranks.
    /// </summary>
    Scattered,

    /// <summary>
    /// As YCSB's scrambled zipfian does: the FNV hash of the rank, modulo the count. Some places get several ranks, and
    /// about a third get none and are never touched.
    /// </summary>
    HashedAsYcsb,
}

/// <summary>
/// The map from rank to place, the same for every seed: it belongs to the layout of the data, not to a run.
/// </summary>
public readonly struct Scattering
{
    private readonly PlacementOrder _order;
    private readonly long _count;
    private readonly ulong _mask;
    private readonly int _shift;

    public Scattering(PlacementOrder order, long count)
    {
        _order = order;
        _count = count;
        int bits = 64 - BitOperations.LeadingZeroCount((ulong)count - 1);
        _mask = count == 1 ? 0 : ulong.MaxValue >> (64 - bits);
        _shift = Math.Max(1, bits / 2);
    }

    public long PlaceOf(long rank) => _order switch
    {
        PlacementOrder.ByRank => rank,
        PlacementOrder.Scattered => Permute(rank),
        PlacementOrder.HashedAsYcsb => Hash(rank),
    };

    // Additions, odd multiplications and xor-shifts are bijections of the next power of two; a value that lands
    // beyond the count goes round again until it lies within (cycle walking), which keeps it a bijection and takes
    // under two rounds on average.
    private long Permute(long rank)
    {
        unchecked
        {
            ulong value = (ulong)rank;
            do
            {
                value = ((value + SplitMix64.Gamma) * 0xBF58_476D_1CE4_E5B9) & _mask;
                value ^= value >> _shift;
                value = ((value + SplitMix64.Gamma) * 0x94D0_49BB_1331_11EB) & _mask;
                value ^= value >> _shift;
                value = ((value + SplitMix64.Gamma) * 0xD6E8_FEB8_6659_FD93) & _mask;
                value ^= value >> _shift;
            }
            while (value >= (ulong)_count);
            return (long)value;
        }
    }

    private long Hash(long rank)
    {
        // Java's Math.abs before the modulo.
        long hash = unchecked((long)StableHash.Fnv1a((ulong)rank));
        ulong absolute = unchecked((ulong)(hash < 0 ? -hash : hash));
        return (long)(absolute % (ulong)_count);
    }
}

namespace EpcActors.Kernel.Random;

/// <summary>
/// Hashes that never change: not with the process, as <c>string.GetHashCode</c> does, nor with the machine or the
/// version of .NET. FNV-1a, 64 bits (Fowler, Noll, Vo).
/// </summary>
public static class StableHash
{
    private const ulong OffsetBasis = 0xCBF2_9CE4_8422_2325;
    private const ulong Prime = 0x0000_0100_0000_01B3;

    /// <summary>Hash of a name, over its UTF-16 code units, low byte first. Equals FNV-1a of UTF-16LE bytes.</summary>
    public static ulong Fnv1a(ReadOnlySpan<char> text)
    {
        unchecked
        {
            ulong hash = OffsetBasis;
            foreach (char unit in text)
            {
                hash = (hash ^ (byte)unit) * Prime;
                hash = (hash ^ (byte)(unit >> 8)) * Prime;
            }

            return hash;
        }
    }

    /// <summary>
    /// Hash of a word, byte by byte from the lowest: the scrambling of YCSB's keys before its sign is dropped.
    /// </summary>
    public static ulong Fnv1a(ulong word)
    {
        unchecked
        {
            ulong hash = OffsetBasis;
            for (int shift = 0; shift < 64; shift += 8)
            {
                hash = (hash ^ (byte)(word >> shift)) * Prime;
            }

            return hash;
        }
    }
}

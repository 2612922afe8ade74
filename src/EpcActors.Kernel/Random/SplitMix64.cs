namespace EpcActors.Kernel.Random;

/// <summary>
/// SplitMix64 of Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014), with the
/// constants of Vigna's reference code. It turns a seed into state words, and serves as a hash of a word.
/// </summary>
internal static class SplitMix64
{
    /// <summary>The odd number nearest to 2^64 divided by the golden ratio.</summary>
    public const ulong Gamma = 0x9E37_79B9_7F4A_7C15;

    /// <summary>Moves <paramref name="state"/> on and returns the next word.</summary>
    public static ulong Next(ref ulong state)
    {
        unchecked
        {
            state += Gamma;
            return Mix(state);
        }
    }

    /// <summary>A bijection of the 64-bit words in which every input bit reaches every output bit.</summary>
    public static ulong Mix(ulong word)
    {
        unchecked
        {
            word = (word ^ (word >> 30)) * 0xBF58_476D_1CE4_E5B9;
            word = (word ^ (word >> 27)) * 0x94D0_49BB_1331_11EB;
            return word ^ (word >> 31);
        }
    }
}

namespace EpcActors.Exploration;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): one word of state, which is all a schedule needs.</summary>
public struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        return Mix(z);
    }

    /// <summary>Below <paramref name="bound"/>, by multiplication: the bias is below bound / 2^32.</summary>
    public int Below(int bound) => (int)(((Next() >> 32) * (uint)bound) >> 32);

    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

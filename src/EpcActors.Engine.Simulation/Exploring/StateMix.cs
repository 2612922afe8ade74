using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// The arithmetic of fingerprints: the same in every process and on every machine with the same byte order.
/// </summary>
internal static class StateMix
{
    /// <summary>Odd, with its bits well spread.</summary>
    public const ulong Multiplier = 0x9FB21C651E98DF25;

    /// <summary>Stands for a reference to nothing.</summary>
    public const ulong Null = 0x5851F42D4C957F2D;

    private const ulong First = 0xA0761D6478BD642F;
    private const ulong Second = 0xE7037ED1A0B428DB;
    private const ulong Stride = 0x9E3779B97F4A7C15;

    /// <summary>One value after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ulong hash, ulong value)
    {
        hash = (hash ^ value) * Multiplier;
        return hash ^ (hash >> 32);
    }

    /// <summary>Every bit of the value changes every bit of the result (the finaliser of MurmurHash3).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Finish(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= 0xFF51AFD7ED558CCD;
        hash ^= hash >> 33;
        hash *= 0xC4CEB9FE1A85EC53;
        return hash ^ (hash >> 33);
    }

    /// <summary>Text by its UTF-16 units (FNV-1a): the same in every process.</summary>
    public static ulong Text(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char unit in text)
        {
            hash = (hash ^ unit) * 0x100000001B3;
        }

        return hash;
    }

    /// <summary>Values without gaps, as bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Values<T>(ReadOnlySpan<T> values) =>
        Bytes(ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(values)), (nint)values.Length * Unsafe.SizeOf<T>());

    /// <summary>
    /// A sum over pairs of words, each multiplied with a key of its place: the terms do not wait for each other, and a
    /// pair that is zero adds nothing. So long runs of zeros, of which tables have many, are stepped over 64 bytes at a
    /// time. The length is not in it.
    /// </summary>
    public static ulong Bytes(ref byte start, nint length)
    {
        ulong sum = 0;
        nint at = 0;
        for (; at + 64 <= length; at += 64)
        {
            if (Vector256.IsHardwareAccelerated)
            {
                Vector256<ulong> both = Vector256.LoadUnsafe(ref Unsafe.As<byte, ulong>(ref Unsafe.Add(ref start, at)))
                    | Vector256.LoadUnsafe(ref Unsafe.As<byte, ulong>(ref Unsafe.Add(ref start, at + 32)));
                if (both == Vector256<ulong>.Zero)
                {
                    continue;
                }
            }

            sum += Pair(ref start, at) + Pair(ref start, at + 16) + Pair(ref start, at + 32) + Pair(ref start, at + 48);
        }

        for (; at + 16 <= length; at += 16)
        {
            sum += Pair(ref start, at);
        }

        if (at < length)
        {
            UInt128 rest = 0;
            Unsafe.CopyBlockUnaligned(
                ref Unsafe.As<UInt128, byte>(ref rest),
                ref Unsafe.Add(ref start, at),
                (uint)(length - at));
            sum += Fold((ulong)rest, (ulong)(rest >> 64), at);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Pair(ref byte start, nint at) =>
        Fold(
            Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at)),
            Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at + 8)),
            at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong low, ulong high, nint at)
    {
        if ((low | high) == 0)
        {
            return 0;
        }

        ulong key = (ulong)at * Stride;
        ulong upper = Math.BigMul(
            low ^ (First + key),
            high ^ BitOperations.RotateLeft(Second + key, 23),
            out ulong lower);
        return upper ^ lower;
    }
}

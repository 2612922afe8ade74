using System.Globalization;

namespace EpcActors.Kernel.Cgroups;

/// <summary>
/// A limit that a file of a cgroup holds, misc.max or memory.max: a number of bytes, or <c>max</c>, which is no limit.
/// As in misc.c it is a u64 whose greatest value stands for max. The default is a limit of 0 bytes.
/// </summary>
public readonly record struct Limit : IComparable<Limit>
{
    private Limit(ulong value) => Value = value;

    /// <summary><c>max</c>: nothing is refused.</summary>
    public static Limit Max => new(ulong.MaxValue);

    /// <summary>The number as the file stores it: bytes, unrounded; 2^64-1 for max.</summary>
    public ulong Value { get; }

    /// <summary>Nothing is refused.</summary>
    public bool IsMax => Value == ulong.MaxValue;

    /// <summary>
    /// Bytes that may be used; <see cref="long.MaxValue"/> for that and anything above, max among it.
    /// </summary>
    public long Bytes => (long)Math.Min(Value, long.MaxValue);

    /// <summary>Whole pages that may be used; as many as a long holds bytes where nothing is refused.</summary>
    public long Pages => Bytes / KernelConstants.PageSize;

    /// <summary>Bytes that may be used; null for max. The form of reports.</summary>
    public long? BytesOrNull => IsMax ? null : Bytes;

    /// <summary>A number as a file stores it; 2^64-1 is max.</summary>
    public static Limit Of(ulong value) => new(value);

    /// <param name="bytes">Not negative.</param>
    public static Limit OfBytes(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return new Limit((ulong)bytes);
    }

    /// <param name="pages">Not negative.</param>
    public static Limit OfPages(long pages)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pages);
        return new Limit(checked((ulong)pages * KernelConstants.PageSize));
    }

    /// <summary>Whether so many bytes may be used.</summary>
    public bool Allows(ulong bytes) => bytes <= Value;

    public int CompareTo(Limit other) => Value.CompareTo(other.Value);

    /// <summary>As the file shows it: the number, or <c>max</c>.</summary>
    public override string ToString() => IsMax ? "max" : Value.ToString(CultureInfo.InvariantCulture);

    public static bool operator <(Limit left, Limit right) => left.Value < right.Value;

    public static bool operator >(Limit left, Limit right) => left.Value > right.Value;

    public static bool operator <=(Limit left, Limit right) => left.Value <= right.Value;

    public static bool operator >=(Limit left, Limit right) => left.Value >= right.Value;
}

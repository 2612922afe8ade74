using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// The pages a thread touches, one after the other: a generator that allocates nothing and is repeated exactly by the
/// same parameters and the same stream, on every machine.
/// </summary>
/// <remarks>
/// Pages and kinds come from two streams split off the pattern's own, so changing the share of writes leaves the order
/// of the pages as it was. One pattern belongs to one thread of control; <see cref="Clone"/> it for another.
/// </remarks>
public abstract class AccessPattern
{
    /// <summary><see cref="Length"/> of a pattern that never ends.</summary>
    public const long Endless = long.MaxValue;

    /// <summary>Stream of the pages.</summary>
    private protected Prng _pages;

    /// <summary>Stream of the kinds of access, and of operations.</summary>
    private protected Prng _kinds;

    private Prng _origin;

    private protected AccessPattern(int pageCount, long length, Prng prng)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageCount);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        PageCount = pageCount;
        Length = length;
        _origin = prng;
        SplitStreams();
    }

    /// <summary>Pages of the heap; every access lies below.</summary>
    public int PageCount { get; }

    /// <summary>Accesses in all, or <see cref="Endless"/>.</summary>
    public long Length { get; private set; }

    /// <summary>Accesses made since the start.</summary>
    public long Position { get; private set; }

    /// <summary>Whether all accesses have been made.</summary>
    public bool IsAtEnd => Position == Length;

    /// <summary>The next access.</summary>
    /// <exception cref="InvalidOperationException">The pattern <see cref="IsAtEnd"/>.</exception>
    public PageAccess Next()
    {
        if (Position == Length)
        {
            throw new InvalidOperationException($"The pattern ended after {Length} accesses.");
        }

        Position++;
        return Draw();
    }

    /// <summary>The next access, or false at the end.</summary>
    public bool TryNext(out PageAccess access)
    {
        if (Position == Length)
        {
            access = default;
            return false;
        }

        access = Next();
        return true;
    }

    /// <summary>Back to the start: the same accesses follow again.</summary>
    public void Reset()
    {
        Position = 0;
        SplitStreams();
        OnReset();
    }

    /// <summary>To the start of the same pattern with other random numbers, e.g. for another thread.</summary>
    public void Reset(Prng prng)
    {
        _origin = prng;
        Reset();
    }

    /// <summary>An independent copy at the same position: both go on with the same accesses.</summary>
    public AccessPattern Clone()
    {
        AccessPattern clone = (AccessPattern)MemberwiseClone();
        clone.OnCloned();
        return clone;
    }

    /// <summary>A copy that ends after <paramref name="accesses"/> accesses, counted from its start.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than already made, or more than the pattern has.</exception>
    public AccessPattern Take(long accesses)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(accesses, Position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(accesses, Length);
        AccessPattern clone = Clone();
        clone.Length = accesses;
        return clone;
    }

    /// <summary>The stream this pattern was given, for the streams of its parts.</summary>
    private protected Prng Origin => _origin;

    /// <summary>Makes the access at <see cref="Position"/> - 1.</summary>
    private protected abstract PageAccess Draw();

    /// <summary>Brings what the pattern itself remembers to its start; the streams are there already.</summary>
    private protected abstract void OnReset();

    /// <summary>Replaces parts that the copy must not share with the original.</summary>
    private protected virtual void OnCloned()
    {
    }

    private void SplitStreams()
    {
        _pages = _origin.Split("pages");
        _kinds = _origin.Split("kinds");
    }
}

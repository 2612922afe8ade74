using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>One pattern after the other over the same heap: warm up, then work. Only the last may be endless.</summary>
public sealed class ChainedPattern : AccessPattern
{
    private AccessPattern[] _parts;
    private int _current;

    /// <param name="pages">Pages of the heap.</param>
    /// <param name="parts">The patterns; copies are used, with streams split off <paramref name="prng"/>.</param>
    /// <param name="prng">Stream of this pattern.</param>
    public ChainedPattern(int pages, ReadOnlySpan<AccessPattern> parts, Prng prng)
        : base(pages, LengthOf(parts, pages), prng)
    {
        _parts = parts.ToArray();
        OnCloned();
        OnReset();
    }

    private protected override PageAccess Draw()
    {
        while (_parts[_current].IsAtEnd)
        {
            _current++;
        }

        return _parts[_current].Next();
    }

    private protected override void OnReset()
    {
        _current = 0;
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i].Reset(Origin.Split((ulong)i));
        }
    }

    private protected override void OnCloned()
    {
        _parts = [.. _parts];
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i] = _parts[i].Clone();
        }
    }

    private static long LengthOf(ReadOnlySpan<AccessPattern> parts, int pages)
    {
        ArgumentOutOfRangeException.ThrowIfZero(parts.Length, nameof(parts));
        long length = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(parts[i].PageCount, pages, nameof(parts));
            if (parts[i].Length == Endless)
            {
                return i == parts.Length - 1
                    ? Endless
                    : throw new ArgumentException("Only the last pattern of a chain may be endless.", nameof(parts));
            }

            length = checked(length + parts[i].Length);
        }

        return length;
    }
}

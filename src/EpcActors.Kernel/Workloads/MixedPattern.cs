using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>One source of a <see cref="MixedPattern"/>.</summary>
/// <param name="Pattern">Its accesses. One that ends starts over.</param>
/// <param name="FirstPage">Where in the heap its pages begin.</param>
/// <param name="Weight">Its share of the accesses, relative to the others'.</param>
public readonly record struct MixedPart(AccessPattern Pattern, int FirstPage, int Weight);

/// <summary>
/// Several patterns over parts of the heap, which may overlap, taking turns at random: an index beside its data, a scan
/// beside look-ups. Endless.
/// </summary>
public sealed class MixedPattern : AccessPattern
{
    private MixedPart[] _parts;
    private readonly int _totalWeight;

    /// <param name="pages">Pages of the heap.</param>
    /// <param name="parts">The sources; copies are used, with streams split off <paramref name="prng"/>.</param>
    /// <param name="prng">Stream of this pattern.</param>
    public MixedPattern(int pages, ReadOnlySpan<MixedPart> parts, Prng prng)
        : base(pages, Endless, prng)
    {
        ArgumentOutOfRangeException.ThrowIfZero(parts.Length, nameof(parts));
        _parts = parts.ToArray();
        long total = 0;
        foreach (MixedPart part in _parts)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(part.Weight, nameof(parts));
            ArgumentOutOfRangeException.ThrowIfNegative(part.FirstPage, nameof(parts));
            long endPage = (long)part.FirstPage + part.Pattern.PageCount;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(endPage, pages, nameof(parts));
            ArgumentOutOfRangeException.ThrowIfZero(part.Pattern.Length, nameof(parts));
            total += part.Weight;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(total, int.MaxValue, nameof(parts));
        _totalWeight = (int)total;
        OnCloned();
        OnReset();
    }

    private protected override PageAccess Draw()
    {
        int choice = _pages.NextBelow(_totalWeight);
        int index = 0;
        while ((choice -= _parts[index].Weight) >= 0)
        {
            index++;
        }

        ref readonly MixedPart part = ref _parts[index];
        if (part.Pattern.IsAtEnd)
        {
            part.Pattern.Reset();
        }

        PageAccess access = part.Pattern.Next();
        return access with { Page = part.FirstPage + access.Page };
    }

    private protected override void OnReset()
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i].Pattern.Reset(Origin.Split((ulong)i));
        }
    }

    private protected override void OnCloned()
    {
        _parts = [.. _parts];
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i] = _parts[i] with { Pattern = _parts[i].Pattern.Clone() };
        }
    }
}

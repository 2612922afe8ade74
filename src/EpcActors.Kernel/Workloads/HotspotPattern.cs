using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// A hot set that gets a fixed share of the accesses, the other pages getting the rest; uniform within either.
/// The hot pages are the first ones. Endless.
/// </summary>
public sealed class HotspotPattern : AccessPattern
{
    private readonly int _hotPages;
    private readonly int _hotAccessesPerMille;
    private readonly AccessMix _mix;

    /// <param name="pages">Pages of the heap.</param>
    /// <param name="hotPages">Of these, hot; 1 to <paramref name="pages"/>.</param>
    /// <param name="hotAccessesPerMille">Accesses to hot pages of 1000.</param>
    /// <param name="mix">Kinds of access.</param>
    /// <param name="prng">Stream of this pattern.</param>
    public HotspotPattern(int pages, int hotPages, int hotAccessesPerMille, AccessMix mix, Prng prng)
        : base(pages, Endless, prng)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hotPages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hotPages, pages);
        ArgumentOutOfRangeException.ThrowIfNegative(hotAccessesPerMille);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hotAccessesPerMille, 1000);
        _hotPages = hotPages;
        _hotAccessesPerMille = hotAccessesPerMille;
        _mix = mix.Checked();
    }

    private protected override PageAccess Draw()
    {
        bool isHot = _pages.NextBelow(1000) < _hotAccessesPerMille || _hotPages == PageCount;
        int page = isHot ? _pages.NextBelow(_hotPages) : _hotPages + _pages.NextBelow(PageCount - _hotPages);
        return new PageAccess(page, _mix.Draw(ref _kinds));
    }

    private protected override void OnReset()
    {
    }
}

using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// Pages with the popularity of Zipf's law: the k-th most popular page gets a share proportional to k^-theta. Endless.
/// </summary>
/// <remarks>
/// For keys smaller than a page take <see cref="RecordPattern"/>: several keys a page make a much flatter load.
/// </remarks>
public sealed class ZipfPattern : AccessPattern
{
    private readonly ZipfDistribution _ranks;
    private readonly Scattering _places;
    private readonly AccessMix _mix;

    public ZipfPattern(int pages, double theta, PlacementOrder order, AccessMix mix, Prng prng)
        : base(pages, Endless, prng)
    {
        _ranks = new ZipfDistribution(pages, theta);
        _places = new Scattering(order, pages);
        _mix = mix.Checked();
    }

    private protected override PageAccess Draw() =>
        new((int)_places.PlaceOf(_ranks.Draw(ref _pages)), _mix.Draw(ref _kinds));

    private protected override void OnReset()
    {
    }
}

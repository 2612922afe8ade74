using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>Every page equally likely at every access. Endless.</summary>
public sealed class UniformPattern : AccessPattern
{
    private readonly AccessMix _mix;

    public UniformPattern(int pages, AccessMix mix, Prng prng)
        : base(pages, Endless, prng)
    {
        _mix = mix.Checked();
    }

    private protected override PageAccess Draw() => new(_pages.NextBelow(PageCount), _mix.Draw(ref _kinds));

    private protected override void OnReset()
    {
    }
}

using EpcActors.Results;

namespace EpcActors.Races.Explorer;

/// <summary>The way beside another one.</summary>
public sealed partial class ExplorerSession
{
    /// <summary>Compares with the same choices under another variant; null for no comparison.</summary>
    public void CompareWith(string? variant) =>
        _place = _place with { Versus = variant, VersusSettings = [], VersusPath = null };

    /// <summary>Compares with another schedule of this race, of any variant.</summary>
    /// <exception cref="RaceLinkException">It is of another race.</exception>
    public void CompareWith(Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        RaceLink other = LinkOf(schedule);
        RaceExplorer explorer = Sibling(other, schedule.Race);
        IReadOnlyList<RaceMove> path = explorer.PathOf(schedule, out string? divergence);
        Put(other with { Variant = explorer.Race.Variant, Path = path });
        Say(divergence is null ? "" : $"The other schedule does not fit here: {divergence}.");
    }

    /// <summary>Compares with the way of a link to this race.</summary>
    /// <exception cref="RaceLinkException">It is of another race.</exception>
    public void CompareWith(RaceLink other)
    {
        ArgumentNullException.ThrowIfNull(other);
        RaceExplorer explorer = Sibling(other, other.Race.Length > 0 ? other.Race : "a race of one's own");
        string divergence = explorer.Look(other.Path).Divergence;
        Put(other with { Variant = explorer.Race.Variant, Path = explorer.Normalise(other.Path) });
        Say(divergence);
    }

    /// <summary>Puts the whole way aside: it stays to be compared with later ways.</summary>
    public void SetAside() => Put(_place with { Path = _way });

    private void Put(RaceLink other) => _place = _place with
    {
        Versus = other.Variant,
        VersusSettings = other.Settings,
        VersusPath = other.Path,
    };

    private RaceExplorer Sibling(RaceLink other, string name) =>
        other.Text == _place.Text && string.Equals(other.Race, _place.Race, StringComparison.OrdinalIgnoreCase)
            ? Explorer(other)
            : throw new RaceLinkException(
                $"that schedule is of {name}, and the one that is shown of {_explorer.Race.Id}; only schedules of one "
                    + "race can be compared");

    private RaceComparison? Comparison()
    {
        if (_place.Versus is not { } variant)
        {
            return null;
        }

        RaceTrace left = _explorer.Look(_way).Trace;
        if (_place.VersusPath is { } path)
        {
            RacePosition beside = Explorer(
                _place with { Variant = variant, Settings = _place.VersusSettings }).Look(path);
            return StepAlignment.Of(left, beside.Trace, beside.End) with { IsOtherWay = true };
        }

        if (!_explorer.Race.Variants.Contains(variant))
        {
            return null;
        }

        RaceExplorer other = Explorer(_place with { Variant = variant });
        RacePosition right = other.Look(other.Carry(_way).Path);
        return StepAlignment.Of(left, right.Trace, right.End);
    }
}

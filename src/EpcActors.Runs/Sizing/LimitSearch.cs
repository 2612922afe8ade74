namespace EpcActors.Runs.Sizing;

/// <summary>
/// The least point of a grid at which a cost is at most a target. The cost is expected to fall with the point; whether
/// it does is looked at, not taken for granted.
/// </summary>
/// <param name="cost">The cost at a point; infinite where nothing works. It must give the same each time.</param>
/// <param name="target">The most that is allowed.</param>
/// <param name="lowest">First point.</param>
/// <param name="highest">Last point.</param>
internal sealed class LimitSearch(Func<int, double> cost, double target, int lowest, int highest)
{
    private readonly SortedDictionary<int, double> _known = [];

    /// <summary>Points that were looked at, ascending, with their costs.</summary>
    public IEnumerable<KeyValuePair<int, double>> Known => _known;

    /// <summary>Takes a cost that is known already.</summary>
    public void Know(int point, double known) => _known[point] = known;

    /// <summary>
    /// The least point at which the cost is kept, and above which it is kept at every point that was looked at; null
    /// when it is not kept at the last one. The point below, if it was looked at, does not keep it.
    /// </summary>
    /// <param name="guess">Where to begin; the middle of what is known without one.</param>
    public int? Least(int? guess = null)
    {
        if (lowest > highest || !Keeps(highest))
        {
            return null;
        }

        if (guess is { } first)
        {
            Gallop(Math.Clamp(first, lowest, highest));
        }

        // Each round ends with the two neighbours known, so the loop ends when nothing above is worse than allowed.
        while (true)
        {
            int bad = _known.Where(one => one.Value > target).Select(one => one.Key).DefaultIfEmpty(lowest - 1).Max();
            int good = _known.First(one => one.Key > bad).Key;
            if (good - bad == 1)
            {
                return good;
            }

            Narrow(bad, good);
        }
    }

    private bool Keeps(int point) => Cost(point) <= target;

    private double Cost(int point)
    {
        if (!_known.TryGetValue(point, out double known))
        {
            known = cost(point);
            _known.Add(point, known);
        }

        return known;
    }

    /// <summary>
    /// From a guess outwards, in doubling strides, until it is between a point that keeps and one not.
    /// </summary>
    private void Gallop(int from)
    {
        int direction = Keeps(from) ? -1 : 1;
        int at = from;
        for (int stride = 1; at > lowest && at < highest; stride *= 2)
        {
            at = Math.Clamp(from + (direction * stride), lowest, highest);
            if (Keeps(at) != (direction < 0))
            {
                return;
            }
        }
    }

    /// <summary>
    /// Between a point that does not keep and one that does: by a straight line where that halves the interval, else by
    /// its middle.
    /// </summary>
    private void Narrow(int bad, int good)
    {
        bool isMiddle = false;
        while (good - bad > 1)
        {
            int width = good - bad;
            int middle = bad + (width / 2);
            int at = isMiddle || !_known.TryGetValue(bad, out double worse) || !double.IsFinite(worse)
                ? middle
                : Math.Clamp(
                    bad + (int)Math.Round(width * (worse - target) / Math.Max(1e-12, worse - _known[good])),
                    bad + 1,
                    good - 1);
            if (Keeps(at))
            {
                good = at;
            }
            else
            {
                bad = at;
            }

            isMiddle = good - bad > width / 2;
        }
    }
}

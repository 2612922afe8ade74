using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Readings of the simulated points of a cgroup.</summary>
internal static class SizingCurves
{
    /// <summary>The points of the first seed, ascending.</summary>
    public static IReadOnlyList<SizePoint> First(CgroupSizing cgroup, IReadOnlyList<ulong> seeds) =>
        [.. cgroup.Points.Where(one => seeds.Count > 0 && one.Seed == seeds[0]).OrderBy(one => one.LimitPages)];

    /// <summary>Share of the full speed at a limit, between two points by a straight line.</summary>
    public static double SpeedAt(IReadOnlyList<SizePoint> points, double limit)
    {
        for (int i = 1; i < points.Count; i++)
        {
            if (limit <= points[i].LimitPages)
            {
                double part = (limit - points[i - 1].LimitPages)
                    / Math.Max(1, points[i].LimitPages - points[i - 1].LimitPages);
                return Speed(points[i - 1]) + (Math.Max(0, part) * (Speed(points[i]) - Speed(points[i - 1])));
            }
        }

        return Speed(points[^1]);
    }

    /// <summary>Share of misses under LRU at a limit; null without a curve.</summary>
    public static double? LruAt(CgroupSizing cgroup, double limit)
    {
        IReadOnlyList<MissPoint> curve = cgroup.Lru;
        for (int i = 1; i < curve.Count; i++)
        {
            if (limit <= curve[i].LimitPages)
            {
                double part = (limit - curve[i - 1].LimitPages)
                    / Math.Max(1, curve[i].LimitPages - curve[i - 1].LimitPages);
                return curve[i - 1].MissRatio + (Math.Max(0, part) * (curve[i].MissRatio - curve[i - 1].MissRatio));
            }
        }

        return curve.Count == 0 ? null : curve[^1].MissRatio;
    }

    /// <summary>Share of the full speed; 0 where an enclave died.</summary>
    public static double Speed(SizePoint point) => point.Slowdown is { } slowdown && slowdown > 0 ? 1 / slowdown : 0;
}

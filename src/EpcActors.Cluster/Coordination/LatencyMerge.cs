using EpcActors.Results;

namespace EpcActors.Cluster.Coordination;

/// <summary>Adds up distributions whose buckets have the same bounds. Pure.</summary>
internal static class LatencyMerge
{
    public static LatencyReport Of(IEnumerable<LatencyReport> parts)
    {
        LatencyReport[] of = [.. parts.Where(part => part.Count > 0)];
        if (of.Length == 0)
        {
            return LatencyReport.Empty;
        }

        LatencyBucket[] buckets =
        [
            .. of.SelectMany(part => part.Buckets).GroupBy(bucket => bucket.UpToNs).OrderBy(group => group.Key)
                .Select(group => new LatencyBucket(group.Key, group.Sum(bucket => bucket.Count))),
        ];
        long count = buckets.Sum(bucket => bucket.Count);
        long max = of.Max(part => part.MaxNs);
        return new LatencyReport(
            count,
            of.Min(part => part.MinNs),
            Percentile(500),
            Percentile(900),
            Percentile(990),
            Percentile(999),
            max,
            buckets)
        {
            SumNs = Array.TrueForAll(of, part => part.SumNs is not null) ? of.Sum(part => part.SumNs!.Value) : null,
        };

        // As the histogram of a process has it: to the width of a bucket.
        long Percentile(int perMille)
        {
            long rank = Math.Max(1, ((count * perMille) + 999) / 1000);
            long seen = 0;
            foreach (LatencyBucket bucket in buckets)
            {
                seen += bucket.Count;
                if (seen >= rank)
                {
                    return Math.Min(bucket.UpToNs, max);
                }
            }

            return max;
        }
    }
}

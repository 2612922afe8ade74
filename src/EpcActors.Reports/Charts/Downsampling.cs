namespace EpcActors.Reports;

/// <summary>Fewer points, same picture.</summary>
internal static class Downsampling
{
    /// <summary>
    /// Indices of the points to draw: per pixel column the first, the lowest, the highest and the last. A line
    /// through them covers the same pixels as a line through all points, so a spike of one sample is never lost.
    /// </summary>
    /// <param name="x">Ascending positions in pixels.</param>
    /// <param name="y">Values; NaN is a gap, of which one point per column is kept.</param>
    public static List<int> Indices(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        List<int> kept = [];
        int from = 0;
        while (from < y.Length)
        {
            double column = Math.Floor(x[from]);
            int to = from + 1;
            int low = from;
            int high = from;
            int gap = double.IsNaN(y[from]) ? from : -1;
            while (to < y.Length && Math.Floor(x[to]) == column)
            {
                gap = gap < 0 && double.IsNaN(y[to]) ? to : gap;
                low = double.IsNaN(y[low]) || y[to] < y[low] ? to : low;
                high = double.IsNaN(y[high]) || y[to] > y[high] ? to : high;
                to++;
            }

            SortedSet<int> column4 = [from, low, high, to - 1];
            if (gap >= 0)
            {
                column4.Add(gap);
            }

            kept.AddRange(column4);
            from = to;
        }

        return kept;
    }

    /// <summary>Indices at which a stepped line changes, with the first and the last.</summary>
    public static List<int> Changes(ReadOnlySpan<double> y)
    {
        List<int> kept = [];
        for (int i = 0; i < y.Length; i++)
        {
            if (i == 0 || i == y.Length - 1 || !y[i].Equals(y[i - 1]))
            {
                kept.Add(i);
            }
        }

        return kept;
    }
}

namespace EpcActors.Results;

/// <summary>Kind of the values of a family, in the words of OpenMetrics.</summary>
public enum MetricKind
{
    Gauge,

    /// <summary>Only grows; its samples end in <c>_total</c>.</summary>
    Counter,

    /// <summary>Only grows too, but has a name from elsewhere that a counter may not have.</summary>
    Unknown,

    /// <summary>Always 1: the labels are what it tells.</summary>
    Info,

    /// <summary>Cumulative buckets with the label <c>le</c>.</summary>
    Histogram,

    /// <summary>Quantiles, with the label <c>quantile</c>.</summary>
    Summary,
}

/// <summary>
/// A name that metrics have everywhere: in the file of a finished run, on the page of a live one, as an instrument.
/// </summary>
/// <param name="Name">Name of the family, without the suffixes of samples.</param>
/// <param name="Kind">Kind of its values.</param>
/// <param name="Unit">Unit, as the name would end in it; empty for a number of things, and for names from elsewhere
/// that leave it out.</param>
/// <param name="Help">One sentence for people.</param>
public sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Help)
{
    /// <summary>Name of its samples; those of a histogram have suffixes of their own.</summary>
    public string SampleName => Kind switch
    {
        MetricKind.Counter => Name + "_total",
        MetricKind.Info => Name + "_info",
        MetricKind.Gauge or MetricKind.Unknown or MetricKind.Histogram or MetricKind.Summary => Name,
    };
}

/// <summary>One value of a family.</summary>
/// <param name="Value">Whole numbers are exact up to 2^53.</param>
/// <param name="Labels">Names and texts; may be shared by many points.</param>
/// <param name="Suffix">Of a histogram: <c>_bucket</c>, <c>_sum</c> or <c>_count</c>; else empty.</param>
public readonly record struct MetricPoint(double Value, KeyValuePair<string, object?>[] Labels, string Suffix = "")
{
    public MetricPoint(double value)
        : this(value, [])
    {
    }
}

using System.Diagnostics.Metrics;
using EpcActors.Results;

namespace EpcActors.Runs.Live;

/// <summary>
/// A live run as <c>System.Diagnostics.Metrics</c> has it: the meter <c>EpcActors</c> with one observable instrument to
/// each family. A counter of OpenMetrics is an observable counter; names from elsewhere and quantiles are gauges, so
/// that no exporter adds to their names.
/// </summary>
public sealed class LiveMeter : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "EpcActors";

    /// <summary>Four a decade, 1 us to 10 s.</summary>
    private static readonly double[] Bounds =
    [
        .. Enumerable.Range(0, 29).Select(i => Math.Round(1e-6 * Math.Pow(10, i / 4.0), 9)),
    ];

    private readonly Meter _meter = new(Name);

    internal LiveMeter(LiveMetrics metrics)
    {
        int index = 0;
        foreach (MetricFamily family in metrics.Families)
        {
            int at = index++;
            string? unit = Unit(family.Unit);
            switch (family.Kind)
            {
                case MetricKind.Counter:
                    _meter.CreateObservableCounter(family.Name, () => Measure(metrics, at), unit, family.Help);
                    break;
                case MetricKind.Histogram:
                    FaultLatency = _meter.CreateHistogram(
                        family.Name,
                        unit,
                        family.Help,
                        null,
                        new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });
                    break;
                case MetricKind.Gauge:
                case MetricKind.Unknown:
                case MetricKind.Info:
                case MetricKind.Summary:
                    _meter.CreateObservableGauge(family.SampleName, () => Measure(metrics, at), unit, family.Help);
                    break;
            }
        }
    }

    /// <summary>
    /// Not observable, since there is no such histogram: the thread that samples records what came to the buckets of
    /// the run's own.
    /// </summary>
    internal Histogram<double>? FaultLatency { get; }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> Measure(LiveMetrics metrics, int family) =>
        metrics.Read(family).Select(point => new Measurement<double>(point.Value, point.Labels));

    /// <summary>UCUM, as OpenTelemetry wants it; a number of things stands in braces.</summary>
    private static string? Unit(string unit) => unit switch
    {
        "seconds" => "s",
        "bytes" => "By",
        "pages" => "{page}",
        "ratio" => "1",
        _ => null,
    };
}

using System.Diagnostics;
using System.Diagnostics.Tracing;
using EpcActors.Runs.Live;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace EpcActors.Cli.Telemetry;

/// <summary>
/// Sends the meter and the activity source of live runs to a collector. Threads of its own do that; a collector that is
/// missing or slow costs the run the timeout at its end, and is told once.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private readonly OtlpSettings _settings;
    private readonly MeterProvider? _metrics;
    private readonly TracerProvider? _traces;
    private readonly Complaints _complaints;
    private bool _isFinished;

    public OtlpExport(OtlpSettings settings)
    {
        _settings = settings;
        _complaints = new Complaints(settings);
        int timeoutMs = (int)settings.Timeout.TotalMilliseconds;

        // What the variables say of the service comes last and holds.
        ResourceBuilder resource = ResourceBuilder.CreateEmpty()
            .AddTelemetrySdk()
            .AddService("epc", serviceVersion: EpcCommand.Version)
            .AddEnvironmentVariableDetector();
        if (settings.Metrics is { } metrics)
        {
            _metrics = Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(resource)
                .AddMeter(LiveMeter.Name)
                .AddReader(
                    new PeriodicExportingMetricReader(
                        new OtlpMetricExporter(Options(metrics, settings.IsMetricsGrpc, timeoutMs)),
                        (int)settings.Every.TotalMilliseconds,
                        timeoutMs))
                .Build();
        }

        if (settings.Traces is { } traces)
        {
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource(LiveSpans.Name)
                .AddProcessor(
                    new BatchActivityExportProcessor(
                        new OtlpTraceExporter(Options(traces, settings.IsTracesGrpc, timeoutMs)),
                        exporterTimeoutMilliseconds: timeoutMs))
                .Build();
        }
    }

    /// <summary>Sends what is left, in bounded time. What went wrong, in one sentence; null when nothing did.</summary>
    public string? Finish()
    {
        if (_isFinished)
        {
            return null;
        }

        _isFinished = true;
        int timeoutMs = (int)_settings.Timeout.TotalMilliseconds;
        long begun = Stopwatch.GetTimestamp();
        bool isSent =
            (_metrics?.Shutdown(timeoutMs) ?? true)
            & (
                _traces?.Shutdown(Math.Max(1, timeoutMs - (int)Stopwatch.GetElapsedTime(begun).TotalMilliseconds))
                ?? true);
        return isSent && _complaints.First is null
            ? null
            : $"OTLP: the collector at {_settings.Metrics ?? _settings.Traces} did not take all: "
                + $"{_complaints.First ?? $"no answer within {timeoutMs} ms"} "
                + "(epc.telemetry.otlp, or the variables OTEL_EXPORTER_OTLP_…)";
    }

    public void Dispose()
    {
        Finish();
        _metrics?.Dispose();
        _traces?.Dispose();
        _complaints.Dispose();
    }

    private static OtlpExporterOptions Options(Uri endpoint, bool isGrpc, int timeoutMs) => new()
    {
        Endpoint = endpoint,
        Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
        TimeoutMilliseconds = timeoutMs,
    };

    /// <summary>
    /// The exporters tell their failures to an event source of the process alone; those about our
    /// collector count.
    /// </summary>
    private sealed class Complaints(OtlpSettings settings) : EventListener
    {
        private string? _first;

        public string? First => Volatile.Read(ref _first);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "OpenTelemetry-Exporter-OpenTelemetryProtocol")
            {
                EnableEvents(eventSource, EventLevel.Warning);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            string text = string.Join(
                ", ",
                (eventData.Payload ?? [])
                    .Select(one => one?.ToString()?.Split('\n')[0].Trim())
                    .Where(one => !string.IsNullOrEmpty(one)));
            if (IsAbout(settings.Metrics, text) || IsAbout(settings.Traces, text))
            {
                _ = Interlocked.CompareExchange(ref _first, $"{eventData.EventName}: {text}", null);
            }
        }

        private static bool IsAbout(Uri? endpoint, string text) =>
            endpoint is not null && text.Contains(endpoint.Authority, StringComparison.OrdinalIgnoreCase);
    }
}

namespace EpcActors.Scenarios;

/// <summary>Metrics and spans that a live run offers while it runs.</summary>
public sealed record TelemetrySpec
{
    /// <summary>Cgroups with metrics of their own: those closest to the root.</summary>
    public int MostCgroups { get; init; } = 500;

    /// <summary>A page fault that takes this long may become a span, nanoseconds; 0: none does.</summary>
    public long SlowFaultNs { get; init; } = 10_000_000;

    /// <summary>
    /// URL to send metrics and spans to by OTLP. Empty: none, unless OpenTelemetry's environment variables name one.
    /// </summary>
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>gRPC instead of protobuf over HTTP.</summary>
    public bool IsOtlpGrpc { get; init; }

    /// <summary>Time between two exports of the metrics, nanoseconds.</summary>
    public long OtlpEveryNs { get; init; } = 10_000_000_000;

    /// <summary>Longest time for one export, nanoseconds.</summary>
    public long OtlpTimeoutNs { get; init; } = 2_000_000_000;
}

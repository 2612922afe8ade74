namespace EpcActors.Lab.Scenarios;

/// <summary>What others see of a live run as it goes.</summary>
public sealed record TelemetrySpec
{
    /// <summary>Cgroups with metrics of their own: those closest to the root.</summary>
    public int MostCgroups { get; init; } = 500;

    /// <summary>A page fault that takes this long may become a span, nanoseconds; 0: none does.</summary>
    public long SlowFaultNs { get; init; } = 10_000_000;

    /// <summary>Where metrics and spans are sent by OTLP, a URL; empty: nowhere, unless the variables of OpenTelemetry say so.</summary>
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>gRPC instead of protobuf over HTTP.</summary>
    public bool IsOtlpGrpc { get; init; }

    /// <summary>Time between two exports of the metrics, nanoseconds.</summary>
    public long OtlpEveryNs { get; init; } = 10_000_000_000;

    /// <summary>Longest time for one export, nanoseconds.</summary>
    public long OtlpTimeoutNs { get; init; } = 2_000_000_000;
}

using EpcActors.Scenarios;

namespace EpcActors.Cli.Telemetry;

/// <summary>Where and how to send metrics and spans.</summary>
/// <param name="Metrics">Where metrics go, the path of the signal included; null: nowhere.</param>
/// <param name="Traces">The same of spans.</param>
internal sealed record OtlpSettings(
    Uri? Metrics,
    Uri? Traces,
    bool IsMetricsGrpc,
    bool IsTracesGrpc,
    TimeSpan Every,
    TimeSpan Timeout)
{
    private const string Prefix = "OTEL_EXPORTER_OTLP_";

    /// <summary>
    /// What the configuration says, and where that says nothing, the variables of OpenTelemetry; null when neither
    /// names a collector.
    /// </summary>
    /// <exception cref="CommandException">when a variable is wrong.</exception>
    public static OtlpSettings? Find(TelemetrySpec spec, Func<string, string?>? variables)
    {
        Func<string, string?> variable = variables ?? Environment.GetEnvironmentVariable;
        if (string.Equals(variable("OTEL_SDK_DISABLED")?.Trim(), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        TimeSpan every = TimeSpan.FromMicroseconds(spec.OtlpEveryNs / 1e3);
        TimeSpan timeout = TimeSpan.FromMicroseconds(spec.OtlpTimeoutNs / 1e3);
        if (spec.OtlpEndpoint.Length > 0)
        {
            return new OtlpSettings(
                Signal(spec.OtlpEndpoint, spec.IsOtlpGrpc, "v1/metrics", "epc.telemetry.otlp.endpoint"),
                Signal(spec.OtlpEndpoint, spec.IsOtlpGrpc, "v1/traces", "epc.telemetry.otlp.endpoint"),
                spec.IsOtlpGrpc, spec.IsOtlpGrpc, every, timeout);
        }

        bool isMetricsGrpc = IsGrpc(variable, "METRICS_");
        bool isTracesGrpc = IsGrpc(variable, "TRACES_");
        Uri? metrics = FromVariables(variable, "METRICS_", isMetricsGrpc, "v1/metrics");
        Uri? traces = FromVariables(variable, "TRACES_", isTracesGrpc, "v1/traces");
        return metrics is null && traces is null
            ? null
            : new OtlpSettings(metrics, traces, isMetricsGrpc, isTracesGrpc, every, timeout);
    }

    /// <summary>The endpoint of one signal is used as it is; to that of all the path is added.</summary>
    private static Uri? FromVariables(Func<string, string?> variable, string signal, bool isGrpc, string path)
    {
        string own = $"{Prefix}{signal}ENDPOINT";
        if (variable(own) is { Length: > 0 } endpoint)
        {
            return Signal(endpoint, isGrpc: true, path, own);
        }

        return variable(Prefix + "ENDPOINT") is { Length: > 0 } all
            ? Signal(all, isGrpc, path, Prefix + "ENDPOINT")
            : null;
    }

    private static bool IsGrpc(Func<string, string?> variable, string signal)
    {
        string? name = variable($"{Prefix}{signal}PROTOCOL") is { Length: > 0 } own
            ? own
            : variable(Prefix + "PROTOCOL");
        return name switch
        {
            null or "" or "http/protobuf" => false,
            "grpc" => true,
            _ => throw CommandException.Usage($"{Prefix}PROTOCOL={name}: grpc or http/protobuf"),
        };
    }

    private static Uri Signal(string endpoint, bool isGrpc, string path, string where)
    {
        string full = isGrpc ? endpoint : $"{endpoint.TrimEnd('/')}/{path}";
        return Uri.TryCreate(full, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw CommandException.Usage(
                $"{where}: '{endpoint}' is not an address of a collector; write for example http://127.0.0.1:4318");
    }
}

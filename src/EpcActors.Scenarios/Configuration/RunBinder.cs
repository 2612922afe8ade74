namespace EpcActors.Scenarios.Configuration;

/// <summary>Reads <c>epc.run</c> and <c>epc.live</c>.</summary>
internal static class RunBinder
{
    /// <summary>
    /// Samples of a run when their distance is left to us: enough for a curve, few enough for a page.
    /// </summary>
    private const int AutomaticSamples = 500;

    private const long ShortestSampleNs = 1000;

    /// <summary>
    /// A run often ends long before its time limit, so the first samples lie close; a long run thins them out as it
    /// goes.
    /// </summary>
    private const long LongestAutomaticSampleNs = 1_000_000;

    public static RunSpec Read(ObjectReader reader)
    {
        long duration = reader.Get("duration", "10 s").DurationNs(minimumNs: 1, unit: "s");
        Setting sampleSetting = reader.Get("sample", "auto");
        long sample = sampleSetting.Is("auto")
            ? Math.Clamp(duration / AutomaticSamples, ShortestSampleNs, LongestAutomaticSampleNs)
            : sampleSetting.DurationNs(minimumNs: 1);
        RunSpec run = new()
        {
            DurationNs = duration,
            SampleNs = sample,
            QuantumNs = reader.Get("quantum", "500 ns").DurationNs(minimumNs: 0, unit: "ns"),
            JitterPercent = reader.Get("jitter", "10 %").WholePercent(0, 99),
            MeasuresSlowdown = reader.Get("slowdown", "on").OnOff(),
            TraceEvents = reader.Get("trace-events", "20000").Int(0, int.MaxValue),
            LivenessWindowNs = reader.Get("liveness-window", "20 ms").DurationNs(minimumNs: 1),
            AuditEverySamples = reader.Get("audit-every", "10").Int(0, int.MaxValue),
        };
        reader.Finish("the run");
        return run;
    }

    /// <summary>Reads <c>epc.live</c>.</summary>
    public static LiveSpec ReadLive(ObjectReader reader)
    {
        Setting workers = reader.Get("workers", "auto");
        Setting pace = reader.Get("pace", "10 %");
        LiveSpec live = new()
        {
            Workers = workers.Is("auto") ? 0 : workers.Int(1, LiveSpec.MostWorkers),
            TaskBatch = reader.Get("task-batch", "32").Int(1, int.MaxValue),
            MailboxBatch = reader.Get("mailbox-batch", "64").Int(1, int.MaxValue),
            SampleNs = reader.Get("sample", "5 ms").DurationNs(minimumNs: 1),
            AuditEveryNs = reader.Get("audit-every", "1 s").DurationNs(minimumNs: 0, unit: "s"),
            LivenessWindowNs = reader.Get("liveness-window", "5 s").DurationNs(minimumNs: 1, unit: "s"),
            Pace = pace.IsOff() ? 0 : pace.WholePercent(1, 10_000) / 100.0,
        };
        reader.Finish("a live run");
        return live;
    }

    /// <summary>Reads <c>epc.telemetry</c>.</summary>
    public static TelemetrySpec ReadTelemetry(ObjectReader reader)
    {
        ObjectReader otlp = reader.Child("otlp");
        Setting slow = reader.Get("slow-fault", "10 ms");
        TelemetrySpec telemetry = new()
        {
            MostCgroups = reader.Get("most-cgroups", "500").Int(1, int.MaxValue),
            SlowFaultNs = slow.IsOff() ? 0 : slow.DurationNs(minimumNs: 1),
            OtlpEndpoint = Endpoint(otlp.Get("endpoint", "off")),
            IsOtlpGrpc = otlp.Get("protocol", "http-protobuf").Choice(["http-protobuf", "grpc"], "a protocol") == 1,
            OtlpEveryNs = otlp.Get("every", "10 s").DurationNs(minimumNs: 1_000_000, unit: "s"),
            OtlpTimeoutNs = otlp.Get("timeout", "2 s").DurationNs(minimumNs: 1_000_000, unit: "s"),
        };
        otlp.Finish("OTLP");
        reader.Finish("telemetry");
        return telemetry;
    }

    private static string Endpoint(Setting setting)
    {
        setting.May(ValueShape.Address);
        if (setting.IsOff() || setting.IsMissing)
        {
            return "";
        }

        string text = setting.StringOrNull ?? "";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            setting.Wrong("an address", "write for example \"http://127.0.0.1:4318\", or off");
            return "";
        }

        return text;
    }
}

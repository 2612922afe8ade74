using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EpcActors.Cli;
using EpcActors.Cli.Telemetry;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Telemetry;

/// <summary>Exports to a collector that is a socket of this test.</summary>
[Collection(nameof(TelemetryCollection))]
public sealed class OtlpTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_collector_gets_the_instruments_and_the_span_of_a_run()
    {
        using Collector collector = new(answers: true);
        CliResult result = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--live",
            "--workers",
            "2",
            "--set",
            $"epc.telemetry.otlp.endpoint=\"{collector.Url}\"",
            "--set",
            "epc.telemetry.otlp.timeout=20 s");

        Assert.Equal(0, result.Code);
        Assert.Empty(result.Error);
        string metrics = collector.BodiesOf("/v1/metrics");
        string[] names =
        [
            "sgx_nr_free_pages",
            "sgx_nr_total_epc_pages",
            "sgx_nr_evicted",
            "container_misc_usage",
            "container_misc_events",
            "epc_fault_latency_seconds",
            "epc_steps",
            "sgx_epc",
            "service.name",
        ];
        Assert.All(names, name => Assert.Contains(name, metrics, StringComparison.Ordinal));
        string traces = collector.BodiesOf("/v1/traces");
        Assert.All((string[])["epc run", "epc.verdict", "pass", "epc.kernel"], word =>
            Assert.Contains(word, traces, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_collector_that_does_not_answer_is_told_once_and_holds_up_nothing()
    {
        using Collector collector = new(answers: false);
        CliResult result = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--live",
            "--workers",
            "2",
            "--set",
            $"epc.telemetry.otlp.endpoint=\"{collector.Url}\"",
            "--set",
            "epc.telemetry.otlp.timeout=200 ms");

        Assert.Equal(0, result.Code);
        Assert.Single(result.ErrorLines, line =>
            line.StartsWith(
                $"note: OTLP: the collector at {collector.Url}/v1/metrics did not take all: ",
                StringComparison.Ordinal));
        Assert.StartsWith("PASS", result.LastOutLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_breaks_no_run()
    {
        int port;
        using (Collector collector = new(answers: true))
        {
            port = collector.Port;
        }

        CliResult result = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--live",
            "--quiet",
            "--set",
            $"epc.telemetry.otlp.endpoint=\"http://127.0.0.1:{port}\"");

        Assert.Equal(0, result.Code);
        Assert.Single(result.ErrorLines, line => line.StartsWith("note: OTLP: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_simulation_sends_nothing_and_says_so()
    {
        CliResult result = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--quiet",
            "--no-slowdown",
            "--set",
            "epc.telemetry.otlp.endpoint=\"http://127.0.0.1:4318\"");

        Assert.Equal(0, result.Code);
        Assert.Contains(result.ErrorLines, line =>
            line.StartsWith("note: epc.telemetry.otlp is for live runs (--live)", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_sent_without_an_endpoint() => Assert.Null(Find(new TelemetrySpec()));

    [Fact]
    public void The_variables_of_open_telemetry_hold_where_the_file_says_nothing()
    {
        OtlpSettings all = Find(new TelemetrySpec(), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"))!;
        Assert.Equal("http://collector:4318/v1/metrics", all.Metrics!.AbsoluteUri);
        Assert.Equal("http://collector:4318/v1/traces", all.Traces!.AbsoluteUri);
        Assert.False(all.IsMetricsGrpc);

        OtlpSettings grpc = Find(
            new TelemetrySpec(),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        )!;
        Assert.Equal("http://collector:4317/", grpc.Metrics!.AbsoluteUri);
        Assert.True(grpc is { IsMetricsGrpc: true, IsTracesGrpc: true });

        OtlpSettings one = Find(
            new TelemetrySpec(),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://metrics/otlp/v1/metrics")
        )!;
        Assert.Equal("http://metrics/otlp/v1/metrics", one.Metrics!.AbsoluteUri);
        Assert.Null(one.Traces);

        OtlpSettings file = Find(
            new TelemetrySpec { OtlpEndpoint = "http://file:1", IsOtlpGrpc = true },
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
        )!;
        Assert.Equal(("http://file:1/", true), (file.Metrics!.AbsoluteUri, file.IsTracesGrpc));
        Assert.Null(Find(new TelemetrySpec { OtlpEndpoint = "http://file:1" }, ("OTEL_SDK_DISABLED", "true")));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")]
    public void A_variable_that_is_wrong_is_named(string variable, string value)
    {
        CommandException error = Assert.Throws<CommandException>(() => Find(new TelemetrySpec(), (variable, value)));
        Assert.Equal(ExitCode.Usage, error.Code);
        Assert.Contains(variable, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("endpoint = \"collector:4318\"", "epc.telemetry.otlp.endpoint")]
    [InlineData("protocol = json", "epc.telemetry.otlp.protocol")]
    [InlineData("every = 0", "epc.telemetry.otlp.every")]
    [InlineData("headers = x", "epc.telemetry.otlp.headers")]
    public void A_key_that_is_wrong_is_named(string text, string key)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() =>
            Loading.Load($"epc {{ telemetry {{ otlp {{ {text} }} }} }}"));
        Assert.Contains(error.Errors, one => one.Key == key);
    }

    private static OtlpSettings? Find(TelemetrySpec spec, params (string Name, string Value)[] variables) =>
        OtlpSettings.Find(spec, name => variables.FirstOrDefault(one => one.Name == name).Value);

    /// <summary>Takes requests of HTTP/1.1 with a length, and answers them or does not.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<(string Path, string Body)> _requests = [];
        private readonly bool _answers;

        public Collector(bool answers)
        {
            _answers = answers;
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = AcceptAsync();
        }

        public int Port { get; }

        public string Url => $"http://127.0.0.1:{Port}";

        public string BodiesOf(string path)
        {
            lock (_requests)
            {
                return string.Concat(_requests.Where(one => one.Path == path).Select(one => one.Body));
            }
        }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync());
                }
            }
            catch (Exception error) when (error is ObjectDisposedException or SocketException)
            {
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using TcpClient owned = client;
            NetworkStream stream = client.GetStream();
            try
            {
                while (true)
                {
                    StringBuilder head = new();
                    byte[] one = new byte[1];
                    while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    {
                        await stream.ReadExactlyAsync(one);
                        head.Append((char)one[0]);
                    }

                    string[] lines = head.ToString().Split("\r\n");
                    string length = lines.Single(line =>
                        line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)
                    )[16..];
                    byte[] body = new byte[int.Parse(length, CultureInfo.InvariantCulture)];
                    await stream.ReadExactlyAsync(body);
                    lock (_requests)
                    {
                        _requests.Add((lines[0].Split(' ')[1], Encoding.Latin1.GetString(body)));
                    }

                    if (_answers)
                    {
                        await stream.WriteAsync((
                            "HTTP/1.1 200 OK\r\n"u8
                                + "Content-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"u8).ToArray());
                    }
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
            }
        }
    }
}

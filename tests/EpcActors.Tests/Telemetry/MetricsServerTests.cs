using System.Net;
using System.Net.Sockets;
using System.Text;
using EpcActors.Cli.Telemetry;
using EpcActors.Engine.Live;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Live;

namespace EpcActors.Tests.Telemetry;

/// <summary>The page on loopback.</summary>
public sealed class MetricsServerTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void Several_scrapers_see_the_run_as_it_goes()
    {
        using MetricsServer server = MetricsServer.Listen(0);
        using HttpClient client = new();
        using CancellationTokenSource source = new();
        List<OpenMetricsPage> pages = [];
        RunReport report = new LiveScenarioRunner(LiveRig.Forever(), scenario =>
        {
            LiveEngine engine = LiveRig.NewEngine(scenario);

            // Called while the actors go on; they do until this says otherwise. On a busy host they have not begun yet.
            engine.AddTimer(5_000_000, _ =>
            {
                try
                {
                    double before = ScrapeUntil(client, server, page => StepsOf(page) > 0 && UsageOf(page) > 0);

                    // The server has 16 places, and one more connection takes that of the oldest that has not spoken
                    // yet. On a busy host connections come in before the threads of the clients get to speak, and the
                    // places of the round before are not free at once: two rounds have room.
                    for (int round = 0; round < 5; round++)
                    {
                        Task<string>[] scrapes =
                        [
                            .. Enumerable.Range(0, 8).Select(_ => client.GetStringAsync(new Uri(server.Url))),
                        ];
                        Task.WaitAll(scrapes);
                        pages.AddRange(scrapes.Select(scrape => OpenMetricsPage.Parse(scrape.Result)));
                    }

                    ScrapeUntil(client, server, page => StepsOf(page) > before);
                }
                finally
                {
                    source.Cancel();
                }
            });
            return engine;
        }, null, new Showing(server)).Run("", source.Token);

        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.Equal(40, pages.Count);
        Assert.All(pages, page => Assert.Equal(256, page.Samples["sgx_nr_total_epc_pages"]));
        Assert.All(pages, page => Assert.True(StepsOf(page) > 0));
        Assert.All(pages, page => Assert.True(UsageOf(page) > 0));
        Assert.Contains(pages[0].Samples.Keys, name =>
            name.StartsWith("epc_run_info", StringComparison.Ordinal)
            && name.Contains("verdict=\"running\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Requests_get_what_http_says_they_get()
    {
        using MetricsServer server = MetricsServer.Listen(0);
        using HttpClient client = new();
        Uri url = new(server.Url);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(url)).StatusCode);
        List<HttpResponseMessage> answers = [];
        using CancellationTokenSource source = new();
        new LiveScenarioRunner(LiveRig.Forever(), scenario =>
        {
            LiveEngine engine = LiveRig.NewEngine(scenario);
            engine.AddTimer(1_000_000, _ =>
            {
                answers.Add(client.GetAsync(url).GetAwaiter().GetResult());
                answers.Add(client.GetAsync(new Uri(url + "?name[]=up")).GetAwaiter().GetResult());
                answers.Add(client.SendAsync(new HttpRequestMessage(HttpMethod.Head, url)).GetAwaiter().GetResult());
                answers.Add(client.GetAsync(new Uri(url, "/")).GetAwaiter().GetResult());
                answers.Add(client.PostAsync(url, new StringContent("x")).GetAwaiter().GetResult());
                source.Cancel();
            });
            return engine;
        }, null, new Showing(server)).Run("", source.Token);

        Assert.Equal([200, 200, 200, 404, 405], answers.Select(answer => (int)answer.StatusCode));
        Assert.Equal(OpenMetrics.ContentType, answers[0].Content.Headers.GetValues("Content-Type").Single());
        Assert.Equal("", await answers[2].Content.ReadAsStringAsync());
        Assert.True(answers[2].Content.Headers.ContentLength > 1000);
        Assert.Equal(["GET", "HEAD"], answers[4].Content.Headers.Allow.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("GET /metrics HTTP/2.0\r\n\r\n")]
    [InlineData("GET /metrics HTTP/1.1\r\n")]
    public async Task What_is_no_request_is_refused(string request)
    {
        using MetricsServer server = MetricsServer.Listen(0);
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        client.Client.Shutdown(SocketShutdown.Send);
        using StreamReader reader = new(stream);
        Assert.StartsWith("HTTP/1.1 400 ", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_says_nothing_does_not_keep_the_server_from_closing()
    {
        using TcpClient client = new();
        using (MetricsServer server = MetricsServer.Listen(0))
        {
            await client.ConnectAsync(IPAddress.Loopback, server.Port);

            // Connected is not accepted: a server that closes before would have the system reset the connection. They
            // are accepted in order, so one that came later and has its answer says that this one is.
            using HttpClient other = new();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await other.GetAsync(new Uri(server.Url))).StatusCode);
        }

        Assert.True(await client.GetStream().ReadAsync(new byte[1]) == 0);
    }

    [Fact]
    public async Task Clients_that_say_nothing_do_not_keep_others_out()
    {
        using MetricsServer server = MetricsServer.Listen(0, Timeout.InfiniteTimeSpan);
        List<TcpClient> silent = [];
        for (int i = 0; i < 40; i++)
        {
            silent.Add(new TcpClient());
            await silent[^1].ConnectAsync(IPAddress.Loopback, server.Port);
        }

        using HttpClient client = new();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri(server.Url))).StatusCode);
        Assert.Equal(0, await silent[0].GetStream().ReadAsync(new byte[1]));
        silent.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_before_the_run()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--live", "--metrics-port", $"{port}");

        Assert.Equal(64, result.Code);
        Assert.Equal(
            $"epc: --metrics-port {port}: another process listens there; name another port, or 0 for any that is free",
            result.ErrorLines[0]);
        Assert.Empty(result.Out);
    }

    [Fact]
    public async Task Any_free_port_is_said_and_the_report_comes_as_ever()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--live", "--quiet", "--metrics-port", "0");

        Assert.Equal(0, result.Code);
        Assert.Matches("^metrics: http://127\\.0\\.0\\.1:[1-9][0-9]+/metrics$", result.ErrorLines[0]);
        Assert.StartsWith("pass: ", Assert.Single(result.OutLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_simulation_has_no_page_and_says_what_there_is_instead()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--metrics-port", "0");

        Assert.Equal(64, result.Code);
        Assert.StartsWith(
            "epc: --metrics-port 0: the simulation engine runs in virtual time",
            result.ErrorLines[0],
            StringComparison.Ordinal);
        Assert.Contains("metrics.txt", result.ErrorLines[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("65536")]
    [InlineData("http")]
    public async Task Ports_are_numbers(string port)
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--live", "--metrics-port", port);

        Assert.Equal(64, result.Code);
        Assert.StartsWith(
            $"epc: --metrics-port {port}: a port from 0 to 65535",
            result.ErrorLines[0],
            StringComparison.Ordinal);
    }

    /// <summary>Steps that the page tells, once it is as asked for.</summary>
    private static double ScrapeUntil(HttpClient client, MetricsServer server, Func<OpenMetricsPage, bool> condition)
    {
        OpenMetricsPage? page = null;
        Assert.True(SpinWait.SpinUntil(
            () => condition(page = OpenMetricsPage.Parse(client.GetStringAsync(new Uri(server.Url)).Result)),
            TimeSpan.FromMinutes(1)));
        return StepsOf(page!);
    }

    private static double StepsOf(OpenMetricsPage page) => page.Samples["epc_steps_total"];

    private static double UsageOf(OpenMetricsPage page) =>
        page.Samples.GetValueOrDefault("container_misc_usage{id=\"/a\",resource=\"sgx_epc\"}");

    /// <summary>Gives a run to a server.</summary>
    private sealed class Showing(MetricsServer server) : ILiveTelemetry
    {
        public void Begin(LiveMetrics metrics) => server.Show(metrics);

        public void End(RunReport report)
        {
        }
    }
}

using EpcActors.Cli.Engines;
using EpcActors.Cli.Terminal;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Telemetry;

/// <summary>
/// What a run of the command shows to others while it goes on: a page for scrapers, exports to a collector, both or
/// none.
/// </summary>
internal sealed class RunTelemetry : ILiveTelemetry, IDisposable
{
    private readonly CommandShell _shell;
    private readonly MetricsServer? _server;
    private readonly OtlpExport? _otlp;

    private RunTelemetry(CommandShell shell, MetricsServer? server, OtlpExport? otlp)
    {
        _shell = shell;
        _server = server;
        _otlp = otlp;
    }

    /// <summary>Opens what was asked for, before the run: a port that is taken is found out at once.</summary>
    /// <exception cref="CommandException">the port is taken, or the engine is none whose run can be
    /// watched.</exception>
    public static RunTelemetry Prepare(CommandShell shell, EngineEntry engine, Scenario scenario, int? metricsPort)
    {
        if (!engine.IsLive)
        {
            if (metricsPort is { } port)
            {
                throw CommandException.Usage(
                    $"--metrics-port {port}: the {engine.Name} engine runs in virtual time, which no scraper can "
                        + "follow; --metrics-port is for live runs "
                        + "(--live), and --out writes metrics.txt with the same names at the end of any run");
            }

            if (scenario.Telemetry.OtlpEndpoint.Length > 0)
            {
                shell.Error.WriteLine(
                    $"note: epc.telemetry.otlp is for live runs (--live): the {engine.Name} engine runs in virtual "
                        + "time, and sends nothing");
            }

            return new RunTelemetry(shell, null, null);
        }

        MetricsServer? server = metricsPort is { } wanted ? MetricsServer.Listen(wanted) : null;
        if (server is not null)
        {
            // Also with --quiet: a user who asks for a page wants to know where it is.
            shell.Error.WriteLine($"metrics: {server.Url}");
        }

        return new RunTelemetry(
            shell,
            server,
            OtlpSettings.Find(scenario.Telemetry, shell.Configuration.Variables) is { } settings
                ? new OtlpExport(settings)
                : null);
    }

    public void Begin(LiveMetrics metrics)
    {
        (int shown, int all) = metrics.Cgroups;
        if (shown < all && (_server is not null || _otlp is not null))
        {
            _shell.Error.WriteLine(
                $"note: metrics show the {shown} cgroups closest to the root, of {all} (epc.telemetry.most-cgroups)");
        }

        _server?.Show(metrics);
    }

    public void End(RunReport report) => End();

    /// <summary>Sends what is left, and says when a collector did not take it.</summary>
    public void End()
    {
        _server?.Dispose();
        if (_otlp?.Finish() is { } complaint)
        {
            _shell.Error.WriteLine($"note: {complaint}");
        }
    }

    public void Dispose()
    {
        _server?.Dispose();
        _otlp?.Dispose();
    }
}

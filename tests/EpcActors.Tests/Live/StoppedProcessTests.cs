using System.Diagnostics;
using EpcActors.Cli;
using EpcActors.Tests.Cli;

namespace EpcActors.Tests.Live;

/// <summary>
/// A live run whose process is stopped for longer than the liveness window: no thread is blamed for it.
/// </summary>
/// <remarks>
/// From end to end only. It passes without <see cref="EpcActors.Engine.Live.RunClock"/> too, as progress comes before
/// the finding is confirmed; the clock has its own tests, <see cref="RunClockTests"/>.
/// </remarks>
public sealed class StoppedProcessTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("threads")]
    [InlineData("akka")]
    [Trait("tier", "slow")] // A process can be stopped from outside only, and the stop has to outlast the window.
    public async Task A_stop_breaks_no_rule(string engine)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Four times more heap than EPC: at any moment a thread is in a fault.
        string file = _cli.Write("stop.conf", """
            epc {
              machine { nodes = [ { cpus = 2, epc = 1 MiB } ] }
              enclaves { a { heap = 4 MiB, threads = 2, steps = [ { run { pattern = uniform,
                  accesses = 1000000000 } } ] } }
              run { duration = 5 s, slowdown = off }
              live { liveness-window = 500 ms }
            }
            """);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(120));
        using Process run = Process.Start(
            new ProcessStartInfo("dotnet", [typeof(EpcCommand).Assembly.Location, "run", file, "--engine", engine])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            }
        )!;
        Task<string> errors = run.StandardError.ReadToEndAsync(patience.Token);
        Assert.NotNull(await run.StandardOutput.ReadLineAsync(patience.Token));
        const string Stops = "for stop in 1 2; do sleep 0.7; kill -STOP $0; sleep 1.3; kill -CONT $0; done";
        using Process stops = Process.Start("bash", ["-c", Stops, $"{run.Id}"]);
        await stops.WaitForExitAsync(patience.Token);
        string report = await run.StandardOutput.ReadToEndAsync(patience.Token);
        await run.WaitForExitAsync(patience.Token);
        Assert.True(run.ExitCode == 2, $"{run.ExitCode}\n{report}\n{await errors}");
        Assert.Contains("INCONCLUSIVE: no rule was broken, but epc.run.duration cut the run off", report,
            StringComparison.Ordinal);
    }
}

using EpcActors.Cli;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Terminal;
using EpcActors.Runs;
using Spectre.Console;

namespace EpcActors.Tests.Cli;

public sealed class ProgressTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Lines_come_at_most_every_five_seconds_and_none_for_a_short_run()
    {
        ManualClock clock = new();
        EngineRegistry engines = CliHarness.Engines(
            (_, progress) =>
            {
                for (int second = 1; second <= 11; second++)
                {
                    clock.Advance(TimeSpan.FromSeconds(1));
                    progress!(
                        new RunProgress(
                            second * 1_000_000_000L,
                            60_000_000_000,
                            second * 2_000_000L,
                            second * 10,
                            "scenario"));
                }
            });
        CliResult result = await CliHarness.CallWith(engines, clock, "run", _cli.GoodFile);

        Assert.Equal(
            [
                "scenario: 5.00 s of 60.0 s virtual, 2.00 M steps/s, 50 faults",
                "scenario: 10.0 s of 60.0 s virtual, 2.00 M steps/s, 100 faults",
            ],
            result.ErrorLines);
        Assert.Empty((await CliHarness.Call("run", _cli.GoodFile)).Error);
    }

    [Fact]
    public async Task Quiet_run_reports_no_progress()
    {
        bool isAsked = true;
        await CliHarness.CallWith(
            CliHarness.Engines((_, progress) => isAsked = progress is not null),
            null,
            "run",
            _cli.GoodFile,
            "--quiet");

        Assert.False(isAsked);
    }

    [Fact]
    public async Task Terminal_shows_a_bar_that_is_gone_in_the_end()
    {
        ManualClock clock = new();
        EngineRegistry engines = CliHarness.Engines((_, progress) =>
        {
            foreach (string stage in (string[])["scenario", "run with enough EPC"])
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                progress!(new RunProgress(1_000_000_000, 2_000_000_000, 3_000_000, 40, stage));
            }
        });
        using StringWriter output = new();
        using StringWriter error = new();
        IAnsiConsole live = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(error),
        });
        live.Profile.Width = 120;
        await using CommandShell shell = CommandShell.Terminal(output, error, live, engines, clock);

        Assert.Equal(0, await EpcCommand.InvokeAsync(["run", _cli.GoodFile], shell, CancellationToken.None));
        Assert.Contains(
            "scenario  1.00 s of 2.00 s, 3.00 M steps/s, 40 faults",
            error.ToString(),
            StringComparison.Ordinal);
        Assert.Contains("run with enough EPC  1.00 s of 2.00 s", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("steps/s", output.ToString(), StringComparison.Ordinal);

        // Shown again, and nothing after the last erasure.
        Assert.EndsWith("\u001b[?25h", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirected_output_has_no_escape_codes_and_is_120_columns_wide()
    {
        CliResult result = await CliHarness.Call("run", _cli.RacyFile, "--set", "epc.kernel=linux-5.15");

        Assert.DoesNotContain('\u001b', result.Out);
        Assert.All(result.OutLines.SkipLast(1), line => Assert.True(line.Length <= 120, line));

        // Only from 110 columns on are sizes followed by exact bytes.
        Assert.Contains(
            "8388608",
            (await CliHarness.Call("run", _cli.GoodFile, "--set", "epc.cgroups./a.max=8 MiB")).Out,
            StringComparison.Ordinal);
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}

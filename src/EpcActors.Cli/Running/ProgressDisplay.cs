using EpcActors.Cli.Terminal;
using EpcActors.Reports;
using EpcActors.Runs;
using Spectre.Console;

namespace EpcActors.Cli.Running;

/// <summary>
/// Tells the user how far a run is, on standard error: a bar on a terminal, elsewhere a line now and then and none
/// for a short run.
/// </summary>
internal sealed class ProgressDisplay(CommandShell shell, bool isQuiet)
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan BetweenDrawings = TimeSpan.FromMilliseconds(100);

    /// <summary>Shows nothing.</summary>
    public bool IsQuiet => isQuiet;

    /// <summary>Runs <paramref name="run"/> and shows what it reports.</summary>
    public T Follow<T>(string label, Func<Action<RunProgress>?, T> run)
    {
        if (isQuiet)
        {
            return run(null);
        }

        return shell.ShowsLiveProgress ? FollowLive(label, run) : FollowInLines(label, run);
    }

    private T FollowInLines<T>(string label, Func<Action<RunProgress>?, T> run)
    {
        Pace pace = new(shell.Clock, BetweenLines);
        return run(progress =>
        {
            if (pace.IsDue(progress, out double stepsPerSecond))
            {
                shell.Error.WriteLine(
                    $"{Name(label, progress)}: {Units.Duration(progress.VirtualTimeNs)} of "
                        + $"{Units.Duration(progress.LimitNs)} virtual, {Figures(progress, stepsPerSecond)}");
            }
        });
    }

    private T FollowLive<T>(string label, Func<Action<RunProgress>?, T> run)
    {
        Pace pace = new(shell.Clock, BetweenDrawings);
        return shell.ErrorConsole.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn { Width = 24 },
                new PercentageColumn())
            .Start(context =>
            {
                // There is something to see from the start: the first sample of a large scenario may take a while.
                ProgressTask task = context.AddTask(
                    Markup.Escape(label.Length == 0 ? "starting" : $"{label}, starting"));
                string stage = "";
                return run(progress =>
                {
                    if (!pace.IsDue(progress, out double stepsPerSecond))
                    {
                        return;
                    }

                    string text = Markup.Escape(
                        $"{Name(label, progress)}  {Units.Duration(progress.VirtualTimeNs)} of "
                            + $"{Units.Duration(progress.LimitNs)}, {Figures(progress, stepsPerSecond)}");
                    if (stage.Length > 0 && stage != progress.Stage)
                    {
                        task.Value(task.MaxValue);
                        task = context.AddTask(text);
                    }

                    stage = progress.Stage;
                    task.MaxValue(Math.Max(1, progress.LimitNs));
                    task.Value(progress.VirtualTimeNs);
                    task.Description(text);
                });
            });
    }

    private static string Name(string label, RunProgress progress) =>
        label.Length == 0 ? progress.Stage : $"{label}, {progress.Stage}";

    private static string Figures(RunProgress progress, double stepsPerSecond) =>
        $"{Units.SiPrefixed(stepsPerSecond)} steps/s, {Units.Count(progress.Faults)} faults";

    /// <summary>Decides when to speak, and measures the speed since it last did.</summary>
    private sealed class Pace(TimeProvider clock, TimeSpan interval)
    {
        private long _lastAt = clock.GetTimestamp();
        private long _lastSteps;
        private string _stage = "";

        public bool IsDue(RunProgress progress, out double stepsPerSecond)
        {
            TimeSpan elapsed = clock.GetElapsedTime(_lastAt);
            stepsPerSecond = 0;
            if (elapsed < interval)
            {
                return false;
            }

            long steps = _stage == progress.Stage ? progress.Steps - _lastSteps : progress.Steps;
            stepsPerSecond = steps / elapsed.TotalSeconds;
            _lastAt = clock.GetTimestamp();
            _lastSteps = progress.Steps;
            _stage = progress.Stage;
            return true;
        }
    }
}

using EpcActors.Results;

namespace EpcActors.Cli.Running;

/// <summary>The exit code of a report.</summary>
internal static class Verdicts
{
    /// <param name="report">A run, of one process or of several.</param>
    /// <param name="checksExpectations">Expectations of the scenario count.</param>
    public static ExitCode CodeOf(RunReport report, bool checksExpectations)
    {
        bool isUnmet = checksExpectations && report.Expectations.Any(one => one.IsUnmet);
        return report.Verdict switch
        {
            Verdict.Violation => ExitCode.Violation,

            // A run that was cut off judges only what the rest of the work could not have mended.
            Verdict.Inconclusive => isUnmet && report.WorkLeft > 0 ? ExitCode.Violation : ExitCode.Inconclusive,
            Verdict.Pass when isUnmet => ExitCode.Violation,

            // A live run leaves some expectations to the simulation; a simulation that cannot judge one has proved
            // nothing.
            Verdict.Pass when checksExpectations && report.Live is null
                && report.Expectations.Any(one => !one.IsMet) => ExitCode.Inconclusive,
            Verdict.Pass => ExitCode.Pass,
        };
    }
}

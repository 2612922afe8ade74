using EpcActors.Cluster.Transport;

namespace EpcActors.Cli;

/// <summary>The command's answer to a script. The numbers are a contract.</summary>
internal enum ExitCode
{
    /// <summary>Every rule held.</summary>
    Pass = 0,

    /// <summary>A rule was broken; with <c>--expect</c> also: an expectation of the scenario was not met.</summary>
    Violation = 1,

    /// <summary>Cancelled, or nothing was proved.</summary>
    Inconclusive = 2,

    /// <summary>Not supported on this machine.</summary>
    NotSupported = 3,

    /// <summary>A mistake in the command line or in a configuration file (EX_USAGE).</summary>
    Usage = 64,

    /// <summary>An error in the emulator itself (EX_SOFTWARE).</summary>
    EmulatorError = 70,

    /// <summary>Results could not be written (EX_IOERR).</summary>
    OutputError = 74,
}

/// <summary>How codes combine, and what they stand for.</summary>
internal static class ExitCodes
{
    /// <summary>That of a cluster which did not come about.</summary>
    public static ExitCode Of(ClusterErrorKind kind) => kind switch
    {
        ClusterErrorKind.NotFormed => ExitCode.Inconclusive,
        ClusterErrorKind.Usage => ExitCode.Usage,
        ClusterErrorKind.NotSupported => ExitCode.NotSupported,
        ClusterErrorKind.Defect => ExitCode.EmulatorError,
    };

    /// <summary>
    /// The one that says more against the kernel: a violation found outweighs a run that was cut short.
    /// </summary>
    public static ExitCode Worse(ExitCode a, ExitCode b) => Rank(a) >= Rank(b) ? a : b;

    private static int Rank(ExitCode code) => code switch
    {
        ExitCode.Pass => 0,
        ExitCode.Inconclusive => 1,
        ExitCode.Violation => 2,
        ExitCode.NotSupported => 3,
        ExitCode.Usage => 4,
        ExitCode.OutputError => 5,
        ExitCode.EmulatorError => 6,
    };
}

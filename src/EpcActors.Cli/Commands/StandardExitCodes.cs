namespace EpcActors.Cli.Commands;

/// <summary>Lines of the help that several commands share.</summary>
internal static class StandardExitCodes
{
    /// <summary>Where the keys of a scenario are explained.</summary>
    public static IReadOnlyList<string> KeyReference { get; } =
    [
        "config/reference.conf: every key, its default, its unit and why; vars { … } and ${?NAME}, an environment "
            + "variable",
        "epc config show FILE --all: every key as it stands for a scenario",
        "epc config kernels: the kernels by name",
    ];

    public static IReadOnlyList<(ExitCode Code, string Meaning)> OfQueries { get; } =
    [
        (ExitCode.Pass, "done"),
        (ExitCode.Usage, "a mistake in the command line or in a configuration file"),
    ];

    public static IReadOnlyList<(ExitCode Code, string Meaning)> OfRuns(string violation) =>
    [
        (ExitCode.Pass, "every rule held"),
        (ExitCode.Violation, violation),
        (ExitCode.Inconclusive, "inconclusive: cancelled, or a live run that epc.run.duration cut off with work left"),
        (ExitCode.NotSupported, "not supported on this machine"),
        (ExitCode.Usage, "a mistake in the command line or in a configuration file"),
        (ExitCode.EmulatorError, "an error in epc itself; the last line repeats it"),
        (ExitCode.OutputError, "results could not be written"),
    ];
}

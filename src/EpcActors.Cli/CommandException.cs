namespace EpcActors.Cli;

/// <summary>
/// The user's request cannot be served, and the message says why and what to do: printed as it is, without a stack
/// trace.
/// </summary>
internal sealed class CommandException(ExitCode code, string message) : Exception(message)
{
    public ExitCode Code { get; } = code;

    /// <summary>A mistake in the command line.</summary>
    public static CommandException Usage(string message) => new(ExitCode.Usage, message);
}

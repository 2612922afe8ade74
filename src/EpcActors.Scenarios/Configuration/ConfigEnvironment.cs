using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>The world around a configuration, as far as reading it needs it.</summary>
public sealed record ConfigEnvironment
{
    /// <summary>Files from disk and the variables of the process.</summary>
    public static ConfigEnvironment Default { get; } = new();

    /// <summary>Where configuration files come from.</summary>
    public IHoconIncluder Files { get; init; } = HoconFileIncluder.Instance;

    /// <summary>Environment variables for substitutions, null result for none; the process's if null.</summary>
    public Func<string, string?>? Variables { get; init; }

    /// <summary>
    /// Opens a trace by its full name; null when there is no such file. Read line by line, since traces may be large.
    /// </summary>
    public Func<string, TextReader?> OpenTrace { get; init; } = TextFiles.Open;
}

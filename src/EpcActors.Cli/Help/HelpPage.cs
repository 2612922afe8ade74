using System.CommandLine;

namespace EpcActors.Cli.Help;

/// <summary>Help of a command beyond its options.</summary>
internal sealed record HelpPage
{
    /// <summary>Command lines to copy, each with what it is good for.</summary>
    public required IReadOnlyList<HelpExample> Examples { get; init; }

    /// <summary>Prose below the options.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Exit codes and what they mean here.</summary>
    public IReadOnlyList<(ExitCode Code, string Meaning)> ExitCodes { get; init; } = [];

    /// <summary>Where to read on.</summary>
    public IReadOnlyList<string> SeeAlso { get; init; } = [];
}

/// <summary>A command line and why one would type it.</summary>
internal sealed record HelpExample(string CommandLine, string Purpose);

/// <summary>A command whose help teaches.</summary>
internal sealed class DocumentedCommand(string name, string description, HelpPage page) : Command(name, description)
{
    public HelpPage Page { get; } = page;
}

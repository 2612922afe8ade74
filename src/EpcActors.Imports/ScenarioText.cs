using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports;

/// <summary>A scenario as text, with what is worth knowing about how it came about.</summary>
public sealed record ScenarioText
{
    private readonly Lazy<string> _text;

    internal ScenarioText(InputFormat format, string sourceName, Func<string> text)
    {
        Format = format;
        SourceName = sourceName;
        _text = new Lazy<string>(text);
    }

    /// <summary>Kind of the input.</summary>
    public InputFormat Format { get; }

    /// <summary>
    /// Name under which the loader reads the text and reports errors: the file's own for a scenario, that of the first
    /// file with a mark behind it for an import.
    /// </summary>
    public string SourceName { get; }

    /// <summary>The scenario in HOCON. A scenario's own file is read here when it is asked for.</summary>
    /// <exception cref="ConfigurationException">That file cannot be read.</exception>
    public string Text => _text.Value;

    /// <summary>
    /// Notes on what was left out, was assumed or looks like a mistake; each with its place in the input.
    /// </summary>
    public IReadOnlyList<ConfigurationNote> Notes { get; init; } = [];

    /// <summary>True when the text was made from an input of another kind.</summary>
    public bool IsImported => Format != InputFormat.Scenario;

    /// <summary>
    /// The environment in which <see cref="SourceName"/> names this text: hand both to <see cref="ScenarioLoader"/>.
    /// </summary>
    public ConfigEnvironment In(ConfigEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return IsImported
            ? environment with { Files = new WithText(environment.Files, SourceName, Text) }
            : environment;
    }

    /// <summary>One text in front of other files.</summary>
    private sealed class WithText(IHoconIncluder files, string source, string text) : IHoconIncluder
    {
        public string Locate(string includingSource, string name) => files.Locate(includingSource, name);

        public string? Read(string name) => name == source ? text : files.Read(name);
    }
}

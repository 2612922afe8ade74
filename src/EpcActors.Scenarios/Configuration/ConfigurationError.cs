using System.Text;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>One thing that is wrong with a configuration.</summary>
/// <param name="Origin">Where it stands.</param>
/// <param name="Key">Full key, e.g. <c>epc.enclaves.web.heap</c>; empty when the text could not be read at all.</param>
/// <param name="Message">What was found and what would be allowed.</param>
/// <param name="Remedy">What to write instead; empty when the message says it.</param>
public sealed record ConfigurationError(HoconOrigin Origin, string Key, string Message, string Remedy)
{
    /// <summary><c>file:line:column</c>, or <c>--set key</c>.</summary>
    public string Place => ConfigurationText.Place(Origin);

    /// <summary><c>file:line:column: key: message; remedy</c>.</summary>
    public override string ToString() => ConfigurationText.Line(Origin, Key, Message, Remedy);
}

/// <summary>Something a reader of the report should know about a configuration that is not wrong.</summary>
public sealed record ConfigurationNote(HoconOrigin Origin, string Key, string Message)
{
    /// <summary><c>file:line:column</c>, or <c>--set key</c>.</summary>
    public string Place => ConfigurationText.Place(Origin);

    public override string ToString() => ConfigurationText.Line(Origin, Key, Message, "");
}

/// <summary>A configuration that cannot be run. Carries every error that was found, not only the first.</summary>
public sealed class ConfigurationException : Exception
{
    public ConfigurationException(IReadOnlyList<ConfigurationError> errors)
        : base(Text(errors))
    {
        Errors = errors;
    }

    /// <summary>All errors, by place; at least one.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }

    /// <summary>One error per line.</summary>
    public override string ToString() => Message;

    private static string Text(IReadOnlyList<ConfigurationError> errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        ArgumentOutOfRangeException.ThrowIfZero(errors.Count, nameof(errors));
        return string.Join('\n', errors);
    }
}

/// <summary>How errors and notes are written.</summary>
internal static class ConfigurationText
{
    /// <summary>Origins of values of the command line begin with this; they have no line worth telling.</summary>
    public const string SetPrefix = "--set ";

    /// <summary>A key as it is written in a path.</summary>
    public static string Key(string key) =>
        key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? key : $"\"{key}\"";

    public static string Place(HoconOrigin origin) =>
        origin.Source.StartsWith(SetPrefix, StringComparison.Ordinal) ? origin.Source : origin.ToString();

    public static string Line(HoconOrigin origin, string key, string message, string remedy)
    {
        StringBuilder text = new();
        text.Append(Place(origin)).Append(": ");
        if (key.Length > 0)
        {
            text.Append(key).Append(": ");
        }

        text.Append(message);
        if (remedy.Length > 0)
        {
            text.Append("; ").Append(remedy);
        }

        // A line per error is a promise to those who count them.
        return text.ToString().ReplaceLineEndings(" ");
    }
}

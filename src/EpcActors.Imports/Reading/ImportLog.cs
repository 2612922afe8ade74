using EpcActors.Hocon;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports.Reading;

/// <summary>Errors and notes of one import, each with its place.</summary>
internal sealed class ImportLog
{
    /// <summary>A file with more mistakes than these is of another kind.</summary>
    private const int MostErrors = 100;

    private readonly List<ConfigurationError> _errors = [];
    private readonly List<ConfigurationNote> _notes = [];
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    public IReadOnlyList<ConfigurationNote> Notes => _notes;

    public bool HasErrors => _errors.Count > 0;

    /// <summary>Keeps an error; the import goes on to find others.</summary>
    public void Error(HoconOrigin at, string key, string message, string remedy)
    {
        _errors.Add(
            new ConfigurationError(at, PrintableText.Escape(key), PrintableText.Escape(message),
                PrintableText.Escape(remedy)));
        if (_errors.Count >= MostErrors)
        {
            ThrowIfErrors();
        }
    }

    /// <summary>Keeps a note; the same one of the same place once.</summary>
    public void Note(HoconOrigin at, string key, string message)
    {
        ConfigurationNote note = new(at, PrintableText.Escape(key), PrintableText.Escape(message));
        if (_said.Add(note.ToString()))
        {
            _notes.Add(note);
        }
    }

    /// <summary>An error that leaves nothing to go on with.</summary>
    public ConfigurationException Fail(HoconOrigin at, string key, string message, string remedy)
    {
        _errors.Add(
            new ConfigurationError(at, PrintableText.Escape(key), PrintableText.Escape(message),
                PrintableText.Escape(remedy)));
        return new ConfigurationException(_errors);
    }

    /// <exception cref="ConfigurationException">There was an error.</exception>
    public void ThrowIfErrors()
    {
        if (HasErrors)
        {
            throw new ConfigurationException(_errors);
        }
    }
}

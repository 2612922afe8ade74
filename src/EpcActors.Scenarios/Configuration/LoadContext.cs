using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>State that all parts of the binder share while one configuration is read.</summary>
internal sealed class LoadContext(string file, ConfigEnvironment environment)
{
    private readonly List<ConfigurationError> _errors = [];
    private readonly HashSet<(HoconOrigin, string)> _known = [];
    private readonly List<ConfigurationNote> _notes = [];

    /// <summary>The scenario file, as given.</summary>
    public string File { get; } = file;

    public ConfigEnvironment Environment { get; } = environment;

    /// <summary>The variant of a race that lies on top of the file; empty for the file as it is.</summary>
    public string Variant { get; init; } = "";

    /// <summary>Keys that the binder asked for, names of cgroups and so on replaced by placeholders.</summary>
    public SortedSet<string> ReadKeys { get; } = new(StringComparer.Ordinal);

    /// <summary>Takes what each key may be, as its reader says it; null when that is not asked for.</summary>
    public ShapeRecorder? Shapes { get; init; }

    /// <summary>Clock of the CPUs, MHz, for durations given in cycles.</summary>
    public int ClockMhz { get; set; } = 1000;

    /// <summary>EPC of the machine, pages, for sizes given as a share of it.</summary>
    public long EpcPages { get; set; }

    public bool HasErrors => _errors.Count > 0;

    /// <summary>Errors so far: a check of a whole is skipped when its parts brought new ones.</summary>
    public int ErrorCount => _errors.Count;

    public IReadOnlyList<ConfigurationNote> Notes => _notes;

    public void Error(HoconOrigin origin, string key, string message, string remedy = "")
    {
        // What is read twice, such as the switches of a kernel file, is wrong once.
        if (_known.Add((origin, message)))
        {
            _errors.Add(new ConfigurationError(origin, key, message, remedy));
        }
    }

    public void Error(HoconException exception) => Error(exception.Origin, "", exception.Detail);

    public void Note(HoconOrigin origin, string key, string message)
    {
        ConfigurationNote note = new(origin, key, message);
        if (!_notes.Contains(note))
        {
            _notes.Add(note);
        }
    }

    /// <summary>All errors, file by file in the order in which each first came up, by line within.</summary>
    public ConfigurationException Failure()
    {
        Dictionary<string, int> sources = [];
        foreach (ConfigurationError error in _errors)
        {
            sources.TryAdd(error.Origin.Source, sources.Count);
        }

        return new ConfigurationException([.. _errors
            .OrderBy(error => sources[error.Origin.Source])
            .ThenBy(error => error.Origin.Line)
            .ThenBy(error => error.Origin.Column)]);
    }

    public void ThrowIfErrors()
    {
        if (HasErrors)
        {
            throw Failure();
        }
    }
}

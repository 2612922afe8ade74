namespace EpcActors.Hocon;

/// <summary>
/// Named texts in memory, for tests and embedded defaults. Names use '/' and are relative like file names.
/// </summary>
public sealed class HoconMemoryIncluder : IHoconIncluder
{
    private readonly Dictionary<string, string> _texts;

    public HoconMemoryIncluder(IEnumerable<KeyValuePair<string, string>> texts)
    {
        _texts = new Dictionary<string, string>(texts, StringComparer.Ordinal);
    }

    public string Locate(string includingSource, string name)
    {
        ArgumentNullException.ThrowIfNull(includingSource);
        ArgumentNullException.ThrowIfNull(name);
        int slash = includingSource.LastIndexOf('/');
        return name.StartsWith('/') ? name : SourceNames.Combine(slash < 0 ? "" : includingSource[..slash], name);
    }

    public string? Read(string source) => _texts.GetValueOrDefault(source);
}

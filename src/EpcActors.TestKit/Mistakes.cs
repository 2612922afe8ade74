namespace EpcActors.TestKit;

/// <summary>
/// The first thing that code of a test did wrong: it shows up inside a search, and belongs in front of its result.
/// </summary>
internal sealed class Mistakes
{
    private RaceDefinitionException? _first;

    /// <summary>Remembers it, and makes it an exception to throw.</summary>
    public RaceDefinitionException Add(string message, Exception? inner = null)
    {
        RaceDefinitionException mistake = new(message, inner);
        Interlocked.CompareExchange(ref _first, mistake, null);
        return mistake;
    }

    /// <exception cref="RaceDefinitionException">There was one.</exception>
    public void ThrowIfAny()
    {
        if (_first is { } first)
        {
            throw new RaceDefinitionException(first.Message, first);
        }
    }
}

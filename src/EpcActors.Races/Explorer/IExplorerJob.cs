namespace EpcActors.Races.Explorer;

/// <summary>
/// Work that goes on in pieces: where there is one thread, the caller serves its reader between two of them.
/// </summary>
public interface IExplorerJob
{
    /// <summary>There is nothing more to do.</summary>
    bool IsOver { get; }

    /// <summary>Does a piece of a few milliseconds at most: about one schedule.</summary>
    void Advance();
}

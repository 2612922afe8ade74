using EpcActors.Exploration;

namespace EpcActors.Races;

/// <summary>Keeps an exhaustive search that has not come to its end, for another day.</summary>
public interface IKeptStates
{
    /// <summary>What an earlier search left; null for nothing.</summary>
    /// <param name="bounds">How far the search goes now.</param>
    SearchSpace? Load(SearchBounds bounds);

    /// <summary>Keeps a search, or forgets it when it is over. No searcher is at work.</summary>
    void Save(SearchSpace space);
}

namespace EpcActors.Exploration;

/// <summary>Lets one searcher at a time look at what all have in common.</summary>
public interface ISearchGate
{
    /// <summary>Waits until no other searcher is inside.</summary>
    void Enter();

    void Leave();
}

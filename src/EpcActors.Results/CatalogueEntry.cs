namespace EpcActors.Results;

/// <summary>A race in the list of the catalogue.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its title.</param>
/// <param name="Status">What became of it, in a word or two.</param>
/// <param name="Rule">The rule that it breaks.</param>
/// <param name="Description">Its story.</param>
/// <param name="Steps">Steps of the shortest schedule known; 0 when none is.</param>
public sealed record CatalogueEntry(
    string Id, string Title, string Status, string Rule, string Description, int Steps);

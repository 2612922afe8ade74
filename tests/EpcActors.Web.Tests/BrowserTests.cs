namespace EpcActors.Web.Tests;

/// <summary>Tests that share one browser, one after the other: an engine in a page takes a core.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<Browser>
{
    public const string Name = "browser";
}

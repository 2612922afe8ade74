using EpcActors.Races.Explorer;
using EpcActors.Reports;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Explorer;

public sealed class CatalogueListTests
{
    /// <summary>The page shows the list before its engine runs, so it is a file.</summary>
    [Fact]
    public void The_list_of_the_page_is_that_of_the_catalogue() => Assert.True(
        ExplorerPage.Catalogue(CatalogueEntries.All()) == Repository.Text("src/EpcActors.Web/wwwroot/races.html"),
        "write it again: epc race list --page > src/EpcActors.Web/wwwroot/races.html");
}

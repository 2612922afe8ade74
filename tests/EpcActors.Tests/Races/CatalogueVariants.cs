using EpcActors.Races;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>Races of the catalogue by their variants.</summary>
internal static class CatalogueVariants
{
    public static TheoryData<string, string> Of(bool isBuggy)
    {
        TheoryData<string, string> variants = [];
        foreach (string id in Catalogue.Ids)
        {
            foreach (string variant in Load(id, null).Variants.Where(variant => Catalogue.IsBuggy(variant) == isBuggy))
            {
                variants.Add(id, variant);
            }
        }

        return variants;
    }

    public static RaceDefinition Load(string id, string? variant) => RaceFile.Load(Catalogue.FileOf(id)!, variant);
}

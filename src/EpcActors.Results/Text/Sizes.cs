using System.Collections.Immutable;
using System.Globalization;

namespace EpcActors.Results.Text;

/// <summary>Sizes as people write them.</summary>
public static class Sizes
{
    // A page of x86, as everywhere in the EPC.
    private const long PageBytes = 4096;

    private static readonly ImmutableArray<string> Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>With a binary prefix and up to one digit behind the point.</summary>
    public static string Text(long bytes)
    {
        decimal value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return value.ToString("0.#", CultureInfo.InvariantCulture) + " " + Units[unit];
    }

    /// <summary>Pages and the size that they make.</summary>
    public static string OfPages(long pages) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{Counted.Of(pages, "page")} ({Text(pages * PageBytes)})");
}

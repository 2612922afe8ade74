using System.Globalization;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>Numbers in sentences.</summary>
internal static class Words
{
    public static string Of(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s");
}

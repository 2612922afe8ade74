using System.Globalization;
using EpcActors.Hocon;

namespace EpcActors.Imports.Reading;

/// <summary>Places in comments.</summary>
internal static class Place
{
    /// <summary>File and line say enough in a comment.</summary>
    public static string Short(HoconOrigin origin) => origin.Line == 0
        ? Path.GetFileName(origin.Source)
        : string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(origin.Source)}:{origin.Line}");
}

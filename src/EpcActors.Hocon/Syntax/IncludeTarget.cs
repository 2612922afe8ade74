namespace EpcActors.Hocon.Syntax;

internal enum IncludeKind
{
    Heuristic,
    File,
    Url,
    Classpath,
}

/// <summary>Target of an include statement.</summary>
internal readonly record struct IncludeTarget(string Name, IncludeKind Kind, bool Required, HoconOrigin Origin);

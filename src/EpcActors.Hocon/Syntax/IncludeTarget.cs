namespace EpcActors.Hocon.Syntax;

internal enum IncludeKind
{
    Heuristic,
    File,
    Url,
    Classpath,
}

/// <summary>What an include statement names.</summary>
internal readonly record struct IncludeTarget(string Name, IncludeKind Kind, bool Required, HoconOrigin Origin);

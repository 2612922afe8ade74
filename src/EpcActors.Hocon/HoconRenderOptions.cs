namespace EpcActors.Hocon;

/// <summary>The notation to render in.</summary>
public enum HoconFormat
{
    /// <summary>JSON; origin comments are left out, since JSON has none.</summary>
    Json,

    /// <summary>HOCON: <c>key = value</c> lines, no braces around the root.</summary>
    Hocon,
}

/// <summary>Options to write a configuration.</summary>
public sealed record HoconRenderOptions
{
    /// <summary>Indented HOCON.</summary>
    public static HoconRenderOptions Default { get; } = new();

    /// <summary>One line of JSON.</summary>
    public static HoconRenderOptions CompactJson { get; } = new() { Format = HoconFormat.Json, Pretty = false };

    public HoconFormat Format { get; init; } = HoconFormat.Hocon;

    /// <summary>One value for each line, indented; otherwise everything is on one line.</summary>
    public bool Pretty { get; init; } = true;

    /// <summary>
    /// Before each field a comment with the place of its value. Needs HOCON and <see cref="Pretty"/>.
    /// </summary>
    public bool OriginComments { get; init; }
}

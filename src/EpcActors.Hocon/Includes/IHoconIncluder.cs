namespace EpcActors.Hocon;

/// <summary>Gives the parser access to files. Implementations decide what a name means.</summary>
public interface IHoconIncluder
{
    /// <summary>
    /// The full name of <paramref name="name"/> as written in <paramref name="includingSource"/>: a relative name is
    /// adjacent to the source that names it. Two names of one file should come out equal, since equal names inside
    /// one another are an include cycle.
    /// </summary>
    string Locate(string includingSource, string name);

    /// <summary>
    /// The text, or null when there is no such file. Any other failure is an <see cref="IOException"/> or an
    /// <see cref="UnauthorizedAccessException"/>, which the parser reports with the place of the include.
    /// </summary>
    string? Read(string source);
}

using System.Globalization;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races;

/// <summary>The races of config/races, which are part of the program: an id names one.</summary>
public static class Catalogue
{
    private const string Set = "races";

    /// <summary>The variant that has the race.</summary>
    public const string Buggy = "buggy";

    /// <summary>The variant without it.</summary>
    public const string Fixed = "fixed";

    /// <summary>Ids in the order of the catalogue: R1, R2, … C1, … D1.</summary>
    public static IReadOnlyList<string> Ids { get; } =
    [
        .. BuiltInFiles.Names(Set)
            .OrderBy(name => "RCD".IndexOf(name[0], StringComparison.Ordinal) is >= 0 and int place ? place : 3)
            .ThenBy(name => name, StringComparer.Ordinal)
            .Select(IdOf),
    ];

    /// <summary>
    /// Name of the file of a race, for the loader; null when there is no such race. Upper and lower case are one.
    /// </summary>
    public static string? FileOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        string? name = BuiltInFiles
            .Names(Set)
            .FirstOrDefault(one => string.Equals(IdOf(one), id.Trim(), StringComparison.OrdinalIgnoreCase));
        return name is null ? null : BuiltInFiles.FileName(Set, name);
    }

    /// <summary>Text of the file of a race.</summary>
    public static string TextOf(string file) =>
        BuiltInFiles.Read(file) ?? throw new ArgumentException($"there is no {file}");

    /// <summary>The shortest schedule known of a race; null when there is none.</summary>
    public static Schedule? ScheduleOf(string id)
    {
        string? file = FileOf(id);
        string? name = file is null ? null : Path.ChangeExtension(file, ".schedule");
        return name is not null && BuiltInFiles.Read(name) is { } text ? Schedule.Parse(text, name) : null;
    }

    /// <summary>Name of the schedule's file in config/races: <c>R01.schedule</c>.</summary>
    public static string ScheduleFile(string id)
    {
        string file = FileOf(id) ?? throw new ArgumentException($"there is no race {id}");
        return Path.ChangeExtension(file[(file.LastIndexOf('/') + 1)..], ".schedule");
    }

    /// <summary>Measured figures of the races.</summary>
    public static RaceFigures Figures { get; } =
        BuiltInFiles.Read($"{BuiltInFiles.Prefix}{Set}/figures.json") is { } json
            ? RaceFigures.FromJson(json)
            : new RaceFigures();

    /// <summary>Rows of the literature that are no race here, with the reason.</summary>
    public static IReadOnlyList<(string Id, string Reason)> NotModelled { get; } =
    [
        .. (BuiltInFiles.Read($"{BuiltInFiles.Prefix}{Set}/not-modelled.txt") ?? "").Split('\n')
            .Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line =>
                (
                    line[..line.IndexOf(':', StringComparison.Ordinal)].Trim(),
                    line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())),
    ];

    /// <summary>True for a variant that must show the race: buggy, or buggy-something.</summary>
    public static bool IsBuggy(string variant)
    {
        ArgumentNullException.ThrowIfNull(variant);
        return variant == Buggy || variant.StartsWith($"{Buggy}-", StringComparison.Ordinal);
    }

    /// <summary>R01 is R1.</summary>
    private static string IdOf(string name) =>
        name.Length > 1 && int.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? $"{name[0]}{number.ToString(CultureInfo.InvariantCulture)}"
            : name;
}

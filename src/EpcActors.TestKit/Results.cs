using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.TestKit;

/// <summary>No schedule broke a rule, and within what bound that was looked at.</summary>
/// <param name="Bound">The bound in words: <c>every schedule (1,234 states)</c>.</param>
/// <param name="States">States of the exhaustive part, 0 without.</param>
/// <param name="Schedules">Schedules executed.</param>
/// <param name="Steps">Steps executed.</param>
public sealed record CleanRace(string Bound, int States, long Schedules, long Steps);

/// <summary>A schedule that breaks a rule.</summary>
/// <param name="Rule">The rule, as violations name it.</param>
/// <param name="Detail">Expected and found state.</param>
/// <param name="Schedule">The schedule, shrunk.</param>
/// <param name="Trace">The same, step by step.</param>
public sealed record FoundRace(string Rule, string Detail, Schedule Schedule, RaceTrace Trace)
{
    /// <summary>The schedule as a listing: a column for each task.</summary>
    public string Listing => RaceListing.Text(Trace);

    /// <summary>The same as HTML, with a diagram.</summary>
    public void WriteHtml(TextWriter writer) => LamportPage.Write(writer, Trace);

    /// <summary>Writes the schedule to a file, for <see cref="RaceTest.Replay"/>.</summary>
    /// <param name="path">The file; its folder is made when it is not there.</param>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        File.WriteAllText(path, Schedule.ToString());
    }

    public override string ToString() => Listing;
}

/// <summary>A schedule that was replayed and did what it should.</summary>
/// <param name="Trace">Step by step what it did here.</param>
/// <param name="Skipped">Lines that did not fit and were left out; 0 for a strict replay. The more, the less it
/// says.</param>
public sealed record ReplayedSchedule(RaceTrace Trace, int Skipped)
{
    /// <summary>The replay as a listing: a column for each task.</summary>
    public string Listing => RaceListing.Text(Trace);
}

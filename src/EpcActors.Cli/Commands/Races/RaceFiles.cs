using EpcActors.Cli.Running;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Cli.Commands.Races;

/// <summary>The files that show one schedule.</summary>
internal static class RaceFiles
{
    /// <summary>Inputs of <c>epc race replay</c>.</summary>
    public const string Schedule = "race.schedule";

    /// <summary>Writes all of them; returns the line that says so.</summary>
    public static string Write(OutputDirectory directory, RaceTrace trace, Schedule? schedule)
    {
        List<string> names = [];
        using StagedFiles files = new();
        void Text(string name, Action<TextWriter> write)
        {
            directory.AddText(files, name, write);
            names.Add(name);
        }

        if (schedule is not null)
        {
            Text(Schedule, writer => writer.Write(schedule.ToString()));
        }

        Text("race.html", writer => LamportPage.Write(writer, trace));
        Text("race.txt", writer => writer.Write(RaceListing.Text(trace)));
        Text("commit-message.txt", writer => writer.Write(RaceListing.KernelStyle(trace)));
        Text("race.mmd", writer => writer.Write(MermaidDiagram.Text(trace)));
        Text("race.json", writer => writer.Write(RaceJson.ToJson(trace)));
        files.Add(directory.PathOf("trace.json"), stream => RaceChromeTrace.Write(stream, trace));
        names.Add("trace.json");
        files.Commit();
        return $"wrote {string.Join(", ", names)} to {directory.PathOf("")}";
    }
}

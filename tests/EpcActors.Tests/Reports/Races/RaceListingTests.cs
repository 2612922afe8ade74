using EpcActors.Reports;
namespace EpcActors.Tests.Reports.Races;

public sealed class RaceListingTests
{
    [Fact]
    public void Dump()
    {
        string dir = Environment.GetEnvironmentVariable("RACE_OUT") ?? "";
        if (dir.Length == 0)
        {
            return;
        }
        foreach (
            var (n, t) in new[]
            {
                ("r1", SampleRaces.LostUpdate()),
                ("hang", SampleRaces.Hang()),
                ("hostile", SampleRaces.Hostile()),
                ("large", SampleRaces.Large(6, 60)),
                ("huge", SampleRaces.Large(20, 2500)),
            })
        {
            File.WriteAllText($"{dir}/{n}.txt", RaceListing.Text(t));
            File.WriteAllText($"{dir}/{n}.kernel.txt", RaceListing.KernelStyle(t));
            File.WriteAllText($"{dir}/{n}.markup.txt", RaceListing.Markup(t));
            File.WriteAllText($"{dir}/{n}.html", Render.Text(w => LamportPage.Write(w, t)));
            File.WriteAllText($"{dir}/{n}.mmd.txt", MermaidDiagram.Text(t));
            File.WriteAllText($"{dir}/{n}.chrome.json", Render.Utf8(s => RaceChromeTrace.Write(s, t)));
            File.WriteAllText($"{dir}/{n}.json", RaceJson.ToJson(t));
        }
    }
}

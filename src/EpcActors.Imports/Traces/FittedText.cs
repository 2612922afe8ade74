using System.Globalization;
using EpcActors.Imports.Drafts;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Workloads.Fitting;

namespace EpcActors.Imports.Traces;

/// <summary>A fitted workload in words, and as a step of a scenario.</summary>
internal static class FittedText
{
    /// <summary>What it does, in a line.</summary>
    public static string Words(FittedWorkload workload)
    {
        if (workload.Preset.Length > 0)
        {
            return $"preset {workload.Preset} over {Sizes.OfPages(workload.Pages)}";
        }

        string scan = workload.ScanPerMille == 0 ? "no scan"
            : $"{Percent(workload.ScanPerMille)} of the accesses scan {Pages(workload.ScanPages)} in order"
                + (workload.ScanPerMille == 1000 ? ""
                    : workload.ScanFirstPage > 0 ? " beside them"
                    : workload.ScanPages >= workload.Pages ? ", these among them"
                    : " among them");
        return workload.ScanPerMille == 1000 ? scan : $"{Popular(workload)}; {scan}";
    }

    /// <summary>The step that runs it.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="accesses">Accesses of each thread.</param>
    /// <param name="workNs">Time between two accesses of a thread, nanoseconds; 0 leaves it to the scenario.</param>
    public static string Step(FittedWorkload workload, long accesses, long workNs)
    {
        string rest = $"accesses = {HoconText.Number(accesses)}"
            + (workNs > 0 ? $", work = {HoconText.Number(workNs)} ns" : "");
        if (workload.Preset.Length > 0)
        {
            return $"[ {{ run {{ preset = {workload.Preset}, {rest} }} }} ]";
        }

        if (workload.ScanPerMille is 0 or 1000)
        {
            string pattern = workload.ScanPerMille == 0 ? Pattern(workload) : $"pattern = sweep, {Mix(workload)}";
            return $"[ {{ run {{ {pattern}, {rest} }} }} ]";
        }

        string popular = $"first = 0, {Part(workload.Pages)}, {Pattern(workload)}";
        string scan = $"{First(workload)}, {Part(workload.ScanPages)}, pattern = sweep, {Mix(workload)}";

        // The braces stand at the depth of an enclave.
        return $$"""
            [ { run {
                    pattern = mixed
                    parts = [
                      { weight = {{1000 - workload.ScanPerMille}}, {{popular}} }
                      { weight = {{workload.ScanPerMille}}, {{scan}} }
                    ]
                    {{rest}}
                  } } ]
            """;
    }

    private static string Popular(FittedWorkload workload) => workload.Shape switch
    {
        PopularityShape.Hotspot => $"hotspot, {Percent(workload.HotPerMille)} of them on "
            + $"{Pages(workload.HotPages)} of {Sizes.OfPages(workload.Pages)}",
        PopularityShape.Records => $"records of {Sizes.Text(workload.RecordBytes)}, zipf with a skew of "
            + $"{Skew(workload)}, over {Sizes.OfPages(workload.Pages)}",
        PopularityShape.Zipf => workload.Theta == 0
            ? $"uniform over {Sizes.OfPages(workload.Pages)}"
            : $"zipf with a skew of {Skew(workload)} over {Sizes.OfPages(workload.Pages)}",
    };

    private static string Pattern(FittedWorkload workload) => workload.Shape switch
    {
        PopularityShape.Hotspot => $"pattern = hotspot, hot = {HoconText.Pages(workload.HotPages)}, "
            + $"hot-accesses = {Percent(workload.HotPerMille)}, {Mix(workload)}",
        PopularityShape.Records => $"pattern = records, record = {workload.RecordBytes} B, theta = {Skew(workload)}, "
            + $"reads = {1000 - workload.WritesPerMille}, updates = {workload.WritesPerMille}",
        PopularityShape.Zipf => workload.Theta == 0
            ? $"pattern = uniform, {Mix(workload)}"
            : $"pattern = zipf, theta = {Skew(workload)}, {Mix(workload)}",
    };

    private static string Mix(FittedWorkload workload) => $"writes = {Percent(workload.WritesPerMille)}"
        + (workload.ExecutesPerMille == 0 ? "" : $", executes = {Percent(workload.ExecutesPerMille)}");

    private static string First(FittedWorkload workload) => workload.ScanFirstPage == 0
        ? "first = 0"
        : $"first = {HoconText.Pages(workload.ScanFirstPage)}";

    private static string Part(int pages) => $"pages = {HoconText.Pages(pages)}";

    private static string Pages(long pages) => Counted.Of(pages, "page", "N0");

    private static string Skew(FittedWorkload workload) =>
        workload.Theta.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Percent(int perMille) =>
        (perMille / 10m).ToString("0.#", CultureInfo.InvariantCulture) + " %";
}

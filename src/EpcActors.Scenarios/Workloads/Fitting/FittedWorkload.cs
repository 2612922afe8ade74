using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>How popular pages are.</summary>
public enum PopularityShape
{
    /// <summary>By Zipf's law over the pages.</summary>
    Zipf,

    /// <summary>A hot part and the rest, uniform within either.</summary>
    Hotspot,

    /// <summary>By Zipf's law over records, several of them on a page.</summary>
    Records,
}

/// <summary>Which pages are scanned beside the popular ones.</summary>
internal enum ScanPlace
{
    /// <summary>Pages of their own.</summary>
    Apart,

    /// <summary>All pages; the popular ones are a part of them.</summary>
    Whole,

    /// <summary>A part of the popular pages.</summary>
    Within,
}

/// <summary>A workload that the search looks at; parts and shares run from 0 to 1.</summary>
/// <param name="Shape">How popular pages are.</param>
/// <param name="Theta">Skew of <see cref="PopularityShape.Zipf"/> and of records.</param>
/// <param name="HotShare">Share of the accesses to hot pages.</param>
/// <param name="HotPages">Hot part of the popular pages.</param>
/// <param name="RecordsPerPage">Records on a page.</param>
/// <param name="ScanShare">Share of all accesses that scan.</param>
/// <param name="ScanPart">
/// Scanned pages as a part of all (apart), of the popular ones (within); popular ones as a part of the scanned (whole).
/// </param>
/// <param name="Place">Which pages are scanned.</param>
internal readonly record struct FitPoint(
    PopularityShape Shape,
    double Theta,
    double HotShare,
    double HotPages,
    int RecordsPerPage,
    double ScanShare,
    double ScanPart,
    ScanPlace Place)
{
    /// <summary>Scanned pages beside so many popular ones.</summary>
    public double ScanPages(double pages) => ScanShare == 0 ? 0
        : Place switch
        {
            ScanPlace.Apart => pages * ScanPart / (1 - ScanPart),
            ScanPlace.Whole => pages / ScanPart,
            ScanPlace.Within => pages * ScanPart,
        };
}

/// <summary>
/// Pages by their popularity, and a scan over pages beside or among them: the patterns <c>zipf</c>, <c>uniform</c>,
/// <c>hotspot</c>, <c>records</c> and <c>sweep</c> of a scenario, or two of them <c>mixed</c>.
/// </summary>
public sealed record FittedWorkload
{
    /// <summary>Name of a published workload over <see cref="Pages"/>, which says all; or empty.</summary>
    public string Preset { get; init; } = "";

    /// <summary>How popular pages are.</summary>
    public PopularityShape Shape { get; init; }

    /// <summary>Skew, 0 to 4; 0 is uniform.</summary>
    public double Theta { get; init; }

    /// <summary>Popular pages, the working set: the first ones of the heap. 0 when all accesses scan.</summary>
    public int Pages { get; init; }

    /// <summary>Of those, hot.</summary>
    public int HotPages { get; init; }

    /// <summary>Of 1000 accesses to popular pages, those to hot ones.</summary>
    public int HotPerMille { get; init; }

    /// <summary>Bytes of a record.</summary>
    public int RecordBytes { get; init; } = RecordPattern.PageBytes;

    /// <summary>Of 1000 accesses, those that scan.</summary>
    public int ScanPerMille { get; init; }

    /// <summary>Scanned pages.</summary>
    public int ScanPages { get; init; }

    /// <summary>The first of them.</summary>
    public int ScanFirstPage { get; init; }

    /// <summary>Threads that do this, each by itself.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Of 1000 accesses, writes.</summary>
    public int WritesPerMille { get; init; }

    /// <summary>Of 1000 accesses, instruction fetches.</summary>
    public int ExecutesPerMille { get; init; }

    /// <summary>Smallest heap that holds all of it.</summary>
    public int HeapPages => Math.Max(Pages, ScanPages == 0 ? 0 : ScanFirstPage + ScanPages);

    /// <summary>Makes the pattern of one thread.</summary>
    public AccessPattern CreatePattern(Prng prng)
    {
        if (WorkloadPresets.Find(Preset) is { } preset)
        {
            return preset.CreatePattern(Pages, prng);
        }

        AccessMix mix = new(1000 - WritesPerMille - ExecutesPerMille, WritesPerMille, ExecutesPerMille);
        if (ScanPerMille == 0)
        {
            return Popular(mix, prng);
        }

        SweepPattern scan = new(ScanPages, mix, prng);
        return ScanPerMille == 1000 ? scan
            : new MixedPattern(
                HeapPages,
                [
                    new MixedPart(Popular(mix, prng), 0, 1000 - ScanPerMille),
                    new MixedPart(scan, ScanFirstPage, ScanPerMille),
                ],
                prng);
    }

    /// <summary>So many accesses of it, the threads in turn.</summary>
    public StackDistances Distances(long accesses, Prng prng)
    {
        AccessPattern[] threads = new AccessPattern[Threads];
        for (int thread = 0; thread < threads.Length; thread++)
        {
            threads[thread] = CreatePattern(prng.Split((ulong)thread));
        }

        StackDistances distances = new(HeapPages);
        for (long i = 0; i < accesses; i++)
        {
            distances.Touch(threads[i % Threads].Next().Page);
        }

        return distances;
    }

    private AccessPattern Popular(AccessMix mix, Prng prng) => Shape switch
    {
        PopularityShape.Hotspot => new HotspotPattern(Pages, HotPages, HotPerMille, mix, prng),
        PopularityShape.Records => new RecordPattern(
            Pages,
            new RecordWorkload
            {
                RecordBytes = RecordBytes,
                Theta = Theta,
                Reads = mix.Reads + mix.Executes,
                Updates = mix.Writes,
            },
            prng),
        PopularityShape.Zipf => Theta == 0
            ? new UniformPattern(Pages, mix, prng)
            : new ZipfPattern(Pages, Theta, PlacementOrder.Scattered, mix, prng),
    };
}

using System.Numerics;
using EpcActors.Hocon;
using EpcActors.Imports.Reading;

namespace EpcActors.Imports.Drafts;

/// <summary>A value as HOCON, and where it comes from.</summary>
/// <param name="Text">HOCON, e.g. <c>33554432 B</c>.</param>
/// <param name="Why">Behind the value as a comment; empty when it speaks for itself.</param>
internal readonly record struct Sourced(string Text, string Why);

/// <summary>An input in the words of a scenario, before it is written.</summary>
internal sealed class ScenarioDraft
{
    public required string Title { get; init; }

    /// <summary>Lines above the scenario.</summary>
    public List<string> Head { get; } = [];

    public Sourced? Kernel { get; set; }

    public Sourced? Costs { get; set; }

    /// <summary>Name of a machine, or <c>{ nodes = [ … ] }</c>.</summary>
    public Sourced? Machine { get; set; }

    public List<CgroupDraft> Cgroups { get; } = [];

    public List<EnclaveDraft> Enclaves { get; } = [];

    public List<GuestDraft> Guests { get; } = [];

    /// <summary>The emulator counts the pages of all address spaces in 31 bits.</summary>
    public void RequireSize(HoconOrigin file, ImportLog log)
    {
        const long Granule = 4096;
        decimal pages = Enclaves.Sum(one =>
            (decimal)Math.Max(Granule, (long)BitOperations.RoundUpToPowerOf2((ulong)one.Pages)) * one.Count);
        if (pages > int.MaxValue)
        {
            log.Error(
                file,
                "",
                $"the enclaves have address spaces of {pages / 262144 / 1024:0.#} TiB in all, each a power "
                    + "of two; less than 8 TiB are possible",
                "import a part of them, or lower replicas and instances");
        }
    }

    /// <summary>Longest virtual time of a run.</summary>
    public Sourced Duration { get; set; } = new("10 m", "assumed: longer than the work takes; the run ends with it");
}

/// <summary>A cgroup by its full path; those above it need not be listed.</summary>
internal sealed record CgroupDraft(string Path)
{
    /// <summary>misc.max.</summary>
    public Sourced? Max { get; init; }

    public Sourced? MemoryMax { get; init; }

    /// <summary>Stands above it.</summary>
    public string Comment { get; init; } = "";
}

/// <summary>An enclave. What is null is left to the defaults of the reference.</summary>
internal sealed record EnclaveDraft(string Name)
{
    public required Sourced Heap { get; init; }

    /// <summary>Pages of its address space, before it is rounded up.</summary>
    public required long Pages { get; init; }

    /// <summary>Instances of it.</summary>
    public int Count { get; init; } = 1;

    public string? Cgroup { get; init; }

    public Sourced? Added { get; init; }

    public Sourced? Measured { get; init; }

    public Sourced? CodePages { get; init; }

    public Sourced? Threads { get; init; }

    public Sourced? Start { get; init; }

    public Sourced? Instances { get; init; }

    public Sourced? AllowOom { get; init; }

    public required Sourced Steps { get; init; }

    /// <summary>Stands above it.</summary>
    public IReadOnlyList<string> Comments { get; init; } = [];
}

/// <summary>A guest with virtual EPC: its settings in order.</summary>
internal sealed record GuestDraft(string Name, IReadOnlyList<(string Key, Sourced Value)> Settings)
{
    /// <summary>Stands above it.</summary>
    public IReadOnlyList<string> Comments { get; init; } = [];
}

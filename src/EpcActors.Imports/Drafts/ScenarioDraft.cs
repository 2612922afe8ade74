namespace EpcActors.Imports.Drafts;

/// <summary>A value as HOCON, and where it comes from.</summary>
/// <param name="Text">HOCON, e.g. <c>33554432 B</c>.</param>
/// <param name="Why">Behind the value as a comment; empty when it speaks for itself.</param>
internal readonly record struct Sourced(string Text, string Why);

/// <summary>What an input says, in the words of a scenario, before it is written.</summary>
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

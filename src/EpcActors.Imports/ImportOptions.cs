namespace EpcActors.Imports;

/// <summary>Use of the EPC that a container claims and no annotation limits.</summary>
public enum ClaimUse
{
    /// <summary>
    /// The claim is the limit of the container: Intel's admission webhook writes it into the annotation of the NRI
    /// plug-in.
    /// </summary>
    Limits,

    /// <summary>Nothing enforces what the scheduler counts: no webhook, or no plug-in.</summary>
    Bookkeeping,
}

/// <summary>Answers of the caller to what an input does not say.</summary>
public sealed record ImportOptions
{
    /// <summary>Nothing said: annotations and defaults hold.</summary>
    public static ImportOptions Default { get; } = new();

    /// <summary>Workload preset of every enclave, over annotations; null for what the input says.</summary>
    public string? Workload { get; init; }

    /// <summary>Machine of config/machines by its name; null for what the input says.</summary>
    public string? Machine { get; init; }

    /// <summary>Node object to take when the input has several; null for the first.</summary>
    public string? Node { get; init; }

    /// <summary>Use of claims that no annotation limits.</summary>
    public ClaimUse Claims { get; init; }

    /// <summary>Enclaves of each kind where the input describes one: a manifest, an enclave configuration.</summary>
    public int Instances { get; init; } = 1;
}

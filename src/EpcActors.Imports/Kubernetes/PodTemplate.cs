using EpcActors.Hocon;

namespace EpcActors.Imports.Kubernetes;

/// <summary>When a container of a pod runs.</summary>
internal enum ContainerRole
{
    /// <summary>With the pod.</summary>
    App,

    /// <summary>Before the app containers, one after the other, each to its end.</summary>
    Init,

    /// <summary>An init container with restartPolicy Always: begins in its turn and stays.</summary>
    Sidecar,
}

/// <summary>EPC that a container claims from the scheduler.</summary>
/// <param name="Resource">E.g. <c>sgx.intel.com/epc</c>.</param>
/// <param name="Text">As it was written.</param>
/// <param name="Bytes">What it is.</param>
/// <param name="Origin">Where it stands.</param>
internal sealed record EpcClaim(string Resource, string Text, long Bytes, HoconOrigin Origin)
{
    /// <summary>Resource of Intel's device plug-in; the webhook and the NRI plug-in know no other.</summary>
    public const string Intel = "sgx.intel.com/epc";

    public bool IsIntel => Resource == Intel;
}

/// <summary>A value of a manifest with its place.</summary>
internal sealed record Placed<T>(T Value, string Text, HoconOrigin Origin);

/// <summary>A container.</summary>
internal sealed record ContainerSpec(string Name, ContainerRole Role, HoconOrigin Origin)
{
    public EpcClaim? Claim { get; init; }

    /// <summary>It asks for the device of enclaves, with or without EPC.</summary>
    public bool HasDevice { get; init; }

    /// <summary>CPUs, rounded up: of limits, else of requests.</summary>
    public Placed<int>? Cpus { get; init; }

    /// <summary>limits.memory, bytes.</summary>
    public Placed<long>? Memory { get; init; }
}

/// <summary>Pods of one kind: a Pod, or what a controller makes.</summary>
internal sealed record PodTemplate
{
    /// <summary>Kind of the object, e.g. <c>Deployment</c>.</summary>
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary>Where the object begins.</summary>
    public required HoconOrigin Origin { get; init; }

    /// <summary>Pods of it that run side by side.</summary>
    public required int Replicas { get; init; }

    /// <summary>Where that number comes from.</summary>
    public required string ReplicasWhy { get; init; }

    public required PodAnnotations Annotations { get; init; }

    public required IReadOnlyList<ContainerSpec> Containers { get; init; }

    /// <summary>spec.nodeName; null when the scheduler chooses.</summary>
    public string? NodeName { get; init; }

    /// <summary>Names as kubectl shows them: kind and name.</summary>
    public string Label => $"{Kind} {(Namespace == "default" ? "" : Namespace + "/")}{Name}";
}

/// <summary>EPC and CPUs of a Node object.</summary>
internal sealed record NodeSpec(string Name, long EpcBytes, string EpcText, HoconOrigin Origin)
{
    public Placed<int>? Cpus { get; init; }
}

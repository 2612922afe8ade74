namespace EpcActors.Kernel;

/// <summary>The cgroup below which pages are sought when a charge is refused (C14).</summary>
public enum ReclaimRoot
{
    /// <summary>The one that is charged (every posted version from v2 on).</summary>
    Charging,

    /// <summary>The one whose limit refused, as the design of 2018 had it; for the machine's capacity ksgxd is woken.
    /// Proposed, in no posted version.</summary>
    Refusing,
}

namespace EpcActors.Imports;

/// <summary>Kinds of files that become a scenario.</summary>
public enum InputFormat
{
    /// <summary>A scenario already: HOCON, read as it is.</summary>
    Scenario,

    /// <summary>Kubernetes objects, YAML or JSON.</summary>
    Kubernetes,
}

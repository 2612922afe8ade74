namespace EpcActors.Imports;

/// <summary>Kinds of files that become a scenario.</summary>
public enum InputFormat
{
    /// <summary>A scenario already: HOCON, read as it is.</summary>
    Scenario,

    /// <summary>Kubernetes objects, YAML or JSON.</summary>
    Kubernetes,

    /// <summary>Gramine manifests, TOML.</summary>
    Gramine,

    /// <summary>Occlum.json.</summary>
    Occlum,

    /// <summary>Enclave.config.xml of the SGX SDK.</summary>
    SgxSdk,

    /// <summary>QEMU command lines.</summary>
    Qemu,

    /// <summary>libvirt's XML of domains.</summary>
    Libvirt,

    /// <summary>A copied cgroup tree with misc files: a folder.</summary>
    Cgroup,
}

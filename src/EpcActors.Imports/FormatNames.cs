namespace EpcActors.Imports;

/// <summary>Words of the command line for the formats.</summary>
public static class FormatNames
{
    /// <summary>The word behind <c>epc import</c>.</summary>
    public static string WordOf(InputFormat format) => format switch
    {
        InputFormat.Scenario => "scenario",
        InputFormat.Kubernetes => "k8s",
        InputFormat.Gramine => "gramine",
        InputFormat.Occlum => "occlum",
        InputFormat.SgxSdk => "sgxsdk",
        InputFormat.Qemu => "qemu",
        InputFormat.Libvirt => "libvirt",
        InputFormat.Cgroup => "cgroup",
    };
}

using EpcActors.Kernel;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Whether the kernel of a scenario handles memory failures in the EPC: the operation and the action <c>poison</c> need
/// it.
/// </summary>
/// <param name="switches">The kernel.</param>
/// <param name="kernel">Its name.</param>
internal sealed class MemoryFailures(KernelSwitches switches, string kernel)
{
    /// <summary>The remedy: text to write instead.</summary>
    public const string Remedy =
        "set epc.kernel = linux-5.17 or a later one, or epc.switches.memory-failure = on, or leave the poison out";

    /// <summary>Why nothing can be poisoned; null when it can.</summary>
    public string? Problem => switches.MemoryFailure == Fix.Present
        ? null
        : $"the kernel {kernel} has no poisoned EPC pages: arch_memory_failure() came with Linux 5.17";
}

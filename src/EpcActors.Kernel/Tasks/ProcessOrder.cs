
namespace EpcActors.Kernel.Tasks;

/// <summary>Next thing that a process from outside does.</summary>
public abstract record ProcessOrder
{
    private ProcessOrder() { }

    /// <summary>fork() and open() of the SGX device: the process appears in its cgroups.</summary>
    public sealed record Open(int Cgroup, int MemoryCgroup) : ProcessOrder;

    /// <summary>SGX_IOC_ENCLAVE_CREATE, behind the first mapping.</summary>
    public sealed record Create : ProcessOrder;

    /// <summary>SGX_IOC_ENCLAVE_ADD_PAGES over a range.</summary>
    public sealed record AddPages(int First, int Count, bool IsMeasured) : ProcessOrder;

    /// <summary>SGX_IOC_ENCLAVE_INIT.</summary>
    public sealed record Init : ProcessOrder;

    /// <summary>An enclave call that touches pages, in ascending order.</summary>
    public sealed record Touch(int First, int Count, bool Writes) : ProcessOrder;

    /// <summary>An enclave call that accepts pages (EACCEPT).</summary>
    public sealed record Accept(int First, int Count) : ProcessOrder;

    /// <summary>SGX_IOC_ENCLAVE_MODIFY_TYPES to TRIM, again from where it stopped.</summary>
    public sealed record Trim(int First, int Count) : ProcessOrder;

    /// <summary>SGX_IOC_ENCLAVE_REMOVE_PAGES, again from where it stopped.</summary>
    public sealed record Remove(int First, int Count) : ProcessOrder;

    /// <summary>exit_group(): address space and file go.</summary>
    public sealed record Exit : ProcessOrder;
}

/// <summary>End of an order.</summary>
/// <param name="Errno">Error of the call; EINTR: the process is dying.</param>
/// <param name="Pages">Pages done.</param>
public readonly record struct ProcessResult(Errno Errno, int Pages);

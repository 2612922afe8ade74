namespace EpcActors.Kernel.Tasks;

/// <summary>
/// Orders to the processes that come and go while a machine runs. The implementation is called on the threads of the
/// engine.
/// </summary>
public interface IProcessOrders
{
    /// <summary>The next order for the process in a place; null when none waits.</summary>
    ProcessOrder? Take(int place);

    /// <summary>An order was carried out, or given up because the process is dying.</summary>
    void Complete(int place, ProcessOrder order, ProcessResult result);

    /// <summary>The kernel killed the process: it makes no further step in user space.</summary>
    void Killed(int place);
}

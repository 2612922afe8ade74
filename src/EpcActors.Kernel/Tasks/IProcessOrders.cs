namespace EpcActors.Kernel.Tasks;

/// <summary>
/// Orders to the processes that come and go while a machine runs. The implementation is called on the threads of the
/// engine.
/// </summary>
public interface IProcessOrders
{
    /// <summary>The next order for the process in a place; null when none waits.</summary>
    ProcessOrder? Take(int place);

    /// <summary>
    /// A process that adds pages asks before the next ones: loads that run at the same time keep their distance from
    /// one another, however the host shares its processors out.
    /// </summary>
    /// <param name="place">Place of the process.</param>
    /// <param name="pages">Pages that this order has added.</param>
    /// <param name="total">Pages of the order.</param>
    /// <returns>False: it asks again a tick later.</returns>
    bool MayAdd(int place, int pages, int total);

    /// <summary>An order was carried out, or given up because the process is dying.</summary>
    void Complete(int place, ProcessOrder order, ProcessResult result);

    /// <summary>The kernel killed the process: it makes no further step in user space.</summary>
    void Killed(int place);
}

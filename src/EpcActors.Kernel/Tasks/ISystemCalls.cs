
namespace EpcActors.Kernel.Tasks;

/// <summary>
/// System calls that come from outside of the engine while it runs. The implementation is called on the threads of the
/// engine, for several tasks at once.
/// </summary>
public interface ISystemCalls
{
    /// <summary>The next call; null when none waits. A call that comes later rouses a task that got null.</summary>
    AdminAction? Take();

    /// <summary>A call came back.</summary>
    void Complete(AdminAction call, Errno errno);
}

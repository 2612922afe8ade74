using EpcActors.Engine;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// A shell of an administrator: makes the system calls that come from outside of the engine, one at a time. Several of
/// them make calls that overlap.
/// </summary>
public sealed class SystemCallTask : AdminTask
{
    [Constant]
    private readonly ISystemCalls _calls;

    public SystemCallTask(ActorId id, string name, Machine machine, ISystemCalls calls)
        : base(id, name, machine) => _calls = calls;

    protected override async Routine Run()
    {
        while (true)
        {
            if (_calls.Take() is { } call)
            {
                Errno errno = await Do(call);
                _calls.Complete(call, errno);
            }
            else
            {
                await Sleep(long.MaxValue);
            }
        }
    }
}

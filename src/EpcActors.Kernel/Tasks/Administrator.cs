using EpcActors.Engine;
using EpcActors.Kernel.Routines;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// The administrator, and the hardware that reports failures: runs the actions of the scenario's script in order.
/// </summary>
public sealed class Administrator : AdminTask
{
    [Constant]
    private readonly IReadOnlyList<AdminAction> _script;
    [NotState]
    private readonly List<(int Action, Errno Errno)> _failures = [];

    /// <param name="id">Address.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="script">Actions in ascending order of time.</param>
    public Administrator(ActorId id, Machine machine, IReadOnlyList<AdminAction> script)
        : base(id, "administrator", machine) => _script = script;

    /// <summary>Actions that the kernel refused, by their place in the script.</summary>
    public IReadOnlyList<(int Action, Errno Errno)> Failures => _failures;

    protected override async Routine Run()
    {
        for (int i = 0; i < _script.Count; i++)
        {
            if (_script[i].AtNs > NowNs)
            {
                await Sleep(_script[i].AtNs - NowNs);
            }

            ForReport<long> startNs = NowNs;
            Errno errno = await Do(_script[i]);
            Report(RunEvent.Script, startNs, i);
            if (errno != Errno.Ok)
            {
                _failures.Add((i, errno));
            }
        }
    }
}

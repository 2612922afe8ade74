using EpcActors.Engine;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// A vCPU of a guest with virtual EPC: touches its EPC pages one after the other, as a guest kernel does that sanitises
/// and then builds enclaves, holds them, and gives them back when the guest ends.
/// </summary>
public sealed class VirtualCpu : KernelTask
{
    private readonly ActorId _vepc;
    private readonly int _size;
    private readonly int _touched;
    private readonly long _workNs;
    private readonly long _holdNs;

    /// <param name="id">Address.</param>
    /// <param name="name">Name of the guest.</param>
    /// <param name="cpu">CPU it runs on.</param>
    /// <param name="node">Node of that CPU.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="process">The VMM's process.</param>
    /// <param name="vepc">The guest's vEPC instance.</param>
    /// <param name="size">Pages of the instance.</param>
    /// <param name="touched">Pages that the guest touches.</param>
    /// <param name="workNs">Guest code between two touches, nanoseconds.</param>
    /// <param name="holdNs">Time that the guest runs on after the last touch, nanoseconds; negative for ever.</param>
    public VirtualCpu(
        ActorId id,
        string name,
        int cpu,
        int node,
        Machine machine,
        ActorId process,
        ActorId vepc,
        int size,
        int touched,
        long workNs,
        long holdNs)
        : base(id, $"{name}/vcpu", cpu, node, machine, TaskKind.User, process)
    {
        _vepc = vepc;
        _size = size;
        _touched = touched;
        _workNs = workNs;
        _holdNs = holdNs;
    }

    public override ActorKind ActorKind => ActorKind.VirtualCpu;

    [NotState]
    public long Faults { get; private set; }

    protected override async Routine Run()
    {
        ThreadOutcome outcome = await TouchAll();
        if (outcome == ThreadOutcome.Finished && _holdNs != 0)
        {
            await Hold();
        }

        ProcessProtocol.ThreadExit exit = await Ask(Process, new ProcessProtocol.ThreadExit { Outcome = outcome });
        if (outcome == ThreadOutcome.Sigbus && !exit.WasLast)
        {
            await Ask(Process, new ProcessProtocol.Kill { Reason = KillReason.Sigbus });
        }

        await Virt.Release(this, _vepc, _size);
    }

    private async Routine<ThreadOutcome> TouchAll()
    {
        for (int index = 0; index < _touched; index++)
        {
            ForReport<long> faultedNs = NowNs;
            while (true)
            {
                FaultResult fault = await Virt.Fault(this, _vepc, index);
                if (await Main.SignalPending(this))
                {
                    return ThreadOutcome.Killed;
                }

                if (fault == FaultResult.Sigbus)
                {
                    return ThreadOutcome.Sigbus;
                }

                if (fault == FaultResult.Mapped)
                {
                    break;
                }

                Report(RunEvent.FaultRetry, faultedNs, index);
            }

            Faults++;
            Report(RunEvent.Fault, faultedNs, index);

            // The guest's first page becomes a SECS, the rest its children.
            await Ask(_vepc, new VirtualEpcProtocol.GuestUse { Index = index, Secs = 0 });
            if (_workNs > 0)
            {
                await SpendNs((int)Activity.Work, _workNs);
            }
        }

        return ThreadOutcome.Finished;
    }

    private async Routine Hold()
    {
        const long SliceNs = 1_000_000;
        long endNs = _holdNs < 0 ? long.MaxValue : NowNs + _holdNs;
        while (NowNs < endNs && !await Main.SignalPending(this))
        {
            await Sleep(Math.Min(SliceNs, endNs - NowNs));
        }
    }
}

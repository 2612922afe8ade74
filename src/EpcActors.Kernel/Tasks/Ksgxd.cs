using EpcActors.Engine;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// The reclaimer thread (ksgxd, main.c): sanitises the EPC at boot, then reclaims while fewer than 64 pages are free.
/// Only allocators that see fewer than 32 wake it.
/// </summary>
public sealed class Ksgxd : KernelTask
{
    private readonly bool _sanitises;

    public Ksgxd(ActorId id, int cpu, int node, Machine machine, bool sanitises)
        : base(id, "ksgxd", cpu, node, machine, TaskKind.Ksgxd, ActorId.None) => _sanitises = sanitises;

    public override ActorKind ActorKind => ActorKind.Ksgxd;

    public override bool IsDaemon => true;

    [Linux("main.c", "ksgxd")]
    protected override async Routine Run()
    {
        if (_sanitises)
        {
            await Sanitise();
        }

        ActorId queue = Machine.KsgxdWaitQueue;
        int emptyBatches = 0;
        while (true)
        {
            // wait_event(): prepared before the condition is read, so that a wake-up in between is not lost.
            await Ask(queue, new WaitChannelProtocol.PrepareToWait());

            // Where a machine has several, one of them works and the others sleep.
            bool isMine = !await Machine.Shared.IsKsgxdElsewhere(this);
            if (isMine && await Machine.Shared.ShouldReclaim(this, KernelConstants.NrHighPages))
            {
                await Ask(queue, new WaitChannelProtocol.FinishWait());
            }
            else
            {
                await Ask(queue, new WaitChannelProtocol.SleepUntilWoken());
            }

            if (isMine && await Machine.Shared.ShouldReclaim(this, KernelConstants.NrHighPages))
            {
                (int scanned, _) = await Reclaim.ReclaimGlobal(this, EpcCgroup.IgnoresAge(Switches, emptyBatches));
                emptyBatches = EpcCgroup.AfterBatch(this, scanned, emptyBatches);
            }

            await Spend(Activity.Schedule);
        }
    }

    /// <summary>__sgx_sanitize_pages: page by page, each free and counted before the next.</summary>
    [Linux("main.c", "__sgx_sanitize_pages")]
    private async Routine Sanitise()
    {
        for (int node = 0; node < Machine.NodeCount; node++)
        {
            while (Machine.OwnsEpc[node] && await Main.SanitisePage(this, node))
            {
            }
        }
    }
}

/// <summary>
/// The reclaim work of one cgroup on the workqueue: never concurrent with itself, run again when queued while it runs.
/// </summary>
public sealed class CgroupWorker : KernelTask
{
    private readonly int _cgroup;

    public CgroupWorker(ActorId id, string path, int cgroup, int cpu, int node, Machine machine)
        : base(id, $"sgx_cg_wq:{path}", cpu, node, machine, TaskKind.CgroupWorker, ActorId.None) => _cgroup = cgroup;

    public override ActorKind ActorKind => ActorKind.ReclaimWorker;

    /// <summary>Index of the cgroup that it reclaims for.</summary>
    public int Cgroup => _cgroup;

    public override bool IsDaemon => true;

    [Linux("workqueue.c", "worker_thread")]
    protected override async Routine Run()
    {
        ActorId work = Machine.CgroupWork[_cgroup];
        while (true)
        {
            WaitChannelProtocol.PrepareToWait prepare = await Ask(work, new WaitChannelProtocol.PrepareToWait());
            if (prepare.WasCancelled)
            {
                // The cgroup was freed meanwhile: the task that freed it waits for the end of this run.
                await Misc.FinishFree(this, _cgroup);
            }

            await Ask(work, new WaitChannelProtocol.SleepUntilWoken());
            await EpcCgroup.Work(this, _cgroup);
        }
    }
}

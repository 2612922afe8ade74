using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// A thread of a process with an enclave: entry and exit, page accesses, and the system calls that every such thread
/// makes.
/// </summary>
public abstract class UserThread : KernelTask
{
    private int _epoch;

    protected UserThread(ActorId id, string name, int cpu, int node, Machine machine, TaskKind kind, ActorId process)
        : base(id, name, cpu, node, machine, kind, process)
    {
    }

    public override ActorKind ActorKind => ActorKind.Thread;

    /// <summary>
    /// Number of the thread among all that ever run in the enclave, those of forked children included.
    /// </summary>
    [Constant]
    public int SlotInEnclave { get; init; }

    /// <summary>Address space of its process.</summary>
    [Constant]
    private protected ActorId Mm { get; private set; } = ActorId.None;

    /// <summary>Index of its enclave, -1 for a task without one.</summary>
    [Constant]
    private protected int EnclaveIndex { get; private set; } = -1;

    private ActorId EnclaveId => Machine.Enclaves[EnclaveIndex].Enclave;

    /// <summary>Sets the enclave that the thread runs in; once, before it starts.</summary>
    private protected void WorkIn(int enclave, ActorId mm)
    {
        EnclaveIndex = enclave;
        Mm = mm;
    }

    /// <summary>
    /// True when the timer interrupts the thread after this access, so the kernel looks for a signal.
    /// </summary>
    protected virtual bool IsTick() => false;

    /// <summary>EENTER or ERESUME.</summary>
    private protected async Routine Enter()
    {
        EnclaveProtocol.EnterEnclave enter = await Ask(
            EnclaveId,
            new EnclaveProtocol.EnterEnclave { Thread = SlotInEnclave });
        _epoch = enter.Epoch;
    }

    /// <summary>EEXIT or an asynchronous exit.</summary>
    /// <param name="leavesCpu">The thread sleeps now, or ends.</param>
    private protected Envelope<EnclaveProtocol.ExitEnclave> Leave(bool leavesCpu = false) =>
        Ask(
            EnclaveId,
            new EnclaveProtocol.ExitEnclave { Thread = SlotInEnclave, Epoch = _epoch, LeavesCpu = leavesCpu });

    /// <summary>
    /// Opens the device, maps the enclave and creates it, as the SDKs and the kernel's self-tests do.
    /// </summary>
    private protected async Routine<Errno> MapAndCreate()
    {
        // The first mapping adds the process to the enclave's mm_list (sgx_mmap, sgx_encl_mm_add).
        await Ask(EnclaveId, new EnclaveProtocol.AddMm { Mm = Mm });
        await Ask(Mm, new AddressSpaceProtocol.MapEnclave());
        ForReport<long> startNs = NowNs;
        Errno errno = await Ioctls.Create(this, EnclaveIndex);
        ReportIoctl(Ioctl.Create, startNs, errno);
        return errno;
    }

    /// <summary>fork(): the child gets the enclave's mapping with an address space of its own, and starts.</summary>
    private protected async Routine ForkInto(UserThread child)
    {
        await Spend(Activity.Syscall);

        // The child is born into its parent's cgroups, wherever the parent was moved to since it started.
        ProcessProtocol.ReadCss css = await Ask(Process, new ProcessProtocol.ReadCss());
        await Ask(child.Process, new ProcessProtocol.SpawnThreads { Count = 1 });
        await Ask(child.Process, new ProcessProtocol.Migrate { Cgroup = css.Cgroup, MemoryCgroup = css.MemoryCgroup });
        await Encl.ForkMm(this, Mm, child.Mm, EnclaveIndex);
        Start(child);
    }

    /// <summary>
    /// One access of user code inside the enclave, with the faults that it takes: each fault leaves the enclave (AEX),
    /// runs the kernel's handler, comes back (ERESUME) and runs the instruction again. There is no back-off and no wait
    /// queue: a thread that gets NOPAGE without a page spins through ring 3.
    /// </summary>
    private protected async Routine<ThreadOutcome> Access(int page, AccessKind kind)
    {
        ForReport<long> faultedNs = -1L;
        bool hasAccepted = false;
        while (true)
        {
            AddressSpaceProtocol.Access access = await Ask(
                Mm,
                new AddressSpaceProtocol.Access { Page = page, Kind = kind });
            if (access.Result == AccessResult.Hit)
            {
                if (faultedNs >= 0)
                {
                    Report(RunEvent.Fault, faultedNs, page);
                }

                return IsTick() && await Main.SignalPending(this) ? ThreadOutcome.Killed : ThreadOutcome.Finished;
            }

            if (faultedNs < 0)
            {
                faultedNs = NowNs;
            }

            await Leave();
            await Spend(Activity.Aex);
            if (access.Result == AccessResult.EpcmFault)
            {
                // #PF with the SGX bit comes back through the vDSO; the run-time accepts a pending page once. A second
                // fault is fatal.
                if (hasAccepted || kind == AccessKind.Eaccept)
                {
                    return await Enter(ThreadOutcome.Sigsegv);
                }

                await Spend(Activity.PageFault);
                await Enter();

                // The page may have been evicted meanwhile: then the EACCEPT faults like any access, and comes again.
                AddressSpaceProtocol.Access accept = await Ask(
                    Mm, new AddressSpaceProtocol.Access { Page = page, Kind = AccessKind.Eaccept });
                hasAccepted = accept.Result != AccessResult.NotPresent;
                continue;
            }

            FaultResult fault = await Encl.VmaFault(this, Mm, EnclaveIndex, page);
            if (await Main.TakeSignal(this))
            {
                return await Enter(ThreadOutcome.Killed);
            }

            if (fault is FaultResult.Sigbus or FaultResult.Sigsegv)
            {
                return await Enter(fault == FaultResult.Sigbus ? ThreadOutcome.Sigbus : ThreadOutcome.Sigsegv);
            }

            if (fault == FaultResult.Retry)
            {
                Report(RunEvent.FaultRetry, faultedNs, page);
            }

            await Spend(Activity.Eresume);
            await Enter();
        }
    }

    private protected void ReportIoctl(Ioctl ioctl, long startNs, Errno errno) =>
        Report(RunEvent.Ioctl, startNs, ((long)errno << 8) + (long)ioctl);

    private async Routine<ThreadOutcome> Enter(ThreadOutcome outcome)
    {
        // Every way out of the program leaves the enclave once; a thread that dies in a fault handler comes back for
        // that.
        await Enter();
        return outcome;
    }
}

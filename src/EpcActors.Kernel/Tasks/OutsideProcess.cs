using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// A place for processes that come from outside of the engine, one after the other, each with one thread and one
/// enclave. Between two orders the process is in user space, where a fatal signal reaches it within a tick.
/// </summary>
public sealed class OutsideProcess : UserThread
{
    private const long TickNs = 4_000_000;

    /// <summary>Pages of one call over a range; a long one is made of many, as by a loader with a buffer.</summary>
    private const int PagesPerCall = 64;

    private readonly int _place;
    [Constant]
    private readonly IProcessOrders _orders;
    private bool _isOpen;
    private bool _isDying;

    /// <param name="id">Address.</param>
    /// <param name="name">Name.</param>
    /// <param name="cpu">CPU it runs on.</param>
    /// <param name="node">Node of that CPU.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="process">The process of the place.</param>
    /// <param name="place">Number of the place, for the orders.</param>
    /// <param name="orders">Says what the process does next.</param>
    public OutsideProcess(
        ActorId id, string name, int cpu, int node, Machine machine, ActorId process, int place, IProcessOrders orders)
        : base(id, name, cpu, node, machine, TaskKind.User, process)
    {
        _place = place;
        _orders = orders;
    }

    /// <summary>A run does not wait for a process that may never come.</summary>
    public override bool IsDaemon => true;

    /// <summary>Gives the place its enclave and its address space, once, before the run.</summary>
    public void Settle(int enclave, ActorId mm) => WorkIn(enclave, mm);

    protected override async Routine Run()
    {
        while (true)
        {
            if (_orders.Take(_place) is { } order)
            {
                ProcessResult result = await Do(order);
                _orders.Complete(_place, order, result);
            }
            else if (!_isOpen || _isDying)
            {
                await Sleep(long.MaxValue);
            }
            else
            {
                await Sleep(TickNs);
                await LookForKill();
            }
        }
    }

    private async Routine<ProcessResult> Do(ProcessOrder order)
    {
        if (_isDying && order is not ProcessOrder.Exit)
        {
            return new ProcessResult(Errno.EINTR, 0);
        }

        ProcessResult result = order switch
        {
            ProcessOrder.Open open => await Open(open),
            ProcessOrder.Create => new ProcessResult(await MapAndCreate(), 0),
            ProcessOrder.AddPages add => await AddPages(add),
            ProcessOrder.Init => new ProcessResult(await Ioctls.Init(this, EnclaveIndex), 0),
            ProcessOrder.Touch touch =>
                await Touch(touch.First, touch.Count, touch.Writes ? AccessKind.Write : AccessKind.Read),
            ProcessOrder.Accept accept => await Touch(accept.First, accept.Count, AccessKind.Eaccept),
            ProcessOrder.Trim trim => await Over(Ioctl.ModifyTypes, trim.First, trim.Count),
            ProcessOrder.Remove remove => await Over(Ioctl.RemovePages, remove.First, remove.Count),
            ProcessOrder.Exit => await Exit(),
            { } other => throw new InvariantViolation($"{other.GetType().Name} is not an order to a process"),
        };

        if (_isOpen)
        {
            await LookForKill();
            if (_isDying)
            {
                return result with { Errno = Errno.EINTR };
            }
        }

        return result;
    }

    /// <summary>The device is opened once the release of the enclave before it is over.</summary>
    private async Routine<ProcessResult> Open(ProcessOrder.Open open)
    {
        while (true)
        {
            EnclaveProtocol.OpenDevice device = await Ask(
                Machine.Enclaves[EnclaveIndex].Enclave, new EnclaveProtocol.OpenDevice());
            if (!device.IsBusy)
            {
                break;
            }

            await Sleep(TickNs);
        }

        await Ask(Mm, new AddressSpaceProtocol.CreateMm());
        await Ask(
            Process, new ProcessProtocol.Spawn { Cgroup = open.Cgroup, MemoryCgroup = open.MemoryCgroup });
        _isDying = false;
        _isOpen = true;
        return default;
    }

    private async Routine<ProcessResult> AddPages(ProcessOrder.AddPages add)
    {
        int done = 0;
        while (done < add.Count)
        {
            while (!_orders.MayAdd(_place, done, add.Count))
            {
                await Sleep(TickNs);
                if (await Main.SignalPending(this))
                {
                    return new ProcessResult(Errno.EINTR, done);
                }
            }

            int count = Math.Min(PagesPerCall, add.Count - done);
            IoctlResult result = await Ioctls.AddPages(
                this, EnclaveIndex, add.First + done, count, add.IsMeasured);
            done += result.Count;
            if (result.Errno != Errno.Ok || result.Count < count)
            {
                return new ProcessResult(result.Errno == Errno.Ok ? Errno.EINTR : result.Errno, done);
            }

            await Spend(Activity.Syscall);
        }

        return new ProcessResult(Errno.Ok, done);
    }

    private async Routine<ProcessResult> Touch(int first, int count, AccessKind kind)
    {
        await Enter();
        Errno errno = Errno.Ok;
        int done = 0;
        while (done < count && errno == Errno.Ok)
        {
            ThreadOutcome outcome = await Access(first + done, kind);
            errno = outcome switch
            {
                ThreadOutcome.Finished => Errno.Ok,
                ThreadOutcome.Killed => Errno.EINTR,
                ThreadOutcome.Sigbus or ThreadOutcome.Sigsegv => Errno.EFAULT,
                ThreadOutcome.BuildFailed or ThreadOutcome.CallFailed => Errno.EFAULT,
            };
            done += errno == Errno.Ok ? 1 : 0;
        }

        await Leave(leavesCpu: true);
        return new ProcessResult(errno, done);
    }

    /// <summary>A call over a range, repeated from where it stopped while it returns EAGAIN or EBUSY.</summary>
    private async Routine<ProcessResult> Over(Ioctl ioctl, int first, int count)
    {
        int done = 0;
        while (done < count)
        {
            IoctlResult result = ioctl == Ioctl.ModifyTypes
                ? await Ioctls.ModifyTypes(this, EnclaveIndex, first + done, count - done)
                : await Ioctls.RemovePages(this, EnclaveIndex, first + done, count - done);
            done += result.Count;
            if (result.Errno is not (Errno.Ok or Errno.EAGAIN or Errno.EBUSY))
            {
                return new ProcessResult(result.Errno, done);
            }

            if (await Main.SignalPending(this))
            {
                return new ProcessResult(Errno.EINTR, done);
            }
        }

        return new ProcessResult(Errno.Ok, done);
    }

    private async Routine LookForKill()
    {
        ProcessProtocol.ReadSignal signal = await Ask(Process, new ProcessProtocol.ReadSignal { IsReturn = true });
        if (signal.IsFatal && !_isDying)
        {
            _isDying = true;
            _orders.Killed(_place);
        }
    }

    private async Routine<ProcessResult> Exit()
    {
        if (!_isOpen)
        {
            return default;
        }

        _isOpen = false;
        ThreadOutcome outcome = _isDying ? ThreadOutcome.Killed : ThreadOutcome.Finished;
        await Ask(Process, new ProcessProtocol.ThreadExit { Outcome = outcome });

        // do_exit(): the address space first, then the files.
        await Encl.ExitMm(this, Mm, EnclaveIndex);
        await Encl.CloseFile(this, EnclaveIndex);
        _isDying = false;
        return default;
    }
}

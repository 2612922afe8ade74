using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Kernel.Tasks;

/// <summary>Processes that the tasks of a race find each other by. Nothing in it changes during a run.</summary>
[Constant]
public sealed class OperationPlaces
{
    /// <summary>Processes of the enclaves, by number.</summary>
    public List<ActorId> EnclaveProcesses { get; } = [];

    /// <summary>Address spaces of these processes, by number of the enclave.</summary>
    public List<ActorId> EnclaveMms { get; } = [];

    /// <summary>Processes of the guests with their vEPC instances, by number.</summary>
    public List<(ActorId Process, ActorId VirtualEpc, int Size)> Guests { get; } = [];

    /// <summary>The tasks that race, by number.</summary>
    public List<OperationTask> Tasks { get; } = [];

    /// <summary>Resources that the race brings along, by name.</summary>
    public Dictionary<string, ActorId> Resources { get; } = [];
}

/// <summary>A process as its tasks know it. Nothing in it changes during a run.</summary>
[Constant]
public sealed class OperationHome
{
    public ActorId Process { get; init; } = ActorId.None;

    /// <summary>Address space; none without an enclave.</summary>
    public ActorId Mm { get; init; } = ActorId.None;

    /// <summary>Index of the enclave, -1 without.</summary>
    public int Enclave { get; init; } = -1;

    /// <summary>Number of the guest, -1 without.</summary>
    public int Guest { get; init; } = -1;
}

/// <summary>
/// A task of a race: does a list of operations in order. A thread of a process stays in user space after the last of
/// them and does nothing, unless that is <c>exit</c>; a kill ends the thread at once.
/// </summary>
/// <remarks>A refusal by the kernel is a result like others: the task goes on with the next operation.</remarks>
public sealed partial class OperationTask : UserThread
{
    private const long TickNs = 1_000_000;
    private const int MostResultsAtFirst = 1024;

    private readonly OperationPlaces _places;
    private readonly OperationHome _home;

    [NotState]
    private readonly List<OperationResult> _results = [];

    private readonly List<EpcPageIndex> _pages = [];
    private long _keptChargeBytes;
    private int _at;
    private Operation? _performed;
    private Errno _lastErrno;
    private int _lastCount;
    private ThreadOutcome _outcome;
    private bool _isInside;
    private bool _hasExited;

    /// <param name="id">Address.</param>
    /// <param name="name">Name in schedules and reports.</param>
    /// <param name="cpu">CPU; -1 for one of its own.</param>
    /// <param name="node">Node of that CPU.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="operations">Its operations, in order.</param>
    /// <param name="home">Its process.</param>
    /// <param name="places">Places of the other tasks.</param>
    public OperationTask(
        ActorId id,
        string name,
        int cpu,
        int node,
        Machine machine,
        IReadOnlyList<Operation> operations,
        OperationHome home,
        OperationPlaces places)
        : base(id, name, cpu, node, machine, Of(home).Process.IsNone ? TaskKind.Other : TaskKind.User, home.Process)
    {
        Operations = operations;

        // It grows no more: a search that goes back would have it grow again each time.
        _results.EnsureCapacity(Math.Min(operations.Count, MostResultsAtFirst));
        _home = home;
        _places = places;
        if (home.Enclave >= 0)
        {
            WorkIn(home.Enclave, home.Mm);
        }
    }

    public override ActorKind ActorKind => Kind == TaskKind.User ? ActorKind.Thread : ActorKind.Administrator;

    /// <summary>Its operations, in order.</summary>
    [Constant]
    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>
    /// The task for which this one runs the setup and which gets the pages that it allocates. Null for any other task.
    /// </summary>
    [Constant]
    public OperationTask? Owner { get; init; }

    /// <summary>A task of the setup: its thread ends after its last operation.</summary>
    [Constant]
    public bool IsSetup { get; init; }

    /// <summary>An event that need not happen.</summary>
    [Constant]
    public bool IsOptional { get; init; }

    /// <summary>Only a fork of another task starts it.</summary>
    [Constant]
    public bool IsForked { get; init; }

    /// <summary>It never ends: no schedule waits for it, and its steps do not count as progress.</summary>
    [NotState]
    public bool IsForever => Operations.Count > 0 && Operations[^1] is Operation.Touch { IsForever: true };

    public override bool IsDaemon => IsOptional || IsForever;

    public override int KeptPages => _pages.Count;

    public override long KeptChargeBytes => _keptChargeBytes;

    /// <summary>Operations that have ended.</summary>
    public int Done => _at;

    /// <summary>Index of the enclave in whose process it runs, or in whose child's; -1 for none.</summary>
    public int Enclave => _home.Enclave;

    /// <summary>Number of the guest in whose process it runs, -1 for none.</summary>
    public int Guest => _home.Guest;

    /// <summary>The present operation; null before the first and after the last.</summary>
    public Operation? Current => HasStarted && !HasStopped && _at < Operations.Count ? Now : null;

    /// <summary>Places of the other tasks.</summary>
    [NotState]
    public OperationPlaces Places => _places;

    /// <summary>Error of the last operation.</summary>
    public Errno LastErrno => _lastErrno;

    /// <summary>Number of pages of the last operation, or its other count.</summary>
    public int LastCount => _lastCount;

    /// <summary>End of the thread; Finished while it runs.</summary>
    public ThreadOutcome Outcome => _outcome;

    /// <summary>Results of the operations.</summary>
    public IReadOnlyList<OperationResult> Results => _results;

    private Operation Now => _performed ?? Operations[_at];

    /// <summary>
    /// For <see cref="Operation.Code"/>: does another operation. After the end of the thread it does nothing and
    /// returns EFAULT, or ERESTARTSYS after a kill.
    /// </summary>
    public async Routine<OperationResult> Perform(Operation operation)
    {
        Invariant.That(
            _performed is null && Operations[_at] is Operation.Code,
            "operations are done one at a time, by code of one's own");
        if (_outcome != ThreadOutcome.Finished)
        {
            return Result(ErrnoOf(_outcome));
        }

        _performed = operation;
        await LeaveUnlessTouching();
        OperationResult result = await Do();
        _performed = null;
        return result;
    }

    protected override async Routine Run()
    {
        _at = 0;
        _performed = null;
        _lastErrno = Errno.Ok;
        _lastCount = 0;
        _outcome = ThreadOutcome.Finished;
        _isInside = false;
        _hasExited = false;
        _results.Clear();
        while (_at < Operations.Count && _outcome == ThreadOutcome.Finished && !_hasExited)
        {
            await LeaveUnlessTouching();
            OperationResult result = await Do();
            _lastErrno = result.Errno;
            _lastCount = result.Count;
            _results.Add(result);
            _at++;
        }

        await LeaveIfInside();
        if (!_hasExited && !Process.IsNone && (_outcome != ThreadOutcome.Finished || IsSetup))
        {
            await ExitThread();
        }
    }

    /// <summary>
    /// Begins the present operation; what runs outside of an enclave has left it before. No routine of its own: every
    /// request below would suspend and resume it.
    /// </summary>
    private Routine<OperationResult> Do() => Now switch
    {
        Operation.Touch => Touch(),
        Operation.Allocate allocate => AllocatePage(allocate.Reclaims),
        Operation.Free => FreeLastPage(),
        Operation.Build build => Build(build.Pages),
        Operation.ExitMm => UnmapAll(),
        Operation.MapOther => MapSomethingElse(),
        Operation.Fork fork => ForkChild(fork.Child),
        Operation.Exit => ExitThread(),
        Operation.Reclaim reclaim => ReclaimOnce(reclaim.Cgroup),
        Operation.ReclaimDirect => ReclaimDirectOnce(),
        Operation.Evict evict => EvictAll(evict.Enclave, evict.First, evict.Count),
        Operation.Age age => AgeAll(age.Enclave, age.First, age.Count),
        Operation.Pause => PauseOnce(),
        Operation.SetMemoryMax set => SetMemoryMax(set.Cgroup, set.Max),
        Operation.Kill kill => KillProcess(kill.Enclave, kill.Guest),
        Operation.Signal signal => SignalProcess(signal.Enclave, signal.Guest),
        Operation.PoisonPage poison => PoisonPages(poison.Node, poison.Page, poison.Count),
        Operation.PoisonOf poison => PoisonOf(poison.Enclave, poison.Page),
        Operation.LoseEpc => LoseEpcOnce(),
        _ => Call(),
    };

    /// <summary>Runs an operation whose result has to be made from another's.</summary>
    private async Routine<OperationResult> Call() => Now switch
    {
        Operation.Create => Result(await MapAndCreate()),
        Operation.Add add => Result(await Called(Ioctl.AddPages, add.First, add.Count, add.Retries, add.IsMeasured)),
        Operation.Init => Result(await Initialise()),
        Operation.ChangeType call => Result(await Called(Ioctl.ModifyTypes, call.First, call.Count, call.Retries)),
        Operation.Restrict call => Result(
            await Called(Ioctl.RestrictPermissions, call.First, call.Count, call.Retries)),
        Operation.Remove call => Result(await Called(Ioctl.RemovePages, call.First, call.Count, call.Retries)),
        Operation.Close => Result(await CloseOnce()),
        Operation.Code code => Result(await code.Run(this)),
        Operation.TouchGuest touch => Result(await TouchGuest(touch.Page, touch.Mapping, touch.CanRetry)),
        Operation.UseGuestPage use => Result(await UseGuestPage(use.Page, use.Secs, use.SecsGuest)),
        Operation.RemoveAllGuestPages => RemovedAll(
            await Virt.RemoveAll(this, _places.Guests[_home.Guest].VirtualEpc, _places.Guests[_home.Guest].Size)),
        Operation.ReleaseGuest => Result(await ReleaseGuestOnce()),
        Operation.DebugRead read => Result(await DebugRead(read.Enclave, read.Page, read.Retries)),
        Operation.OomKill kill => Result(await EpcCgroup.OomKill(this, kill.Cgroup) ? Errno.Ok : Errno.ESRCH),
        Operation.Charge charge => Result(await ChargeAtOnce(charge.Cgroup, charge.Bytes)),
        Operation.SetMax set => Result(await CgroupCore.WriteMiscMax(
            this, set.Cgroup, set.Max)),
        Operation.CreateCgroup create =>
            Result(await CgroupCore.Mkdir(this, create.Cgroup, Machine.CgroupParents[create.Cgroup])),
        Operation.RemoveCgroup remove => Result(await CgroupCore.Rmdir(this, remove.Cgroup)),
        Operation.Migrate migrate => Result(await CgroupCore.Attach(
            this, ProcessOf(migrate.Enclave, migrate.Guest), migrate.Cgroup, migrate.Cgroup)),
        Operation.SwapOut swap => Result(await SwapPageOut(swap.Enclave, swap.Page, swap.IsPcmd, swap.EvenPinned)),
        { } other => throw new InvariantViolation($"{other.Text} is not an operation that a task knows"),
    };

    private OperationResult Result(Errno errno, int count = 0) => new(_at, errno, count);

    private OperationResult RemovedAll(int left) => left < 0 ? Result((Errno)(-left)) : Result(Errno.Ok, left);

    private OperationResult Result(IoctlResult result) => new(_at, result.Errno, result.Count);

    private async Routine<OperationResult> Touch()
    {
        int done = 0;
        if (!_isInside)
        {
            await Enter();
            _isInside = true;
        }

        int until = ((Operation.Touch)Now).Until;
        while (done < ((Operation.Touch)Now).Count && !(until >= 0 && _places.Tasks[until].HasStopped))
        {
            _outcome = await Access(((Operation.Touch)Now).First + done, ((Operation.Touch)Now).Kind);
            if (_outcome != ThreadOutcome.Finished)
            {
                return Result(ErrnoOf(_outcome), done);
            }

            done++;
            if (done == ((Operation.Touch)Now).Count && until >= 0)
            {
                done = 0;
            }
            else if (done == ((Operation.Touch)Now).Count && ((Operation.Touch)Now).IsForever)
            {
                // The pause lets a schedule end, and gives the CPU of a real machine to the others.
                done = 0;
                await Sleep(TickNs);
            }
        }

        return Result(Errno.Ok, done);
    }

    private static Errno ErrnoOf(ThreadOutcome outcome) =>
        outcome == ThreadOutcome.Killed ? Errno.ERESTARTSYS : Errno.EFAULT;

    private Routine LeaveUnlessTouching() => Now is Operation.Touch ? default : LeaveIfInside();

    private async Routine LeaveIfInside()
    {
        if (_isInside)
        {
            _isInside = false;
            await Leave();
        }
    }

    private async Routine<OperationResult> Build(int pages)
    {
        Errno errno = await MapAndCreate();
        if (errno == Errno.Ok && pages > 0)
        {
            IoctlResult add = await Called(Ioctl.AddPages, 0, pages, false);
            errno = add.Errno;
        }

        return Result(errno == Errno.Ok && _outcome == ThreadOutcome.Finished ? await Initialise() : errno);
    }

    private async Routine<Errno> Initialise()
    {
        ForReport<long> startNs = NowNs;
        Errno errno = await Ioctls.Init(this, EnclaveIndex);
        ReportIoctl(Ioctl.Init, startNs, errno);
        return errno;
    }

    /// <summary>
    /// An ioctl over a range; after it a killed thread dies, and a call that a signal interrupted starts anew with its
    /// old arguments.
    /// </summary>
    private async Routine<IoctlResult> Called(Ioctl ioctl, int first, int count, bool retries, bool isMeasured = false)
    {
        ForReport<long> startNs = NowNs;
        int done = 0;
        while (true)
        {
            IoctlResult result = ioctl switch
            {
                Ioctl.AddPages => await Ioctls.AddPages(this, EnclaveIndex, first + done, count - done, isMeasured),
                Ioctl.ModifyTypes => await Ioctls.ModifyTypes(this, EnclaveIndex, first + done, count - done),
                Ioctl.RestrictPermissions => await Ioctls.RestrictPermissions(
                    this,
                    EnclaveIndex,
                    first + done,
                    count - done),
                Ioctl.RemovePages => await Ioctls.RemovePages(this, EnclaveIndex, first + done, count - done),
                Ioctl.Create or Ioctl.Init => throw new InvariantViolation($"{ioctl} has no range"),
            };
            Errno errno = result.Errno;
            await DieIfKilled();
            if (errno == Errno.ERESTARTSYS && _outcome == ThreadOutcome.Finished)
            {
                // SA_RESTART. ADD_PAGES may have added pages by then (D9), but the arguments do not show it.
                continue;
            }

            done += result.Count;
            if (retries && errno == Errno.Ok && done < count && _outcome == ThreadOutcome.Finished)
            {
                continue;
            }

            if (!retries || _outcome != ThreadOutcome.Finished || errno is not (Errno.EAGAIN or Errno.EBUSY))
            {
                ReportIoctl(ioctl, startNs, errno);
                return new IoctlResult(errno, done);
            }

            // The loop takes time even where a system call costs nothing.
            await SpendNs((int)Activity.Syscall, 1);
        }
    }

    private async Routine DieIfKilled()
    {
        if (await Main.TakeSignal(this))
        {
            _outcome = ThreadOutcome.Killed;
        }
    }

    private async Routine<Errno> CloseOnce()
    {
        ProcessProtocol.CloseDevice close = await Ask(Process, new ProcessProtocol.CloseDevice());
        if (close.WasClosed)
        {
            return Errno.EINVAL;
        }

        await Encl.CloseFile(this, EnclaveIndex);
        return Errno.Ok;
    }

    private async Routine<OperationResult> UnmapAll()
    {
        await Encl.ExitMm(this, Mm, EnclaveIndex);
        return Result(Errno.Ok);
    }

    private async Routine<OperationResult> MapSomethingElse()
    {
        await Ask(Mm, new AddressSpaceProtocol.MapOther());
        return Result(Errno.Ok);
    }

    private async Routine<OperationResult> ForkChild(int child)
    {
        await ForkInto(_places.Tasks[child]);
        return Result(Errno.Ok);
    }

    private async Routine<OperationResult> ExitThread()
    {
        _hasExited = true;
        ProcessProtocol.ThreadExit exit = await Ask(Process, new ProcessProtocol.ThreadExit { Outcome = _outcome });
        if (exit.WasLast && _home.Enclave >= 0)
        {
            // do_exit(): the address space first, then the files.
            await Encl.ExitMm(this, Mm, EnclaveIndex);
            await CloseOnce();
        }
        else if (exit.WasLast && _home.Guest >= 0)
        {
            await ReleaseGuestOnce();
        }

        return Result(Errno.Ok);
    }

    private static OperationHome Of(OperationHome home)
    {
        ArgumentNullException.ThrowIfNull(home);
        return home;
    }
}

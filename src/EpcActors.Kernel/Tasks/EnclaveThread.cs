using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Kernel.Tasks;

/// <summary>State that the threads of one enclave process share: the ids of its actors and its program.</summary>
public sealed class EnclaveProgram
{
    public required string Name { get; init; }

    /// <summary>Index of the enclave.</summary>
    public required int Enclave { get; init; }

    public required ActorId Process { get; init; }

    public required ActorId Mm { get; init; }

    /// <summary>Pages of code, data and TCS in front of the heap; measured.</summary>
    public required int CodePages { get; init; }

    /// <summary>Pages of the heap.</summary>
    public required int HeapPages { get; init; }

    /// <summary>Of those, added when the enclave is built; the rest comes by EAUG.</summary>
    public required int AddedHeapPages { get; init; }

    /// <summary>True when heap pages are measured (EEXTEND), as old loaders do.</summary>
    public bool IsHeapMeasured { get; init; }

    /// <summary>Steps after the build.</summary>
    public required IReadOnlyList<ProgramStep> Steps { get; init; }

    /// <summary>All threads; thread 0 builds the enclave.</summary>
    public required IReadOnlyList<EnclaveThread> Threads { get; init; }

    /// <summary>A forked child runs in its parent's enclave and builds none.</summary>
    public bool IsChild { get; init; }
}

/// <summary>A CPU thread in an enclave. Thread 0 also makes the system calls that build it.</summary>
public sealed class EnclaveThread : UserThread
{
    /// <summary>CONFIG_HZ=1000.</summary>
    private const long TickNs = 1_000_000;

    private const int AccessesPerTick = 4096;

    private readonly int _thread;
    private EnclaveProgram? _program;
    private int _accessesSinceTick;
    private long _nextTickNs;

    public EnclaveThread(ActorId id, string name, int cpu, int node, Machine machine, ActorId process, int thread)
        : base(id, name, cpu, node, machine, TaskKind.User, process) => _thread = thread;

    /// <summary>Accesses made.</summary>
    [NotState]
    public long Accesses { get; private set; }

    /// <summary>
    /// Virtual time at which the enclave was built and this thread began its program, -1 before; nanoseconds.
    /// </summary>
    [NotState]
    public long ProgramStartNs { get; private set; } = -1;

    /// <summary>Virtual time at which the program ended, -1 while it runs; nanoseconds.</summary>
    [NotState]
    public long ProgramEndNs { get; private set; } = -1;

    /// <summary>Times of each step of the thread.</summary>
    [NotState]
    public StepTimes Times { get; private set; } = new(0);

    /// <summary>The program, as its run built it.</summary>
    public EnclaveProgram Program => _program ?? throw new InvariantViolation($"{Name} has no program");

    /// <summary>Gives the thread its program, once, before it starts.</summary>
    public void Load(EnclaveProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        _program = program;
        Times = new StepTimes(program.Steps.Count);
        WorkIn(program.Enclave, program.Mm);
    }

    protected override async Routine Run()
    {
        ThreadOutcome outcome = ThreadOutcome.Finished;
        int detail = 0;
        if (_thread == 0 && !Program.IsChild)
        {
            Times.Begin(StepTimes.Load, NowNs, Accesses);
            (outcome, detail) = await Build();
            EndStep(outcome);
            if (outcome == ThreadOutcome.Finished && Program.Threads.Count > 1)
            {
                await Ask(Process, new ProcessProtocol.SpawnThreads { Count = Program.Threads.Count - 1 });
                for (int i = 1; i < Program.Threads.Count; i++)
                {
                    Start(Program.Threads[i]);
                }
            }
        }

        if (outcome == ThreadOutcome.Finished)
        {
            ProgramStartNs = NowNs;
            await Enter();
            (outcome, detail) = await RunSteps();
            await Leave(leavesCpu: true);
            ProgramEndNs = NowNs;
        }

        ForReport<long> exitNs = NowNs;
        ProcessProtocol.ThreadExit exit = await Ask(
            Process, new ProcessProtocol.ThreadExit { Outcome = outcome, Detail = detail });
        if (exit.WasLast)
        {
            // do_exit(): the address space first, then the files.
            Times.Begin(Times.Exit, exitNs, Accesses);
            await Encl.ExitMm(this, Program.Mm, Program.Enclave);
            await Encl.CloseFile(this, Program.Enclave);
            Times.End(NowNs, Accesses);
        }
    }

    /// <summary>Opens the device, builds the enclave as the SDKs and the kernel's self-tests do, and maps it.</summary>
    private async Routine<(ThreadOutcome Outcome, int Detail)> Build()
    {
        Errno errno = await MapAndCreate();
        if (errno != Errno.Ok)
        {
            return Failed(Ioctl.Create, errno);
        }

        long startNs = NowNs;
        IoctlResult add = await Ioctls.AddPages(this, Program.Enclave, 0, Program.CodePages, isMeasured: true);
        if (add.Errno == Errno.Ok && Program.AddedHeapPages > 0)
        {
            add = await Ioctls.AddPages(
                this, Program.Enclave, Program.CodePages, Program.AddedHeapPages, Program.IsHeapMeasured);
        }

        ReportIoctl(Ioctl.AddPages, startNs, add.Errno);
        if (await Main.SignalPending(this))
        {
            return (ThreadOutcome.Killed, 0);
        }

        if (add.Errno != Errno.Ok)
        {
            return Failed(Ioctl.AddPages, add.Errno);
        }

        startNs = NowNs;
        errno = await Ioctls.Init(this, Program.Enclave);
        ReportIoctl(Ioctl.Init, startNs, errno);
        if (errno != Errno.Ok)
        {
            return Failed(Ioctl.Init, errno);
        }

        int added = Program.CodePages + Program.AddedHeapPages;
        int left = Program.HeapPages - Program.AddedHeapPages;
        if (left > 0 && Machine.Switches.MapPopulate == Fix.Present)
        {
            await Encl.Populate(this, Program.Mm, Program.Enclave, added, left);
            if (await Main.SignalPending(this))
            {
                return (ThreadOutcome.Killed, 0);
            }
        }

        return (ThreadOutcome.Finished, 0);
    }

    private async Routine<(ThreadOutcome Outcome, int Detail)> RunSteps()
    {
        for (int phase = 0; phase < Program.Steps.Count; phase++)
        {
            ForReport<long> startNs = NowNs;
            bool warmsUp = Program.Steps[phase] is ProgramStep.RunPattern { WarmUp: > 0 };
            Times.Begin(warmsUp ? StepTimes.WarmUpOf(phase) : StepTimes.StepOf(phase), NowNs, Accesses);
            (ThreadOutcome outcome, int detail) = Program.Steps[phase] switch
            {
                ProgramStep.TouchHeap step => (await TouchHeap(step.Kind, step.WorkNs, step.ByOne), 0),
                ProgramStep.AcceptHeap => (await TouchHeap(AccessKind.Eaccept, 0, byOne: false), 0),
                ProgramStep.RunPattern step => (await RunPattern(step, phase), 0),
                ProgramStep.ReplayTrace step => (await ReplayTrace(step, phase), 0),
                ProgramStep.ChangeType => await Call(Ioctl.ModifyTypes),
                ProgramStep.RestrictPermissions => await Call(Ioctl.RestrictPermissions),
                ProgramStep.RemoveHeap => await Call(Ioctl.RemovePages),
                ProgramStep.Pause step => (await Pause(step.Ns), 0),
                ProgramStep.ForkChild step => (await Fork(step.Child), 0),
                { } other => throw new InvariantViolation($"{other.GetType().Name} is not a step that a thread knows"),
            };

            EndStep(outcome);
            Report(RunEvent.Phase, startNs, phase);
            if (outcome != ThreadOutcome.Finished)
            {
                return (outcome, detail);
            }

            if (Program.Threads.Count > 1)
            {
                await Leave(leavesCpu: true);
                await Ask(Process, new ProcessProtocol.ArriveAtBarrier { Phase = phase });
                await Enter();
            }

            if (await Main.SignalPending(this))
            {
                return (ThreadOutcome.Killed, 0);
            }
        }

        return (ThreadOutcome.Finished, 0);
    }

    private async Routine<ThreadOutcome> TouchHeap(AccessKind kind, long workNs, bool byOne)
    {
        (int first, int count) = !byOne ? PartPattern.Share(Program.HeapPages, _thread, Program.Threads.Count)
            : _thread == 0 ? (0, Program.HeapPages)
            : (0, 0);
        for (int page = first; page < first + count; page++)
        {
            ThreadOutcome outcome = await CountedAccess(Program.CodePages + page, kind);
            if (outcome != ThreadOutcome.Finished)
            {
                return outcome;
            }

            if (workNs > 0)
            {
                await SpendNs((int)Activity.Work, workNs);
            }
        }

        return ThreadOutcome.Finished;
    }

    private void EndStep(ThreadOutcome outcome)
    {
        if (outcome == ThreadOutcome.Finished)
        {
            Times.End(NowNs, Accesses);
        }
        else
        {
            Times.Abandon(NowNs, Accesses);
        }
    }

    private async Routine<ThreadOutcome> RunPattern(ProgramStep.RunPattern step, int phase)
    {
        AccessPattern pattern = step.Patterns[_thread];
        long total = step.Accesses < 0 ? -1 : step.WarmUp + step.Accesses;
        for (long i = 0; i != total && pattern.TryNext(out PageAccess access); i++)
        {
            if (i == step.WarmUp && i > 0)
            {
                Times.Begin(StepTimes.StepOf(phase), NowNs, Accesses);
            }

            ThreadOutcome outcome = await CountedAccess(Program.CodePages + access.Page, KindOf(access.Kind));
            if (outcome != ThreadOutcome.Finished)
            {
                return outcome;
            }

            if (step.WorkNs > 0)
            {
                await SpendNs((int)Activity.Work, step.WorkNs);
            }
        }

        return ThreadOutcome.Finished;
    }

    private async Routine<ThreadOutcome> ReplayTrace(ProgramStep.ReplayTrace step, int phase)
    {
        long startNs = NowNs;
        long lastUs = -1;
        for (int i = 0; i < step.Trace.Count; i++)
        {
            TraceEntry entry = step.Trace[i];
            if (entry.Enclave != step.TraceEnclave || entry.Thread % Program.Threads.Count != _thread)
            {
                continue;
            }

            // An enclave that appears late in its trace waits for its first access in any case.
            bool isFirst = lastUs < 0;
            bool isAlive = step.GapsAreArrivals || isFirst
                ? await SleepUntil(startNs + (entry.TimeUs * 1000))
                : await Work((entry.TimeUs - lastUs) * 1000);
            if (!isAlive)
            {
                return ThreadOutcome.Killed;
            }

            lastUs = entry.TimeUs;
            if (isFirst)
            {
                Times.Begin(StepTimes.StepOf(phase), NowNs, Accesses);
            }

            ThreadOutcome outcome = await CountedAccess(Program.CodePages + entry.Page, KindOf(entry.Kind));
            if (outcome != ThreadOutcome.Finished)
            {
                return outcome;
            }
        }

        return ThreadOutcome.Finished;
    }

    /// <summary>Computes for a time, and enters the kernel at each tick of the timer. False: killed.</summary>
    private async Routine<bool> Work(long ns)
    {
        while (ns > 0)
        {
            long part = Math.Min(TickNs, ns);
            await SpendNs((int)Activity.Work, part);
            ns -= part;
            if (part == TickNs && await Main.SignalPending(this))
            {
                return false;
            }
        }

        return true;
    }

    private async Routine<ThreadOutcome> Pause(long ns)
    {
        await Leave(leavesCpu: true);
        bool slept = await SleepUntil(NowNs + ns);
        await Enter();
        return slept ? ThreadOutcome.Finished : ThreadOutcome.Killed;
    }

    /// <summary>Sleeps; a fatal signal ends the sleep within a tick. False: killed.</summary>
    private async Routine<bool> SleepUntil(long dueNs)
    {
        while (NowNs < dueNs)
        {
            await Sleep(Math.Min(TickNs, dueNs - NowNs));
            if (await Main.SignalPending(this))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// The timer interrupt: a thread that never faults enters the kernel here, and dies if it was killed. An engine
    /// without time takes it after a fixed number of accesses. The price of user code includes the cost of the
    /// interrupt.
    /// </summary>
    protected override bool IsTick()
    {
        bool isTick = ++_accessesSinceTick >= AccessesPerTick || NowNs >= _nextTickNs;
        if (isTick)
        {
            _accessesSinceTick = 0;
            _nextTickNs = NowNs + TickNs;
        }

        return isTick;
    }

    private Routine<ThreadOutcome> CountedAccess(int page, AccessKind kind)
    {
        Accesses++;
        return Access(page, kind);
    }

    /// <summary>
    /// A system call over the heap, by thread 0, repeated from where it stopped while it returns EAGAIN or EBUSY.
    /// </summary>
    private async Routine<(ThreadOutcome Outcome, int Detail)> Call(Ioctl ioctl)
    {
        if (_thread != 0)
        {
            return (ThreadOutcome.Finished, 0);
        }

        await Leave();
        ForReport<long> startNs = NowNs;
        int first = Program.CodePages;
        int left = Program.HeapPages;
        IoctlResult result = default;
        while (left > 0)
        {
            result = ioctl switch
            {
                Ioctl.ModifyTypes => await Ioctls.ModifyTypes(this, Program.Enclave, first, left),
                Ioctl.RestrictPermissions => await Ioctls.RestrictPermissions(this, Program.Enclave, first, left),
                Ioctl.RemovePages => await Ioctls.RemovePages(this, Program.Enclave, first, left),
                Ioctl.Create or Ioctl.AddPages or Ioctl.Init =>
                    throw new InvariantViolation($"{ioctl} is not a call of a running enclave"),
            };
            first += result.Count;
            left -= result.Count;
            if (await Main.SignalPending(this))
            {
                await Enter();
                return (ThreadOutcome.Killed, 0);
            }

            if (result.Errno is not (Errno.Ok or Errno.EAGAIN or Errno.EBUSY))
            {
                break;
            }
        }

        ReportIoctl(ioctl, startNs, result.Errno);
        await Enter();
        return left == 0
            ? (ThreadOutcome.Finished, 0)
            : (ThreadOutcome.CallFailed, ((int)ioctl << 16) | (int)result.Errno);
    }

    private async Routine<ThreadOutcome> Fork(EnclaveThread child)
    {
        if (_thread != 0)
        {
            return ThreadOutcome.Finished;
        }

        await Leave();
        await ForkInto(child);
        await Enter();
        return ThreadOutcome.Finished;
    }

    private static (ThreadOutcome Outcome, int Detail) Failed(Ioctl ioctl, Errno errno) =>
        errno == Errno.ERESTARTSYS
            ? (ThreadOutcome.Killed, 0)
            : (ThreadOutcome.BuildFailed, ((int)ioctl << 16) | (int)errno);

    private static AccessKind KindOf(PageAccessKind kind) => kind switch
    {
        PageAccessKind.Read => AccessKind.Read,
        PageAccessKind.Write => AccessKind.Write,
        PageAccessKind.Execute => AccessKind.Execute,
    };
}

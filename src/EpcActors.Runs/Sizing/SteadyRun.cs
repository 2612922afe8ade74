using EpcActors.Engine;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Expectations;

namespace EpcActors.Runs.Sizing;

/// <summary>Measures one enclave of a run.</summary>
/// <param name="Phase">Number of the step to measure; -1: the program as it is written, to its end.</param>
/// <param name="Accesses">Accesses of each thread in the step that are enough.</param>
/// <param name="LeastAccesses">Accesses that are enough when many pages were loaded back in them.</param>
/// <param name="IsAwaited">The run goes on until this enclave is done.</param>
internal readonly record struct Measured(int Phase, long Accesses, long LeastAccesses, bool IsAwaited = true);

/// <summary>Figures of one enclave in one run, over what was measured of it.</summary>
/// <param name="Cost">
/// Time of one access of its step; of a program that is measured as it is written, the time of all its work;
/// nanoseconds, of all threads together.
/// </param>
/// <param name="Accesses">Accesses.</param>
/// <param name="Faults">Page faults.</param>
/// <param name="FaultNs">Time in them, nanoseconds.</param>
/// <param name="Reloads">Pages loaded back.</param>
/// <param name="TimeNs">Time of all threads, nanoseconds.</param>
/// <param name="Drift">Time of an access in the second half against the first, less 1; 0 where there are no
/// halves.</param>
/// <param name="Latencies">Latencies of the faults.</param>
internal sealed record EnclaveFigures(
    double Cost,
    long Accesses,
    long Faults,
    long FaultNs,
    long Reloads,
    long TimeNs,
    double Drift,
    LatencyHistogram Latencies);

/// <summary>
/// A run that ends when every enclave has shown its speed: the threads of a program in its steady state go on until the
/// last has made its accesses, or until enough pages were loaded back for a figure.
/// </summary>
internal sealed class SteadyRun : TimedRun
{
    /// <summary>So many reloads bring the time of an access to half a percent of what misses add to it.</summary>
    private const long EnoughReloads = 32_768;

    /// <summary>The same where half of the time is spent in faults: far from any share that is worth keeping.</summary>
    private const long EnoughWhenSlow = 6_144;

    /// <summary>No access of any enclave for so long: nothing will come any more, nanoseconds.</summary>
    private const long StuckNs = 2_000_000_000;

    private readonly IReadOnlyList<Measured> _measured;
    private readonly bool _stopsAtDeath;
    private readonly LatencyHistogram[] _latencies;
    private readonly Half[][] _halves;
    private long _accesses;
    private long _movedAtNs;

    /// <param name="scenario">What to run.</param>
    /// <param name="measured">By enclave.</param>
    /// <param name="stopsAtDeath">An enclave or guest that dies ends the run; false: the others go on.</param>
    public SteadyRun(Scenario scenario, IReadOnlyList<Measured> measured, bool stopsAtDeath = true)
        : base(scenario, "sizing", null)
    {
        _measured = measured;
        _stopsAtDeath = stopsAtDeath;
        _latencies = [.. measured.Select(_ => new LatencyHistogram())];
        _halves = [.. Topology.Enclaves.Select(one => new Half[one.Threads.Count])];
    }

    /// <summary>How the run ended.</summary>
    public RunEnd End { get; private set; }

    /// <summary>Nothing moved any more.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>Index of the first enclave that died or hangs; -1 when all are alive or done.</summary>
    public int FirstDead { get; private set; } = -1;

    /// <summary>RAM behind evicted pages at its peak, pages.</summary>
    public long BackingPages => Topology.MemoryCgroups[0].PeakPages;

    public override RunEnd Execute(CancellationToken cancellationToken)
    {
        End = base.Execute(cancellationToken);
        FirstDead = FindDead();
        if (FirstDead < 0 && (Oracle.IsHopeless || IsStuck || End == RunEnd.Deadlock))
        {
            FirstDead = 0;
        }

        return End;
    }

    public override void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        if (what == (int)RunEvent.Fault && task is EnclaveThread thread && IsMeasuring(thread))
        {
            _latencies[thread.Program.Enclave].Add(endNs - startNs);
        }

        base.OnReport(task, what, startNs, endNs, detail);
    }

    /// <summary>Figures of an enclave; null when it never came to what is measured.</summary>
    public EnclaveFigures? Of(int enclave)
    {
        IReadOnlyList<EnclaveThread> threads = Topology.Enclaves[enclave].Threads;
        return _measured[enclave].Phase < 0 ? AsWritten(enclave) : Steady(enclave, threads);
    }

    private protected override bool IsEnough(long nowNs)
    {
        long accesses = 0;
        bool isEnough = true;
        for (int i = 0; i < _measured.Count; i++)
        {
            isEnough &= IsEnoughOf(i, nowNs, ref accesses);
        }

        foreach (VirtualMachineActors guest in Topology.VirtualMachines)
        {
            isEnough &= guest.Process.HasExited || guest.Cpu is not { } cpu || cpu.Faults >= guest.Spec.TouchedPages;
        }

        if (accesses != _accesses || Engine.Steps == 0)
        {
            (_accesses, _movedAtNs) = (accesses, nowNs);
        }

        IsStuck = !isEnough && accesses > 0 && nowNs - _movedAtNs > StuckNs && _measured.Any(one => one.Phase >= 0);
        return isEnough || IsStuck || (_stopsAtDeath && FindDead() >= 0);
    }

    private bool IsEnoughOf(int enclave, long nowNs, ref long accesses)
    {
        Measured measured = _measured[enclave];
        IReadOnlyList<EnclaveThread> threads = Topology.Enclaves[enclave].Threads;
        long least = long.MaxValue;
        long reloads = 0;
        long timeNs = 0;
        long faultNs = 0;
        for (int i = 0; i < threads.Count; i++)
        {
            accesses += threads[i].Accesses;
            if (measured.Phase < 0)
            {
                continue;
            }

            StepTime time = threads[i].Times.Read(StepTimes.StepOf(measured.Phase), threads[i].Accesses);
            least = Math.Min(least, time.HasBegun ? time.Accesses : -1);
            reloads += time.Reloads;
            timeNs += time.HasBegun ? nowNs - time.StartNs : 0;
            faultNs += time.FaultNs;
            if (_halves[enclave][i].AtNs == 0 && time.HasBegun
                && (time.Accesses >= measured.Accesses / 2 || time.Reloads * threads.Count >= EnoughReloads / 2))
            {
                _halves[enclave][i] = new Half(nowNs, time.Accesses);
            }
        }

        long enough = faultNs > timeNs / 2 ? EnoughWhenSlow : EnoughReloads;
        return !measured.IsAwaited || Topology.Enclaves[enclave].Process.HasExited
            || (measured.Phase >= 0
                && (least >= measured.Accesses || (reloads >= enough && least >= measured.LeastAccesses)));
    }

    /// <summary>True for an enclave that was refused or killed.</summary>
    public bool IsDead(int enclave)
    {
        Process process = Topology.Enclaves[enclave].Process;
        return process.Outcome != ThreadOutcome.Finished || process.Killed != KillReason.None
            || Topology.Enclaves[enclave].Enclave.IsOutOfMemory;
    }

    /// <summary>Reason of the end of an enclave, as a report has it.</summary>
    public string WhyDead(int enclave)
    {
        EnclaveReport report = new ReportBuilder(Scenario, this, End, Slowdowns.None(Scenario)).Build("", 0)
            .Enclaves[enclave];
        return report.Detail.Length > 0 ? report.Detail : ExpectationTable.Word(report.Outcome);
    }

    private int FindDead()
    {
        for (int i = 0; i < Topology.Enclaves.Count; i++)
        {
            if (IsDead(i))
            {
                return i;
            }
        }

        return Topology.VirtualMachines.Any(guest => guest.Process.Outcome != ThreadOutcome.Finished)
            ? Topology.Enclaves.Count
            : -1;
    }

    private bool IsMeasuring(EnclaveThread thread)
    {
        int phase = _measured[thread.Program.Enclave].Phase;
        int slot = thread.Times.Current;

        // Of a program as it is written: every step without its warm-up, no load and no exit.
        return phase >= 0 ? slot == StepTimes.StepOf(phase)
            : slot > 0 && slot % 2 == 0 && slot != thread.Times.Exit;
    }

    private EnclaveFigures? Steady(int enclave, IReadOnlyList<EnclaveThread> threads)
    {
        long timeNs = 0;
        long accesses = 0;
        long faults = 0;
        long faultNs = 0;
        long reloads = 0;
        double first = 0;
        double second = 0;
        for (int i = 0; i < threads.Count; i++)
        {
            StepTime time = threads[i].Times.Read(StepTimes.StepOf(_measured[enclave].Phase), threads[i].Accesses);
            if (!time.HasBegun || time.Accesses == 0)
            {
                return null;
            }

            timeNs += EndNs - time.StartNs;
            accesses += time.Accesses;
            faults += time.Faults;
            faultNs += time.FaultNs;
            reloads += time.Reloads;
            Half half = _halves[enclave][i];
            if (half.Accesses > 0 && time.Accesses > half.Accesses)
            {
                first += (double)(half.AtNs - time.StartNs) / half.Accesses;
                second += (double)(EndNs - half.AtNs) / (time.Accesses - half.Accesses);
            }
        }

        return new EnclaveFigures(
            (double)timeNs / accesses,
            accesses,
            faults,
            faultNs,
            reloads,
            timeNs,
            first > 0 ? (second / first) - 1 : 0,
            _latencies[enclave]);
    }

    private EnclaveFigures? AsWritten(int enclave)
    {
        IReadOnlyList<StepSum> steps = StepSum.Of(Topology.Enclaves[enclave], EndNs);
        bool hasMainWork = steps.Any(step => step.IsMainWork && step.HasBegun);
        List<StepSum> counted =
        [
            .. steps.Where(step => step.HasBegun
                && (hasMainWork ? step.IsMainWork : step.Role == StepRole.Step && step.Name != "pause")),
        ];
        long timeNs = counted.Sum(step => step.ThreadNs);
        return timeNs == 0
            ? null
            : new EnclaveFigures(
                timeNs,
                counted.Sum(step => step.Accesses),
                counted.Sum(step => step.Faults),
                counted.Sum(step => step.FaultNs),
                counted.Sum(step => step.Reloads),
                timeNs,
                0,
                _latencies[enclave]);
    }

    private readonly record struct Half(long AtNs, long Accesses);
}

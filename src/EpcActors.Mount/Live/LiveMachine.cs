using System.Numerics;
using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Engine.Live.Threads;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.Tasks;
using EpcActors.Mount.CgroupFs;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;

namespace EpcActors.Mount.Live;

/// <summary>
/// A machine that runs on the wall clock until it is stopped, with the actors of any live run behind it: cgroups are
/// made and removed, processes come and go, and the oracle audits all the while.
/// </summary>
public sealed class LiveMachine : ICgroupMachine, IDisposable
{
    /// <summary>Enclave pages of all processes have numbers of 31 bits; places for half of that.</summary>
    private const long MostEnclavePages = 1L << 30;

    private const int MostProcesses = 64;
    private const long SampleNs = 5_000_000_000;
    private static readonly TimeSpan RemoveTries = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(5);

    private readonly Topology _topology;
    private readonly LiveRun _run;
    private readonly LiveMeter _meter;
    private readonly LiveEngine _engine;
    private readonly SystemCalls _calls = new();
    private readonly SystemCalls _signals = new();
    private readonly LoadSteps _steps;
    private readonly ProcessPlaces _places;
    private readonly Lock _gate = new();
    private readonly HashSet<int> _reserved = [];
    private readonly Dictionary<string, int> _unclaimed = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopped = new();
    private Thread? _thread;
    private RunEnd _end = RunEnd.Stopped;
    private Exception? _failure;

    /// <param name="scenario">
    /// Machine, kernel, cgroups and pace. Enclaves and the script of the file run as ever.
    /// </param>
    /// <param name="killed">The kernel has killed a process, by its number on the host.</param>
    /// <param name="watch">Called four times a second with the state; may be null.</param>
    /// <param name="cgroups">Places for cgroups that are made while it runs.</param>
    public LiveMachine(Scenario scenario, Action<int> killed, Action<LiveStatus>? watch = null, int cgroups = 256)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(killed);
        int enclavePages = (int)Math.Min(
            1L << 28, (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(4096, 2 * scenario.Machine.EpcPages)));
        _steps = new LoadSteps((int)scenario.Machine.EpcPages, () => Environment.TickCount64);
        _places = new ProcessPlaces(killed, _steps);
        Scenario = scenario with
        {
            Live = scenario.Live with { SampleNs = Math.Max(scenario.Live.SampleNs, SampleNs) },
            Run = scenario.Run with { TraceEvents = 0 },
        };
        _topology = new Topology(
            Scenario,
            null,
            new OutsideSpec(_calls, _signals, _places)
            {
                Cgroups = cgroups,
                Processes = (int)Math.Clamp(MostEnclavePages / enclavePages, 1, MostProcesses),
                EnclavePages = enclavePages,
            });
        for (int i = 1; i < _topology.NamedCgroups; i++)
        {
            _unclaimed.Add(_topology.Cgroups[i].Path, i);
        }

        _run = new LiveRun(Scenario, _topology, NewEngine, watch, null);
        Metrics = new LiveMetrics(_run, Scenario);
        _meter = new LiveMeter(Metrics);
        _run.Metrics.LatencyInstrument = _meter.FaultLatency;
        _engine = _run.Engine;
        _calls.Begin(_engine, _topology.CallTasks);
        _signals.Begin(_engine, _topology.SignalTasks);
        _places.Begin(_engine, _topology.Places);
    }

    /// <summary>The scenario, as the machine runs it.</summary>
    public Scenario Scenario { get; }

    /// <summary>
    /// Its metrics, as those of any live run; for the cgroups that are there when they are read. Listeners of
    /// System.Diagnostics see them too.
    /// </summary>
    public LiveMetrics Metrics { get; }

    /// <summary>EPC of the machine, pages.</summary>
    public int CapacityPages => _topology.Machine.CapacityPages;

    /// <summary>Largest enclave, pages.</summary>
    public int EnclavePages => _topology.Enclaves[^1].Enclave.Entries.PageCount;

    public MiscFileSet MiscFiles => MiscFilesOfCgroup.FilesOf(_topology.Machine.Switches);

    /// <summary>Rules that were broken so far, gravest first.</summary>
    public IReadOnlyList<ViolationReport> Violations => _run.Oracle.Violations;

    /// <summary>Audits of a cut so far.</summary>
    public int Audits => _run.Audits;

    /// <summary>Requests that the actors have handled.</summary>
    public long Steps => _run.Steps;

    /// <summary>Cgroups without a directory that are not freed.</summary>
    public int DyingCgroups => DyingBelow(0);

    /// <summary>True once the machine has stopped by itself: a defect, or nothing could move any more.</summary>
    public bool HasEnded => _thread is { IsAlive: false };

    /// <summary>Distances between the loads of processes.</summary>
    internal LoadSteps Loads => _steps;

    /// <summary>Starts it.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "epc-machine" };
        _thread.Start();
    }

    /// <summary>
    /// Ends all processes and stops. When nothing is under way then, the audit compares as strictly as at the end of a
    /// run that came to its end.
    /// </summary>
    /// <exception cref="InvariantViolation">when an actor has failed.</exception>
    public void Stop()
    {
        if (_thread is null)
        {
            return;
        }

        bool isQuiet = _places.CloseAllAsync(this).Wait(TimeSpan.FromSeconds(5)) && WaitForRest();
        _engine.RequestStop(isQuiet ? RunEnd.Finished : RunEnd.Stopped);
        _thread.Join();
        WasAtRest = isQuiet && _end == RunEnd.Finished;
        if (_failure is { } failure)
        {
            throw failure is InvariantViolation ? failure
                : new InvariantViolation($"the machine failed: {failure.Message}", failure);
        }
    }

    /// <summary>After <see cref="Stop"/>: the last audit was of a machine at rest.</summary>
    public bool WasAtRest { get; private set; }

    /// <summary>A process of the host opens the device.</summary>
    /// <param name="process">Its number.</param>
    /// <param name="misc">Place that its EPC is charged to.</param>
    /// <param name="memory">The same for RAM.</param>
    /// <returns>Its place among the processes; null when all are taken.</returns>
    public Task<OutsideHandle?> OpenAsync(int process, int misc, int memory) =>
        _places.OpenAsync(process, misc, memory);

    /// <summary>A process does the next thing; ESRCH for one that exits.</summary>
    public Task<ProcessResult> OrderAsync(OutsideHandle process, ProcessOrder order) =>
        _places.OrderAsync(process, order);

    /// <summary>A signal comes to a process: a fatal one, or one that it handles.</summary>
    public Task SignalAsync(OutsideHandle process, bool isFatal)
    {
        ArgumentNullException.ThrowIfNull(process);
        ActorId target = _topology.Places[process.Place].Process.Id;
        return _signals.CallAsync(isFatal
            ? new AdminAction.KillProcess(0, target)
            : new AdminAction.SignalProcess(0, target));
    }

    /// <summary>A process exits; its call under way ends first. May be called again.</summary>
    public async Task CloseAsync(OutsideHandle process)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (process.BeginClose())
        {
            await SignalAsync(process, isFatal: true).ConfigureAwait(false);
        }

        await _places.ExitAsync(process).ConfigureAwait(false);
    }

    public async Task<(Errno Errno, int Place)> CreateAsync(string path, int parent)
    {
        int place;
        lock (_gate)
        {
            if (_unclaimed.Remove(path, out int named))
            {
                return (Errno.Ok, named);
            }

            place = FindPlace(parent);
            if (place < 0)
            {
                return (Errno.EAGAIN, -1);
            }

            _reserved.Add(place);
            _topology.Cgroups[place].Rename(path);
            _topology.MemoryCgroups[place].Rename(path);
        }

        Errno errno = await CallAsync(new AdminAction.CreateCgroup(0, place, parent)).ConfigureAwait(false);
        lock (_gate)
        {
            _reserved.Remove(place);
        }

        return (errno, place);
    }

    public async Task<Errno> RemoveAsync(int place)
    {
        long began = Environment.TickCount64;
        while (true)
        {
            Errno errno = await CallAsync(new AdminAction.RemoveCgroup(0, place)).ConfigureAwait(false);
            bool mayPass = errno == Errno.EBUSY && _places.HasDying
                && Environment.TickCount64 - began < RemoveTries.TotalMilliseconds;
            if (!mayPass)
            {
                return errno;
            }

            await Task.Delay(BetweenTries).ConfigureAwait(false);
        }
    }

    public Task<Errno> WriteMiscMaxAsync(int place, string text) =>
        CallAsync(new AdminAction.WriteMaxText(0, place, text));

    public Task<Errno> WriteMemoryMaxAsync(int place, Limit max) =>
        CallAsync(new AdminAction.WriteMemoryMax(0, place, max));

    public async Task<Errno> AttachAsync(int process, int misc, int memory)
    {
        foreach (OutsideHandle handle in _places.Of(process))
        {
            Errno errno = await CallAsync(
                new AdminAction.MigrateProcess(0, _topology.Places[handle.Place].Process.Id, misc, memory))
                .ConfigureAwait(false);
            if (errno is not (Errno.Ok or Errno.ESRCH))
            {
                return errno;
            }
        }

        return Errno.Ok;
    }

    public string ReadMisc(int place, MiscFile file) =>
        MiscFilesOfCgroup.Read(_topology.Machine, _topology.Cgroups[place], file) ?? "";

    public MemoryFigures ReadMemory(int place)
    {
        MemoryCgroup memory = _topology.MemoryCgroups[place];
        return new MemoryFigures(
            memory.UsagePages,
            memory.PeakPages,
            memory.Max,
            memory.MaxEvents,
            memory.OomKills);
    }

    public int DyingBelow(int place)
    {
        int count = 0;
        for (int i = 1; i < _topology.Cgroups.Count; i++)
        {
            if (!_topology.Cgroups[i].IsDying || _topology.Cgroups[i].IsFreed)
            {
                continue;
            }

            for (int at = i; at >= 0; at = _topology.Machine.CgroupParents[at])
            {
                count += at == place && at != i ? 1 : 0;
            }
        }

        return count;
    }

    public void Dispose()
    {
        if (_thread is { IsAlive: true })
        {
            _engine.RequestStop(RunEnd.Stopped);
            _thread.Join();
        }

        _meter.Dispose();
        Metrics.Close();
        _run.Dispose();
        _stopped.Dispose();
    }

    private static ThreadsEngine NewEngine(Scenario scenario) => new(new ThreadsOptions
    {
        Workers = scenario.Live.WorkersOrCores,
        TaskBatch = scenario.Live.TaskBatch,
        MailboxBatch = scenario.Live.MailboxBatch,
    });

    private Task<Errno> CallAsync(AdminAction call) => _calls.CallAsync(call);

    /// <summary>A free place behind the parent's: sums over the tree go from the last place to the first.</summary>
    private int FindPlace(int parent)
    {
        for (int i = Math.Max(parent + 1, _topology.NamedCgroups); i < _topology.Cgroups.Count; i++)
        {
            if (_topology.Tree.IsRemoved(i) && _topology.Cgroups[i].IsFreed && !_reserved.Contains(i)
                && _topology.MemoryCgroups[i].UsagePages == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private bool WaitForRest()
    {
        for (int i = 0; i < 400; i++)
        {
            if (_engine.GoingTasks == 0)
            {
                return true;
            }

            Thread.Sleep(BetweenTries);
        }

        return false;
    }

    private void Run()
    {
        try
        {
            _end = _run.Execute(_stopped.Token);
        }
#pragma warning disable CA1031 // Told to the caller of Stop, on its thread.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _failure = error;
        }
        finally
        {
            _calls.End();
            _signals.End();
            _places.End();
        }
    }
}

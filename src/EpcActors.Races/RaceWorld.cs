using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Races;

/// <summary>A race whose setup does not come to its end, or breaks a rule already.</summary>
public sealed class RaceSetupException(string message) : Exception(message);

/// <summary>
/// The world of a race (<see cref="RaceSpec"/>): built once, its stage set once, and from then on brought back from an
/// image, so that a schedule of thirty steps costs little more than its thirty steps.
/// </summary>
public sealed partial class RaceWorld : LabWorld
{
    private const int SetupSteps = 1_000_000;
    private const byte SinceReset = 1;
    private const byte SinceFingerprint = 2;

    private readonly StateImage _image;
    private readonly StateImage _observers;
    private readonly List<TaskActor> _started = [];
    private readonly int[] _rootOfResource;
    private readonly int[] _resourceOfRoot;
    private readonly int[] _rootOfTask;
    private readonly ulong[] _shares;
    private readonly ulong[] _initialShares;
    private readonly Func<long>[] _watched = [];
    private ulong _sum;
    private ulong _initialSum;

    /// <param name="scenario">A scenario with a race.</param>
    /// <param name="host">Makes live actors of the world's actors, which then run the steps; null: the thread that runs
    /// the world runs them.</param>
    public RaceWorld(Scenario scenario, Func<RaceWorld, IStepHost>? host = null)
        : base(Race(scenario).MaxSteps, Race(scenario).IgnoredRules)
    {
        RaceSpec race = Race(scenario);
        Topology = new Topology(scenario);
        Oracle = new Oracle(Topology, long.MaxValue / 4);
        Quantities = new Quantities(Topology, Counts, scenario);
        AddActors(race);
        Engine.Observe(this);
        Engine.Host = host?.Invoke(this);
        SetTheStage();
        Engine.EndsWithTasks = Topology.RaceTasks.Any(one => one.Task.IsForever);
        foreach ((ChoicePoint point, int times) in race.Choices)
        {
            Engine.SetBudget((int)point, times);
        }

        List<object> roots = [.. Topology.Resources];
        _rootOfResource = new int[Topology.Resources.Max(resource => resource.Id.Index) + 1];
        _resourceOfRoot = [.. Topology.Resources.Select(resource => resource.Id.Index)];
        for (int i = 0; i < _resourceOfRoot.Length; i++)
        {
            _rootOfResource[_resourceOfRoot[i]] = i;
        }

        _rootOfTask = new int[Engine.TaskCount];
        for (int i = 0; i < Engine.TaskCount; i++)
        {
            _rootOfTask[i] = roots.Count;
            roots.Add(Engine.Task(i));
        }

        // What is made when it is first touched: an image that has it brings it back, and no run makes it anew.
        if (Topology.Machine.Pages.PageCount > 0)
        {
            _ = Topology.Machine.Pages[0];
        }

        Oracle.Expect(_started);
        _image = StateImage.Take(roots, [Topology.Machine.Pages]);
        _observers = StateImage.Take([Oracle, Counts]);
        _shares = new ulong[_image.RootCount];
        _initialShares = new ulong[_image.RootCount];
        _watched = [.. WatchedNames(race).Select(name => Quantities.Get(name))];
        Bind(race.Properties, Quantities);
        Engine.Touched.AsSpan().Fill(SinceReset);
        Engine.Moved.AsSpan().Fill(SinceReset);
        Reset();
        TakeInitialShares();
        if (host is null)
        {
            // Searches go by this length; conducted actors only follow.
            Engine.ExpectedSteps = Math.Max(8, MeasureLength());
        }
    }

    public override ExploredEngine Engine { get; } = new();

    public override Topology Topology { get; }

    public override Oracle Oracle { get; }

    public override RunCounts Counts { get; } = new();

    public override Quantities Quantities { get; }

    public override void Reset()
    {
        Forget();
        ForgetMoments();
        byte[] touched = Engine.Touched;
        for (int i = 0; i < _rootOfResource.Length; i++)
        {
            if ((touched[i] & SinceReset) != 0)
            {
                _image.MarkDirty(_rootOfResource[i]);
            }
        }

        byte[] moved = Engine.Moved;
        for (int i = 0; i < _rootOfTask.Length; i++)
        {
            if ((moved[i] & SinceReset) != 0)
            {
                _image.MarkDirty(_rootOfTask[i]);
            }
        }

        touched.AsSpan().Clear();
        moved.AsSpan().Clear();
        Engine.Reset();
        _image.RestoreDirty();
        _observers.Restore();
        _initialShares.AsSpan().CopyTo(_shares);
        _sum = _initialSum;
        foreach (TaskActor task in _started)
        {
            Engine.Start(task);
        }
    }

    public override ulong Fingerprint()
    {
        byte[] touched = Engine.Touched;
        for (int i = 0; i < _rootOfResource.Length; i++)
        {
            if ((touched[i] & SinceFingerprint) != 0)
            {
                touched[i] &= unchecked((byte)~SinceFingerprint);
                int root = _rootOfResource[i];
                Share(root, _image.Fingerprint(root));
            }
        }

        byte[] moved = Engine.Moved;
        for (int i = 0; i < _rootOfTask.Length; i++)
        {
            if ((moved[i] & SinceFingerprint) != 0)
            {
                moved[i] &= unchecked((byte)~SinceFingerprint);
                Share(_rootOfTask[i], FingerprintOf(i));
            }
        }

        // The descriptor of a page belongs to the task that holds the page: no single request says which ones changed.
        ulong sum =
            _sum
            + StateImage.Share(_image.SharedIndex, _image.Fingerprint(_image.SharedIndex))
            + SplitMix.Mix(Engine.BudgetWord);

        // The oracle's later verdicts depend on what tasks carry, and two histories of one state may differ in that.
        ReadOnlySpan<Carried?> carried = Oracle.CarriedByTasks;
        for (int i = 0; i < carried.Length; i++)
        {
            if (carried[i]?.Word is { } word and not 0)
            {
                sum += SplitMix.Mix(word + ((ulong)(i + 1) << 48));
            }
        }

        foreach (Func<long> value in _watched)
        {
            sum = SplitMix.Mix(sum + (ulong)value());
        }

        return sum;
    }

    internal override ulong FingerprintOf(Resource resource) => _image.Fingerprint(_image.IndexOf(resource));

    private static RaceSpec Race(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return scenario.Race ?? throw new ArgumentException("the scenario has no race");
    }

    /// <summary>
    /// Counts that properties speak of are no state of the machine, but what is judged depends on them.
    /// </summary>
    private static IEnumerable<string> WatchedNames(RaceSpec race) =>
        race.Properties.Where(property => property.Kind != PropertyKind.Sometimes)
            .SelectMany(property => new[] { property.Left, property.Right })
            .Where(name => !long.TryParse(name, out _))
            .Distinct(StringComparer.Ordinal);

    private void AddActors(RaceSpec race)
    {
        foreach (Resource resource in Topology.Resources)
        {
            Engine.Add(resource);
        }

        foreach ((OperationTask task, bool isOptional) in Topology.RaceTasks)
        {
            Engine.Add(task, isOptional);
            if (!task.IsForked)
            {
                _started.Add(task);
            }
        }

        foreach ((TaskActor task, long startNs) in Topology.Tasks)
        {
            Engine.Add(task);
            if (startNs >= 0)
            {
                _started.Add(task);
            }
        }

        foreach (OperationTask task in Topology.RaceSetup)
        {
            Engine.Add(task);
        }
    }

    private void SetTheStage()
    {
        RoundRobin alone = new();
        foreach (OperationTask task in Topology.RaceSetup)
        {
            alone.Begin(Engine, 0);
            Engine.Start(task);
            ExploredEnd end = Engine.Run(alone, Engine.Steps + SetupSteps);
            if (end == ExploredEnd.Stopped && Finding is { } broken)
            {
                throw new RaceSetupException(
                    $"setup '{Text(task)}' breaks a rule already: {broken.Rule}: {broken.Detail}");
            }

            if (end != ExploredEnd.Finished)
            {
                throw new RaceSetupException(
                    $"setup '{Text(task)}' does not come to its end: "
                        + $"{end}{(Engine.Failure is { } failure ? $": {failure.Message}" : "")}");
            }

            if (task.Outcome != ThreadOutcome.Finished)
            {
                throw new RaceSetupException($"setup '{Text(task)}' ends with {task.Outcome}");
            }

            if (task.LastErrno != Kernel.Errno.Ok)
            {
                throw new RaceSetupException(
                    $"the kernel refuses '{Text(task)}' of the setup: {task.LastErrno}; leave the line out, or take a "
                        + "kernel that has it");
            }
        }

        Oracle.Audit(Engine.Steps, atRest: false);
        if (Finding is { } finding)
        {
            throw new RaceSetupException($"the setup breaks a rule already: {finding.Rule}: {finding.Detail}");
        }

        if (Oracle.ViolationCount > 0)
        {
            throw new RaceSetupException(
                $"the setup breaks a rule already: {Oracle.Violations[0].Rule}: {Oracle.Violations[0].Detail}");
        }

        Counts.Clear();
    }

    private static string Text(OperationTask task) =>
        $"{task.Name}: {string.Join(", ", task.Operations.Select(operation => operation.Text))}";

    /// <summary>Steps of a few random schedules: what strategies go by. The same for the same race.</summary>
    private int MeasureLength()
    {
        RandomWalk walk = new();
        int longest = 0;
        for (ulong seed = 0; seed < 8; seed++)
        {
            longest = Math.Max(longest, Math.Min(Run(walk, seed).Steps, MaxSteps));
        }

        return longest;
    }

    private void TakeInitialShares()
    {
        _initialSum = 0;
        for (int i = 0; i < Topology.Resources.Count; i++)
        {
            _initialShares[i] = StateImage.Share(i, _image.Fingerprint(i));
            _initialSum += _initialShares[i];
        }

        // Tasks are counted when they have moved, which their start is.
        _sum = _initialSum;
        _initialShares.AsSpan().CopyTo(_shares);
    }

    private void Share(int root, ulong fingerprint)
    {
        ulong share = StateImage.Share(root, fingerprint);
        _sum += share - _shares[root];
        _shares[root] = share;
    }

    /// <summary>A task's own fields, where it is, and whether it can go on.</summary>
    private ulong FingerprintOf(int ordinal)
    {
        TaskActor task = Engine.Task(ordinal);
        ulong own = SplitMix.Mix(_image.Fingerprint(_rootOfTask[ordinal]) + Engine.StateBits(ordinal));
        return task is { HasStarted: true, HasStopped: false }
            ? SplitMix.Mix(own + _image.FingerprintContinuation(task))
            : own;
    }
}

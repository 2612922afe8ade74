using System.Text.RegularExpressions;
using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races;

/// <summary>A rule that a schedule broke.</summary>
/// <param name="Rule">Name of the rule, or the text of a property.</param>
/// <param name="Detail">Expected and found state.</param>
/// <param name="Step">Step at which it was seen; the number of steps for what is judged at the end.</param>
public sealed record Finding(string Rule, string Detail, int Step);

/// <summary>Result of one schedule.</summary>
/// <param name="End">Reason of the end.</param>
/// <param name="Finding">Violation; null for none.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="CycleStart">For a hang: index of the decision at which the repeating part begins, -1 else.</param>
public readonly record struct ScheduleOutcome(ExploredEnd End, Finding? Finding, int Steps, int CycleStart);

/// <summary>
/// Actors, oracle and properties under the explored engine: what a search runs again and again. The rules of the oracle
/// are checked at every step, the audits when a schedule ends, liveness after <see cref="RaceSpec.MaxSteps"/> under a
/// fair continuation.
/// </summary>
public abstract partial class LabWorld : ExploredWorld, IRunObserver
{
    private const int FairStepsPerLimit = 4;
    private const int HotSteps = 50_000;

    private readonly IReadOnlyList<string> _ignored;
    private Finding? _finding;
    private int _progress;
    private long _useful;
    private int _seenViolations;
    private int _cycleStart;
    private LassoWatch? _lasso;
    private PropertyCheck[] _always = [];
    private PropertyCheck[] _finally = [];
    private PropertyCheck[] _sometimes = [];
    private bool[] _wasHit = [];
    private bool _watchesAlways;
    private int _unhit;

    private protected LabWorld(int maxSteps, IReadOnlyList<string> ignoredRules)
    {
        MaxSteps = maxSteps;
        _ignored = ignoredRules;
    }

    /// <summary>The actors of the present run.</summary>
    public abstract Topology Topology { get; }

    public abstract Oracle Oracle { get; }

    /// <summary>Events of the present run, counted by kind.</summary>
    public abstract RunCounts Counts { get; }

    /// <summary>Steps after which a schedule goes on fairly.</summary>
    public int MaxSteps { get; }

    /// <summary>Only this rule ends a run; null for any.</summary>
    public string? Target { get; set; }

    /// <summary>
    /// The audit walks every list after every step, not at the end only: slow, and it names the very step.
    /// </summary>
    public bool AuditsEveryStep { get; set; }

    /// <summary>Numbers of the machine by name, of the present run.</summary>
    public abstract Quantities Quantities { get; }

    /// <summary>Writes down what happens; null mostly.</summary>
    internal TraceRecorder? Recorder { get; set; }

    /// <summary>Sees every step too, before the oracle does; null for none.</summary>
    public IRunObserver? Observer { get; set; }

    /// <summary>Hash of one resource's state, to see whether a step changed it.</summary>
    internal abstract ulong FingerprintOf(Resource resource);

    /// <summary>First violation of the present run.</summary>
    public Finding? Finding => _finding;

    public override bool IsBroken => _finding is not null;

    public override long Progress => _progress;

    /// <summary>
    /// Properties that must be seen at least once, with whether they were, over all runs of this world.
    /// </summary>
    public IEnumerable<(string Text, bool WasHit)> Marks
    {
        get
        {
            for (int i = 0; i < _sometimes.Length; i++)
            {
                yield return (_sometimes[i].Property.Text, _wasHit[i]);
            }
        }
    }

    /// <summary>Runs one schedule to its end, fairly after <see cref="MaxSteps"/>, and judges it.</summary>
    public ScheduleOutcome Run(IStrategy strategy, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        Reset();
        Recorder?.OnReset();
        IReplay? replay = strategy as IReplay;
        LapWatch? lap = replay is { HasLap: true } && ProvesHangs ? new LapWatch(this, replay) : null;
        IStrategy decides = lap ?? strategy;
        decides.Begin(Engine, seed);
        ExploredEnd end = Engine.Run(decides, (replay?.RecordedSteps ?? 0) + MaxSteps);
        if (lap is { IsHang: true })
        {
            _cycleStart = lap.Start;
            Break(Rules.Liveness, DescribeHang());
        }
        else if (end == ExploredEnd.StepLimit || (end == ExploredEnd.Abandoned && replay is { IsAtEndOfRecord: true }))
        {
            end = RunFairly();
        }

        Judge(end);
        return new ScheduleOutcome(end, _finding, Engine.Steps, _cycleStart);
    }

    /// <summary>Runs from the start as far as a strategy goes, however far that is, and judges what is there.</summary>
    internal ScheduleOutcome Follow(IStrategy strategy)
    {
        Reset();
        Recorder?.OnReset();
        strategy.Begin(Engine, 0);
        ExploredEnd end = Engine.Run(strategy, int.MaxValue);
        Judge(end);
        return new ScheduleOutcome(end, _finding, Engine.Steps, -1);
    }

    /// <summary>Goes on in turn: what has not come to its end then never does.</summary>
    private ExploredEnd RunFairly()
    {
        if (!ProvesHangs)
        {
            return RunUntilTooHot();
        }

        LassoWatch lasso = _lasso ??= new LassoWatch(this);
        lasso.Begin(Engine, 0);
        ExploredEnd end = Engine.Run(lasso, Engine.Steps + (MaxSteps * FairStepsPerLimit));
        if (end == ExploredEnd.Abandoned && lasso.CycleStart >= 0)
        {
            _cycleStart = lasso.CycleStart;
            Break(Rules.Liveness, DescribeHang());
        }

        return end;
    }

    /// <summary>
    /// Without a fingerprint a hang can only be suspected: in turn, nothing useful has happened for so many steps. The
    /// steps before do not count, no strategy has to be fair.
    /// </summary>
    private ExploredEnd RunUntilTooHot()
    {
        RoundRobin fair = new();
        fair.Begin(Engine, 0);
        ExploredEnd end;
        int limit = Engine.Steps + (HotSteps * FairStepsPerLimit);
        long before;
        do
        {
            before = _useful;
            end = Engine.Run(fair, Engine.Steps + HotSteps);
        }
        while (end == ExploredEnd.StepLimit && _useful != before && Engine.Steps < limit);
        if (end == ExploredEnd.StepLimit && _useful == before)
        {
            Break(
                Rules.Liveness,
                $"{DescribeEnabled()} went on in turn for {HotSteps} steps, and no page was moved, no fault served, no "
                    + "call returned");
        }

        return end;
    }

    /// <summary>The world has fingerprints: a hang is a state that comes back.</summary>
    internal virtual bool ProvesHangs => true;

    public override void Judge(ExploredEnd end)
    {
        switch (end)
        {
            case ExploredEnd.Failed:
                Break(LabRules.Crash, Engine.Failure!.Message);
                break;
            case ExploredEnd.Deadlock:
                Oracle.OnDeadlock(Engine.Steps, Engine.Waiting());
                TakeFindings();
                break;
            case ExploredEnd.Finished:
                Oracle.Audit(Engine.Steps, atRest: true);
                TakeFindings();
                CheckFinally();
                break;
            case ExploredEnd.TasksEnded:
                Oracle.Audit(Engine.Steps, atRest: false);
                TakeFindings();
                CheckFinally();
                break;
            case ExploredEnd.StepLimit:
                // In the middle of things an audit is as strict as at their end: what tasks carry is known.
                Oracle.Audit(Engine.Steps, atRest: false);
                TakeFindings();
                break;
            case ExploredEnd.Stopped or ExploredEnd.Abandoned:
                // The last step's task may have reported after its answer: take that now.
                TakeFindings();
                break;
        }

        CheckMarks();
    }

    public override bool TouchesOthers(ushort code) => SharedDescriptors.AreTouchedBy(code);

    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        Recorder?.OnAnswered(envelope);
        OnAnswered(envelope);
        Observer?.OnStep(envelope, resource, nowNs);
        Oracle.OnStep(envelope, resource, nowNs);
        Counts.OnStep(envelope);
        if (AuditsEveryStep)
        {
            Oracle.Audit(nowNs, atRest: false);
        }

        if (Oracle.ViolationCount != _seenViolations)
        {
            TakeFindings();
        }

    }

    public void AfterStep()
    {
        Observer?.AfterStep();
        if (_watchesAlways)
        {
            CheckAlways();
        }
    }

    public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        RunEvent happened = (RunEvent)what;
        Observer?.OnReport(task, what, startNs, endNs, detail);
        Oracle.OnReport(task, happened, startNs, endNs, detail);
        Counts.OnReport(happened, detail);
        bool isLoad = task is OperationTask { IsForever: true };
        if (
            !isLoad
            && happened
                is RunEvent.Fault
                    or RunEvent.Evicted
                    or RunEvent.Reloaded
                    or RunEvent.Augmented
                    or RunEvent.Release
                    or RunEvent.Phase
                    or RunEvent.Ioctl)
        {
            _useful++;
        }

        if (!isLoad && happened is RunEvent.Fault or RunEvent.Phase or RunEvent.Release)
        {
            _progress++;
        }

        Recorder?.OnEvent(task, happened, detail);
    }

    /// <summary>True when a run that breaks this rule is a finding.</summary>
    internal bool IsFinding(string rule) => (Target is null || Target == rule) && !_ignored.Contains(rule);

    /// <summary>For derived worlds: a request was handled.</summary>
    private protected virtual void OnAnswered(Envelope envelope)
    {
    }

    /// <summary>For derived worlds: the run begins anew.</summary>
    private protected void Forget()
    {
        _finding = null;
        _progress = 0;
        _seenViolations = 0;
        _cycleStart = -1;
    }

    /// <summary>For derived worlds: what this class knows of the run at this moment.</summary>
    private protected LabMoment KeepJudgement() => new(_progress, _useful, _seenViolations);

    /// <summary>For derived worlds: the run is back at that moment, at which no rule was broken.</summary>
    private protected void RestoreJudgement(LabMoment moment)
    {
        Forget();
        (_progress, _useful, _seenViolations) = moment;
    }

    /// <summary>Progress of a run, and what was seen of it.</summary>
    private protected readonly record struct LabMoment(int Progress, long Useful, int SeenViolations);

    /// <summary>For derived worlds: the properties, bound to the actors of the run.</summary>
    private protected void Bind(IReadOnlyList<RaceProperty> properties, Quantities quantities)
    {
        List<PropertyCheck> checks = [.. properties.Select(property => new PropertyCheck(property, quantities))];
        _always = [.. checks.Where(check => check.Property.Kind == PropertyKind.Always)];
        _finally = [.. checks.Where(check => check.Property.Kind == PropertyKind.Finally)];
        _sometimes = [.. checks.Where(check => check.Property.Kind == PropertyKind.Sometimes)];
        if (_wasHit.Length != _sometimes.Length)
        {
            _wasHit = new bool[_sometimes.Length];
            _unhit = _sometimes.Length;
        }

        _watchesAlways = _always.Length > 0 || _unhit > 0;
    }

    private void CheckAlways()
    {
        foreach (PropertyCheck check in _always)
        {
            if (!check.Holds())
            {
                Break(check.Property.Rule, check.Describe());
            }
        }

        if (_unhit > 0)
        {
            CheckMarks();
        }
    }

    private void CheckFinally()
    {
        // The last step's task may have acted after its answer: check that now.
        CheckAlways();
        foreach (PropertyCheck check in _finally)
        {
            if (!check.Holds())
            {
                Break(check.Property.Rule, check.Describe());
            }
        }
    }

    private void CheckMarks()
    {
        for (int i = 0; i < _sometimes.Length; i++)
        {
            if (!_wasHit[i] && _sometimes[i].Holds())
            {
                _wasHit[i] = true;
                _unhit--;
                _watchesAlways = _always.Length > 0 || _unhit > 0;
            }
        }
    }

    private void TakeFindings()
    {
        if (Oracle.ViolationCount == _seenViolations)
        {
            return;
        }

        _seenViolations = Oracle.ViolationCount;
        foreach (ViolationReport violation in Oracle.Violations)
        {
            Break(violation.Rule, violation.Detail);
        }
    }

    /// <summary>Keeps the first finding that counts and ends the run.</summary>
    private void Break(string rule, string detail)
    {
        if (_finding is not null || !IsFinding(rule))
        {
            return;
        }

        // The oracle tells moments in nanoseconds; here they are steps.
        _finding = new Finding(rule, Moment().Replace(detail, "step $1"), Engine.Steps);
        Engine.RequestStop();
    }

    internal string DescribeHang() =>
        $"{DescribeEnabled()} for ever: the same state comes back, and no task has made progress in between";

    private string DescribeEnabled()
    {
        List<string> who = [];
        for (int i = 0; i < Engine.TaskCount; i++)
        {
            if (Engine.IsEnabled(i) && !Engine.NeedNotHappen(i))
            {
                who.Add(Engine.Task(i).Name);
            }
        }

        return $"{string.Join(", ", who)} {(who.Count == 1 ? "goes" : "go")} round";
    }

    [GeneratedRegex(@"\b(\d+) ns\b", RegexOptions.CultureInvariant)]
    private static partial Regex Moment();
}

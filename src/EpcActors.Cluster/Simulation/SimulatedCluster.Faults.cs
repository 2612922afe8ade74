using EpcActors.Engine;

namespace EpcActors.Cluster.Simulation;

/// <content>The plan of faults: events outside. The coordinator decides what follows for the cluster.</content>
public sealed partial class SimulatedCluster
{
    private readonly PriorityQueue<Action, (long At, int Number)> _events = new();
    private readonly long[] _excusedUntil;
    private int _eventNumber;
    private bool _isPlanned;

    /// <summary>Something happens at a tick; of two at the same one, what was planned first.</summary>
    private void At(long tick, Action what)
    {
        _events.Enqueue(what, (tick, _eventNumber++));
        _nextDue = Math.Min(_nextDue, tick);
    }

    /// <summary>Faults count from when the run has begun: the first member starts.</summary>
    private void PlanEvents()
    {
        if (_isPlanned)
        {
            return;
        }

        _isPlanned = true;
        FaultPlan plan = _setup.Plan;
        foreach (PlannedFault fault in plan.Faults)
        {
            At(Math.Min(Now + fault.AtStep, plan.FairFrom), () =>
            {
                if (!_isEnding && LivingMember(fault.Member) is { HasStarted: true } process)
                {
                    Bring(fault, process);
                }
            });
        }

        if (plan.Faults.Count > 0)
        {
            At(plan.FairFrom, Heal);
        }
    }

    private void Bring(PlannedFault fault, SimulatedProcess process)
    {
        long end = Math.Min(Now + Math.Max(fault.Steps, 0), Math.Max(_setup.Plan.FairFrom, Now));
        Excuse(fault, end);
        switch (fault.Kind)
        {
            case FaultKind.Crash when !IsLastOne(process):
                Crash(fault, process, end);
                break;
            case FaultKind.Break when !IsLastOne(process):
                Counts.BrokenLines++;
                Tell($"the line between {process.Name} and the coordinator breaks");
                process.Line.Up.Put(null, "its line broke");
                process.Line.IsBroken = true;
                if (fault.Steps >= 0)
                {
                    At(end, () => HearOfBreak(process.Line));
                }

                ComeAgain(fault, process);
                break;
            case FaultKind.Late:
                Counts.LateLines++;
                Tell(fault.IsLossy
                    ? $"nothing goes between {process.Name} and the coordinator"
                    : $"nothing of {process.Name} arrives at the coordinator");
                Hold(process.Line, true, fault.IsLossy);
                At(end, () => Hold(process.Line, false, true));
                ComeAgain(fault, process);
                break;
            case FaultKind.Pause:
                Counts.Pauses++;
                Tell($"{process.Name} stands still");
                process.IsPaused = true;
                At(end, () => GoOn(process));
                ComeAgain(fault, process);
                break;
            case FaultKind.Partition:
                Counts.Partitions++;
                Tell($"member {fault.Member} is cut off{(fault.Other < 0 ? "" : $" from member {fault.Other}")}");
                SetCut(fault, true);
                At(end, () =>
                {
                    Tell($"member {fault.Member} is there again");
                    SetCut(fault, false);
                });
                ComeAgain(fault, process);
                break;
            case FaultKind.Crash or FaultKind.Break:
                break;
            default:
                throw new InvariantViolation($"{fault.Kind} is not a fault of a plan");
        }
    }

    /// <summary>A death has a cause as long as a fault lasts, and until the coordinator must have found it.</summary>
    private void Excuse(PlannedFault fault, long end)
    {
        for (int member = 0; member < _excusedUntil.Length; member++)
        {
            bool isAtTheOtherEnd = fault.Kind == FaultKind.Partition && (fault.Other < 0 || member == fault.Other);
            bool isConcerned = member == fault.Member || isAtTheOtherEnd;
            if (isConcerned)
            {
                _excusedUntil[member] = Math.Max(_excusedUntil[member], end + (3L * _setup.FailureSteps));
            }
        }
    }

    /// <summary>A life is taken for dead that runs, that no fault has touched, and whose words were prompt.</summary>
    private bool IsUncaused(SimulatedProcess process) =>
        _setup.Plan is { IsCalm: true, HasSlowLines: false }
        && !process.IsHalted
        && Now > _excusedUntil[process.Member];

    private void Crash(PlannedFault fault, SimulatedProcess process, long end)
    {
        Counts.Crashes++;
        Tell($"{process.Name} crashes");
        Halt(process);
        ControlLine line = process.Line;
        line.IsBroken = true;
        line.Down.Clear();
        if (fault.Steps >= 0)
        {
            At(end, () => line.Up.Put(null, "its line broke"));
        }

        // Of a process of its own the coordinator hears how it ended too: before the line breaks, or after.
        At(fault.Steps % 2 == 0 ? Now + (fault.Steps / 2) : end + 1, () => Exit(line, 137));
        ComeAgain(fault, process);
    }

    /// <summary>
    /// Starts the next incarnation: by the coordinator when it finds this one dead, or from outside without it.
    /// </summary>
    private void ComeAgain(PlannedFault fault, SimulatedProcess process)
    {
        _startDelay = fault.ReturnsAfter;
        if (!_setup.AreOwn && fault.ReturnsAfter >= 0)
        {
            At(Now + 1 + fault.ReturnsAfter, () => Come("", SocketsOf(process.Member), 0));
        }
    }

    private bool IsLastOne(SimulatedProcess process) => !_processes.Exists(other => other.IsLiving && other != process);

    private void HearOfBreak(ControlLine line)
    {
        if (line is { IsBroken: true, HasHeardOfBreak: false })
        {
            line.HasHeardOfBreak = true;
            line.Down.Put(null, "broken");
        }
    }

    private static void Hold(ControlLine line, bool isHeld, bool both)
    {
        line.Up.IsHeld = isHeld;
        line.Down.IsHeld = both ? isHeld : line.Down.IsHeld;
    }

    private void GoOn(SimulatedProcess process)
    {
        if (process is { IsPaused: true, IsHalted: false })
        {
            Tell($"{process.Name} goes on");
        }

        process.IsPaused = false;
    }

    /// <summary>From here on nothing is wrong any more.</summary>
    private void Heal()
    {
        foreach (ControlLine line in _lines)
        {
            Hold(line, false, true);
            HearOfBreak(line);
        }

        foreach (SimulatedProcess process in _processes)
        {
            GoOn(process);
        }
    }

    private void SetCut(PlannedFault fault, bool isCut)
    {
        foreach (Link link in _links)
        {
            bool isBetween = (link.From == fault.Member) != (link.To == fault.Member)
                && (fault.Other < 0 || link.From == fault.Other || link.To == fault.Other);
            if (isBetween)
            {
                link.IsCut = isCut;
                link.LosesWhileCut = fault.IsLossy;
                if (isCut && fault.IsLossy)
                {
                    link.Clear();
                }
            }
        }
    }
}

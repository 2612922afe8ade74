using EpcActors.Actors.Cluster;
using EpcActors.Engine;

namespace EpcActors.Distribution.Simulation;

/// <content>The plan of faults, and the views that follow from it.</content>
public sealed partial class SimulatedCluster
{
    private readonly List<PlannedEvent> _events = [];
    private int _nextEvent;

    /// <summary>Something is still to happen.</summary>
    internal bool HasNextEvent => _nextEvent < _events.Count;

    /// <summary>The plan's next event may happen: its step has come, or there is nothing left to wait for.</summary>
    internal bool IsNextEventDue => Engine.Steps >= _events[_nextEvent].AtStep || IsWorkDone();

    /// <summary>Does what is next; views to be told are added to <paramref name="news"/>.</summary>
    internal void DoNextEvent(Conductor conductor, List<(ActorId Post, int Epoch)> news)
    {
        PlannedEvent next = _events[_nextEvent++];
        switch (next.What)
        {
            case EventKind.Crash:
                Crash(next, news);
                break;
            case EventKind.Suspect:
                GiveUp(next, news, tells: next.Fault.Steps == 0);
                break;
            case EventKind.Miss:
                GiveUp(next, news, tells: false);
                break;
            case EventKind.Tell:
                TellTheGivenUp(next.Fault.Member, news);
                break;
            case EventKind.Return:
                Return(next.Fault.Member, news);
                break;
            case EventKind.Pause:
                SetPause(next.Fault.Member, true);
                break;
            case EventKind.GoOn:
                SetPause(next.Fault.Member, false);
                break;
            case EventKind.Cut:
                SetCut(next.Fault, true);
                break;
            case EventKind.Join:
                SetCut(next.Fault, false);
                break;
            case EventKind.TellAll:
                foreach (SimulatedProcess process in _processes)
                {
                    TellTheGivenUp(process.Member, news);
                }

                break;
            default:
                throw new InvariantViolation($"{next.What} is no event of a plan");
        }
    }

    private void PlanEvents()
    {
        FaultPlan plan = _setup.Plan;
        foreach (PlannedFault fault in plan.Faults)
        {
            int at = fault.AtStep;
            int end = at + Math.Max(fault.Steps, 0);
            switch (fault.Kind)
            {
                case FaultKind.Crash:
                    Add(at, EventKind.Crash, fault);
                    Add(end, EventKind.Miss, fault);
                    break;
                case FaultKind.Suspect:
                    Add(at, EventKind.Suspect, fault);
                    if (fault.Steps > 0)
                    {
                        Add(end, EventKind.Tell, fault);
                    }

                    break;
                case FaultKind.Pause:
                    Add(at, EventKind.Pause, fault);
                    Add(end, EventKind.GoOn, fault);
                    break;
                case FaultKind.Partition:
                    Add(at, EventKind.Cut, fault);
                    Add(end, EventKind.Join, fault);
                    break;
                default:
                    throw new InvariantViolation($"{fault.Kind} is no fault of a plan");
            }

            if (fault.Kind is FaultKind.Crash or FaultKind.Suspect && fault.ReturnsAfter >= 0)
            {
                Add((fault.Kind == FaultKind.Crash ? end : at) + fault.ReturnsAfter, EventKind.Return, fault);
            }
        }

        if (plan.Faults.Count > 0)
        {
            Add(plan.FairFrom, EventKind.TellAll, plan.Faults[^1]);
        }

        // Stable: of two at the same step the one that was planned first.
        _events.Sort((a, b) => a.AtStep != b.AtStep ? a.AtStep.CompareTo(b.AtStep) : a.Number.CompareTo(b.Number));

        void Add(int step, EventKind what, PlannedFault fault) => _events.Add(new PlannedEvent(Math.Min(step, plan.FairFrom), what, fault, _events.Count));
    }

    private void Crash(PlannedEvent next, List<(ActorId Post, int Epoch)> news)
    {
        if (LivingMember(next.Fault.Member) is not { } process || IsLastOne(process))
        {
            return;
        }

        Counts.Crashes++;
        Tell($"{process.Name} crashes");
        Halt(process);
        if (next.Fault.Steps == 0)
        {
            GiveUp(next, news, tells: false);
        }
    }

    private bool IsLastOne(SimulatedProcess process) => !_processes.Exists(other => other.IsLiving && other != process);

    /// <summary>A member is taken out of the view, and its next life put in with the same one if the plan says so.</summary>
    private void GiveUp(PlannedEvent next, List<(ActorId Post, int Epoch)> news, bool tells)
    {
        int member = next.Fault.Member;
        if (_current[member] is not { IsGivenUp: false } process || (next.What == EventKind.Miss && !process.IsHalted) || (!process.IsHalted && IsLastOne(process)))
        {
            return;
        }

        if (next.What == EventKind.Suspect)
        {
            Counts.Suspicions++;
        }

        process.IsGivenUp = true;
        bool returns = next.Fault.ReturnsAfter == -2;
        int[] incarnations = [.. _view.Incarnations];
        incarnations[member] = returns ? process.Incarnation + 1 : 0;
        MakeView(incarnations, $"{process.Name} is given up{(returns ? ", and its next life is there" : "")}", news);
        if (returns)
        {
            Counts.Restarts++;
            Begin(member, process.Incarnation + 1);
        }

        if (tells && !process.IsHalted)
        {
            news.Add((process.Post.Id, Posted(process)));
        }
    }

    private void TellTheGivenUp(int member, List<(ActorId Post, int Epoch)> news)
    {
        foreach (SimulatedProcess process in _processes)
        {
            if (process.Member == member && process is { IsHalted: false, IsGivenUp: true } && process.Post.Newest < _view.Epoch)
            {
                news.Add((process.Post.Id, Posted(process)));
            }
        }
    }

    private int Posted(SimulatedProcess process)
    {
        process.Board.Post(_view);
        return _view.Epoch;
    }

    private void Return(int member, List<(ActorId Post, int Epoch)> news)
    {
        if (_current[member] is not { IsGivenUp: true } process)
        {
            return;
        }

        Counts.Restarts++;
        int[] incarnations = [.. _view.Incarnations];
        incarnations[member] = process.Incarnation + 1;
        MakeView(incarnations, $"member {member} comes back as life {process.Incarnation + 1}", news);
        Begin(member, process.Incarnation + 1);
    }

    private void MakeView(int[] incarnations, string why, List<(ActorId Post, int Epoch)> news)
    {
        ClusterView before = _view;
        _view = _view.Next(incarnations);
        int lost = Enumerable.Range(0, _view.AccountCount).Count(account => before.HomeSince(account) != _view.HomeSince(account));
        Counts.HomesLost += lost;
        Tell($"view {_view.Epoch}: {why}; lives {string.Join(",", _view.Incarnations)}, homes {string.Join(",", _view.Homes)}");
        foreach (SimulatedProcess process in _processes)
        {
            if (process.IsLiving)
            {
                news.Add((process.Post.Id, Posted(process)));
            }
        }
    }

    private void SetPause(int member, bool isPaused)
    {
        foreach (SimulatedProcess process in _processes)
        {
            if (process.Member == member && !process.IsHalted)
            {
                Counts.Pauses += isPaused ? 1 : 0;
                process.IsPaused = isPaused;
                Tell($"{process.Name} {(isPaused ? "stands still" : "goes on")}");
            }
        }
    }

    private void SetCut(PlannedFault fault, bool isCut)
    {
        Counts.Partitions += isCut ? 1 : 0;
        Tell($"member {fault.Member} is {(isCut ? "cut off" : "there again")}");
        foreach (Link link in _links)
        {
            if ((link.From == fault.Member) != (link.To == fault.Member))
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

    private enum EventKind
    {
        Crash,
        Miss,
        Suspect,
        Tell,
        Return,
        Pause,
        GoOn,
        Cut,
        Join,
        TellAll,
    }

    private sealed record PlannedEvent(int AtStep, EventKind What, PlannedFault Fault, int Number);
}

using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Kernel;
using EpcActors.Results;

namespace EpcActors.Cluster.Simulation;

/// <content>The coordinator of production, its time, and the lines between it and the members.</content>
public sealed partial class SimulatedCluster
{
    /// <summary>Reports and looks at the clock in the time after which silence is death.</summary>
    private const int ReportsInTimeout = 8;
    private const int BeatsInTimeout = 16;
    private const int MostTries = 8;
    private const long JoinTimeouts = 10;

    /// <summary>
    /// A member ends with a report; the simulation looks at what is behind it, and at none of its figures.
    /// </summary>
    internal static readonly RunReport NoReport = new()
    {
        Scenario = "",
        Verdict = Verdict.Pass,
        Kernel = "",
        Engine = "simulated",
        Seed = 0,
        TraceHash = "",
        VirtualTimeNs = 0,
        WallTimeMs = 0,
        Steps = 0,
        ReplayCommand = "",
        Ksgxd = new KsgxdReport(0, 0, null),
    };

    private readonly Coordinator _coordinator;
    private readonly ViewRules _viewRules;
    private readonly List<ControlLine> _lines = [];
    private readonly List<OwnProcess> _own = [];
    private long _skipped;
    private long _nextBeat;
    private long _nextDue;
    private int _promptLine;
    private int _startDelay = 1;
    private bool _isEnding;

    /// <summary>Ticks so far: steps, and the time that was jumped over as nothing could happen.</summary>
    internal long Now => Engine.Steps + _skipped;

    internal long NowNs => Now * NsOfStep;

    /// <summary>Something is due by the clock.</summary>
    internal bool IsSomethingDue => Now >= _nextDue;

    /// <summary>The view in force.</summary>
    internal ClusterView View => _coordinator.View!;

    /// <summary>Does one thing that is due; when nothing is, time jumps to the first thing that will be.</summary>
    internal void PassTime()
    {
        _skipped += Math.Max(0, _nextDue - Now);
        if (_events.TryPeek(out _, out (long At, int Number) first) && first.At <= Now)
        {
            _events.Dequeue()();
        }
        else if (DueReport() is { } process)
        {
            process.NextReport = Now + Math.Max(1, _setup.FailureSteps / ReportsInTimeout);
            process.Line.TellCoordinator(process.Control.Report(process.Activity(), null));
        }
        else if (Now >= _nextBeat)
        {
            Pump();
        }

        SetDue();
    }

    /// <summary>
    /// The ordinal of a delivery that has something for the coordinator, each in its turn; -1 for none.
    /// </summary>
    internal int NextPromptLine()
    {
        for (int i = 0; i < _lines.Count; i++)
        {
            ControlLine line = _lines[++_promptLine % _lines.Count];
            if (line.UpDelivery.IsUseful)
            {
                return ExploredEngine.OrdinalOf(line.UpDelivery);
            }
        }

        return -1;
    }

    /// <summary>The coordinator gets something of a line.</summary>
    internal void Arrive(ControlLine line, ControlMessage? message, string? lost)
    {
        Counts.ControlMessages++;
        if (line.IsDropped)
        {
            return;
        }

        if (message is ControlMessage.Hello hello)
        {
            _coordinator.OnHello(line, hello);
        }
        else if (message is not null)
        {
            _coordinator.OnControl(line, message);
        }
        else
        {
            _coordinator.OnLost(line, lost!);
        }

        Pump();
    }

    /// <summary>A member gets something of its line.</summary>
    internal void Obey(ControlLine line, ControlMessage? message, string? lost)
    {
        Counts.ControlMessages++;
        if (message is ControlMessage.Welcome welcome)
        {
            SimulatedProcess process = Begin(line, welcome);
            line.Process = process;
            process.IsGivenUp = line.IsDropped;
            Counts.Restarts += welcome.Incarnation > 1 ? 1 : 0;
            line.TellCoordinator(process.Control.Report(process.Activity(), null));
        }
        else if (message is ControlMessage.Refused)
        {
            Refused(line);
        }
        else if (line.Process is { IsHalted: false } process)
        {
            if (lost is null)
            {
                process.Control.On(message!);
                return;
            }

            Counts.FencedProcesses++;
            Tell($"{process.Name} hears that the coordinator is lost to it, and stops");
            EndItself(process);
        }
    }

    private Coordinator NewCoordinator()
    {
        return new Coordinator(
            new CoordinatorOptions
            {
                Scenario = _setup.Scenario with
                {
                    Run = _setup.Scenario.Run with { DurationNs = long.MaxValue / 4 },
                    Cluster = _setup.Scenario.Cluster with
                    {
                        ChargeBatch = _setup.ChargeBatch,
                        CounterBatch = _setup.CounterBatch,
                        FailureTimeoutNs = _setup.FailureTimeoutNs,
                        JoinTimeoutNs = JoinTimeouts * _setup.FailureTimeoutNs,
                        AuditEveryNs = _setup.ClusterAuditSteps * NsOfStep,
                        Restarts = _setup.AreOwn,
                        Faults = [],
                    },
                },
                Version = "",
                Configuration = "",
                Own = _setup.AreOwn ? [.. Enumerable.Range(0, _setup.Placement.Members).Select(SocketsOf)] : [],
                ResultTimeoutNs = JoinTimeouts * _setup.FailureTimeoutNs,
                Secret = "",
                Defect = _setup.Defect,
            },
            new Transport(this),
            new Keeper(this),
            new StepTime(this))
        {
            Decided = what => Tell($"the coordinator {what}"),
        };
    }

    private int[] SocketsOf(int member) =>
        [
            .. Enumerable
                .Range(0, _setup.Placement.MemberOfNode.Count)
                .Where(node => _setup.Placement.MemberOfNode[node] == member),
        ];

    /// <summary>Every process comes up for the first time.</summary>
    private void Form()
    {
        _coordinator.Begin();
        for (int member = 0; member < _current.Length && !_setup.AreOwn; member++)
        {
            IReadOnlyList<int> sockets = SocketsOf(member);
            At(1 + member, () => Come("", sockets, 0));
        }

        SetDue();
    }

    private void Pump()
    {
        _nextBeat = Now + Math.Max(1, _setup.FailureSteps / BeatsInTimeout);
        _coordinator.Pump();
        foreach (ViolationReport found in _coordinator.Found)
        {
            // The racy counter loses updates, which is what is found there.
            bool isRacy = _setup.Scenario.Switches.FreePageCounter == FreePageCounterMode.Racy;
            if (!isRacy || found.Rule != Rules.FreePageCounter)
            {
                Break(found.Rule, $"an audit of the coordinator: {found.Detail}");
            }
        }

        if (!_isEnding && _coordinator.EndsWith is { } end)
        {
            _isEnding = true;
            OnEnd(end);
        }

        if (_coordinator.HasEnded)
        {
            Finish();
        }
    }

    /// <summary>
    /// The coordinator has decided that the run is over: everything is still there, so it can be seen whether it is
    /// right.
    /// </summary>
    private void OnEnd(RunEndKind end)
    {
        if (end == RunEndKind.Finished)
        {
            if (WhyNotOver() is { } why)
            {
                Break(ClusterRules.EarlyEnd, $"the coordinator ends the run, and {why}");
            }
            else if (View.Alive().All(member => LivingMember(member)?.Incarnation == View.IncarnationOf(member)))
            {
                // Else one died too late to be missed, and its part is still everywhere.
                _balance.CheckEnd();
            }
        }
        else if (View.Alive().Any(member => LivingMember(member) is not null))
        {
            Break(ClusterRules.Liveness, $"the coordinator gives the run up ({end}): {DescribeWaiting()}");
        }
        else
        {
            Counts.Extinctions++;
        }
    }

    private void Finish()
    {
        try
        {
            Counts.Audits += _coordinator.Outcome().Audits;
        }
        catch (ClusterException wrong)
        {
            Break(ClusterRules.Liveness, $"there was no run: {wrong.Message}");
        }

        Engine.RequestStop();
    }

    /// <summary>
    /// Something in a living process is not at rest; null when all is. Frames may still be on their way: copies of what
    /// is answered.
    /// </summary>
    private string? WhyNotOver()
    {
        foreach (SimulatedProcess process in _processes)
        {
            if (!process.IsLiving)
            {
                continue;
            }

            if (!process.IsWorkDone)
            {
                return $"{process.Name} is at work";
            }

            if (process.Gateway.OutstandingCalls > 0)
            {
                return $"{process.Name} has open calls";
            }

            if (process.Gateway.View.Epoch < View.Epoch)
            {
                return $"{process.Name} has view {process.Gateway.View.Epoch}, and there is view {View.Epoch}";
            }

            if (process.Activity().GoingTasks > 0)
            {
                return $"a daemon of {process.Name} is at work";
            }
        }

        return null;
    }

    private SimulatedProcess? DueReport()
    {
        foreach (SimulatedProcess process in _processes)
        {
            if (process.NextReport <= Now && !process.IsPaused)
            {
                return process;
            }
        }

        return null;
    }

    private void SetDue()
    {
        long due = _nextBeat;
        if (_events.TryPeek(out _, out (long At, int Number) first))
        {
            due = Math.Min(due, first.At);
        }

        foreach (SimulatedProcess process in _processes)
        {
            due = process.IsPaused ? due : Math.Min(due, process.NextReport);
        }

        _nextDue = due;
    }

    /// <summary>A process connects, and says hello.</summary>
    private void Come(string ticket, IReadOnlyList<int> sockets, int tries, OwnProcess? own = null)
    {
        ControlLine line = new(this, new ActorId(_nextId), _lines.Count, NewPaceGroup())
        {
            Ticket = ticket,
            Sockets = sockets,
            Tries = tries,
        };
        _nextId += 4;
        _lines.Add(line);
        Engine.Add(line.Up);
        Engine.Add(line.Down);
        AddTask(line.UpDelivery);
        AddTask(line.DownDelivery);
        if (own is not null)
        {
            own.Line = line;
        }

        line.TellCoordinator(
            new ControlMessage.Hello("", "", sockets, line.Up.Id.Index, "simulated", line.Address, ticket));
    }

    private void Refused(ControlLine line)
    {
        Counts.Refusals++;
        if (line.Ticket.Length == 0 && line.Tries < MostTries)
        {
            At(Now + Math.Max(1, _setup.FailureSteps / 3), () => Come("", line.Sockets, line.Tries + 1));
        }

        At(Now + 1, () => Close(line));
    }

    /// <summary>A process that hears that nothing of it counts any more ends by itself.</summary>
    private void EndItself(SimulatedProcess process)
    {
        Halt(process);
        ControlLine line = process.Line;
        At(Now + 1, () =>
        {
            Exit(line, 3);
            Close(line);
        });
        SetDue();
    }

    /// <summary>Closes a line with no process at either end: its delivery have no more to do.</summary>
    private void Close(ControlLine line)
    {
        if (line.IsDropped)
        {
            Engine.Halt(line.UpDelivery);
            Engine.Halt(line.DownDelivery);
        }
    }

    private void Exit(ControlLine line, int code)
    {
        if (_own.Find(one => one.Line == line) is { } own)
        {
            own.Exit(code);
            Pump();
        }
    }
}

using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Members;

/// <summary>The means by which a member obeys its coordinator: those of a process, or of a simulated one.</summary>
internal interface IMemberMachine
{
    /// <summary>Lets the tasks run.</summary>
    void Begin();

    /// <summary>Takes note of a view; the gateway installs it behind those that came before.</summary>
    void Post(ControlMessage.Membership view);

    /// <summary>Begins a cut, unless a frame has begun it already.</summary>
    void BeginCut(int number);

    /// <summary>Loses frames to and from these members; empty ends it.</summary>
    void CutOff(IReadOnlyList<int> members);

    /// <summary>Dies at the next batch of reclaim.</summary>
    void Arm();

    /// <summary>Stops the tasks; the result follows.</summary>
    void Stop(RunEnd end);
}

/// <summary>Activity of a member's tasks at one moment.</summary>
/// <param name="RunningTasks">Tasks that are no daemons and have not ended.</param>
/// <param name="GoingTasks">Tasks that are neither asleep, nor parked, nor ended; daemons too.</param>
/// <param name="SleepingTasks">Tasks that go on by themselves when their time has come, without those that bring frames
/// and ticks.</param>
/// <param name="HasUnread">Frames or views have arrived that the gateway has not seen.</param>
/// <param name="IsHopeless">The oracle ends the run.</param>
/// <param name="FramesOut">Frames sent so far.</param>
/// <param name="FramesIn">Frames received so far.</param>
internal readonly record struct MemberActivity(
    int RunningTasks,
    int GoingTasks,
    int SleepingTasks,
    bool HasUnread,
    bool IsHopeless,
    long FramesOut,
    long FramesIn);

/// <summary>
/// The member's side of the control protocol: which order of the coordinator asks for what, and what the member says of
/// itself. It has neither a clock nor a thread, so a process and
/// a simulated process (decision 18) run the same code.
/// </summary>
internal sealed class MemberControl
{
    private readonly Gateway _gateway;
    private readonly Suspicion _suspicion;
    private readonly IMemberMachine _machine;
    private volatile bool _hasStarted;
    private long _number;

    public MemberControl(Gateway gateway, Suspicion suspicion, IMemberMachine machine)
    {
        _gateway = gateway;
        _suspicion = suspicion;
        _machine = machine;
    }

    /// <summary>The part of the scenario that a welcome gives to a member.</summary>
    public static Scenario PartOf(Scenario scenario, ControlMessage.Welcome welcome)
    {
        ArgumentNullException.ThrowIfNull(welcome);
        Scenario part = MemberScenario.Of(
            scenario,
            welcome.Member,
            welcome.MemberOfNode,
            welcome.MemberOfEnclave,
            welcome.MemberOfGuest,
            welcome.View.Owners);

        // The earlier incarnation ran the administrator's script, or it must not run twice.
        return welcome.Incarnation > 1 ? part with { Script = [] } : part;
    }

    /// <summary>Does what the coordinator says. One call at a time.</summary>
    /// <exception cref="ClusterException">only a member says such a thing.</exception>
    public void On(ControlMessage message)
    {
        switch (message)
        {
            case ControlMessage.Start:
                _hasStarted = true;
                _machine.Begin();
                break;
            case ControlMessage.Membership view:
                _machine.Post(view);
                break;
            case ControlMessage.BeginCut cut:
                _machine.BeginCut(cut.Number);
                break;
            case ControlMessage.CutOff cutOff:
                _machine.CutOff(cutOff.Members);
                break;
            case ControlMessage.Arm:
                _machine.Arm();
                break;
            case ControlMessage.Stop stop:
                _machine.Stop(stop.End switch
                {
                    RunEndKind.Finished => RunEnd.Finished,
                    RunEndKind.TimeLimit => RunEnd.TimeLimit,
                    RunEndKind.Deadlock => RunEnd.Deadlock,
                    RunEndKind.Stopped => RunEnd.Stopped,
                    RunEndKind.Cancelled => RunEnd.Cancelled,
                });
                break;
            default:
                throw new ClusterException(
                    $"the coordinator sends {message.GetType().Name}, which is no business of a member");
        }
    }

    /// <summary>Makes the member's present status. One call at a time.</summary>
    public ControlMessage.Status Report(in MemberActivity activity, LiveStatus? live)
    {
        bool isDone = _hasStarted && activity.RunningTasks == 0;

        // A task that sleeps goes on by itself: then this is not an end, and no deadlock.
        bool isQuiet = _hasStarted && activity.GoingTasks == 0 && (isDone || activity.SleepingTasks <= 0)
            && _gateway.OutstandingCalls == 0 && !activity.HasUnread;
        return new ControlMessage.Status(
            ++_number,
            IsReady: true,
            isDone,
            isQuiet,
            _gateway.View.Epoch,
            activity.FramesOut,
            activity.FramesIn,
            _suspicion.Unreachable(_gateway),
            activity.IsHopeless,
            live);
    }
}

using EpcActors.Cluster.Transport;
using EpcActors.Results;

namespace EpcActors.Cluster.Coordination;

/// <content>When it is over, and what is collected then.</content>
public sealed partial class Coordinator
{
    private Look? _firstLook;
    private RunEndKind _end;
    private long _endNs;
    private long _stopNs;

    /// <summary>
    /// Four counters (F. Mattern, Algorithms for distributed termination detection, 1987): the coordinator looks at
    /// each process twice, the second time after the first look at all, and compares its counts of messages sent and
    /// received. When all are quiet both times and no count has changed, there was a moment between the two at which no
    /// process was at work. As no process has a call open then, only copies of answered requests can still be on the
    /// way.
    /// </summary>
    /// <remarks>
    /// Mattern also asks that as many messages were received as sent. Here they need not be: frames are lost to the
    /// dead, to a partition, to a full queue. That no call is open is as good: the sender of a request that matters
    /// waits for its answer, and is not quiet.
    /// </remarks>
    private void LookForTheEnd()
    {
        bool isComplete =
            IsViewSettled && !_members.Exists(one => one.IsAwaited) && _members.Exists(one => one.IsAlive);
        if (!isComplete || _members.Exists(one => one is { IsAlive: true, Status.IsQuiet: false }))
        {
            _firstLook = null;
            return;
        }

        Member[] living = [.. _members.Where(one => one.IsAlive)];
        if (_firstLook is not { } first)
        {
            _firstLook = Look.At(living);
            return;
        }

        bool isSecond = true;
        foreach (Member member in living)
        {
            ControlMessage.Status then = first.Of(member.Number);
            ControlMessage.Status now = member.Status!;
            if (now.FramesOut != then.FramesOut || now.FramesIn != then.FramesIn)
            {
                _firstLook = Look.At(living);
                return;
            }

            // The next status may have been on its way while the others were looked at for the first time.
            isSecond &= now.Number >= then.Number + 2;
        }

        if (!isSecond)
        {
            return;
        }

        if (Array.TrueForAll(living, one => one.Status!.IsDone))
        {
            End(RunEndKind.Finished);
        }
        else
        {
            int[] stuck = [.. living.Where(one => !one.Status!.IsDone).Select(one => one.Number)];
            _findings.Note(
                Rules.Deadlock,
                "deadlock",
                RunNs,
                "no task is at work in any process, no message is on its way, "
                + $"and there are tasks of process {Names(stuck)} that have not come to their end");
            End(RunEndKind.Deadlock);
        }
    }

    /// <summary>Ends the run: each process stops and sends its result.</summary>
    private void End(RunEndKind end)
    {
        if (_phase != Phase.Running)
        {
            return;
        }

        Decided?.Invoke($"ends the run: {EndText(end)}");
        DropCut();
        _end = end;
        _endNs = NowNs;
        _stopNs = NowNs;
        _phase = Phase.Stopping;
        foreach (Member member in _members)
        {
            // A member that was paused by a fault has to wake up to receive it.
            Wake(member);
            Tell(member, new ControlMessage.Stop(end));
        }

        NoteFaultsLeft();
        LookForResults();
    }

    private static string EndText(RunEndKind end) => end switch
    {
        RunEndKind.Finished => "all work is done",
        RunEndKind.TimeLimit => "its time is up",
        RunEndKind.Deadlock => "no task can go on",
        RunEndKind.Stopped => "an actor failed, or no process lives",
        RunEndKind.Cancelled => "it was cancelled",
    };

    private void OnResult(Member member, ControlMessage.Result result)
    {
        if (_phase != Phase.Stopping)
        {
            // It ended without a request: an error of its engine, which its report names.
            _notes.Add($"process {member.Number} stopped by itself");
            member.Result = result;
            End(RunEndKind.Stopped);
            return;
        }

        member.Result = result;
        LookForResults();
    }

    private void LookForResults()
    {
        if (_phase != Phase.Stopping)
        {
            return;
        }

        bool isLate = NowNs - _stopNs > _options.ResultTimeoutNs;
        foreach (Member member in _members)
        {
            if (member is { IsAlive: true, Result: null, HasStarted: true })
            {
                if (!isLate)
                {
                    return;
                }

                member.Missing = $"it sent no result within {_options.ResultTimeoutNs / 1_000_000_000} s";
                _isIncomplete = true;
            }
            else if (member is { IsAlive: true, Result: null })
            {
                member.Missing = "it had come back and not begun yet";
            }
        }

        AuditTheRest();
        _phase = Phase.Ended;
    }

    /// <summary>One look at all processes.</summary>
    private sealed class Look
    {
        private readonly Dictionary<int, ControlMessage.Status> _of = [];

        public static Look At(IEnumerable<Member> members)
        {
            Look look = new();
            foreach (Member member in members)
            {
                look._of[member.Number] = member.Status!;
            }

            return look;
        }

        public ControlMessage.Status Of(int member) => _of[member];
    }
}

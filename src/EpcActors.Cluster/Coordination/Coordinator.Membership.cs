using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.Coordination;

/// <content>Membership: deaths, returns, and members that do not reach one another.</content>
public sealed partial class Coordinator
{
    /// <summary>Each living member has installed the view, and each one that joined has its actors.</summary>
    private bool IsViewSettled =>
        _members.TrueForAll(one =>
            !one.IsAlive || (one is { IsReady: true, Status: { } status } && status.Epoch >= _view.Epoch));

    private void Lost(MemberLink link, string reason)
    {
        if (_members.Find(one => one.Link == link) is not { } member)
        {
            return;
        }

        switch (_phase)
        {
            case Phase.Forming when !member.IsOwn:
                _members.Remove(member);
                break;
            case Phase.Forming or Phase.Preparing when member.Process is { } process:
                // Its end is on its way, and says more than a connection that broke. If it only stands still it has to
                // go first.
                member.Missing = $"was lost ({reason})";
                process.Kill();
                break;
            case Phase.Forming or Phase.Preparing:
                GiveUp(
                    $"{member.Where}, with sockets {Names(member.Sockets)}, was lost before the run began: {reason}");
                break;
            case Phase.Stopping when member.Result is not null:
                break;
            default:
                Die([(member, reason)]);
                break;
        }
    }

    private void Exited(string ticket, int code, string words)
    {
        string how = ExitText(code, words);
        if (_members.Find(one => one.Ticket == ticket) is { } member)
        {
            member.Process = null;
            if (_phase is Phase.Forming or Phase.Preparing)
            {
                EndedWhileForming(member, code, words);
                return;
            }

            if (member.IsAwaited)
            {
                FalseStart(member, how);
                return;
            }

            if (member.IsAlive && member.Result is null)
            {
                Die([(member, $"it {how}")]);
            }
        }

        // A caller that first heard of a broken connection now learns the reason.
        if (
            _deaths.FindLast(one => one.Ticket == ticket && ticket.Length > 0) is { } death
            && !death.Reason.Contains(how, StringComparison.Ordinal)
            && !death.IsPlanned)
        {
            death.Reason = $"{death.Reason}; it {how}";
        }

        if (code == ErrorInEmulator && _failure.Length == 0 && _phase is Phase.Running or Phase.Stopping)
        {
            _failure = $"a process {how}";
            End(Transport.RunEndKind.Stopped);
        }
    }

    /// <summary>Exit code of a process that failed itself (EX_SOFTWARE).</summary>
    private const int ErrorInEmulator = 70;

    /// <summary>Exit code of a mistake in the command line or a file (EX_USAGE).</summary>
    private const int ErrorOfUsage = 64;

    /// <summary>Exit code of a machine that does not allow it.</summary>
    private const int NotSupportedHere = 3;

    private static bool IsSignal(int code) => code > 128;

    private static string ExitText(int code, string words)
    {
        string what = IsSignal(code) ? $"was killed by signal {code - 128}" : $"ended with exit code {code}";
        return words.Length == 0 ? what : $"{what}: {words}";
    }

    private void FalseStart(Member member, string how)
    {
        member.IsAwaited = false;
        if (++member.FalseStarts < MostFalseStarts)
        {
            StartProcess(member);
            return;
        }

        _notes.Add(
            $"process {member.Number} was started again {MostFalseStarts} times and never came up; the last time it "
                + $"{how}");
    }

    /// <summary>Takes members out, all with one view.</summary>
    private void Die(IReadOnlyList<(Member Member, string Reason)> dead)
    {
        List<Death> written = [];
        foreach ((Member member, string reason) in dead)
        {
            if (!member.IsAlive)
            {
                continue;
            }

            bool isPlanned = _planned.Remove(member.Number, out string? planned);
            Death death = new(member.Number, member.Incarnation, RunNs, isPlanned ? planned! : reason, member.Ticket)
            {
                IsPlanned = isPlanned,
            };
            written.Add(death);
            _deaths.Add(death);
            Decided?.Invoke($"declares process {member.Number} (life {member.Incarnation}) dead: {death.Reason}");
            if (!member.IsReady)
            {
                member.FalseStarts++;
            }

            member.IsAlive = false;
            member.Missing = member.Missing.Length > 0 ? member.Missing : $"dead: {death.Reason}";
            if (member.Link is { } link)
            {
                _transport.Drop(link);
                member.Link = null;
            }
        }

        if (written.Count == 0 || _phase != Phase.Running)
        {
            return;
        }

        DropCut();
        _firstLook = null;
        if (!_members.Exists(one => one.IsAlive))
        {
            _notes.Add("all processes are dead: none is left to ask");
            End(RunEndKind.Stopped);
            return;
        }

        NextView();
        foreach (Death death in written)
        {
            death.Epoch = _view.Epoch;
            Member member = _members[death.Member];
            bool isWanted = _restarts.Remove(member.Number) || _options.Scenario.Cluster.Restarts;
            if (isWanted && member.IsOwn && member.FalseStarts < MostFalseStarts)
            {
                StartProcess(member);
            }
        }

        if (_members.TrueForAll(one => !one.IsAlive || one.Result is not null))
        {
            LookForResults();
        }
    }

    private void NextView(int except = -1)
    {
        int[] incarnations = [.. _members.Select(one => one.IsAlive ? one.Incarnation : 0)];
        bool isRewritten = _options.Defect == ClusterDefect.ViewTwice && !IsViewSettled;
        if (_options.Defect == ClusterDefect.ForgottenDeath && !IsViewSettled)
        {
            incarnations = [.. incarnations.Select((life, member) => life != 0 ? life : _view.IncarnationOf(member))];
        }

        ClusterView next = _view.Next(incarnations);
        _view = isRewritten
            ? new ClusterView(_view.Epoch, next.Incarnations, next.Joined, next.Owners, next.OwnersSince)
            : next;
        Decided?.Invoke($"view {_view.Epoch}: lives {Names(_view.Incarnations)}, owners {Names(_view.Owners)}");
        _viewAwakeNs = AwakeNs;
        ControlMessage.Membership membership = Membership();
        foreach (Member member in _members)
        {
            if (member.IsAlive && member.Number != except)
            {
                Tell(member, membership);
            }
        }
    }

    /// <summary>
    /// Handles a process that joins during the run: it takes the place of a dead one, as its next incarnation.
    /// </summary>
    private void HelloWhileRunning(MemberLink link, ControlMessage.Hello hello)
    {
        Member? member =
            hello.Ticket.Length > 0
                ? _members.Find(one => one is { IsAlive: false, IsAwaited: true } && one.Ticket == hello.Ticket)
                : _members.Find(one =>
                    one is { IsAlive: false, IsAwaited: false }
                    && (hello.Sockets.Count == 0 || one.Sockets.SequenceEqual(hello.Sockets.Order())));
        if (member is null && hello.Ticket.Length > 0)
        {
            Refuse(link, UnknownTicket);
            return;
        }

        if (member is null)
        {
            IEnumerable<string> processes =
                _members.Select(one => $"sockets {Names(one.Sockets)} {(one.IsAlive ? "alive" : "dead")}");
            Refuse(
                link,
                $"the run goes on, and no process of sockets "
                    + $"{(hello.Sockets.Count == 0 ? "that are free" : Names(hello.Sockets))} is dead; "
                    + $"these are the processes: {string.Join("; ", processes)}. "
                    + "One that was killed counts as alive until nothing was heard of it for "
                    + $"{FailureTimeoutNs / 1e9:0.###} s (epc.cluster.failure-timeout): start this one again after that"
            );
            return;
        }

        member.Enter(link, hello, AwakeNs);
        member.Ticket = hello.Ticket;
        member.Incarnation += _options.Defect == ClusterDefect.ReusedIncarnation ? 0 : 1;
        member.IsAlive = true;
        member.Missing = "";
        Decided?.Invoke($"takes process {member.Number} in again, as its life {member.Incarnation}");
        DropCut();
        _firstLook = null;
        NextView(except: member.Number);
        Welcome(member);

        // Its predecessor was told; it was not.
        _cutOff.Remove(member.Number);
        TellPartitions();
    }

    private void LookForLateReturns()
    {
        foreach (Member member in _members)
        {
            if (member.IsAwaited && NowNs - member.AwaitedSinceNs > JoinTimeoutNs)
            {
                member.IsAwaited = false;
                member.Process?.Kill();
                _notes.Add($"process {member.Number} was started again and did not come within {JoinLimitText}");
            }
        }
    }

    private void LookForSilence()
    {
        List<(Member Member, string Reason)> dead = [];
        foreach (Member member in _members)
        {
            long silentNs = AwakeNs - member.HeardNs;
            long limitNs = member.HasStarted ? FailureTimeoutNs : Math.Max(JoinTimeoutNs, FailureTimeoutNs);
            if (member.IsAlive && silentNs > limitNs)
            {
                dead.Add((member, $"nothing was heard of it for {limitNs / 1e9:0.###} s"));
            }
        }

        if (dead.Count > 0 && _phase == Phase.Preparing)
        {
            GiveUp(
                $"{dead[0].Member.Where}, with sockets {Names(dead[0].Member.Sockets)}, did not get ready: "
                    + $"{dead[0].Reason}");
            return;
        }

        Die(dead);
    }

    private void Reach(Member member, IReadOnlyList<int> unreachable)
    {
        foreach (int other in member.UnreachableSinceNs.Keys.Except(unreachable).ToArray())
        {
            member.UnreachableSinceNs.Remove(other);
        }

        foreach (int other in unreachable)
        {
            member.UnreachableSinceNs.TryAdd(other, AwakeNs);
        }
    }

    /// <summary>
    /// Members that both reach the coordinator but not one another, for too long: one side has to go, or nothing that
    /// they ask of one another ever ends.
    /// </summary>
    private void LookForPartitions()
    {
        List<int> living =
        [
            .. _members.Where(one => one is { IsAlive: true, HasStarted: true }).Select(one => one.Number),
        ];
        if (!living.Exists(one => living.Exists(other => CannotReach(one, other))))
        {
            return;
        }

        // Other members may be about to report the same: decide which ones leave when all have reported, or not much
        // later.
        List<long> reports =
        [
            .. living.SelectMany(one => living.Select(other => UnreachedNs(one, other))).Where(ns => ns >= 0),
        ];
        if (reports.Exists(ns => ns <= FailureTimeoutNs / 2) && reports.Max() <= FailureTimeoutNs)
        {
            return;
        }

        List<(Member Member, string Reason)> dead = [];
        IReadOnlyList<int> leaving = Partitions.TakeOut(living, CannotReach);
        string kept = Names(living.Except(leaving));
        foreach (int number in leaving)
        {
            dead.Add(
                (
                    _members[number],
                    $"cut off: it and process {kept} do not reach one another, and the smaller side goes"));
        }

        Die(dead);

        // Members list only those that owed an answer for the failure timeout. Wait a little longer, so that all
        // affected members report, and so that a member that has stopped altogether is dropped for its silence and does
        // not take others with it.
        bool CannotReach(int one, int other) =>
            UnreachedNs(one, other) > FailureTimeoutNs / 2 && IsHeard(_members[one]) && IsHeard(_members[other]);

        bool IsHeard(Member member) => AwakeNs - member.HeardNs < GapNs;
    }

    /// <summary>
    /// A member of which the coordinator hears nothing for this long may have been stopped, or starved.
    /// </summary>
    private long GapNs => FailureTimeoutNs / 4;

    /// <summary>
    /// Time for which one member has reported that it does not reach another; negative when it does. The time starts
    /// anew when either of them begins, installs a view, or is heard again after a gap. Two members with different
    /// views refuse each other's frames. A member that makes its actors takes no frames, and an older list was about an
    /// earlier incarnation. A member that was stopped could not answer, and needs a moment to answer its backlog.
    /// </summary>
    private long UnreachedNs(int one, int other) =>
        _members[one].UnreachableSinceNs.TryGetValue(other, out long sinceNs)
            ? AwakeNs - Math.Max(sinceNs, Math.Max(CountsFromNs(_members[one]), CountsFromNs(_members[other])))
            : -1;

    /// <summary>
    /// The moment from which a member must answer. One that does not come to install a view has the failure timeout for
    /// it.
    /// </summary>
    private long CountsFromNs(Member member) =>
        Math.Max(
            Math.Max(member.StartedNs, member.HeardSinceNs),
            member.Status is { } status && status.Epoch >= _view.Epoch
                ? member.InstalledNs
                : _viewAwakeNs + FailureTimeoutNs);

    /// <summary>Notes that all members know of the deaths so far.</summary>
    private void NoteInstalled()
    {
        if (!_deaths.Exists(one => one.InstalledNs is null))
        {
            return;
        }

        foreach (Death death in _deaths)
        {
            bool isKnown = _members.TrueForAll(one =>
                !one.IsAlive || (one.Status is { } status && status.Epoch >= death.Epoch));
            if (death.InstalledNs is null && isKnown)
            {
                death.InstalledNs = RunNs - death.AtNs;
            }
        }
    }
}

using System.Globalization;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Coordination;

/// <content>Forming of the cluster: processes join or are refused.</content>
public sealed partial class Coordinator
{
    private const string UnknownTicket = "its ticket is unknown, or another process has used it";

    private void StartProcess(Member member)
    {
        member.Ticket = $"{_options.Secret}-{++_tickets}";
        member.IsAwaited = true;
        member.AwaitedSinceNs = NowNs;
        string ticket = member.Ticket;
        try
        {
            member.Process = _keeper.Start(ticket, (code, words) => Post(() => Exited(ticket, code, words)));
        }
        catch (ClusterException wrong)
        {
            if (_phase == Phase.Forming)
            {
                GiveUp(wrong.Message);
                return;
            }

            member.IsAwaited = false;
            _notes.Add($"process {member.Number} could not be started again: {wrong.Message}");
        }
    }

    private void Hello(MemberLink link, ControlMessage.Hello hello)
    {
        if (WhyRefused(hello) is { } why)
        {
            Refuse(link, why, ClusterErrorKind.Usage);
            return;
        }

        if (_phase == Phase.Forming)
        {
            HelloWhileForming(link, hello);
        }
        else if (_phase == Phase.Running)
        {
            HelloWhileRunning(link, hello);
        }
        else
        {
            Refuse(link, _phase == Phase.Preparing
                ? "the cluster is complete and about to start; come again when one of its processes has died"
                : "the run is over");
        }
    }

    private string? WhyRefused(ControlMessage.Hello hello)
    {
        if (hello.Version != _options.Version)
        {
            return $"this is version {hello.Version}, and the coordinator is {_options.Version}: all processes must be "
                + "of the same build";
        }

        if (hello.Configuration != _options.Configuration)
        {
            return $"the configuration is not that of the coordinator (fingerprint {hello.Configuration}, there "
                + $"{_options.Configuration}): "
                + "give this process the same file with the same includes, the same --set and the same --seed; 'epc "
                + "config show FILE --all' prints what is in effect";
        }

        if (hello.Sockets.FirstOrDefault(socket => (uint)socket >= (uint)_socketCount, -1) is var beyond and not -1)
        {
            return $"there is no socket {beyond}: the machine has {_socketCount}, 0 to {_socketCount - 1}";
        }

        return hello.Sockets.Distinct().Count() != hello.Sockets.Count
            ? $"a socket is named twice: {Names(hello.Sockets)}"
            : null;
    }

    private void HelloWhileForming(MemberLink link, ControlMessage.Hello hello)
    {
        Member? place = hello.Ticket.Length > 0
            ? _members.Find(one => one.Link is null && one.Ticket == hello.Ticket)
            : null;
        if (hello.Ticket.Length > 0 && place is null)
        {
            Refuse(link, UnknownTicket);
            return;
        }

        if (place is null)
        {
            foreach (Member other in _members)
            {
                if (other.Sockets.Intersect(hello.Sockets).Order().ToArray() is { Length: > 0 } both)
                {
                    Refuse(
                        link,
                        $"socket {Names(both)} has {(other.IsOwn ? "a process of the coordinator" : other.Where)} "
                            + $"already; ask for others: {FreeText()}",
                        ClusterErrorKind.Usage);
                    return;
                }
            }

            int[] sockets =
                hello.Sockets.Count > 0 ? [.. hello.Sockets.Order()] : [.. MissingSockets(includingAwaited: false)];
            if (sockets.Length == 0)
            {
                Refuse(link, "every socket has a process already", ClusterErrorKind.Usage);
                return;
            }

            place = new Member(sockets, isOwn: false);
            _members.Add(place);
        }

        place.Enter(link, hello, AwakeNs);
        if (_members.TrueForAll(one => one.Link is not null) && MissingSockets().Count == 0)
        {
            Complete();
        }
    }

    private string FreeText() =>
        MissingSockets(includingAwaited: false) is { Count: > 0 } free ? Names(free) : "none is left";

    /// <summary>Sockets that no process has.</summary>
    /// <param name="includingAwaited">With those whose process is on its way.</param>
    private List<int> MissingSockets(bool includingAwaited = true) =>
        [
            .. Enumerable
                .Range(0, _socketCount)
                .Except(
                    _members.Where(one => one.Link is not null || !includingAwaited).SelectMany(one => one.Sockets)),
        ];

    /// <summary>Completes the cluster once all are there: numbers, owners, the first view.</summary>
    private void Complete()
    {
        Number();
        int[] memberOfNode = new int[_socketCount];
        foreach (Member member in _members)
        {
            member.Incarnation = 1;
            member.IsAlive = true;
            foreach (int socket in member.Sockets)
            {
                memberOfNode[socket] = member.Number;
            }
        }

        if (FaultAgainstNobody() is { } wrong)
        {
            GiveUp(wrong, ClusterErrorKind.Usage);
            return;
        }

        _placement = Placement.Of(_options.Scenario, memberOfNode);
        _rules = ClusterAuditRules.Of(_options.Scenario, _placement);
        _view = ClusterView.First(_members.Count, _placement.OwnerOfCounter);
        _phase = Phase.Preparing;
        foreach (Member member in _members)
        {
            Welcome(member);
        }
    }

    /// <summary>
    /// Members are numbered by their lowest socket. At the start already when all sockets have their process here.
    /// </summary>
    private void Number()
    {
        _members = [.. _members.OrderBy(one => one.Sockets.Min())];
        for (int number = 0; number < _members.Count; number++)
        {
            _members[number].Number = number;
        }
    }

    private string? FaultAgainstNobody()
    {
        foreach (ClusterFault fault in _options.Scenario.Cluster.Faults)
        {
            IEnumerable<int> members = fault switch
            {
                ClusterFault.Kill kill => [kill.Member],
                ClusterFault.Pause pause => [pause.Member],
                ClusterFault.Restart restart => [restart.Member],
                ClusterFault.Partition partition => partition.Side,
                _ => [],
            };
            foreach (int member in members)
            {
                if ((uint)member >= (uint)_members.Count)
                {
                    return $"a fault names process {member}, and there are {_members.Count}: 0 to {_members.Count - 1}";
                }
            }
        }

        return null;
    }

    private void Welcome(Member member)
    {
        member.Hear(AwakeNs, GapNs);
        Tell(member, new ControlMessage.Welcome(
            member.Number,
            member.Incarnation,
            _placement.MemberOfNode,
            _placement.MemberOfEnclave,
            _placement.MemberOfGuest,
            Membership()));
    }

    private ControlMessage.Membership Membership() =>
        ControlMessage.Membership.Of(_view, [.. _members.Select(one => one.IsAlive ? one.Hello!.Address : "")]);

    private void Refuse(MemberLink link, string why, ClusterErrorKind kind = ClusterErrorKind.NotFormed)
    {
        Decided?.Invoke($"refuses the process at {link.Address}: {why.Split(';')[0]}");
        _transport.Tell(link, new ControlMessage.Refused(why, kind));
        _transport.Drop(link);
    }

    private void LookForLateComers()
    {
        if (NowNs < JoinTimeoutNs)
        {
            return;
        }

        List<int> missing = MissingSockets();
        List<string> remedies = [];
        if (_members.Find(one => one is { IsOwn: true, Link: null }) is { } late)
        {
            remedies.Add($"{NameOf(late)} was started here and did not join; a busy machine needs a longer limit");
        }

        if (missing.Except(_members.SelectMany(one => one.Sockets)).ToList() is { Count: > 0 } others)
        {
            remedies.Add(
                $"start the others with 'epc node FILE --join {_transport.Address} --token-file TOKEN --sockets "
                    + $"{string.Join(',', others)}', "
                    + "with the same FILE and --set, on a machine that reaches this one");
        }

        GiveUp($"sockets {Names(missing)} have no process after {JoinLimitText}: {string.Join("; ", remedies)}");
    }

    private string JoinLimitText =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{JoinTimeoutNs / 1e9:0.###} s (epc.cluster.join-timeout, --join-timeout)");

    /// <summary>
    /// A process of this machine has ended before the run. One that was killed is started again, once: the run has lost
    /// nothing yet.
    /// </summary>
    private void EndedWhileForming(Member member, int code, string words)
    {
        string name = NameOf(member);
        bool wasKilled = IsSignal(code);
        string what = wasKilled && member.Missing.Length > 0 ? member.Missing : ExitText(code, "");
        string why = $"{name} {what} while the cluster formed{(words.Length == 0 ? "" : $": {words}")}";
        if (_phase == Phase.Forming && wasKilled && ++member.FalseStarts == 1)
        {
            _notes.Add($"{why}; it was started again");
            Leave(member);
            StartProcess(member);
            return;
        }

        GiveUp(member.FalseStarts > 1 ? $"{why}; so was the one that was started before it" : why, code switch
        {
            ErrorOfUsage => ClusterErrorKind.Usage,
            NotSupportedHere => ClusterErrorKind.NotSupported,
            ErrorInEmulator => ClusterErrorKind.Defect,
            _ => ClusterErrorKind.NotFormed,
        });
    }

    private void Leave(Member member)
    {
        if (member.Link is { } link)
        {
            _transport.Drop(link);
            member.Link = null;
        }

        member.Hello = null;
        member.Missing = "";
    }
}

using EpcActors.Cluster.Transport;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Coordination;

/// <content>What goes wrong on purpose.</content>
public sealed partial class Coordinator
{
    private readonly HashSet<ClusterFault> _done = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, string> _planned = [];
    private readonly HashSet<int> _restarts = [];
    private readonly List<(IOwnProcess Process, int Member, long UntilNs)> _paused = [];
    private readonly List<(IReadOnlyList<int> Side, long UntilNs)> _partitions = [];
    private readonly Dictionary<int, int[]> _cutOff = [];

    private void RunFaults()
    {
        foreach (ClusterFault fault in _options.Scenario.Cluster.Faults)
        {
            if (_phase == Phase.Running && RunNs >= fault.AtNs && _done.Add(fault))
            {
                Bring(fault);
            }
        }

        for (int i = _paused.Count - 1; i >= 0; i--)
        {
            if (RunNs >= _paused[i].UntilNs)
            {
                Mark($"process {_paused[i].Member} goes on (SIGCONT)");
                _paused[i].Process.Resume();
                _paused.RemoveAt(i);
            }
        }

        if (_partitions.RemoveAll(one => RunNs >= one.UntilNs) > 0)
        {
            Mark("the partition is over");
            TellPartitions();
        }
    }

    private void Bring(ClusterFault fault)
    {
        switch (fault)
        {
            case ClusterFault.Kill { InReclaim: true } kill when _members[kill.Member].IsAlive:
                Mark($"process {kill.Member} is to be killed in the middle of a batch of reclaim");
                _planned[kill.Member] = "killed by the experiment in the middle of a batch of reclaim (SIGKILL)";
                Tell(_members[kill.Member], new ControlMessage.Arm());
                break;
            case ClusterFault.Kill kill:
                if (Own(kill.Member, "kill") is { } victim)
                {
                    Mark($"process {kill.Member} is killed (SIGKILL)");
                    _planned[kill.Member] = "killed by the experiment (SIGKILL)";
                    victim.Kill();
                }

                break;
            case ClusterFault.Restart restart:
                if (Own(restart.Member, "restart") is { } old)
                {
                    Mark($"process {restart.Member} is killed (SIGKILL) and started again");
                    _planned[restart.Member] = "killed by the experiment (SIGKILL), to be started again";
                    _restarts.Add(restart.Member);
                    old.Kill();
                }

                break;
            case ClusterFault.Pause pause:
                if (Own(pause.Member, "pause") is { } sleeper)
                {
                    Pause(pause, sleeper);
                }

                break;
            case ClusterFault.Partition partition:
                Mark($"process {Names(partition.Side)} is cut off from the others");
                _partitions.Add((partition.Side, RunNs + partition.ForNs));
                TellPartitions();
                break;
            default:
                throw new ClusterException($"a fault that no coordinator knows: {fault.GetType().Name}");
        }
    }

    private void Pause(ClusterFault.Pause pause, IOwnProcess process)
    {
        try
        {
            process.Pause();
        }
        catch (ClusterException wrong)
        {
            _notes.Add(wrong.Message);
            return;
        }

        Mark($"process {pause.Member} is paused (SIGSTOP)");
        _paused.Add((process, pause.Member, RunNs + pause.ForNs));
    }

    /// <summary>The process of a member, when there is one and it is ours to harm.</summary>
    private IOwnProcess? Own(int number, string what)
    {
        Member member = _members[number];
        if (member is { IsAlive: true, Process: { } process })
        {
            return process;
        }

        _notes.Add(member.IsAlive
            ? $"{what}: process {number} runs on {member.Hello?.Host} and was not started here; this was left out"
            : $"{what}: process {number} was dead already; this was left out");
        return null;
    }

    /// <summary>Tells each process whose frames are lost from now on, when that has changed.</summary>
    private void TellPartitions()
    {
        foreach (Member member in _members)
        {
            if (!member.IsAlive)
            {
                _cutOff.Remove(member.Number);
                continue;
            }

            SortedSet<int> lost = [];
            foreach ((IReadOnlyList<int> side, _) in _partitions)
            {
                bool isInside = side.Contains(member.Number);
                lost.UnionWith(
                    _members
                        .Select(one => one.Number)
                        .Where(other => other != member.Number && side.Contains(other) != isInside));
            }

            if (!lost.SequenceEqual(_cutOff.GetValueOrDefault(member.Number, [])))
            {
                _cutOff[member.Number] = [.. lost];
                Tell(member, new ControlMessage.CutOff([.. lost]));
            }
        }
    }

    private void Wake(Member member)
    {
        foreach ((IOwnProcess process, int number, _) in _paused)
        {
            if (number == member.Number)
            {
                process.Resume();
            }
        }

        _paused.RemoveAll(one => one.Member == member.Number);
    }

    private void NoteFaultsLeft()
    {
        int left = _options.Scenario.Cluster.Faults.Count(fault => !_done.Contains(fault));
        if (left > 0)
        {
            _notes.Add(
                $"{left} of {Counted.Of(_options.Scenario.Cluster.Faults.Count, "fault")} were not due when the run "
                    + "ended");
        }

        foreach ((int member, string what) in _planned.OrderBy(one => one.Key))
        {
            _notes.Add($"process {member} was to be {what}, and was alive when the run ended");
        }
    }

    private void Mark(string what) => _marks.Add(new TimelineMark(RunNs, what));
}

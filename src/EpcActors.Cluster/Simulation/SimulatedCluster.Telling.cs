using EpcActors.Cluster.Sharing;
using EpcActors.Engine;

namespace EpcActors.Cluster.Simulation;

/// <content>What is told of a run.</content>
public sealed partial class SimulatedCluster
{
    private const int LastFrames = 256;

    private readonly NotedFrame[] _lastFrames = new NotedFrame[LastFrames];
    private readonly List<string> _history = [];
    private long _notedFrames;

    /// <summary>Events of processes and decisions of the coordinator, with the step of each.</summary>
    public IReadOnlyList<string> History => _history;

    /// <summary>The last frames between the processes that a finding concerns, oldest first.</summary>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<string> FramesBefore(int count)
    {
        IReadOnlyList<int> members = _finding?.Members ?? [];
        List<string> lines = [];
        for (long i = _notedFrames - 1; i >= Math.Max(0, _notedFrames - LastFrames) && lines.Count < count; i--)
        {
            NotedFrame noted = _lastFrames[i % LastFrames];
            bool isOfThem = members.Count switch
            {
                0 => true,
                1 => members.Contains(noted.Frame.From) || members.Contains(noted.Frame.To),
                _ => members.Contains(noted.Frame.From) && members.Contains(noted.Frame.To),
            };
            if (isOfThem)
            {
                lines.Add(noted.ToString());
            }
        }

        lines.Reverse();
        return lines;
    }

    internal void Note(FrameFate fate, in Frame frame)
    {
        Counts.Frames[(int)fate]++;
        _lastFrames[_notedFrames++ % LastFrames] = new NotedFrame(Engine.Steps, fate, frame);
    }

    private string DescribeWaiting()
    {
        List<string> lines = [];
        foreach (SimulatedProcess process in _processes)
        {
            if (process.IsHalted)
            {
                continue;
            }

            GatewaySnapshot gateway = process.Gateway.Snapshot();
            foreach ((TaskActor task, long _) in process.Topology.Tasks)
            {
                bool mustEnd = task is { HasStarted: true, HasStopped: false, IsDaemon: false };
                OpenCall? call = gateway.Calls.FirstOrDefault(one =>
                    one.Caller == task.Id.Index - process.Port.FirstId);
                if (!mustEnd && call is null)
                {
                    continue;
                }

                string asks = task.Outstanding is { } request
                    ? $"{request.Describe().GetType().Name} of "
                        + $"{process.Topology.Resources.Find(resource => resource.Id == request.Target)?.Name}"
                    : "time";
                string where = call is null
                    ? ""
                    : $", call {call.Sequence} to member "
                        + $"{call.Target}{(call.Counter < 0 ? "" : $" about counter {call.Counter}")}";
                lines.Add($"{process.Name} {task.Name} for {asks}{where}");
            }

            string owners = string.Join(
                ",",
                Enumerable
                    .Range(0, process.Port.CounterCount)
                    .Where(counter => process.Gateway.CounterOf(counter) is { IsOwner: true, IsRebuilding: true }));
            lines.Add(
                $"{process.Name} is in view {gateway.Epoch}{(owners.Length == 0 ? "" : $" and rebuilds {owners}")}");
        }

        return $"nothing ends after {Engine.Steps} steps: {string.Join("; ", lines)}";
    }

    private void Tell(string what) => _history.Add($"step {Engine.Steps}: {what}");

    private readonly record struct NotedFrame(int Step, FrameFate Fate, Frame Frame)
    {
        public override string ToString() =>
            $"step {Step}: {Frame.Kind} {Frame.Code:X4} {Frame.From}.{Frame.FromIncarnation} -> "
                + $"{Frame.To}.{Frame.ToIncarnation} task {Frame.Caller} call {Frame.Sequence} view {Frame.Epoch}: "
                + $"{Fate}";
    }
}

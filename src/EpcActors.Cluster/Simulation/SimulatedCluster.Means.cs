using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.Simulation;

/// <content>What the coordinator reaches the simulated world with: its clock, its transport, and its keeper of
/// processes.</content>
public sealed partial class SimulatedCluster
{
    private sealed class StepTime(SimulatedCluster cluster) : TimeProvider
    {
        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => cluster.Now;
    }

    private sealed class Transport(SimulatedCluster cluster) : ICoordinatorTransport
    {
        private int _epoch;

        public string Name => "simulated";

        public string Address => "coordinator";

        public Task OpenAsync(ICoordinatorListener listener, CancellationToken cancellationToken) => Task.CompletedTask;

        public void Tell(MemberLink member, ControlMessage message)
        {
            ControlLine line = (ControlLine)member;
            if (message is ControlMessage.Welcome welcome)
            {
                line.Welcome = welcome;
            }

            if ((message as ControlMessage.Membership ?? line.Welcome?.View) is { } view && view.Epoch > _epoch)
            {
                cluster.Counts.Views += view.Epoch - _epoch;
                cluster.Counts.OwnersLost += view.OwnersSince.Count(since => since > Math.Max(_epoch, 1));
                _epoch = view.Epoch;
            }

            if (cluster._setup.WatchesViews)
            {
                cluster._viewRules.OnTold(line, message);
            }

            line.TellMember(message);
        }

        public void Drop(MemberLink member)
        {
            ControlLine line = (ControlLine)member;
            line.Up.Clear();
            if (!line.IsBroken)
            {
                line.Down.Put(null, "dropped");
            }

            line.IsDropped = true;
            if (line.Welcome is not { } welcome)
            {
                return;
            }

            cluster._viewRules.OnDropped(welcome.Member, welcome.Incarnation);
            cluster.Counts.Deaths++;
            if (line.Process is { } process)
            {
                process.IsGivenUp = true;
                cluster.Counts.Suspicions += process.IsHalted ? 0 : 1;
                if (cluster.IsUncaused(process))
                {
                    cluster.Counts.UncausedDeaths++;
                    cluster.Break(
                        ClusterRules.Deaths,
                        $"{process.Name} runs and no fault concerns it, and it is declared dead",
                        process.Member);
                }
            }
        }

        public Task CloseAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Keeper(SimulatedCluster cluster) : IProcessKeeper
    {
        public IOwnProcess Start(string ticket, Action<int, string> exited)
        {
            OwnProcess own = new(cluster, cluster._own.Count, exited);
            cluster._own.Add(own);
            if (cluster._startDelay >= 0)
            {
                cluster.At(cluster.Now + 1 + cluster._startDelay, () =>
                {
                    if (!own.IsOver)
                    {
                        cluster.Come(ticket, [], 0, own);
                    }
                });
            }
            else
            {
                // It ends before it has said a word.
                cluster.At(cluster.Now + BeatsInTimeout, () =>
                {
                    own.Exit(1);
                    cluster.Pump();
                });
            }

            return own;
        }
    }

    private sealed class OwnProcess(SimulatedCluster cluster, int id, Action<int, string> exited) : IOwnProcess
    {
        public int Id => id;

        /// <summary>Its connection; null before it has one.</summary>
        public ControlLine? Line { get; set; }

        public bool IsOver { get; private set; }

        public void Exit(int code)
        {
            if (!IsOver)
            {
                IsOver = true;
                exited(code, "");
            }
        }

        public void Kill()
        {
            if (Line?.Process is { IsHalted: false } process)
            {
                cluster.Halt(process);
            }

            cluster.At(cluster.Now + 1, () =>
            {
                Exit(137);
                cluster.Pump();
            });
        }

        public void Pause() => throw new ClusterException("the faults of a simulation are in its own plan");

        public void Resume()
        {
        }
    }
}

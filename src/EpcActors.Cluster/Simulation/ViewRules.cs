using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Rules of the views and numbers that a coordinator gives out, for any reason. They judge the messages to the members
/// alone, without the coordinator's state.
/// </summary>
internal sealed class ViewRules
{
    private readonly SimulatedCluster _cluster;
    private readonly HashSet<(int Member, int Incarnation)> _dead = [];
    private readonly List<ControlMessage.Membership> _views = [];

    public ViewRules(SimulatedCluster cluster) => _cluster = cluster;

    /// <summary>The coordinator takes a life for dead.</summary>
    public void OnDropped(int member, int incarnation) => _dead.Add((member, incarnation));

    /// <summary>The coordinator tells something.</summary>
    public void OnTold(ControlLine line, ControlMessage message)
    {
        if (message is ControlMessage.Welcome welcome)
        {
            OnView(welcome.View);
        }
        else if (message is ControlMessage.Membership view)
        {
            OnView(view);
            if (line.Welcome is { } life && view.Incarnations[life.Member] != life.Incarnation)
            {
                _cluster.Break(
                    ClusterRules.Views,
                    $"view {view.Epoch} is told to life {life.Incarnation} of member {life.Member}, which is not in it",
                    life.Member);
            }
        }
    }

    private void OnView(ControlMessage.Membership view)
    {
        if (_views.Find(one => one.Epoch == view.Epoch) is { } known)
        {
            bool isSame = known.Incarnations.SequenceEqual(view.Incarnations) && known.Owners.SequenceEqual(view.Owners)
                && known.OwnersSince.SequenceEqual(view.OwnersSince);
            if (!isSame)
            {
                _cluster.Break(
                    ClusterRules.Views,
                    $"there are two views {view.Epoch}: lives {Coordinator.Names(known.Incarnations)}, "
                        + $"and lives {Coordinator.Names(view.Incarnations)}");
            }

            return;
        }

        ControlMessage.Membership? before = _views.Count > 0 ? _views[^1] : null;
        if (view.Epoch != (before?.Epoch ?? 0) + 1)
        {
            _cluster.Break(ClusterRules.Views, $"view {view.Epoch} comes after view {before?.Epoch ?? 0}");
        }

        _views.Add(view);
        for (int member = 0; member < view.Incarnations.Count; member++)
        {
            if (_dead.Contains((member, view.Incarnations[member])))
            {
                _cluster.Break(
                    ClusterRules.Views,
                    $"life {view.Incarnations[member]} of member {member} was declared dead, and is in view "
                        + $"{view.Epoch}",
                    member);
            }
        }

        for (int counter = 0; counter < view.Owners.Count; counter++)
        {
            if (view.Incarnations[view.Owners[counter]] == 0)
            {
                _cluster.Break(
                    ClusterRules.Views,
                    $"view {view.Epoch}: counter {counter} has its owner at member {view.Owners[counter]}, which is "
                        + "dead",
                    view.Owners[counter]);
            }
        }
    }
}

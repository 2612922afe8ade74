using EpcActors.Cluster.Sharing;

namespace EpcActors.Cluster;

/// <summary>The views that one process heard of. Any thread may post or read.</summary>
public sealed class ViewHistory : IViewHistory
{
    private readonly Lock _gate = new();
    private readonly SortedList<int, ClusterView> _views = [];

    /// <param name="first">The view that the process begins with.</param>
    public ViewHistory(ClusterView first)
    {
        ArgumentNullException.ThrowIfNull(first);
        _views.Add(first.Epoch, first);
    }

    public ClusterView Last
    {
        get
        {
            lock (_gate)
            {
                return _views.Values[^1];
            }
        }
    }

    public ClusterView this[int epoch]
    {
        get
        {
            lock (_gate)
            {
                return _views[epoch];
            }
        }
    }

    /// <summary>Puts a view up; one that is up already stays.</summary>
    public void Post(ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        lock (_gate)
        {
            _views.TryAdd(view.Epoch, view);
        }
    }
}

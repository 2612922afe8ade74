namespace EpcActors.Mount.CgroupFs;

/// <summary>
/// Which process is in which directory. A process that is not known is in its parent's, and at the end of that chain in
/// the root: so children are born into their parent's cgroup. A parent that exits before its children were seen loses
/// them to the root; the mount looks often.
/// </summary>
internal sealed class Membership(IProcessTable table, CgroupDirectory root)
{
    private readonly Dictionary<int, (CgroupDirectory Directory, long StartedAt)> _members = [];

    /// <summary>Some process is outside of the root.</summary>
    public bool HasMembers => _members.Count > 0;

    /// <summary>Forgets processes that have exited, and finds the children of those that have not.</summary>
    /// <returns>All processes of the host.</returns>
    public IReadOnlyList<HostProcess> Refresh()
    {
        IReadOnlyList<HostProcess> all = table.All();
        Dictionary<int, HostProcess> alive = [];
        foreach (HostProcess process in all)
        {
            alive[process.Id] = process;
        }

        // Before the dead are forgotten: their children were born into their cgroup.
        foreach (HostProcess process in all.OrderBy(one => one.StartedAt).ThenBy(one => one.Id))
        {
            if (!IsKnown(process)
                && _members.TryGetValue(process.Parent, out (CgroupDirectory Directory, long StartedAt) parent)
                && parent.StartedAt <= process.StartedAt)
            {
                _members[process.Id] = (parent.Directory, process.StartedAt);
            }
        }

        foreach (int id in _members.Keys.ToArray())
        {
            if (!alive.TryGetValue(id, out HostProcess process) || process.StartedAt != _members[id].StartedAt)
            {
                _members.Remove(id);
            }
        }

        return all;
    }

    /// <summary>Directory of a process.</summary>
    public CgroupDirectory Of(HostProcess process)
    {
        if (IsKnown(process))
        {
            return _members[process.Id].Directory;
        }

        Refresh();
        return IsKnown(process) ? _members[process.Id].Directory : root;
    }

    /// <summary>A process moves. In the root it is written down as well: its parent may be elsewhere.</summary>
    public void Move(HostProcess process, CgroupDirectory directory)
    {
        // The children that it has stay where they are: those that are not known are in the root.
        IReadOnlyList<HostProcess> all = Refresh();
        CgroupDirectory before = IsKnown(process) ? _members[process.Id].Directory : root;
        foreach (HostProcess child in all.Where(one => one.Parent == process.Id && !IsKnown(one)))
        {
            _members[child.Id] = (before, child.StartedAt);
        }

        _members[process.Id] = (directory, process.StartedAt);
    }

    /// <summary>Processes in a directory, in ascending order, as they are now.</summary>
    public IReadOnlyList<int> In(CgroupDirectory directory)
    {
        IReadOnlyList<HostProcess> all = Refresh();
        return
        [
            .. all.Where(process => IsKnown(process)
                ? _members[process.Id].Directory == directory
                : directory == root)
                .Select(process => process.Id)
                .Order(),
        ];
    }

    /// <summary>A process is in the directory or below it, as of the last look.</summary>
    public bool IsPopulated(CgroupDirectory directory) =>
        directory.IsRoot
        || _members.Values.Any(member => member.Directory.Ancestry().Contains(directory));

    private bool IsKnown(HostProcess process) =>
        _members.TryGetValue(process.Id, out (CgroupDirectory Directory, long StartedAt) member)
        && member.StartedAt == process.StartedAt;
}

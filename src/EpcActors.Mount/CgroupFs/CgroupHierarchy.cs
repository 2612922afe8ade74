using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.CgroupFs;

/// <summary>
/// The hierarchy and the operations that change it, one at a time as under <c>cgroup_mutex</c>. Which errors an
/// operation has, and in which order they are looked for, is kernel/cgroup/cgroup.c's.
/// </summary>
internal sealed class CgroupHierarchy : IDisposable
{
    private readonly ICgroupMachine _machine;
    private readonly IProcessTable _processes;
    private readonly Membership _members;
    private readonly SemaphoreSlim _mutex = new(1);
    private readonly Func<DateTimeOffset> _now;
    private ulong _lastInode = 1;

    public CgroupHierarchy(ICgroupMachine machine, IProcessTable processes, Func<DateTimeOffset> now)
    {
        _machine = machine;
        _processes = processes;
        _now = now;
        Root = new CgroupDirectory(null, "", 1, 0x1ED, 0, 0, now());
        _members = new Membership(processes, Root);
    }

    public CgroupDirectory Root { get; }

    /// <summary>Protects the tree and the members: held for a look or a change, never over a wait.</summary>
    public Lock Gate { get; } = new();

    /// <summary>A number for a new file or directory.</summary>
    public ulong NewInode() => Interlocked.Increment(ref _lastInode);

    /// <summary>mkdir (<c>cgroup_mkdir</c>).</summary>
    public async Task<CgroupDirectory> MakeAsync(CgroupDirectory parent, string name, uint mode, FuseCaller caller)
    {
        using Release held = await LockAsync().ConfigureAwait(false);
        CgroupDirectory made;
        lock (Gate)
        {
            RequireAlive(parent, Errno.ENOENT);
            if (name.Contains('\n', StringComparison.Ordinal))
            {
                throw new FuseException(Errno.EINVAL);
            }

            if (parent.Children.Exists(one => one.Name == name)
                || CgroupFile.All.Any(file => file.Name == name && file.IsIn(parent, _machine.MiscFiles)))
            {
                throw new FuseException(Errno.EEXIST);
            }

            RequireRoom(parent);
            made = new CgroupDirectory(parent, name, NewInode(), mode, caller.Uid, caller.Gid, _now())
            {
                Enabled = parent.Control,
            };
        }

        if (made.Enabled != Controllers.None)
        {
            await CreateAsync(made).ConfigureAwait(false);
        }

        lock (Gate)
        {
            parent.Children.Add(made);
            parent.ChangedAt = made.ChangedAt;
        }

        return made;
    }

    /// <summary>rmdir (<c>cgroup_rmdir</c>): EBUSY with child directories or live processes.</summary>
    public async Task RemoveAsync(CgroupDirectory directory)
    {
        using Release held = await LockAsync().ConfigureAwait(false);
        lock (Gate)
        {
            RequireAlive(directory, Errno.ENOENT);
            _members.Refresh();
            if (directory.IsRoot || directory.Children.Count > 0 || _members.IsPopulated(directory))
            {
                throw new FuseException(Errno.EBUSY);
            }
        }

        if (directory.Place > 0)
        {
            Require(await _machine.RemoveAsync(directory.Place).ConfigureAwait(false));
        }

        lock (Gate)
        {
            directory.IsRemoved = true;
            directory.Parent!.Children.Remove(directory);
            directory.Parent.ChangedAt = _now();
        }
    }

    /// <summary>A write to cgroup.procs (<c>cgroup_procs_write</c>).</summary>
    public async Task AttachAsync(CgroupDirectory directory, string text, FuseCaller caller)
    {
        Require(CgroupText.ParseProcess(text, out int number));
        using Release held = await LockAsync().ConfigureAwait(false);
        HostProcess process;
        int misc;
        int memory;
        lock (Gate)
        {
            RequireAlive(directory, Errno.ENODEV);
            process = _processes.OfThread(number == 0 ? caller.Thread : number)
                ?? throw new FuseException(Errno.ESRCH);
            RequireMay(caller, _members.Of(process), directory);
            RequireHost(directory);
            misc = directory.EffectivePlace(Controllers.Misc);
            memory = directory.EffectivePlace(Controllers.Memory);
        }

        Require(await _machine.AttachAsync(process.Id, misc, memory).ConfigureAwait(false));
        lock (Gate)
        {
            _members.Move(process, directory);
        }
    }

    /// <summary>A write to cgroup.subtree_control (<c>cgroup_subtree_control_write</c>).</summary>
    public async Task ControlAsync(CgroupDirectory directory, string text)
    {
        Require(ControlWrite.Parse(text, out Controllers enable, out Controllers disable));
        using Release held = await LockAsync().ConfigureAwait(false);
        Controllers before;
        CgroupDirectory[] children;
        lock (Gate)
        {
            RequireAlive(directory, Errno.ENODEV);
            before = directory.Control;
            enable &= ~before;
            disable &= before;
            if ((enable & ~directory.Available) != 0)
            {
                throw new FuseException(Errno.ENOENT);
            }

            children = [.. directory.Children];
            if (children.Any(child => (child.Control & disable) != 0))
            {
                throw new FuseException(Errno.EBUSY);
            }

            _members.Refresh();
            if (enable != 0 && !directory.IsRoot && _members.In(directory).Count > 0)
            {
                // No internal processes: those of the directory would compete with its children.
                throw new FuseException(Errno.EBUSY);
            }
        }

        if ((enable | disable) != 0)
        {
            await ApplyAsync(directory, children, (before | enable) & ~disable).ConfigureAwait(false);
        }
    }

    /// <summary>A write to cgroup.kill: all processes in the directory and below it.</summary>
    public void Kill(CgroupDirectory directory)
    {
        List<int> victims = [];
        lock (Gate)
        {
            foreach (CgroupDirectory one in directory.Subtree())
            {
                victims.AddRange(_members.In(one));
            }
        }

        victims.ForEach(_processes.Kill);
    }

    /// <summary>Processes in a directory.</summary>
    public IReadOnlyList<int> Processes(CgroupDirectory directory)
    {
        lock (Gate)
        {
            return _members.In(directory);
        }
    }

    /// <summary>populated of cgroup.events, as of now or of the last look.</summary>
    public bool IsPopulated(CgroupDirectory directory, bool looks)
    {
        lock (Gate)
        {
            if (looks)
            {
                _members.Refresh();
            }

            return _members.IsPopulated(directory);
        }
    }

    /// <summary>Follows the processes of the host; called now and then.</summary>
    public void Refresh()
    {
        lock (Gate)
        {
            if (_members.HasMembers)
            {
                _members.Refresh();
            }
        }
    }

    /// <summary>Places of the cgroup of a process, for one that opens an enclave.</summary>
    public (HostProcess Process, int Misc, int Memory)? PlacesOf(int thread)
    {
        lock (Gate)
        {
            if (_processes.OfThread(thread) is not { } process)
            {
                return null;
            }

            CgroupDirectory directory = _members.Of(process);
            return (process, directory.EffectivePlace(Controllers.Misc), directory.EffectivePlace(Controllers.Memory));
        }
    }

    /// <summary>Keeps the hierarchy as it is until the result is disposed of.</summary>
    public async Task<Release> LockAsync()
    {
        await _mutex.WaitAsync().ConfigureAwait(false);
        return new Release(_mutex);
    }

    public void Dispose() => _mutex.Dispose();

    private static void Require(Errno errno)
    {
        if (errno != Errno.Ok)
        {
            throw new FuseException(errno);
        }
    }

    private static void RequireAlive(CgroupDirectory directory, Errno errno)
    {
        if (directory.IsRemoved)
        {
            throw new FuseException(errno);
        }
    }

    /// <summary>cgroup_check_hierarchy_limits: EAGAIN.</summary>
    private static void RequireRoom(CgroupDirectory parent)
    {
        int level = 1;
        foreach (CgroupDirectory above in parent.Ancestry())
        {
            if ((above.MaxDescendants >= 0 && above.Subtree().Count() - 1 >= above.MaxDescendants)
                || (above.MaxDepth >= 0 && level > above.MaxDepth))
            {
                throw new FuseException(Errno.EAGAIN);
            }

            level++;
        }
    }

    /// <summary>cgroup_migrate_vet_dst: a directory that gives controllers to its children has no processes.</summary>
    private static void RequireHost(CgroupDirectory directory)
    {
        if (!directory.IsRoot && directory.Control != Controllers.None)
        {
            throw new FuseException(Errno.EBUSY);
        }
    }

    /// <summary>
    /// cgroup_procs_write_permission: a user other than root must be allowed to write cgroup.procs of the nearest
    /// directory above both.
    /// </summary>
    private static void RequireMay(FuseCaller caller, CgroupDirectory from, CgroupDirectory to)
    {
        if (caller.Uid == 0)
        {
            return;
        }

        CgroupDirectory above = to.Ancestry().First(from.Ancestry().Contains);
        (uint mode, uint uid, uint gid) = above.Files.TryGetValue(FileKind.Procs, out CgroupFileNode? node)
            ? (node.Mode, node.Uid, node.Gid)
            : (0x1A4u, above.Uid, above.Gid);
        uint bit = uid == caller.Uid ? 0x80u : gid == caller.Gid ? 0x10u : 0x2u;
        if ((mode & bit) == 0)
        {
            throw new FuseException(Errno.EACCES);
        }
    }

    private async Task CreateAsync(CgroupDirectory directory)
    {
        (Errno errno, int place) = await _machine.CreateAsync(directory.Path, directory.ParentPlace)
            .ConfigureAwait(false);
        Require(errno);
        directory.Place = place;
    }

    /// <summary>
    /// cgroup_apply_control: children get the state of a controller, or lose it, and their processes are charged to
    /// where they belong from then on.
    /// </summary>
    private async Task ApplyAsync(CgroupDirectory directory, CgroupDirectory[] children, Controllers control)
    {
        Controllers before = directory.Control;
        List<CgroupDirectory> made = [];
        try
        {
            foreach (CgroupDirectory child in children.Where(child => child.Place < 0 && control != Controllers.None))
            {
                await CreateAsync(child).ConfigureAwait(false);
                made.Add(child);
            }
        }
        catch (FuseException)
        {
            foreach (CgroupDirectory child in made)
            {
                await _machine.RemoveAsync(child.Place).ConfigureAwait(false);
                child.Place = -1;
            }

            throw;
        }

        lock (Gate)
        {
            directory.Control = control;
            directory.ChangedAt = _now();
            foreach (CgroupDirectory child in children)
            {
                child.Enabled = control;
                child.ChangedAt = directory.ChangedAt;
            }
        }

        await AttachAllAsync(children).ConfigureAwait(false);
        foreach (CgroupDirectory child in children)
        {
            await LoseAsync(child, before & ~control, control).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// What a disabled controller had of a child goes: its limits, or the place with the last controller.
    /// </summary>
    private async Task LoseAsync(CgroupDirectory child, Controllers lost, Controllers control)
    {
        if (lost == Controllers.None || child.Place < 0)
        {
            return;
        }

        if (control == Controllers.None)
        {
            int place = child.Place;
            child.Place = -1;
            await _machine.RemoveAsync(place).ConfigureAwait(false);
        }
        else if (lost == Controllers.Misc)
        {
            await _machine.WriteMiscMaxAsync(child.Place, "sgx_epc max").ConfigureAwait(false);
        }
        else
        {
            await _machine.WriteMemoryMaxAsync(child.Place, Limit.Max).ConfigureAwait(false);
        }
    }

    private async Task AttachAllAsync(CgroupDirectory[] children)
    {
        List<(int Process, int Misc, int Memory)> moves = [];
        lock (Gate)
        {
            foreach (CgroupDirectory one in children.SelectMany(child => child.Subtree()))
            {
                int misc = one.EffectivePlace(Controllers.Misc);
                int memory = one.EffectivePlace(Controllers.Memory);
                moves.AddRange(_members.In(one).Select(process => (process, misc, memory)));
            }
        }

        foreach ((int process, int misc, int memory) in moves)
        {
            await _machine.AttachAsync(process, misc, memory).ConfigureAwait(false);
        }
    }

    /// <summary>Gives the hierarchy free when it is disposed of.</summary>
    internal readonly struct Release(SemaphoreSlim mutex) : IDisposable
    {
        public void Dispose() => mutex.Release();
    }
}

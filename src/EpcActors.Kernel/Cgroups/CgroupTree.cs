using EpcActors.Engine;
using static EpcActors.Kernel.Cgroups.CgroupTreeProtocol;

namespace EpcActors.Kernel.Cgroups;

/// <summary>Requests to the hierarchy itself: RCU-protected links, and the cursors of v16 and later.</summary>
public static class CgroupTreeProtocol
{
    /// <summary>css_next_descendant_pre(): the next cgroup below a root in pre-order, the root itself first.</summary>
    public struct NextDescendant : IMessage
    {
        public static ushort Code => 0x0401;

        public static MessageKind Kind => MessageKind.Reclaim;

        /// <summary>Index of the root of the walk.</summary>
        public int Root;

        /// <summary>Index of the cgroup before, -1 to begin.</summary>
        public int After;

        /// <summary>Out: -1 at the end.</summary>
        public int Next;
    }

    /// <summary>Takes the lock of a root's cursor and reads it (sgx_cgroup_next_cg, v16).</summary>
    public struct LockCursor : IMessage
    {
        public static ushort Code => 0x0402;

        public static MessageKind Kind => MessageKind.Reclaim;

        public int Root;

        /// <summary>Out: the cgroup that is next.</summary>
        public int Next;
    }

    /// <summary>Moves the cursor on and releases its lock.</summary>
    public struct SetCursor : IMessage
    {
        public static ushort Code => 0x0403;

        public static MessageKind Kind => MessageKind.Reclaim;

        public int Root;

        public int Next;
    }

    /// <summary>css_release: takes the cgroup out of the hierarchy. Cursors may still stand on it.</summary>
    public struct RemoveCgroup : IMessage
    {
        public static ushort Code => 0x0404;

        public static MessageKind Kind => MessageKind.Lifetime;

        public int Cgroup;
    }

    /// <summary>
    /// sgx_cgroup_next_skip, for one ancestor of a cgroup that is being freed: takes the ancestor's cursor off it (C9).
    /// </summary>
    /// <remarks>The kernel looks for the next cgroup between two sections of the cursor's lock, with a reference to
    /// what it found, and stores only if the cursor did not move: the same as one section.</remarks>
    public struct AdvanceCursor : IMessage
    {
        public static ushort Code => 0x0405;

        public static MessageKind Kind => MessageKind.Lifetime;

        public int Root;

        public int Cgroup;
    }

    /// <summary>
    /// mutex_lock(&amp;cgroup_mutex): rmdir and cgroup.procs change the hierarchy one after the other.
    /// </summary>
    public struct LockHierarchy : IMessage
    {
        public static ushort Code => 0x0406;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>mutex_unlock(&amp;cgroup_mutex).</summary>
    public struct UnlockHierarchy : IMessage
    {
        public static ushort Code => 0x0407;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>Is the directory there? Hierarchy locked.</summary>
    public struct ReadOnline : IMessage
    {
        public static ushort Code => 0x0408;

        public static MessageKind Kind => MessageKind.Lifetime;

        public int Cgroup;

        /// <summary>Out.</summary>
        public YesNo IsOnline;
    }

    /// <summary>The directory goes (cgroup_destroy_locked), unless it has children. Hierarchy locked.</summary>
    public struct MarkDying : IMessage
    {
        public static ushort Code => 0x0409;

        public static MessageKind Kind => MessageKind.Lifetime;

        public int Cgroup;

        /// <summary>Out: EBUSY when there are child directories, ENOENT when it is gone already.</summary>
        public Errno Errno;
    }
}

/// <summary>
/// The links of the cgroup hierarchy. A cgroup stays linked until its last reference is gone, dying or not.
/// </summary>
public sealed class CgroupTree : Resource,
    IHandle<NextDescendant>, IHandle<LockCursor>, IHandle<SetCursor>, IHandle<RemoveCgroup>, IHandle<AdvanceCursor>,
    IHandle<LockHierarchy>, IHandle<UnlockHierarchy>, IHandle<ReadOnline>, IHandle<MarkDying>
{
    [Constant]
    private readonly int[] _parents;
    private readonly bool[] _dying;
    [Constant]
    private readonly int[] _preOrder;
    [Constant]
    private readonly int[] _positionOf;
    [Constant]
    private readonly int[] _subtreeEnd;
    private readonly bool[] _removed;
    private readonly int[] _cursor;
    private readonly Mutex[] _cursorLock;
    private Mutex _mutex;

    /// <param name="id">Address.</param>
    /// <param name="parents">Parent of each cgroup by index; -1 for the root, which is 0.</param>
    public CgroupTree(ActorId id, IReadOnlyList<int> parents)
        : base(id, "cgroup-tree")
    {
        ArgumentNullException.ThrowIfNull(parents);
        int count = parents.Count;
        _parents = [.. parents];
        _dying = new bool[count];
        List<int>[] children = new List<int>[count];
        for (int i = 0; i < count; i++)
        {
            children[i] = [];
            if (parents[i] >= 0)
            {
                children[parents[i]].Add(i);
            }
        }

        _preOrder = new int[count];
        _positionOf = new int[count];
        _subtreeEnd = new int[count];
        int position = 0;
        Walk(0);
        _removed = new bool[count];
        _cursor = new int[count];
        _cursorLock = new Mutex[count];
        for (int i = 0; i < count; i++)
        {
            _cursor[i] = i;
            _cursorLock[i] = new Mutex(isSpinLock: true);
        }

        void Walk(int cgroup)
        {
            _preOrder[position] = cgroup;
            _positionOf[cgroup] = position++;
            foreach (int child in children[cgroup])
            {
                Walk(child);
            }

            _subtreeEnd[cgroup] = position;
        }
    }

    public override ActorKind ActorKind => ActorKind.CgroupTree;

    public void Handle(ref NextDescendant message, Turn turn) => message.Next = After(message.Root, message.After);

    public void Handle(ref LockCursor message, Turn turn)
    {
        if (_cursorLock[message.Root].Acquire(turn))
        {
            message.Next = _cursor[message.Root];
        }
    }

    public void Handle(ref SetCursor message, Turn turn)
    {
        _cursor[message.Root] = message.Next;
        _cursorLock[message.Root].Release(turn);
    }

    public void Handle(ref RemoveCgroup message, Turn turn) => _removed[message.Cgroup] = true;

    public void Handle(ref AdvanceCursor message, Turn turn)
    {
        if (!_cursorLock[message.Root].Acquire(turn))
        {
            return;
        }

        if (_cursor[message.Root] == message.Cgroup)
        {
            int next = After(message.Root, message.Cgroup);
            _cursor[message.Root] = next < 0 ? message.Root : next;
        }

        _cursorLock[message.Root].Release(turn);
    }

    public void Handle(ref LockHierarchy message, Turn turn) => _mutex.Acquire(turn);

    public void Handle(ref UnlockHierarchy message, Turn turn) => _mutex.Release(turn);

    public void Handle(ref ReadOnline message, Turn turn)
    {
        _mutex.AssertHeldBy(turn);
        message.IsOnline = !_dying[message.Cgroup];
    }

    public void Handle(ref MarkDying message, Turn turn)
    {
        _mutex.AssertHeldBy(turn);
        if (_dying[message.Cgroup])
        {
            message.Errno = Errno.ENOENT;
            return;
        }

        for (int i = 0; i < _parents.Length; i++)
        {
            if (_parents[i] == message.Cgroup && !_dying[i])
            {
                message.Errno = Errno.EBUSY;
                return;
            }
        }

        _dying[message.Cgroup] = true;
    }

    /// <summary>For audits: the cgroup under the cursor of a root.</summary>
    public int CursorOf(int root) => _cursor[root];

    private int After(int root, int after)
    {
        int position = after < 0 ? _positionOf[root] : _positionOf[after] + 1;
        for (; position < _subtreeEnd[root]; position++)
        {
            if (!_removed[_preOrder[position]])
            {
                return _preOrder[position];
            }
        }

        return -1;
    }
}

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

        /// <summary>Out: the place has no cgroup, not even one without a directory.</summary>
        public YesNo IsRemoved;
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

    /// <summary>
    /// init_and_link_css and online_css: a new cgroup is linked behind its parent's last child. Hierarchy locked.
    /// </summary>
    public struct AddCgroup : IMessage
    {
        public static ushort Code => 0x040A;

        public static MessageKind Kind => MessageKind.Lifetime;

        public int Cgroup;

        public int Parent;
    }
}

/// <summary>
/// The links of the cgroup hierarchy. A cgroup stays linked until its last reference is gone, dying or not.
/// </summary>
public sealed class CgroupTree : Resource,
    IHandle<NextDescendant>, IHandle<LockCursor>, IHandle<SetCursor>, IHandle<RemoveCgroup>, IHandle<AdvanceCursor>,
    IHandle<LockHierarchy>, IHandle<UnlockHierarchy>, IHandle<ReadOnline>, IHandle<MarkDying>, IHandle<AddCgroup>
{
    private readonly bool[] _dying;
    private readonly bool[] _removed;
    private readonly int[] _cursor;
    private readonly Mutex[] _cursorLock;
    [Constant]
    private readonly Shape _initial;

    /// <summary>The links since the first cgroup was made at run time; null before.</summary>
    private Shape? _changed;
    private Mutex _mutex;

    /// <param name="id">Address.</param>
    /// <param name="parents">Parent of each cgroup by index; -1 for the root, which is 0.</param>
    /// <param name="free">Places without a cgroup, for those that are made later; null for none.</param>
    public CgroupTree(ActorId id, IReadOnlyList<int> parents, IReadOnlyList<bool>? free = null)
        : base(id, "cgroup-tree")
    {
        ArgumentNullException.ThrowIfNull(parents);
        int count = parents.Count;
        int[] births = new int[count];
        for (int i = 0; i < count; i++)
        {
            births[i] = i;
        }

        _initial = new Shape([.. parents], births);
        _dying = new bool[count];
        _removed = new bool[count];
        _cursor = new int[count];
        _cursorLock = new Mutex[count];
        for (int i = 0; i < count; i++)
        {
            _dying[i] = free is not null && free[i];
            _removed[i] = _dying[i];
            _cursor[i] = i;
            _cursorLock[i] = new Mutex(isSpinLock: true);
        }
    }

    private Shape Links => _changed ?? _initial;

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
        message.IsRemoved = _removed[message.Cgroup];
    }

    public void Handle(ref MarkDying message, Turn turn)
    {
        _mutex.AssertHeldBy(turn);
        if (_dying[message.Cgroup])
        {
            message.Errno = Errno.ENOENT;
            return;
        }

        int[] parents = Links.Parents;
        for (int i = 0; i < parents.Length; i++)
        {
            if (parents[i] == message.Cgroup && !_dying[i])
            {
                message.Errno = Errno.EBUSY;
                return;
            }
        }

        _dying[message.Cgroup] = true;
    }

    public void Handle(ref AddCgroup message, Turn turn)
    {
        _mutex.AssertHeldBy(turn);
        Invariant.That(_removed[message.Cgroup], $"place {message.Cgroup} of the cgroups is not free");
        _changed = Links.With(message.Cgroup, message.Parent);
        _dying[message.Cgroup] = false;
        _removed[message.Cgroup] = false;
        _cursor[message.Cgroup] = message.Cgroup;
    }

    /// <summary>For audits: the cgroup under the cursor of a root.</summary>
    public int CursorOf(int root) => _cursor[root];

    /// <summary>The place has no cgroup: none was made there yet, or the last one was freed.</summary>
    public bool IsRemoved(int cgroup) => _removed[cgroup];

    private int After(int root, int after)
    {
        Shape links = Links;
        int position = after < 0 ? links.PositionOf[root] : links.PositionOf[after] + 1;
        for (; position < links.SubtreeEnd[root]; position++)
        {
            if (!_removed[links.PreOrder[position]])
            {
                return links.PreOrder[position];
            }
        }

        return -1;
    }

    /// <summary>
    /// Parents, and the order of a walk: siblings in the order in which they were made (list_add_tail_rcu).
    /// </summary>
    private sealed class Shape
    {
        public readonly int[] Parents;
        public readonly int[] PreOrder;
        public readonly int[] PositionOf;
        public readonly int[] SubtreeEnd;
        private readonly int[] _births;

        public Shape(int[] parents, int[] births)
        {
            int count = parents.Length;
            Parents = parents;
            _births = births;
            PreOrder = new int[count];
            PositionOf = new int[count];
            SubtreeEnd = new int[count];
            List<int>[] children = new List<int>[count];
            int[] byBirth = new int[count];
            for (int i = 0; i < count; i++)
            {
                children[i] = [];
                byBirth[births[i]] = i;
            }

            foreach (int cgroup in byBirth)
            {
                if (parents[cgroup] >= 0)
                {
                    children[parents[cgroup]].Add(cgroup);
                }
            }

            int position = 0;
            Walk(0);

            void Walk(int cgroup)
            {
                PreOrder[position] = cgroup;
                PositionOf[cgroup] = position++;
                foreach (int child in children[cgroup])
                {
                    Walk(child);
                }

                SubtreeEnd[cgroup] = position;
            }
        }

        /// <summary>The same with a cgroup as the youngest child of a parent.</summary>
        public Shape With(int cgroup, int parent)
        {
            int[] parents = [.. Parents];
            int[] births = [.. _births];
            parents[cgroup] = parent;
            int born = births[cgroup];
            for (int i = 0; i < births.Length; i++)
            {
                births[i] -= births[i] > born ? 1 : 0;
            }

            births[cgroup] = births.Length - 1;
            return new Shape(parents, births);
        }
    }
}

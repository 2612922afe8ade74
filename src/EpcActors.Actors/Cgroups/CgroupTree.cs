using EpcActors.Engine;
using static EpcActors.Actors.Cgroups.CgroupTreeProtocol;

namespace EpcActors.Actors.Cgroups;

/// <summary>What tasks ask of the hierarchy itself: RCU-protected links, and the cursors of v16 and later.</summary>
public static class CgroupTreeProtocol
{
    /// <summary>css_next_descendant_pre(): the next cgroup below a root in pre-order, the root itself first.</summary>
    public struct NextDescendant : IMessage
    {
        public static ushort Code => 0x0401;

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

        public int Root;

        /// <summary>Out: the cgroup that is next.</summary>
        public int Next;
    }

    /// <summary>Moves the cursor on and releases its lock.</summary>
    public struct SetCursor : IMessage
    {
        public static ushort Code => 0x0403;

        public int Root;

        public int Next;
    }

    /// <summary>css_free: takes the cgroup out of the hierarchy, and every cursor off it.</summary>
    public struct RemoveCgroup : IMessage
    {
        public static ushort Code => 0x0404;

        public int Cgroup;
    }
}

/// <summary>The links of the cgroup hierarchy. A cgroup stays linked until its last reference is gone, dying or not.</summary>
public sealed class CgroupTree : Resource,
    IHandle<NextDescendant>, IHandle<LockCursor>, IHandle<SetCursor>, IHandle<RemoveCgroup>
{
    private readonly int[] _preOrder;
    private readonly int[] _positionOf;
    private readonly int[] _subtreeEnd;
    private readonly bool[] _removed;
    private readonly int[] _cursor;
    private readonly Mutex[] _cursorLock;

    /// <param name="id">Address.</param>
    /// <param name="parents">Parent of each cgroup by index; -1 for the root, which is 0.</param>
    public CgroupTree(ActorId id, IReadOnlyList<int> parents)
        : base(id, "cgroup-tree")
    {
        ArgumentNullException.ThrowIfNull(parents);
        int count = parents.Count;
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

    public void Handle(ref RemoveCgroup message, Turn turn)
    {
        _removed[message.Cgroup] = true;
        for (int root = 0; root < _cursor.Length; root++)
        {
            if (root != message.Cgroup && _cursor[root] == message.Cgroup)
            {
                int next = After(root, message.Cgroup);
                _cursor[root] = next < 0 ? root : next;
            }
        }
    }

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

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// The state of a set of actors at one moment: it can be brought back again and again, and states that follow it can be
/// told apart by a number.
/// </summary>
/// <remarks>
/// <para>An image has a partition for each root (a resource, a task, or any other object), which holds what only that
/// root reaches, and a shared one, for what several reach or what was given as shared. The code that runs actors marks
/// the partitions that they change; the shared one counts as changed always.</para>
/// <para>References to other actors, to requests, functions, texts and constants are saved, but not followed. Requests
/// that wait in queues cannot be brought back, as the routines that made them cannot: an image is taken while no task
/// waits.</para>
/// <para>Fields marked <see cref="NotStateAttribute"/> are restored, but not in a fingerprint. One thread at a
/// time.</para>
/// </remarks>
public sealed class StateImage
{
    private readonly object[] _roots;
    private readonly StateHash[] _hashes;
    private readonly StateCopy[][] _copies;
    private readonly object[] _shared;
    private readonly List<object> _allShared;
    private readonly StateHash[] _sharedHashes;
    private readonly Dictionary<object, int> _sharedNumbers = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<object, int> _rootNumbers = new(ReferenceEqualityComparer.Instance);
    private readonly bool[] _mayBeShared = new bool[StateHash.Slots];
    private readonly bool[] _isDirty;
    private readonly int[] _dirty;
    private int _dirtyCount;

    private StateImage(object[] roots, StateWalk walk)
    {
        _roots = roots;
        _hashes = new StateHash[roots.Length];
        _copies = new StateCopy[roots.Length + 1][];
        _isDirty = new bool[roots.Length];
        _dirty = new int[roots.Length];
        for (int i = 0; i < roots.Length; i++)
        {
            _hashes[i] = StateHash.For(roots[i].GetType());
            _copies[i] = Copies(walk.Owned[i]);
            _rootNumbers.Add(roots[i], i);
        }

        // What is hashed by its dynamic type only must be of a known kind as well.
        foreach (object one in walk.Compared)
        {
            StateHash.For(one.GetType());
        }

        _copies[roots.Length] = Copies(walk.Shared);
        _allShared = walk.Shared;
        _shared = [.. walk.Shared.Where(walk.Compared.Contains)];
        _sharedHashes = [.. _shared.Select(one => StateHash.For(one.GetType()))];
        foreach (object one in _shared)
        {
            _sharedNumbers.Add(one, _sharedNumbers.Count);
        }

        foreach (object root in roots)
        {
            // An object that refers to a root that is not an actor does not have it in its own state.
            if (root is not (Resource or TaskActor))
            {
                _sharedNumbers.TryAdd(root, _sharedNumbers.Count);
            }
        }

        foreach (object one in _sharedNumbers.Keys)
        {
            _mayBeShared[StateHash.For(one.GetType()).Slot] = true;
        }
    }

    internal IReadOnlyList<object> Roots => _roots;

    /// <summary>Objects of the shared partition.</summary>
    internal IReadOnlyList<object> SharedObjects => _allShared;

    /// <summary>Roots, and so partitions; the shared partition comes after them.</summary>
    public int RootCount => _roots.Length;

    /// <summary>Number of the shared partition, for <see cref="Fingerprint"/>.</summary>
    public int SharedIndex => _roots.Length;

    /// <summary>Objects of which something is saved.</summary>
    public int ObjectCount
    {
        get
        {
            int count = 0;
            foreach (StateCopy[] copies in _copies)
            {
                count += copies.Length;
            }

            return count;
        }
    }

    internal int Depth { get; set; }

    /// <summary>Remembers the state of everything that the roots reach.</summary>
    /// <param name="roots">Resources, tasks, and other objects; an object's place is its index.</param>
    /// <param name="shared">Objects that anybody may change: they and what they reach are in the shared
    /// partition.</param>
    /// <exception cref="InvariantViolation">when a field is of a kind that can be neither saved nor compared, or
    /// a task waits in a queue.</exception>
    public static StateImage Take(IEnumerable<object> roots, IEnumerable<object>? shared = null)
    {
        ArgumentNullException.ThrowIfNull(roots);
        object[] all = [.. roots];
        return new StateImage(all, new StateWalk(all, shared ?? []));
    }

    /// <summary>Place of a root; -1 for an object that is none.</summary>
    public int IndexOf(object root) => _rootNumbers.GetValueOrDefault(root, -1);

    /// <summary>
    /// Says that a root, or what only it reaches, may have changed since the image was taken or last restored.
    /// </summary>
    public void MarkDirty(int rootIndex)
    {
        if (!_isDirty[rootIndex])
        {
            _isDirty[rootIndex] = true;
            _dirty[_dirtyCount++] = rootIndex;
        }
    }

    /// <summary>True when the root is marked.</summary>
    public bool IsDirty(int rootIndex) => _isDirty[rootIndex];

    /// <summary>Brings the whole state back.</summary>
    public void Restore()
    {
        foreach (StateCopy[] copies in _copies)
        {
            Restore(copies);
        }

        Array.Clear(_isDirty);
        _dirtyCount = 0;
    }

    /// <summary>Brings the marked partitions and the shared one back.</summary>
    public void RestoreDirty()
    {
        for (int i = 0; i < _dirtyCount; i++)
        {
            int root = _dirty[i];
            _isDirty[root] = false;
            Restore(_copies[root]);
        }

        _dirtyCount = 0;
        Restore(_copies[^1]);
    }

    /// <summary>
    /// Number of the logical state of one partition: the same for equal states, in every process; different ones for
    /// different states, but for chance.
    /// </summary>
    public ulong Fingerprint(int rootIndex) =>
        StateMix.Finish(rootIndex == SharedIndex ? SharedHash() : _hashes[rootIndex].Of(_roots[rootIndex], this));

    /// <summary>
    /// What a partition with a fingerprint adds to the fingerprint of the whole state, which is the sum over all
    /// partitions.
    /// </summary>
    public static ulong Share(int rootIndex, ulong fingerprint) =>
        StateMix.Finish(fingerprint + (((ulong)(uint)rootIndex + 1) * StateMix.Multiplier));

    /// <summary>Number of the whole state: the sum of the shares of its partitions.</summary>
    public ulong Fingerprint()
    {
        ulong sum = 0;
        for (int i = 0; i <= SharedIndex; i++)
        {
            sum += Share(i, Fingerprint(i));
        }

        return sum;
    }

    /// <summary>
    /// Number of the place at which a task waits: the methods it is in, where in them, their locals, and the request
    /// that is under way. What an engine knows of the request beyond that (whether it was handled, when it goes on) is
    /// the engine's to add. Not for a task that runs just now.
    /// </summary>
    public ulong FingerprintContinuation(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return RoutineImage.Fingerprint(task, this);
    }

    /// <summary>Methods in which a task waits, outermost first, added to a list.</summary>
    public static void DescribeStack(TaskActor task, List<RoutineMethod> methods)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(methods);
        RoutineImage.DescribeStack(task, methods);
    }

    internal bool MayBeShared(int slot) => _mayBeShared[slot];

    internal bool TryGetShared(object value, out int number) => _sharedNumbers.TryGetValue(value, out number);

    private static void Restore(StateCopy[] copies)
    {
        foreach (StateCopy copy in copies)
        {
            copy.Restore();
        }
    }

    private static StateCopy[] Copies(List<object> objects)
    {
        List<StateCopy> copies = [];
        foreach (object one in objects)
        {
            if (StateCopy.Of(one) is { } copy)
            {
                copies.Add(copy);
            }
        }

        return [.. copies];
    }

    private ulong SharedHash()
    {
        ulong hash = 0;
        for (int i = 0; i < _shared.Length; i++)
        {
            hash = StateMix.Add(hash, _sharedHashes[i].Of(_shared[i], this));
        }

        return hash;
    }
}

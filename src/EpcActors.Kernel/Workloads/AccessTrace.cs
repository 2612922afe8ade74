namespace EpcActors.Kernel.Workloads;

/// <summary>One line of a trace.</summary>
/// <param name="TimeUs">Time since the start of the trace, microseconds.</param>
/// <param name="Enclave">Index into <see cref="AccessTrace.Enclaves"/>.</param>
/// <param name="Page">Page of that enclave's heap.</param>
/// <param name="Kind">Read, write or execute.</param>
/// <param name="Thread">Number of the thread within its enclave; 0 in a trace without threads.</param>
public readonly record struct TraceEntry(long TimeUs, int Enclave, int Page, PageAccessKind Kind, int Thread = 0);

/// <summary>
/// Recorded page accesses in the order of their time, 16 bytes each, 20 with threads. Immutable. Read by
/// <c>AccessTraceReader</c>; replayed by <see cref="TracePattern"/>.
/// </summary>
public sealed class AccessTrace
{
    private const int KindBits = 2;
    private const int KindMask = (1 << KindBits) - 1;

    private readonly string[] _enclaves;
    private readonly long[] _timesUs;
    private readonly int[] _pages;
    private readonly int[] _enclavesAndKinds;

    /// <summary>Empty when every access is of thread 0.</summary>
    private readonly int[] _threads;

    private readonly int[] _accessesPerEnclave;
    private readonly int[] _heapPagesPerEnclave;

    private AccessTrace(Builder builder)
    {
        Count = builder.Count;
        _enclaves = [.. builder.Enclaves];
        _timesUs = builder.TimesUs;
        _pages = builder.Pages;
        _enclavesAndKinds = builder.EnclavesAndKinds;
        _threads = builder.Threads;
        _accessesPerEnclave = new int[_enclaves.Length];
        _heapPagesPerEnclave = new int[_enclaves.Length];
        for (int i = 0; i < Count; i++)
        {
            int enclave = _enclavesAndKinds[i] >> KindBits;
            _accessesPerEnclave[enclave]++;
            _heapPagesPerEnclave[enclave] = Math.Max(_heapPagesPerEnclave[enclave], _pages[i] + 1);
        }
    }

    /// <summary>Accesses in all.</summary>
    public int Count { get; }

    /// <summary>Names of the enclaves, in the order in which they first appear.</summary>
    public IReadOnlyList<string> Enclaves => _enclaves;

    /// <summary>Time of the last access, microseconds; 0 without one.</summary>
    public long DurationUs => Count == 0 ? 0 : _timesUs[Count - 1];

    /// <summary>The <paramref name="index"/>-th access.</summary>
    public TraceEntry this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            int packed = _enclavesAndKinds[index];
            return new TraceEntry(
                _timesUs[index],
                packed >> KindBits,
                _pages[index],
                (PageAccessKind)(packed & KindMask),
                _threads.Length == 0 ? 0 : _threads[index]);
        }
    }

    /// <summary>Index of an enclave by its name, or -1.</summary>
    public int IndexOfEnclave(string name) => Array.IndexOf(_enclaves, name);

    /// <summary>Accesses of one enclave.</summary>
    public int AccessesOf(int enclave) => _accessesPerEnclave[enclave];

    /// <summary>Smallest heap that holds all pages of an enclave: its highest page + 1.</summary>
    public int HeapPagesOf(int enclave) => _heapPagesPerEnclave[enclave];

    /// <summary>Collects accesses; grows by doubling and trims at the end.</summary>
    internal sealed class Builder
    {
        /// <summary>Most enclaves a trace may name; leaves room for the kind in one word.</summary>
        public const int MaxEnclaves = 1 << 20;

        private readonly Dictionary<string, int> _enclaveIndices = new(StringComparer.Ordinal);

        public int Count { get; private set; }

        public List<string> Enclaves { get; } = [];

        public long[] TimesUs { get; private set; } = new long[1024];

        public int[] Pages { get; private set; } = new int[1024];

        public int[] EnclavesAndKinds { get; private set; } = new int[1024];

        /// <summary>Empty as long as every access is of thread 0.</summary>
        public int[] Threads { get; private set; } = [];

        /// <summary>Time of the access added last, microseconds.</summary>
        public long LastTimeUs => Count == 0 ? 0 : TimesUs[Count - 1];

        /// <summary>
        /// Index of a name, a new one if need be; -1 when there are <see cref="MaxEnclaves"/> already.
        /// </summary>
        public int EnclaveOf(ReadOnlySpan<char> name)
        {
            // Looked up only, never enumerated: the hash of a string reaches nothing.
            if (_enclaveIndices.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out int index))
            {
                return index;
            }

            if (Enclaves.Count == MaxEnclaves)
            {
                return -1;
            }

            string text = name.ToString();
            _enclaveIndices.Add(text, Enclaves.Count);
            Enclaves.Add(text);
            return Enclaves.Count - 1;
        }

        public void Add(long timeUs, int enclave, int page, PageAccessKind kind, int thread = 0)
        {
            if (Count == Pages.Length)
            {
                Resize((int)Math.Min(2L * Count, Array.MaxLength));
            }

            TimesUs[Count] = timeUs;
            Pages[Count] = page;
            EnclavesAndKinds[Count] = (enclave << KindBits) | (int)kind;
            if (thread != 0 && Threads.Length == 0)
            {
                Threads = new int[Pages.Length];
            }

            if (Threads.Length > 0)
            {
                Threads[Count] = thread;
            }

            Count++;
        }

        public AccessTrace Build()
        {
            Resize(Count);
            return new AccessTrace(this);
        }

        private void Resize(int capacity)
        {
            long[] timesUs = TimesUs;
            int[] pages = Pages;
            int[] enclavesAndKinds = EnclavesAndKinds;
            int[] threads = Threads;
            Array.Resize(ref timesUs, capacity);
            Array.Resize(ref pages, capacity);
            Array.Resize(ref enclavesAndKinds, capacity);
            Array.Resize(ref threads, threads.Length == 0 ? 0 : capacity);
            TimesUs = timesUs;
            Pages = pages;
            EnclavesAndKinds = enclavesAndKinds;
            Threads = threads;
        }
    }
}

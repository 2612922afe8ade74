using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// The miss ratio of a cgroup over its limit in one pass over the accesses of its enclaves, as if the kernel's list
/// were an LRU. The threads take turns by the time that their work takes.
/// </summary>
internal sealed class LruCurve
{
    /// <summary>More accesses say no more, but take their time.</summary>
    private const long MostAccesses = 24_000_000;

    private const int Points = 96;

    private readonly PodScenario _pod;
    private readonly StackDistances _distances;

    private LruCurve(PodScenario pod, StackDistances distances)
    {
        _pod = pod;
        _distances = distances;
    }

    /// <summary>Pages that no limit can take for the heap: VA and SECS pages, vEPC.</summary>
    private long Kept => _pod.GuestPages + _pod.EnclaveSpecs.Sum(one => (long)LeastPages.ToRun(one).Kept);

    /// <summary>Makes the pass; null for a cgroup without accesses.</summary>
    /// <param name="pod">The cgroup.</param>
    /// <param name="length">Length of warm-up and measurement.</param>
    /// <param name="seed">Seed of the accesses.</param>
    public static LruCurve? Of(PodScenario pod, SteadyLength length, ulong seed)
    {
        long pages = pod.EnclaveSpecs.Sum(one => (long)one.CodePages + one.HeapPages);
        if (pages is 0 or > int.MaxValue)
        {
            return null;
        }

        StackDistances distances = new((int)pages);
        List<Reader> readers = [];
        int first = 0;
        for (int i = 0; i < pod.Enclaves.Count; i++)
        {
            EnclaveSpec spec = pod.EnclaveSpecs[i];

            // The build puts every page that it adds on the list.
            for (int page = 0; page < spec.CodePages + spec.AddedHeapPages; page++)
            {
                distances.Touch(first + page, counts: false);
            }

            Prng stream = new Prng(seed).Split((ulong)pod.Enclaves[i]);
            IReadOnlyList<StepSpec> steps = pod.Programs[i].StepsOf(0, length, null);
            for (int thread = 0; thread < spec.Threads; thread++)
            {
                Reader reader = new(spec, steps, first + spec.CodePages, thread, stream.Split((ulong)thread));
                reader.End = pod.Programs[i].Measured(0, length, null).Accesses;
                readers.Add(reader);
            }

            first += spec.CodePages + spec.HeapPages;
        }

        Run(readers, distances);
        return distances.Accesses == 0 ? null : new LruCurve(pod, distances);
    }

    /// <summary>Share of accesses that miss at a limit.</summary>
    public double At(long limitPages) =>
        (double)_distances.Misses(Math.Max(0, limitPages - Kept)) / _distances.Accesses;

    /// <summary>The curve from a limit to the whole.</summary>
    public IReadOnlyList<MissPoint> Curve(long fromPages, long toPages)
    {
        long[] limits =
        [
            .. Enumerable.Range(0, Points).Select(i => PodSizer.RoundUp(fromPages
                + ((toPages - fromPages) * i / (Points - 1))))
                .Distinct(),
        ];
        long[] misses = _distances.Misses([.. limits.Select(limit => Math.Max(0, limit - Kept))]);
        return [.. limits.Zip(misses, (limit, count) => new MissPoint(limit, (double)count / _distances.Accesses))];
    }

    /// <summary>How far back pages were touched last.</summary>
    public IReadOnlyList<ReuseBucket> Reuse() =>
    [
        new ReuseBucket(0, _distances.FirstTouches),
        .. _distances.Histogram().Select(one => new ReuseBucket(one.Below, one.Accesses)),
    ];

    private static void Run(List<Reader> readers, StackDistances distances)
    {
        long left = MostAccesses;
        PriorityQueue<Reader, (long Ns, int Order)> queue = new();
        for (int i = 0; i < readers.Count; i++)
        {
            readers[i].Order = i;
            queue.Enqueue(readers[i], (0, i));
        }

        while (left-- > 0 && queue.TryDequeue(out Reader? reader, out _))
        {
            if (reader.Next(out int page, out bool counts))
            {
                distances.Touch(page, counts);
                queue.Enqueue(reader, (reader.NowNs, reader.Order));
            }
        }
    }

    /// <summary>The accesses of one thread.</summary>
    private sealed class Reader(EnclaveSpec spec, IReadOnlyList<StepSpec> steps, int firstPage, int thread, Prng stream)
    {
        private const long TouchNs = 60;

        private int _phase = -1;
        private long _done;
        private AccessPattern? _pattern;

        public long NowNs { get; private set; }

        public int Order { get; set; }

        /// <summary>Accesses to measure of a step without an end.</summary>
        public long End { get; set; }

        public bool Next(out int page, out bool counts)
        {
            while (true)
            {
                if (_phase >= 0 && _phase < steps.Count && Step(steps[_phase], out page, out counts))
                {
                    return true;
                }

                if (++_phase >= steps.Count)
                {
                    (page, counts) = (0, false);
                    return false;
                }

                _done = 0;
                _pattern = null;
            }
        }

        private bool Step(StepSpec step, out int page, out bool counts)
        {
            (page, counts) = (0, false);
            switch (step)
            {
                case StepSpec.Touch touch:
                    (int first, int count) = touch.ByOne ? (0, thread == 0 ? spec.HeapPages : 0)
                        : PartPattern.Share(spec.HeapPages, thread, spec.Threads);
                    if (_done >= count)
                    {
                        return false;
                    }

                    page = firstPage + first + (int)_done++;
                    NowNs += TouchNs + touch.WorkNs;
                    return true;
                case StepSpec.Pattern pattern:
                    return Draw(pattern, out page, out counts);
                case StepSpec.Trace trace:
                    return Read(trace, out page, out counts);
                default:
                    return false;
            }
        }

        private bool Draw(StepSpec.Pattern step, out int page, out bool counts)
        {
            (page, counts) = (0, _done >= step.WarmUp);
            if (_pattern is null)
            {
                Prng own = stream.Split((ulong)_phase);
                (int first, int count) = PartPattern.Share(spec.HeapPages, thread, spec.Threads);
                _pattern = !step.DividesHeap ? step.Factory(spec.HeapPages, own)
                    : new PartPattern(spec.HeapPages, first, count == 0 ? null : step.Factory(count, own), own);
            }

            long most = step.WarmUp + (step.Accesses < 0 ? End : step.Accesses);
            if (_done >= most || !_pattern.TryNext(out PageAccess access))
            {
                return false;
            }

            _done++;
            NowNs += TouchNs + step.WorkNs;
            page = firstPage + access.Page;
            return true;
        }

        private bool Read(StepSpec.Trace step, out int page, out bool counts)
        {
            (page, counts) = (0, true);
            for (; thread == 0 && _done < step.Accesses.Count; _done++)
            {
                TraceEntry entry = step.Accesses[(int)_done];
                if (entry.Enclave == step.TraceEnclave)
                {
                    _done++;
                    NowNs += TouchNs;
                    page = firstPage + entry.Page;
                    return true;
                }
            }

            return false;
        }
    }
}

using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Scenarios.Workloads;

/// <summary>
/// The workloads that come with the project. A pattern states what reaches the EPC, the order of pages, and leaves
/// out what does not: requests, locks, system calls.
/// </summary>
public static class WorkloadPresets
{
    private const string SgxGauge = "SGXGauge (ISPASS 2022), sandeep007734/SGXGauge-Benchmark, config.h files";
    private const string Ycsb = "YCSB core workloads (SoCC 2010), brianfrankcooper/YCSB, workloads/workload";
    private const string TeeBench = "TeeBench (VLDB 2021), agora-ecosystem/tee-bench";
    private const int GiBInPages = 262144;

    /// <summary>All presets, in the order in which to list them.</summary>
    public static IReadOnlyList<WorkloadPreset> All { get; } =
    [
        Gauge("sgxgauge-low", 677, "2^20 elements, footprint below the EPC"),
        Gauge("sgxgauge-medium", 1000, "1 548 576 elements, footprint about the EPC"),
        Gauge("sgxgauge-high", 1354, "2^21 elements, footprint above the EPC"),
        YcsbPreset("ycsb-a", "a", "session store: 50 reads, 50 updates",
            new RecordWorkload { Reads = 50, Updates = 50 }),
        YcsbPreset("ycsb-b", "b", "photo tags: 95 reads, 5 updates",
            new RecordWorkload { Reads = 95, Updates = 5 }),
        YcsbPreset("ycsb-c", "c", "profile cache: reads only",
            new RecordWorkload { Reads = 100 }),
        YcsbPreset("ycsb-d", "d", "status updates: 95 reads of the latest, 5 inserts",
            new RecordWorkload { Reads = 95, Inserts = 5, Keys = KeyChoice.Latest }),
        YcsbPreset("ycsb-e", "e", "threaded conversations: 95 scans of up to 1000 records, 5 inserts",
            new RecordWorkload { Scans = 95, Inserts = 5, MaxScanRecords = 1000 }),
        YcsbPreset("ycsb-f", "f", "user database: 50 reads, 50 read-modify-writes",
            new RecordWorkload { Reads = 50, ReadModifyWrites = 50 }),
        new()
        {
            Name = "teebench-cache-fit",
            Source = TeeBench,
            Description = "Hash join whose table is a small part of the data: half of the accesses read the "
                + "inputs in order, "
                + "half probe 1/16 of the heap at random. The heap is the 88 of 93.5 MiB where the cliff begins; "
                + "the shape is ours.",
            CreatePattern = (heapPages, prng) => Join(heapPages, Math.Max(1, heapPages / 16), prng),
            UsefulCyclesPerAccess = 1000,
            UsefulCyclesGrade = EvidenceGrade.Assumed,
            HeapPerMilleOfEpc = 941,
            HeapGrade = EvidenceGrade.Derived,
        },
        new()
        {
            Name = "teebench-cache-exceed",
            Source = TeeBench,
            Description = "Hash join whose table is half of the data: half of the accesses read the inputs in "
                + "order, half probe "
                + "the table at random. The heap is the 104 of 93.5 MiB beyond the cliff; the shape is ours.",
            CreatePattern = (heapPages, prng) => Join(heapPages, Math.Max(1, heapPages / 2), prng),
            UsefulCyclesPerAccess = 1000,
            UsefulCyclesGrade = EvidenceGrade.Assumed,
            HeapPerMilleOfEpc = 1112,
            HeapGrade = EvidenceGrade.Derived,
        },
        new()
        {
            Name = "redis-gramine",
            Source = "gramine issue 313: redis-benchmark, 100 000 keys, values of 20 B to 20 kB, EPC of 8 GiB",
            Description = "Uniform keys, 2 KiB records (two a page), reads and writes in equal parts; 100 000 "
                + "keys make "
                + "50 000 pages. The size within the source's range and the mix are ours.",
            CreatePattern = (heapPages, prng) => new RecordPattern(
                heapPages,
                new RecordWorkload { RecordBytes = 2048, Keys = KeyChoice.Uniform, Reads = 1, Updates = 1 },
                prng),
            UsefulCyclesPerAccess = 30_000,
            UsefulCyclesGrade = EvidenceGrade.Assumed,
            HeapPages = 50_000,
            HeapGrade = EvidenceGrade.Assumed,
        },
        new()
        {
            Name = "memtier-64k",
            Source = "gramine issue 1858: memtier_benchmark, set:get 9:1, values of 64 KiB",
            Description = "Uniform keys, each operation runs over the 16 pages of its value, nine writes to one read. "
                + "The number of keys is ours.",
            CreatePattern = (heapPages, prng) => new RecordPattern(
                heapPages,
                new RecordWorkload { RecordBytes = 65536, Keys = KeyChoice.Uniform, Reads = 1, Updates = 9 },
                prng),
            UsefulCyclesPerAccess = 3000,
            UsefulCyclesGrade = EvidenceGrade.Assumed,
            HeapPages = GiBInPages,
            HeapGrade = EvidenceGrade.Assumed,
        },
        new()
        {
            Name = "mysql-occlum",
            Source = "occlum issue 1329: MySQL, buffer pool of 16 to 20 GB, EPC of 64 GB",
            Description = "Buffer pool of 16 KiB database pages (four EPC pages each), Zipf 0.8 over them, nine "
                + "reads to one "
                + "write. The heap is the 20 GB that was slow; popularity and mix are ours.",
            CreatePattern = (heapPages, prng) => new RecordPattern(
                heapPages,
                new RecordWorkload { RecordBytes = 16384, Theta = 0.8, Reads = 9, Updates = 1 },
                prng),
            UsefulCyclesPerAccess = 5000,
            UsefulCyclesGrade = EvidenceGrade.Assumed,
            HeapPages = 20 * GiBInPages,
            HeapGrade = EvidenceGrade.Verified,
        },
        new()
        {
            Name = "java-pack",
            Source = "gramine issue 2104: instances of a Java program, each an enclave of 2 GiB of which 640 MB "
                + "are used",
            Description = "Start-up writes the used 5/16 of the heap once; then 90 of 100 accesses go to a "
                + "tenth of that. "
                + "How many run side by side is up to the scenario; the hot tenth is ours.",
            CreatePattern = JavaPack,
            UsefulCyclesPerAccess = 2000,
            UsefulCyclesGrade = EvidenceGrade.Assumed,
            HeapPages = 2 * GiBInPages,
            HeapGrade = EvidenceGrade.Verified,
        },
        new()
        {
            Name = "kernel-oversub",
            Source = "Linux tools/testing/selftests/sgx: the heap of unclobbered_vdso_oversubscribed and ..._remove",
            Description = "A heap as large as the EPC, every page written once and then read once, in order. "
                + "The tests themselves never touch the heap: one builds it and makes two calls on a page of its own, "
                + "the other one changes its type, accepts and removes it.",
            CreatePattern = (heapPages, prng) => new ChainedPattern(
                heapPages,
                [
                    SweepPattern.OfPasses(heapPages, 1, AccessMix.WriteOnly, prng),
                    SweepPattern.OfPasses(heapPages, 1, AccessMix.ReadOnly, prng),
                ],
                prng),
            UsefulCyclesPerAccess = 60,
            UsefulCyclesGrade = EvidenceGrade.Derived,
            HeapPerMilleOfEpc = 1000,
            HeapGrade = EvidenceGrade.Verified,
        },
        new()
        {
            Name = "graphene-preheat",
            Source = "graphene pull request 2154: enclave of 4 GiB, 256 threads, with and without pre-heating",
            Description = "Each of the 256 threads touches its own part of the heap once, in order, all at the same "
                + "time. With pre-heating one thread touches every page before: the step touch with threads = one.",
            DividesHeap = true,
            CreatePattern = (heapPages, prng) => SweepPattern.OfPasses(heapPages, 1, AccessMix.ReadOnly, prng),
            UsefulCyclesPerAccess = 60,
            UsefulCyclesGrade = EvidenceGrade.Derived,
            HeapPages = 4 * GiBInPages,
            HeapGrade = EvidenceGrade.Verified,
        },
    ];

    /// <summary>The preset of that name, or null.</summary>
    public static WorkloadPreset? Find(string name)
    {
        foreach (WorkloadPreset preset in All)
        {
            if (string.Equals(preset.Name, name, StringComparison.Ordinal))
            {
                return preset;
            }
        }

        return null;
    }

    private static WorkloadPreset Gauge(string name, int heapPerMilleOfEpc, string size) => new()
    {
        Name = name,
        Source = SgxGauge,
        Description = $"B-tree look-ups, {size}. Of the ten nodes on the way to a key eight lie in the 6 % of "
            + "the pages that "
            + "hold the upper levels, one in the next 19 %, one in the leaves (order 6, so a branching of about four; "
            + "the levels are ours). The heap follows the number of elements, the medium one being the EPC.",
        CreatePattern = BTree,
        UsefulCyclesPerAccess = 200,
        UsefulCyclesGrade = EvidenceGrade.Assumed,
        HeapPerMilleOfEpc = heapPerMilleOfEpc,
        HeapGrade = EvidenceGrade.Derived,
    };

    private static WorkloadPreset YcsbPreset(string name, string letter, string what, RecordWorkload workload) => new()
    {
        Name = name,
        Source = Ycsb + letter,
        Description = $"YCSB {letter.ToUpperInvariant()}, {what}; 1 KB records, four a page, in hashed order "
            + "(YCSB D: of "
            + "insertion); Zipf constant 0.99. The heap of twice the EPC and the work per operation are ours.",
        CreatePattern = (heapPages, prng) => new RecordPattern(heapPages, workload, prng),
        UsefulCyclesPerAccess = 10_000,
        UsefulCyclesGrade = EvidenceGrade.Assumed,
        HeapPerMilleOfEpc = 2000,
        HeapGrade = EvidenceGrade.Assumed,
    };

    private static AccessPattern BTree(int heapPages, Prng prng)
    {
        int upperPages = Math.Max(1, (int)(heapPages * 6L / 100));
        int middlePages = Math.Max(1, (int)(heapPages * 19L / 100));
        int leafPages = heapPages - upperPages - middlePages;
        if (leafPages < 1)
        {
            return new UniformPattern(heapPages, AccessMix.ReadOnly, prng);
        }

        return new MixedPattern(
            heapPages,
            [
                new MixedPart(new UniformPattern(upperPages, AccessMix.ReadOnly, prng), 0, 8),
                new MixedPart(new UniformPattern(middlePages, AccessMix.ReadOnly, prng), upperPages, 1),
                new MixedPart(new UniformPattern(leafPages, AccessMix.ReadOnly, prng), upperPages + middlePages, 1),
            ],
            prng);
    }

    private static AccessPattern Join(int heapPages, int tablePages, Prng prng)
    {
        if (tablePages >= heapPages)
        {
            return new UniformPattern(heapPages, AccessMix.ReadOnly, prng);
        }

        return new MixedPattern(
            heapPages,
            [
                new MixedPart(new UniformPattern(tablePages, AccessMix.ReadOnly, prng), 0, 1),
                new MixedPart(new SweepPattern(heapPages - tablePages, AccessMix.ReadOnly, prng), tablePages, 1),
            ],
            prng);
    }

    private static AccessPattern JavaPack(int heapPages, Prng prng)
    {
        int usedPages = Math.Max(1, (int)(heapPages * 5L / 16));
        return new ChainedPattern(
            heapPages,
            [
                SweepPattern.OfPasses(usedPages, 1, AccessMix.WriteOnly, prng),
                new HotspotPattern(usedPages, Math.Max(1, usedPages / 10), 900, new AccessMix(7, 3), prng),
            ],
            prng);
    }
}

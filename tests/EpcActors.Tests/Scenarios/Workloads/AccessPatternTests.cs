using System.Text;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Scenarios.Workloads;

public sealed class AccessPatternTests
{
    private const int Pages = 1000;

    /// <summary>One pattern of every class and option, by name.</summary>
    public static AccessPattern Make(string name, int pages, Prng prng) => name switch
    {
        "sequential" => SweepPattern.OfPasses(pages, 2, AccessMix.ReadOnly, prng),
        "cyclic" => new SweepPattern(pages, AccessMix.WriteOnly, prng),
        "strided" => new SweepPattern(pages, AccessMix.ReadOnly, prng, strideInPages: 300),
        "uniform" => new UniformPattern(pages, new AccessMix(2, 1, 1), prng),
        "hotspot" => new HotspotPattern(pages, Math.Max(1, pages / 10), 900, new AccessMix(1, 1), prng),
        "zipf-ranks" => new ZipfPattern(pages, 0.99, PlacementOrder.ByRank, AccessMix.ReadOnly, prng),
        "zipf-scattered" => new ZipfPattern(pages, 0.99, PlacementOrder.Scattered, AccessMix.ReadOnly, prng),
        "zipf-ycsb" => new ZipfPattern(pages, 0.99, PlacementOrder.HashedAsYcsb, AccessMix.ReadOnly, prng),
        "zipf-0.1" => new ZipfPattern(pages, 0.1, PlacementOrder.ByRank, AccessMix.ReadOnly, prng),
        "zipf-0.8" => new ZipfPattern(pages, 0.8, PlacementOrder.ByRank, AccessMix.ReadOnly, prng),
        "zipf-1" => new ZipfPattern(pages, 1.0, PlacementOrder.ByRank, AccessMix.ReadOnly, prng),
        "zipf-1.5" => new ZipfPattern(pages, 1.5, PlacementOrder.ByRank, AccessMix.ReadOnly, prng),
        "records" => new RecordPattern(pages, new RecordWorkload { Reads = 1, Updates = 1 }, prng),
        "latest" => new RecordPattern(
            pages, new RecordWorkload { Reads = 19, Inserts = 1, Keys = KeyChoice.Latest }, prng),
        "scans" => new RecordPattern(pages, new RecordWorkload { Scans = 19, Inserts = 1, MaxScanRecords = 40 }, prng),
        "read-modify-write" => new RecordPattern(
            pages, new RecordWorkload { Reads = 1, ReadModifyWrites = 1, Keys = KeyChoice.Uniform }, prng),
        "large-records" => new RecordPattern(
            pages, new RecordWorkload { RecordBytes = 9000, Reads = 1, Updates = 1, Keys = KeyChoice.Uniform }, prng),
        "phases" => new PhasedPattern(
            pages, new UniformPattern(Math.Max(1, pages / 10), AccessMix.ReadOnly, prng), 4, 0, prng),
        "drift" => new PhasedPattern(
            pages, new SweepPattern(Math.Max(1, pages / 2), AccessMix.ReadOnly, prng), 3, pages, prng),
        "mixed" => new MixedPattern(
            pages,
            [
                new MixedPart(new UniformPattern(pages, AccessMix.WriteOnly, prng), 0, 1),
                new MixedPart(SweepPattern.OfPasses(1, 1, AccessMix.ReadOnly, prng), pages - 1, 1),
            ],
            prng),
        "chained" => new ChainedPattern(
            pages,
            [
                SweepPattern.OfPasses(Math.Min(3, pages), 1, AccessMix.WriteOnly, prng),
                new UniformPattern(pages, AccessMix.ReadOnly, prng),
            ],
            prng),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    public static TheoryData<string, string> Golden => new()
    {
        { "sequential", "0r 1r 2r 3r 4r 5r 6r 7r 8r 9r" },
        { "cyclic", "0w 1w 2w 3w 4w 5w 6w 7w 8w 9w" },
        { "strided", "0r 300r 600r 900r 1r 301r 601r 901r 2r 302r" },
        { "uniform", "447x 984r 925r 495r 923r 6r 479r 627x 97w 410w" },
        { "hotspot", "98w 546r 106r 62r 41r 44r 348r 53w 17w 710w" },
        { "zipf-ranks", "36r 0r 0r 25r 0r 950r 28r 9r 492r 48r" },
        { "zipf-scattered", "715r 750r 750r 143r 750r 685r 439r 694r 192r 906r" },
        { "zipf-ycsb", "145r 211r 211r 964r 211r 794r 737r 964r 890r 523r" },
        { "zipf-0.1", "517r 10r 56r 467r 57r 992r 484r 334r 892r 555r" },
        { "zipf-0.8", "117r 0r 1r 87r 1r 973r 96r 34r 674r 145r" },
        { "zipf-1", "34r 0r 0r 23r 0r 949r 26r 8r 481r 45r" },
        { "zipf-1.5", "2r 0r 0r 1r 0r 606r 1r 0r 40r 2r" },
        { "records", "365w 71r 71r 549r 71r 843r 818r 118w 736w 994w" },
        { "latest", "979r 999r 999r 986r 999r 57r 984r 0w 996r 565r" },
        { "scans", "365r 366r 367r 368r 369r 370r 371r 71r 72r 73r" },
        { "read-modify-write", "447r 447w 984r 925r 495r 923r 6r 479r 627r 627w" },
        { "large-records", "444w 445w 446w 981r 982r 983r 924r 925r 926r 495r" },
        { "phases", "25r 22r 73r 51r 519r 512r 504r 489r 14r 988r" },
        { "drift", "0r 1r 2r 3r 4r 5r 6r 7r 8r 9r" },
        { "mixed", "137w 999r 999r 287w 999r 398w 764w 999r 815w 435w" },
        { "chained", "0w 1w 2w 743r 354r 378r 7r 675r 498r 434r" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void First_accesses_are_golden(string name, string expected) =>
        Assert.Equal(expected, First(10, Make(name, Pages, new Prng(42).Split("workload"))));

    [Theory]
    [MemberData(nameof(Golden))]
    public void Reset_repeats_and_a_clone_goes_on_alike(string name, string expected)
    {
        Assert.NotNull(expected);
        AccessPattern pattern = Make(name, Pages, new Prng(7));
        string start = First(50, pattern);
        AccessPattern clone = pattern.Clone();
        string middle = First(50, pattern);

        Assert.Equal(50, clone.Position);
        Assert.Equal(middle, First(50, clone));
        pattern.Reset();
        Assert.Equal(start, First(50, pattern));

        // The clone was not moved by what the original did since.
        string end = First(50, clone);
        First(50, pattern);
        Assert.Equal(end, First(50, pattern));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void Another_stream_gives_what_a_new_pattern_with_it_would_give(string name, string expected)
    {
        Assert.NotNull(expected);
        AccessPattern pattern = Make(name, Pages, new Prng(7));
        First(33, pattern);
        pattern.Reset(new Prng(8));
        Assert.Equal(First(100, Make(name, Pages, new Prng(8))), First(100, pattern));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void Drawing_allocates_nothing(string name, string expected)
    {
        Assert.NotNull(expected);
        AccessPattern pattern = Make(name, Pages, new Prng(7));
        First(100, pattern);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            pattern.Next();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Pages_stay_within_the_heap_whatever_the_parameters()
    {
        string[] names = [.. Golden.Select(row => (string)row[0])];
        Prop.ForAll<ulong, int, int>((seed, size, choice) =>
        {
            int pages = 1 + ((size & int.MaxValue) % 5000);
            AccessPattern pattern = Make(names[(choice & int.MaxValue) % names.Length], pages, new Prng(seed));
            return IsInRange(pattern, pages, 500);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Zipf_stays_within_the_heap_for_any_skew_and_size()
    {
        Prop.ForAll<ulong, int, int>((seed, size, skew) =>
        {
            int pages = Math.Max(1, size & int.MaxValue);
            double theta = ((skew & int.MaxValue) % 4001) / 1000.0;
            PlacementOrder order = (PlacementOrder)(seed % 3);
            return IsInRange(new ZipfPattern(pages, theta, order, AccessMix.ReadOnly, new Prng(seed)), pages, 200);
        }).QuickCheckThrowOnFailure();

        foreach (int pages in (int[])[1, 2, 3, 4, 5, 1 << 24, int.MaxValue])
        {
            foreach (double theta in (double[])[0.0, 0.1, 0.9999999, 1.0, 1.0000002, 4.0])
            {
                AccessPattern pattern = new ZipfPattern(
                    pages, theta, PlacementOrder.Scattered, AccessMix.ReadOnly, new Prng(1));
                Assert.True(IsInRange(pattern, pages, 1000));
            }
        }
    }

    [Fact]
    public void Records_of_any_size_stay_within_the_heap()
    {
        Prop.ForAll<ulong, int, int>((seed, size, bytes) =>
        {
            int pages = 1 + ((size & int.MaxValue) % 300);
            RecordWorkload workload = new()
            {
                RecordBytes = 1 + ((bytes & int.MaxValue) % 100_000),
                Keys = (KeyChoice)(seed % 3),
                Order = (PlacementOrder)(seed / 3 % 3),
                Reads = 1,
                Updates = 1,
                Inserts = 1,
                Scans = 1,
                ReadModifyWrites = 1,
            };
            return IsInRange(new RecordPattern(pages, workload, new Prng(seed)), pages, 500);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_share_of_writes_does_not_change_the_pages()
    {
        AccessPattern reads = new UniformPattern(Pages, AccessMix.ReadOnly, new Prng(3));
        AccessPattern mixed = new UniformPattern(Pages, new AccessMix(7, 3), new Prng(3));
        int writes = 0;
        for (int i = 0; i < 10_000; i++)
        {
            PageAccess access = mixed.Next();
            Assert.Equal(reads.Next().Page, access.Page);
            writes += access.Kind == PageAccessKind.Write ? 1 : 0;
        }

        Assert.InRange(writes, 2800, 3200);
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(10, 3)]
    [InlineData(10, 10)]
    [InlineData(10, 11)]
    [InlineData(12, 4)]
    [InlineData(1, 5)]
    public void A_pass_of_a_sweep_touches_every_page_once(int pages, int stride)
    {
        SweepPattern pattern = SweepPattern.OfPasses(pages, 3, AccessMix.ReadOnly, new Prng(1), stride);
        Assert.Equal(pages * 3, pattern.Length);
        for (int pass = 0; pass < 3; pass++)
        {
            HashSet<int> seen = [];
            for (int i = 0; i < pages; i++)
            {
                Assert.True(seen.Add(pattern.Next().Page));
            }
        }

        Assert.True(pattern.IsAtEnd);
        Assert.False(pattern.TryNext(out _));
        Assert.Throws<InvalidOperationException>(() => pattern.Next());
    }

    [Fact]
    public void Take_ends_a_pattern_early()
    {
        AccessPattern taken = new UniformPattern(Pages, AccessMix.ReadOnly, new Prng(1)).Take(5);
        int count = 0;
        while (taken.TryNext(out _))
        {
            count++;
        }

        Assert.Equal(5, count);
        Assert.Throws<ArgumentOutOfRangeException>(() => taken.Take(6));
        Assert.Throws<ArgumentOutOfRangeException>(() => taken.Take(4));
    }

    [Fact]
    public void A_hotspot_gets_its_share()
    {
        HotspotPattern pattern = new(Pages, 100, 900, AccessMix.ReadOnly, new Prng(5));
        int hot = 0;
        for (int i = 0; i < 100_000; i++)
        {
            hot += pattern.Next().Page < 100 ? 1 : 0;
        }

        Assert.InRange(hot, 89_500, 90_500);
    }

    [Fact]
    public void A_working_set_stays_for_a_phase_and_then_moves()
    {
        PhasedPattern pattern = new(
            100,
            new UniformPattern(10, AccessMix.ReadOnly, new Prng(1)),
            accessesPerPhase: 50,
            stepPages: 25,
            new Prng(2));
        for (int phase = 0; phase < 9; phase++)
        {
            int start = phase * 25 % 100;
            for (int i = 0; i < 50; i++)
            {
                Assert.InRange((pattern.Next().Page - start + 100) % 100, 0, 9);
            }
        }
    }

    [Fact]
    public void A_scan_runs_over_neighbours()
    {
        RecordPattern pattern = new(
            100_000, new RecordWorkload { Scans = 1, Keys = KeyChoice.Uniform, MaxScanRecords = 1000 }, new Prng(1));
        int previous = pattern.Next().Page;
        int starts = 0;
        const int Accesses = 100_000;
        for (int i = 0; i < Accesses; i++)
        {
            int page = pattern.Next().Page;
            starts += page != previous + 1 ? 1 : 0;
            previous = page;
        }

        // 500.5 records on average, four a page and a broken page at the ends: 125.9 pages.
        Assert.InRange((double)Accesses / starts, 120, 132);
    }

    [Fact]
    public void Large_records_are_touched_whole_and_written_back_whole()
    {
        RecordPattern pattern = new(
            99,
            new RecordWorkload { RecordBytes = 65536, ReadModifyWrites = 1, Keys = KeyChoice.Uniform },
            new Prng(1));
        Assert.Equal(6, pattern.RecordCount);
        for (int operation = 0; operation < 20; operation++)
        {
            PageAccess first = pattern.Next();
            Assert.Equal(0, first.Page % 16);
            for (int i = 1; i < 32; i++)
            {
                PageAccessKind kind = i < 16 ? PageAccessKind.Read : PageAccessKind.Write;
                Assert.Equal(new PageAccess(first.Page + (i % 16), kind), pattern.Next());
            }
        }
    }

    [Fact]
    public void The_latest_record_is_the_most_popular()
    {
        RecordPattern pattern = new(
            Pages, new RecordWorkload { Reads = 1, Inserts = 1, Keys = KeyChoice.Latest }, new Prng(1));
        int head = -1;
        int near = 0;
        int reads = 0;
        for (int i = 0; i < 50_000; i++)
        {
            PageAccess access = pattern.Next();
            if (access.Kind == PageAccessKind.Write)
            {
                // Inserts walk through the heap, four to a page, and come round.
                Assert.True(head < 0 || access.Page == head || access.Page == (head + 1) % Pages);
                head = access.Page;
            }
            else if (head >= 0)
            {
                reads++;
                near += (head - access.Page + Pages) % Pages <= 10 ? 1 : 0;
            }
        }

        // Zipf 0.99 over 4000 records: the 40 newest get about half.
        Assert.InRange((double)near / reads, 0.45, 0.55);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Prng prng = new(1);
        AccessPattern endless = new UniformPattern(5, AccessMix.ReadOnly, prng);
        Assert.Throws<ArgumentOutOfRangeException>(() => new UniformPattern(0, AccessMix.ReadOnly, prng));
        Assert.Throws<ArgumentException>(() => new UniformPattern(5, default, prng));
        Assert.Throws<ArgumentException>(() => new UniformPattern(5, new AccessMix(-1, 2), prng));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SweepPattern(5, AccessMix.ReadOnly, prng, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HotspotPattern(5, 6, 500, AccessMix.ReadOnly, prng));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HotspotPattern(5, 5, 1001, AccessMix.ReadOnly, prng));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ZipfDistribution(5, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ZipfDistribution(5, -0.1));
        Assert.Throws<ArgumentException>(() => new RecordPattern(5, new RecordWorkload(), prng));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PhasedPattern(4, endless, 1, 1, prng));
        Assert.Throws<ArgumentException>(() => new ChainedPattern(5, [endless, endless], prng));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MixedPattern(5, [new MixedPart(endless, 1, 1)], prng));
    }

    private static string First(int count, AccessPattern pattern)
    {
        StringBuilder text = new();
        for (int i = 0; i < count; i++)
        {
            PageAccess access = pattern.Next();
            text.Append(access.Page).Append("rwx"[(int)access.Kind]).Append(' ');
        }

        return text.ToString().TrimEnd();
    }

    private static bool IsInRange(AccessPattern pattern, int pages, int accesses)
    {
        for (int i = 0; i < accesses && pattern.TryNext(out PageAccess access); i++)
        {
            if (access.Page < 0 || access.Page >= pages || !Enum.IsDefined(access.Kind))
            {
                return false;
            }
        }

        return true;
    }
}

using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Scenarios.Workloads;

public sealed class StackDistancesTests
{
    /// <summary>Every size of LRU, each simulated by itself with a list, against the one pass.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(150)]
    public void One_pass_gives_the_misses_of_every_size(int pages)
    {
        Prng random = new((ulong)pages);
        AccessPattern pattern = new ZipfPattern(pages, 0.7, PlacementOrder.Scattered, AccessMix.ReadOnly, random);
        StackDistances distances = new(pages);
        List<int> accesses = [];
        for (int i = 0; i < 20 * pages + 300; i++)
        {
            // A scan now and then, so that long distances occur as well.
            int page = i % 3 == 0 ? i / 3 % pages : pattern.Next().Page;
            accesses.Add(page);
            distances.Touch(page, counts: i >= 100);
        }

        long[] sizes = [.. Enumerable.Range(0, pages + 2).Select(size => (long)size)];
        long[] all = distances.Misses(sizes);
        Assert.Equal(accesses.Count - 100, distances.Accesses);
        foreach (long size in sizes)
        {
            (long misses, long first) = Lru(accesses, (int)size, skip: 100);
            Assert.Equal(misses, distances.Misses(size));
            Assert.Equal(misses, all[size]);
            Assert.Equal(first, distances.FirstTouches);
        }

        Assert.Equal(
            distances.Accesses - distances.FirstTouches, distances.Histogram().Sum(bucket => bucket.Accesses));
        Assert.Equal(distances.Misses(0) - distances.Misses(1), distances.Histogram()[0].Accesses);
    }

    [Fact]
    public void A_ring_that_does_not_fit_misses_always()
    {
        StackDistances distances = new(100);
        for (int i = 0; i < 1000; i++)
        {
            distances.Touch(i % 100, counts: i >= 100);
        }

        Assert.Equal(900, distances.Misses(99));
        Assert.Equal(0, distances.Misses(100));
        Assert.Equal(MissRatio.Cyclic(100, 99), (double)distances.Misses(99) / distances.Accesses);
    }

    private static (long Misses, long First) Lru(List<int> accesses, int size, int skip)
    {
        List<int> stack = [];
        long misses = 0;
        long first = 0;
        for (int i = 0; i < accesses.Count; i++)
        {
            int at = stack.IndexOf(accesses[i]);
            if (i >= skip)
            {
                misses += at >= size ? 1 : 0;
                first += at < 0 ? 1 : 0;
            }

            if (at >= 0)
            {
                stack.RemoveAt(at);
            }

            stack.Insert(0, accesses[i]);
        }

        return (misses, first);
    }
}

using EpcActors.Runs.Oracles;

namespace EpcActors.Tests.OracleTests;

/// <summary>The table of pages in hands does what a dictionary would do, however its pages crowd together.</summary>
public sealed class HandTableTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 6)]
    [InlineData(3, 40)]
    [InlineData(4, 3000)]
    public void It_answers_as_a_dictionary_does(int seed, int pages)
    {
        Random random = new(seed);
        HandTable table = new();
        Dictionary<int, (int Task, ushort Cgroup, bool MayBeListed)> expected = [];
        for (int i = 0; i < 20_000; i++)
        {
            // Pages that crowd around few places of a small table, and holders that hold what they must not.
            int page = random.Next(pages) * 7;
            if (random.Next(2) == 0)
            {
                (int task, ushort cgroup, bool mayBeListed) = (random.Next(9), (ushort)random.Next(5), i % 3 == 0);
                int holder = table.TryHold(page, task, cgroup, mayBeListed);
                Assert.Equal(expected.TryGetValue(page, out var held) ? held.Task : -1, holder);
                expected.TryAdd(page, (task, cgroup, mayBeListed));
            }
            else
            {
                int holder = table.Release(page);
                Assert.Equal(expected.TryGetValue(page, out var held) ? held.Task : -1, holder);
                expected.Remove(page);
            }

            Assert.Equal(expected.Count, table.Count);
        }

        Assert.Equal(
            expected.Select(one => (one.Key, one.Value.Task, one.Value.Cgroup, one.Value.MayBeListed)).Order(),
            table.All().Order());
    }
}

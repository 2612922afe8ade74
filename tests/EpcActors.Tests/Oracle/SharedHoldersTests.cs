using EpcActors.Runs.Oracles;

namespace EpcActors.Tests.OracleTests;

/// <summary>The holders of pages under threads that really run at the same time.</summary>
public sealed class SharedHoldersTests
{
    private const int Threads = 4;

    [Fact]
    public void What_was_put_in_comes_out()
    {
        SharedHolders holders = new(10_000);
        Assert.Equal(-1, holders.TryHold(9_999, 0, ushort.MaxValue, mayBeListed: false));
        Assert.Equal(-1, holders.TryHold(0, 70_000, 3, mayBeListed: true));
        Assert.Equal(70_000, holders.TryHold(0, 5, 4, mayBeListed: false));
        Assert.Equal([(0, 70_000, (ushort)3, true), (9_999, 0, ushort.MaxValue, false)], holders.All());
        Assert.Equal(70_000, holders.Release(0, out ushort cgroup));
        Assert.Equal(3, cgroup);
        Assert.Equal(-1, holders.Release(0, out _));
        Assert.Equal(0, holders.Release(9_999, out cgroup));
        Assert.Equal(ushort.MaxValue, cgroup);
        Assert.Empty(holders.All());
    }

    [Fact]
    public void Of_many_that_take_a_page_one_gets_it_and_the_others_learn_who()
    {
        const int Pages = 20_000;
        SharedHolders holders = new(Pages);
        int[] holderOf = new int[Pages];
        int[] seenBy = new int[Threads];
        Array.Fill(holderOf, -1);
        Run(thread =>
        {
            for (int page = 0; page < Pages; page++)
            {
                int other = holders.TryHold(page, thread, 7, mayBeListed: false);
                if (other < 0)
                {
                    Assert.Equal(-1, Interlocked.Exchange(ref holderOf[page], thread));
                }
                else
                {
                    Assert.InRange(other, 0, Threads - 1);
                    Assert.NotEqual(thread, other);
                    seenBy[thread]++;
                }
            }
        });
        Assert.Equal(Pages * (Threads - 1), seenBy.Sum());
        Assert.Equal(
            Enumerable.Range(0, Pages).Select(page => (page, holderOf[page], (ushort)7, false)),
            holders.All());
    }

    [Fact]
    public void Pages_that_go_from_hand_to_hand_under_the_lock_of_a_list_are_never_in_two()
    {
        const int Pages = 64;
        const int Rounds = 50_000;
        SharedHolders holders = new(1 << 20);
        Queue<int>[] lists = [new(), new()];
        for (int i = 0; i < Pages; i++)
        {
            // Far apart: chunks come into being while others are at work.
            lists[i % 2].Enqueue(i * 16_000);
        }

        Run(thread =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                Queue<int> from = lists[(round + thread) % 2];
                int page;
                lock (from)
                {
                    if (!from.TryDequeue(out page))
                    {
                        continue;
                    }

                    Assert.Equal(-1, holders.TryHold(page, thread, (ushort)thread, mayBeListed: false));
                }

                Queue<int> to = lists[(round * 7 / 3) % 2];
                lock (to)
                {
                    to.Enqueue(page);
                    Assert.Equal(thread, holders.Release(page, out ushort cgroup));
                    Assert.Equal(thread, cgroup);
                }
            }
        });
        Assert.Empty(holders.All());
        Assert.Equal(Pages, lists.Sum(list => list.Count));
    }

    private static void Run(Action<int> work)
    {
        using Barrier start = new(Threads);
        Exception?[] failures = new Exception?[Threads];
        Thread[] threads = new Thread[Threads];
        for (int i = 0; i < Threads; i++)
        {
            int thread = i;
            threads[i] = new Thread(() =>
            {
                start.SignalAndWait();
                try
                {
                    work(thread);
                }
#pragma warning disable CA1031 // Told on the test's own thread.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    failures[thread] = failure;
                }
            });
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.All(failures, Assert.Null);
    }
}

using EpcActors.Engine.Simulation;

namespace EpcActors.Tests.EngineTests;

/// <summary>The order of events, against a list that is searched for its first one.</summary>
public sealed class EventHeapTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 5)]
    [InlineData(3, 6)]
    [InlineData(4, 64)]
    [InlineData(5, 400)]
    public void Events_come_in_the_order_of_time_and_number(int seed, int tasks)
    {
        Random random = new(seed);
        EventHeap heap = new();
        List<(long AtNs, int Id)> expected = [];
        for (int id = 0; id < tasks; id++)
        {
            Push(random.Next(50), id);
        }

        for (int i = 0; i < 20_000; i++)
        {
            (long atNs, int id) = expected.Min();
            Assert.Equal(atNs, heap.FirstNs);
            Assert.Equal(id, heap.Pop(out long poppedNs));
            Assert.Equal(atNs, poppedNs);
            expected.Remove((atNs, id));
            Assert.Equal(expected.Count == 0 ? long.MaxValue : expected.Min().AtNs, heap.FirstNs);

            // Mostly the same task again; at times none, so that the heap becomes small, and then all that are missing.
            // Few different times: half of the comparisons are between equal ones.
            if (random.Next(8) != 0)
            {
                Push(atNs + random.Next(6), id);
            }

            if (expected.Count == 0 || random.Next(50) == 0)
            {
                foreach (int missing in Enumerable.Range(0, tasks).Except(expected.Select(e => e.Id)).ToList())
                {
                    Push(atNs + random.Next(6), missing);
                }
            }
        }

        void Push(long atNs, int id)
        {
            expected.Add((atNs, id));
            heap.Push(atNs, id);
        }
    }
}

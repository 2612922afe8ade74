namespace EpcActors.Engine.Akka.Tests;

/// <summary>Waits for what has no signal of its own: a number that another thread counts.</summary>
internal static class ClusterWait
{
    public static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource limit = new(ClusterHarness.Limit);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            Assert.True(await timer.WaitForNextTickAsync(limit.Token));
        }
    }
}

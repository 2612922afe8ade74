using Xunit.Abstractions;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// What a frame costs, for the log of the test; what is bundled, and what one takes on the wire, is held to.
/// </summary>
[Collection(nameof(ShellCostTests))]
public sealed class ClusterWireCostTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(16, 20_000)]
    [InlineData(256, 200_000)]
    public async Task Frames_are_bundled_the_more_the_busier_the_way_is(int window, int calls)
    {
        ClusterWireCost.Figures cost = await ClusterWireCost.MeasureAsync(calls, window);
        output.WriteLine($"{window} outstanding: {cost}");
        Assert.Equal(0, cost.Counts.FramesDropped);
        Assert.InRange(cost.FramesPerWrite, window == 256 ? 8 : 1, window);
        Assert.InRange(cost.BytesPerFrame, 25, window == 256 ? 80 : 500);
    }
}

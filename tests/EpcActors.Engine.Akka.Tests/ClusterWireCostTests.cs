using Xunit.Abstractions;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>What a frame costs on each transport, for the log of the test; what is bundled, and what one takes on the wire, is held to.</summary>
[Collection(nameof(ShellCostTests))]
public sealed class ClusterWireCostTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(16, 20_000)]
    [InlineData(256, 200_000)]
    public async Task Frames_are_bundled_the_more_the_busier_the_way_is(int window, int calls)
    {
        ClusterWireCost.Figures akka = await ClusterWireCost.OfAkkaAsync(calls, window);
        ClusterWireCost.Figures sockets = await ClusterWireCost.OfSocketsAsync(calls, window);
        output.WriteLine($"{window} outstanding: akka.cluster {akka}");
        output.WriteLine($"{window} outstanding: sockets {sockets}");
        Assert.Equal(0, akka.Counts.FramesDropped);
        Assert.InRange(akka.FramesPerWrite, window == 256 ? 8 : 1, window);
        Assert.InRange(akka.BytesPerFrame, 25, window == 256 ? 80 : 500);
    }
}

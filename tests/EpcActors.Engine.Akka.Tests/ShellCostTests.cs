using Xunit.Abstractions;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Alone in the process, or others would allocate for it.</summary>
[CollectionDefinition(nameof(ShellCostTests), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Cost of a message, for the log of the test; only its allocation has a limit.</summary>
[Collection(nameof(ShellCostTests))]
public sealed class ShellCostTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void A_message_allocates_nothing(int pairs)
    {
        ShellCost.Figures figures = ShellCost.Compare(pairs, 400_000, 3);
        output.WriteLine($"{pairs} pairs: {figures}");
        Assert.InRange(figures.ShellBytes, 0, 2);
    }
}

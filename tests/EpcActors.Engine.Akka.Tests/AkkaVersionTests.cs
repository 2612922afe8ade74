namespace EpcActors.Engine.Akka.Tests;

/// <summary>The packages fit together: an actor system starts and delivers.</summary>
public sealed class AkkaVersionTests : AkkaTestKit
{
    [Fact]
    public void A_probe_gets_what_it_is_sent()
    {
        var probe = CreateTestProbe();
        probe.Ref.Tell("charge", TestActor);
        Assert.Equal("charge", probe.ExpectMsg<string>());
        Assert.Equal(TestActor, probe.LastSender);
    }

    [Fact]
    public void The_version_is_one_that_the_engine_is_written_for() =>
        Assert.StartsWith("1.5.", AkkaVersion.Loaded, StringComparison.Ordinal);
}

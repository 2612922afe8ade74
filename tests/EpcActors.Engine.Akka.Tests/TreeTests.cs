using Akka.Actor;
using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>The actors stand where their paths say.</summary>
public sealed class TreeTests : AkkaTestKit
{
    [Theory]
    [InlineData("")]
    [InlineData("runs/first")]
    public void The_tree_of_cgroups_is_a_tree_of_actors(string prefix)
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions { Prefix = prefix }));

        // A child before its parent: the order does not matter.
        ProbeResource web = live.AddResource(0, "cgroups/pods/web");
        ProbeResource pods = live.AddResource(1, "cgroups/pods");
        ProbeResource mm = live.AddResource(2, "enclaves/a/mm");
        ProbeTask ksgxd = live.AddTask(3, t => Routines.Wait(t, mm.Id), isDaemon: true, path: "ksgxd");
        live.AddTask(4, t => Routines.Wait(t, mm.Id));
        live.AddTask(5, t => Routines.Tick(t, mm.Id, 1_000_000_000), isDaemon: true);
        live.Go();
        string root = prefix.Length == 0 ? "/user" : $"/user/{prefix}";
        Assert.Equal(live.Engine.RefOf(web), Find($"{root}/cgroups/pods/web"));
        Assert.Equal(live.Engine.RefOf(pods), Find($"{root}/cgroups/pods"));
        Assert.Equal(live.Engine.RefOf(mm), Find($"{root}/enclaves/a/mm"));
        Assert.Equal(live.Engine.RefOf(ksgxd), Find($"{root}/ksgxd"));
        Assert.Equal(live.Engine.RefOf(pods).Path, live.Engine.RefOf(web).Path.Parent);
        Assert.Equal(RunEnd.Cancelled, live.Cancel());
        Assert.Equal(ActorRefs.Nobody, Find($"{root}/cgroups/pods"));
    }

    [Theory]
    [InlineData("web", "web")]
    [InlineData("a b", "a%20b")]
    [InlineData("$all", "%24all")]
    [InlineData("a$", "a$")]
    [InlineData("50%", "50%25")]
    [InlineData("käfig", "k%C3%A4fig")]
    [InlineData("a*", "a%2A")]
    [InlineData("..", "%2E%2E")]
    [InlineData("a[0]#1", "a%5B0%5D%231")]
    [InlineData("pod_1-x.y:z@n", "pod_1-x.y:z@n")]
    public void Names_are_escaped_where_Akka_needs_it(string name, string escaped)
    {
        Assert.Equal(escaped, ActorNames.Escape(name));
        Assert.True(ActorPath.IsValidPathElement(escaped));
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource resource = live.AddResource(0, $"cgroups/{name}");
        live.AddTask(1, t => Routines.Wait(t, resource.Id));
        live.AddTask(2, t => Routines.Tick(t, resource.Id, 1_000_000_000), isDaemon: true);
        live.Go();
        Assert.Equal(live.Engine.RefOf(resource), Find($"/user/cgroups/{escaped}"));
    }

    [Fact]
    public void Two_actors_cannot_stand_in_one_place()
    {
        using AkkaEngine engine = new(Sys, new AkkaOptions());
        engine.Add(new ProbeResource(0, "first"), "nodes/0");
        InvariantViolation error = Assert.Throws<InvariantViolation>(() =>
            engine.Add(new ProbeResource(1, "second"), "nodes/0"));
        Assert.Equal("first and second have the same place in the tree of actors, /user/nodes/0", error.Message);
    }

    [Theory]
    [InlineData("cgroups//a", "cgroups/a")]
    [InlineData("/a/", "a")]
    [InlineData("workers:/", "workers:")]
    public void Slashes_count_once(string path, string place) => Assert.Equal(place.Split('/'), ActorNames.Split(path));

    [Fact]
    public void A_path_has_a_name_in_it()
    {
        using AkkaEngine engine = new(Sys);
        Assert.Throws<InvariantViolation>(() => engine.Add(new ProbeResource(0), "/"));
    }

    [Fact]
    public void A_name_that_the_system_has_already_is_an_error_that_says_so()
    {
        Sys.ActorOf(Props.Empty, "nodes");
        using AkkaEngine engine = new(Sys, new AkkaOptions());
        engine.Add(new ProbeResource(0), "nodes/0");
        Exception error = Assert.Throws<EpcActors.Engine.Live.EngineConfigurationException>(() =>
            engine.Run(long.MaxValue, CancellationToken.None));
        Assert.Contains("nodes", error.Message, StringComparison.Ordinal);
    }

    private IActorRef Find(string path)
    {
        TestProbe probe = CreateTestProbe();
        Sys.ActorSelection(path).Tell(new Identify(path), probe.Ref);
        return probe.ExpectMsg<ActorIdentity>(EngineHarness.Patience).Subject ?? ActorRefs.Nobody;
    }
}

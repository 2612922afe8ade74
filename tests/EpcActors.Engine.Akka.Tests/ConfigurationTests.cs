using Akka.Configuration;
using EpcActors.Engine.Live;
using EpcActors.Hocon;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>The akka block of the user's file, from the file to the actor system.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void A_deployment_of_the_file_gives_an_actor_its_own_dispatcher()
    {
        string akka = Load(
            """
            akka.actor {
              mine { type = ForkJoinDispatcher, throughput = 1,
                  dedicated-thread-pool { thread-count = 1, threadtype = background } }
              deployment { /cgroups/pods/web { dispatcher = akka.actor.mine } }
            }
            """).AkkaBlock;
        Assert.Contains("akka.actor.mine", ThreadOf(akka, "cgroups/pods/web"), StringComparison.Ordinal);
        Assert.DoesNotContain("akka.actor.mine", ThreadOf(akka, "cgroups/pods/db"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_may_say_otherwise_of_the_dispatcher_of_all_resources()
    {
        string akka = Load(
            "akka.actor.epc-resources { type = ForkJoinDispatcher, dedicated-thread-pool { thread-count = 1, "
                + "threadtype = background } }"
        ).AkkaBlock;
        Assert.Contains("akka.actor.epc-resources", ThreadOf(akka, "node-0"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_word_all_actors_share_threads_of_their_own()
    {
        Assert.StartsWith(
            "akka.actor.epc-dispatcher",
            ThreadOf(Load("").AkkaBlock, "node-0"),
            StringComparison.Ordinal);
        Assert.StartsWith("akka.actor.epc-dispatcher", ThreadOf("", "node-0"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_dispatcher_of_all_resources_may_be_a_name()
    {
        string akka = Load(
            "akka.actor { mine { executor = fork-join-executor, dedicated-thread-pool { thread-count = 1 } }, "
                + "epc-resources = akka.actor.mine }"
        ).AkkaBlock;
        Assert.Contains("akka.actor.mine", ThreadOf(akka, "node-0"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("akka { actor { provider = \"No.Such.Provider, Nowhere\" } }", "No.Such.Provider")]
    [InlineData("akka { loggers = [ \"No.Such.Logger, Nowhere\" ] }", "No.Such.Logger")]
    [InlineData("akka { loglevel = LOUD }", "LOUD")]
    [InlineData("akka { actor { epc-tasks { type = \"No.Such.Dispatcher, Nowhere\" } } }", "akka.actor.epc-tasks")]
    [InlineData(
        "akka { scheduler { implementation = Akka.Actor.HashedWheelTimerScheduler, tick-duration = 1 ms } }",
        "tick-duration")]
    public void A_wrong_block_is_an_error_that_says_what_Akka_says(string text, string said)
    {
        EngineConfigurationException error = Assert.Throws<EngineConfigurationException>(() =>
            new AkkaEngine(new AkkaOptions { AkkaBlock = Load(text).AkkaBlock }));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_Akka_cannot_read_is_an_error() =>
        Assert.Throws<EngineConfigurationException>(() =>
            new AkkaEngine(new AkkaOptions { AkkaBlock = "akka { a { }, }" }));

    [Fact]
    public void A_deployment_with_a_dispatcher_that_does_not_exist_is_an_error()
    {
        using AkkaEngine engine = new(
            new AkkaOptions
            {
                AkkaBlock = Load("akka.actor.deployment { /nodes/0 { dispatcher = nowhere } }").AkkaBlock,
            });
        engine.Add(new ProbeResource(0), "nodes/0");
        Exception error = Assert.Throws<EngineConfigurationException>(() =>
            engine.Run(long.MaxValue, CancellationToken.None));
        Assert.Contains("nowhere", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Values that our reader passes to Akka's must be the same on both sides.</summary>
    [Theory]
    [InlineData("5 s", "5 s")]
    [InlineData("64 KiB", "64 KiB")]
    [InlineData("100", "100")]
    [InlineData("2.50", "2.50")]
    [InlineData("1e3", "1e3")]
    [InlineData("on", "on")]
    [InlineData("true", "true")]
    [InlineData("Some.Type, Some.Assembly", "Some.Type")]
    [InlineData("\"Some.Type`1[[System.Int32]], Some.Assembly\"", "Some.Type`1[[System.Int32]], Some.Assembly")]
    [InlineData("\"\"", "")]
    [InlineData("\"a } , b # no comment // none\"", "a } , b # no comment // none")]
    [InlineData("\"\\\"quoted\\\"\"", "\"quoted\"")]
    [InlineData("\"\"\"C:\\new\\table\"\"\"", "C:\\new\\table")]
    [InlineData("\"tab\\t, line\\n, ${not.this}\"", "tab\t, line\n, ${not.this}")]
    [InlineData("\"käfig 😀 <&>\"", "käfig 😀 <&>")]
    [InlineData("${akka.loglevel}s", "WARNINGs")]
    [InlineData("a b ${akka.loglevel} c", "a b WARNING c")]
    public void Values_reach_Akka_as_they_were_meant(string written, string read)
    {
        string text = written.StartsWith("Some", StringComparison.Ordinal)
            ? "akka { x { y = Some.Type } }"
            : $"akka {{ x {{ y = {written}\n}}, after = 1 }}";
        Config akka = ConfigurationFactory.ParseString(Load(text).AkkaBlock);
        Assert.Equal(read, akka.GetString("akka.x.y"));
        Assert.Equal("WARNING", akka.GetString("akka.loglevel"));
    }

    [Fact]
    public void Lists_and_blocks_reach_Akka_too()
    {
        Config akka = ConfigurationFactory.ParseString(Load(
            """
            akka {
              empty {}
              none = []
              list = [ a, "b c", 5 s ]
              list += d
              blocks = [ { a = 1 }, { a = 2, b { c = x } } ]
              gone = 1
              gone = null
              "dotted.key" { "sp ace" = v }
              actor.deployment { "/user/a b" { x = 1 } }
            }
            """).AkkaBlock);
        Assert.Equal(["a", "b c", "5 s", "d"], akka.GetStringList("akka.list"));
        Assert.Empty(akka.GetStringList("akka.none"));
        Assert.False(akka.HasPath("akka.gone"));
        Assert.Equal(
            TimeSpan.FromSeconds(5),
            akka.GetTimeSpan("akka.coordinated-shutdown.default-phase-timeout", TimeSpan.FromSeconds(5)));
        Assert.Equal("2", akka.GetValue("akka.blocks").GetArray()[1].GetObject().GetKey("a").GetString());
        Assert.Equal(
            "x",
            akka.GetValue("akka.blocks").GetArray()[1].GetObject().GetKey("b").GetObject().GetKey("c").GetString());
        Assert.Equal(
            "v",
            akka.GetValue("akka").GetObject().GetKey("dotted.key").GetObject().GetKey("sp ace").GetString());
        Assert.Equal(
            "1",
            akka.GetValue("akka.actor.deployment").GetObject().GetKey("/user/a b").GetObject().GetKey("x").GetString());
    }

    [Theory]
    [InlineData("akka.loglevel")]
    [InlineData("akka.log-dead-letters")]
    [InlineData("akka.actor.epc-dispatcher.executor")]
    [InlineData("akka.actor.epc-dispatcher.throughput")]
    public void The_reference_of_the_files_says_what_the_engine_does_without_it(string key) =>
        Assert.Equal(
            OwnSystem.Reference.GetString(key),
            ConfigurationFactory.ParseString(Load("").AkkaBlock).GetString(key));

    [Fact]
    public void What_the_engine_needs_cannot_be_switched_off()
    {
        using AkkaEngine engine = new(
            new AkkaOptions
            {
                AkkaBlock = Load(
                    "akka { coordinated-shutdown { exit-clr = on, terminate-actor-system = off } }"
                ).AkkaBlock,
            });
        Assert.False(engine.ActorSystem.Settings.Config.GetBoolean("akka.coordinated-shutdown.exit-clr"));
        Assert.True(engine.ActorSystem.Settings.Config.GetBoolean("akka.coordinated-shutdown.terminate-actor-system"));
    }

    /// <summary>Name of the thread that handles a request of a resource at that path.</summary>
    private static string ThreadOf(string akka, string path)
    {
        string name = "";
        using EngineHarness live = new(new AkkaEngine(new AkkaOptions { AkkaBlock = akka }));
        ProbeResource resource = live.AddResource(0, path, () => name = Thread.CurrentThread.Name ?? "");
        live.AddTask(1, t => Routines.Call(t, resource.Id));
        live.Begin();
        Assert.Equal(RunEnd.Finished, live.End());
        return name;
    }

    private static Scenario Load(string text)
    {
        const string File = "test.conf";
        ConfigEnvironment environment = new()
        {
            Files = new HoconMemoryIncluder([new KeyValuePair<string, string>(File, text)]),
            Variables = static _ => null,
        };
        return ScenarioLoader.Load(File, [], null, environment);
    }
}

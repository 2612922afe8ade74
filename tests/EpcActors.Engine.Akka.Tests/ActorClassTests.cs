using System.Reflection;
using System.Text.RegularExpressions;
using Akka.Actor;
using Akka.TestKit;
using EpcActors.Kernel;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Actors have a class for each kind, so that logs and tools tell them apart.</summary>
public sealed partial class ActorClassTests : AkkaTestKit
{
    [Fact]
    public void Each_kind_has_a_class_of_its_own()
    {
        Dictionary<ActorKind, HashSet<string>> classes = [];
        foreach ((ActorKind kind, string _, string name) in ActorsOf(ProbeScenario.Machine()))
        {
            if (!classes.TryGetValue(kind, out HashSet<string>? names))
            {
                classes.Add(kind, names = []);
            }

            names.Add(name);
        }

        ActorKind[] elsewhere =
            [ActorKind.Resource, ActorKind.Task, ActorKind.Gateway, ActorKind.ClusterTask, ActorKind.External];
        Assert.Equal(ActorKinds.All.Except(elsewhere), classes.Keys.Order());
        Assert.All(classes, one => Assert.Single(one.Value));
        Assert.Equal(classes.Count, classes.Values.SelectMany(one => one).Distinct().Count());
        Assert.Equal("CgroupActor", classes[ActorKind.Cgroup].Single());
        Assert.Equal("NumaNodeActor", classes[ActorKind.NumaNode].Single());
        Assert.Equal("EnclaveThreadActor", classes[ActorKind.Thread].Single());
        Assert.Equal("KsgxdActor", classes[ActorKind.Ksgxd].Single());
    }

    /// <summary>The scenario of docs/akka.md has the actors that its table says.</summary>
    [Fact]
    public void The_tree_is_as_documented()
    {
        string text = File.ReadAllText("docs/akka.md");
        Dictionary<string, string> documented = [];
        foreach (Match row in TableRow().Matches(text))
        {
            MatchCollection classes = Code().Matches(row.Groups[2].Value);
            foreach ((Match path, int i) in Code().Matches(row.Groups[1].Value).Select((path, i) => (path, i)))
            {
                documented.Add(path.Groups[1].Value, classes[Math.Min(i, classes.Count - 1)].Groups[1].Value);
            }
        }

        Dictionary<string, string> found = ActorsOf(ProbeScenario.Load(HoconBlock().Match(text).Groups[1].Value))
            .ToDictionary(one => one.Path, one => one.Class, StringComparer.Ordinal);

        // Of what each cgroup has the table shows one.
        string[] others = ["/user/cgroups/memory", "/user/cgroups/reclaim_work", "/user/cgroups/worker"];
        foreach (string left in others)
        {
            Assert.True(found.Remove(left));
        }

        Assert.Equal(
            found.OrderBy(one => one.Key, StringComparer.Ordinal),
            documented.OrderBy(one => one.Key, StringComparer.Ordinal));
    }

    /// <summary>The table of messages in docs/akka.md has the kind of each message that it names.</summary>
    [Fact]
    public void The_messages_have_the_kinds_that_are_documented()
    {
        Dictionary<string, MessageKind> kinds = typeof(Machine)
            .Assembly.GetTypes()
            .Where(type =>
                type is { IsValueType: true, DeclaringType: not null } && type.IsAssignableTo(typeof(IMessage)))
            .GroupBy(type => type.Name)
            .ToDictionary(group => group.Key, group => KindOf(group.First()), StringComparer.Ordinal);
        List<(string Message, MessageKind Kind, string Documented)> named = [];
        string word = "";
        foreach (Match row in MessageRow().Matches(File.ReadAllText("docs/akka.md")))
        {
            word = row.Groups[1].Value;
            foreach (Match code in Code().Matches(row.Groups[2].Value))
            {
                string message = code.Groups[1].Value.Split('.')[^1];
                named.Add((message, kinds[message], word));
            }
        }

        Assert.InRange(named.Count, 20, 100);
        Assert.Equal("fault", word);
        Assert.All(named, one => Assert.Equal(one.Documented, MessageKinds.Name(one.Kind)));
    }

    [Fact]
    public void What_a_user_adds_has_the_classes_of_all_others()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "mine");
        ProbeTask task = live.AddTask(1, t => Routines.Wait(t, resource.Id));
        live.AddTask(2, t => Routines.Tick(t, resource.Id, 1_000_000_000), isDaemon: true);
        live.Go();
        Assert.Equal("ResourceActor", ClassOf(live.Engine.RefOf(resource)));
        Assert.Equal("RoutineActor", ClassOf(live.Engine.RefOf(task)));
        live.Cancel();
    }

    /// <summary>
    /// Every actor of a run, each task at its first request: whatever is asked is asked of a probe that never replies.
    /// </summary>
    private List<(ActorKind Kind, string Path, string Class)> ActorsOf(Scenario scenario)
    {
        AkkaEngine engine = null!;
        using LiveRun run = new(scenario, _ => engine = new AkkaEngine(Sys));
        TestProbe silent = CreateTestProbe();
        foreach (Resource resource in run.Topology.Resources)
        {
            engine.StandIn(resource, silent.Ref);
        }

        TestProbe events = CreateTestProbe();
        Sys.EventStream.Subscribe(events.Ref, typeof(RunStarted));
        Task<RunEnd> end = Task.Factory.StartNew(
            () => run.Execute(CancellationToken.None),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        events.ExpectMsg<RunStarted>(EngineHarness.Patience);
        List<(ActorKind Kind, string Path, string Class)> actors = [];
        foreach (Resource resource in run.Topology.Resources)
        {
            Add(resource.ActorKind, engine.RefOf(resource));
        }

        foreach ((TaskActor task, long _) in run.Topology.Tasks)
        {
            Add(task.ActorKind, engine.RefOf(task));
        }

        engine.RequestStop(RunEnd.Stopped);
        Assert.True(end.Wait(EngineHarness.Patience));
        return actors;

        void Add(ActorKind kind, IActorRef actor) =>
            actors.Add((kind, actor.Path.ToStringWithoutAddress(), ClassOf(actor)));
    }

    private static string ClassOf(IActorRef actor) => ((ActorRefWithCell)actor).Underlying.Props.Type.Name;

    [GeneratedRegex(@"^```hocon\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex HoconBlock();

    [GeneratedRegex(@"^\| (`/user[^|]*) \| ([^|]*) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    private static MessageKind KindOf(Type message) =>
        (MessageKind)typeof(ActorClassTests)
            .GetMethod(nameof(Kind), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(message)
            .Invoke(null, null)!;

    private static MessageKind Kind<TMessage>()
        where TMessage : unmanaged, IMessage => TMessage.Kind;

    [GeneratedRegex(@"^\| ([a-z]+) \| (`[^|]*) \| [^|]* \| [^|]* \|$", RegexOptions.Multiline)]
    private static partial Regex MessageRow();

    [GeneratedRegex("`([^`]*)`")]
    private static partial Regex Code();
}

using System.Reflection;
using System.Runtime.CompilerServices;
using EpcActors.Cluster.Members;
using EpcActors.Engine;
using EpcActors.Engine.Live.Threads;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Tests.Live;

namespace EpcActors.Tests.EngineTests;

/// <summary>Messages have kinds in the kernel's words, actors have kinds, and engines count messages by both.</summary>
public sealed class MessageKindTests
{
    private static readonly Assembly[] Product = [typeof(Machine).Assembly, typeof(MemberHost).Assembly];

    public static TheoryData<Type> Messages => [.. AllMessages()];

    public static TheoryData<Type> Actors =>
        [.. Types().Where(t => !t.IsAbstract)
            .Where(t => t.IsSubclassOf(typeof(Resource)) || t.IsSubclassOf(typeof(TaskActor)))];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_of_the_kernel_has_a_kind(Type message)
    {
        MessageKind kind = KindOf(message);
        Assert.True(Enum.IsDefined(kind), $"{message} has the kind {kind}");
        Assert.True(kind != MessageKind.Other, $"{message} says that it is none of the kernel's");
    }

    [Fact]
    public void Every_kind_is_used()
    {
        HashSet<MessageKind> used = [.. AllMessages().Select(KindOf), MessageKind.Other];
        Assert.Equal(MessageKinds.All, used.Order());
    }

    [Theory]
    [InlineData("charge")]
    [InlineData("uncharge")]
    [InlineData("reclaim")]
    [InlineData("evict")]
    [InlineData("load")]
    [InlineData("allocate")]
    [InlineData("free")]
    [InlineData("fault")]
    public void The_words_of_the_mission_are_kinds(string word) =>
        Assert.Contains(AllMessages(), message => MessageKinds.Name(KindOf(message)) == word);

    [Theory]
    [MemberData(nameof(Actors))]
    public void An_actor_of_the_kernel_has_a_kind(Type actor)
    {
        object made = RuntimeHelpers.GetUninitializedObject(actor);
        ActorKind kind = made is Resource resource ? resource.ActorKind : ((TaskActor)made).ActorKind;
        Assert.NotEqual(made is Resource ? ActorKind.Resource : ActorKind.Task, kind);
        Assert.Equal(made is TaskActor, ActorKinds.IsTask(kind));
    }

    [Fact]
    public void Kinds_have_names_of_their_own()
    {
        Assert.Equal(MessageKinds.Count, MessageKinds.All.Select(MessageKinds.Name).Distinct().Count());
        Assert.Equal(ActorKinds.Count, ActorKinds.All.Select(ActorKinds.Name).Distinct().Count());
    }

    [Fact]
    public void A_simulation_counts_every_message_once() =>
        AssertCounts(new ScenarioRunner(LiveRig.Tight()).Run("", CancellationToken.None));

    [Fact]
    public void Worker_threads_count_every_message_once() => AssertCounts(LiveRig.Run(LiveRig.Tight().Live()));

    [Fact]
    public void A_message_that_two_kinds_of_resources_understand_is_counted_for_each()
    {
        using ThreadsEngine engine = new(new ThreadsOptions { Workers = 1 });
        Named plain = new(0, ActorKind.Resource);
        Named node = new(1, ActorKind.NumaNode);
        engine.Add(plain, "plain");
        engine.Add(node, "node");
        Asker asker = new(2, async task =>
        {
            for (int i = 0; i < 3; i++)
            {
                await task.Ask(plain.Id, new Ping());
                await task.Ask(node.Id, new Ping());
                await task.Ask(node.Id, new Ping());
            }
        });
        engine.Add(asker, "asker");
        engine.Start(asker);
        Assert.Equal(RunEnd.Finished, engine.Run(long.MaxValue, CancellationToken.None));
        Assert.Equal(
            [
                new MessageCount(ActorKind.Task, ActorKind.Resource, MessageKind.Other, 0xF0F0, 3),
                new MessageCount(ActorKind.Task, ActorKind.NumaNode, MessageKind.Other, 0xF0F0, 6),
            ],
            engine.Messages);
    }

    private static void AssertCounts(RunReport report)
    {
        Assert.Equal(report.Steps, report.Messages.Sum(one => one.Count));
        Assert.All(report.Messages, one => Assert.True(one.Count > 0));

        // Two enclaves larger than the EPC: pages are written out by ksgxd or by a thread, and come back.
        string[] mission = ["charge", "uncharge", "reclaim", "evict", "load", "allocate", "free", "fault"];
        foreach (string kind in mission)
        {
            Assert.Contains(report.Messages, one => one.Kind == kind);
        }

        long ewb = report.Messages.Where(one => one.Message == "Ewb").Sum(one => one.Count);
        Assert.InRange(ewb, report.Cgroups[0].Evictions, long.MaxValue);
        Assert.Contains(
            report.Messages,
            one => one is { Asker: "thread", Resource: "cgroup", Message: "AddToLru", Kind: "lru" });
        Assert.DoesNotContain(report.Messages, one => one.Kind == "other");
    }

    private static IEnumerable<Type> AllMessages() =>
        Types().Where(t => t.IsValueType && typeof(IMessage).IsAssignableFrom(t));

    private static IEnumerable<Type> Types() =>
        Product.SelectMany(one => one.GetTypes()).OrderBy(t => t.FullName, StringComparer.Ordinal);

    private static MessageKind KindOf(Type message) =>
        (MessageKind)typeof(MessageKindTests)
            .GetMethod(nameof(Kind), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(message)
            .Invoke(null, null)!;

    private static MessageKind Kind<TMessage>()
        where TMessage : unmanaged, IMessage => TMessage.Kind;

    private struct Ping : IMessage
    {
        public static ushort Code => 0xF0F0;

        public static MessageKind Kind => MessageKind.Other;
    }

    private sealed class Named(int id, ActorKind kind) : Resource(new ActorId(id), $"resource-{id}"), IHandle<Ping>
    {
        public override ActorKind ActorKind => kind;

        public void Handle(ref Ping message, Turn turn)
        {
        }
    }

    private sealed class Asker(int id, Func<Asker, Routine> run) : TaskActor(new ActorId(id), "asker", -1, 0)
    {
        protected override Routine Run() => run(this);
    }
}

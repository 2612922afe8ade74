using Akka.Actor;
using EpcActors.Lab.Runs;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Actors have a class for each kind, so that logs and tools tell them apart.</summary>
public sealed class ActorClassTests : AkkaTestKit
{
    [Fact]
    public void Each_kind_has_a_class_of_its_own()
    {
        AkkaEngine engine = null!;
        Dictionary<ActorKind, HashSet<string>> classes = [];
        using LiveRun run = new(ProbeScenario.Machine(), _ => engine = new AkkaEngine(Sys));
        Sys.EventStream.Subscribe(TestActor, typeof(RunStarted));
        Task<RunEnd> end = Task.Factory.StartNew(
            () => run.Execute(CancellationToken.None), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        ExpectMsg<RunStarted>(EngineHarness.Patience);
        foreach (Resource resource in run.Topology.Resources)
        {
            Note(resource.ActorKind, engine.RefOf(resource));
        }

        foreach ((TaskActor task, long _) in run.Topology.Tasks)
        {
            Note(task.ActorKind, engine.RefOf(task));
        }

        Assert.True(end.Wait(EngineHarness.Patience));
        ActorKind[] elsewhere = [ActorKind.Resource, ActorKind.Task, ActorKind.Exchange, ActorKind.ClusterTask, ActorKind.External];
        Assert.Equal(ActorKinds.All.Except(elsewhere), classes.Keys.Order());
        Assert.All(classes, one => Assert.Single(one.Value));
        Assert.Equal(classes.Count, classes.Values.SelectMany(one => one).Distinct().Count());
        Assert.Equal("CgroupActor", classes[ActorKind.Cgroup].Single());
        Assert.Equal("NumaNodeActor", classes[ActorKind.NumaNode].Single());
        Assert.Equal("EnclaveThreadActor", classes[ActorKind.Thread].Single());
        Assert.Equal("KsgxdActor", classes[ActorKind.Ksgxd].Single());

        void Note(ActorKind kind, IActorRef actor)
        {
            if (!classes.TryGetValue(kind, out HashSet<string>? names))
            {
                classes.Add(kind, names = []);
            }

            names.Add(((ActorRefWithCell)actor).Underlying.Props.Type.Name);
        }
    }

    [Fact]
    public void What_a_user_adds_has_the_classes_of_all_others()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "mine");
        ProbeTask task = live.AddTask(1, t => Routines.Wait(t, resource.Id));
        live.AddTask(2, t => Routines.Tick(t, resource.Id, 1_000_000_000), isDaemon: true);
        live.Go();
        Assert.Equal("ResourceActor", ((ActorRefWithCell)live.Engine.RefOf(resource)).Underlying.Props.Type.Name);
        Assert.Equal("RoutineActor", ((ActorRefWithCell)live.Engine.RefOf(task)).Underlying.Props.Type.Name);
        live.Cancel();
    }
}

using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Engine.Simulation.Exploring;

namespace EpcActors.Races;

/// <summary>Makes live actors of a race's world, for a schedule to conduct.</summary>
internal static class Conductor
{
    /// <summary>One actor for each resource and each task.</summary>
    public static IStepHost Host(RaceWorld world, LiveEngine engine) =>
        engine.Conduct(
            world.Topology.Resources.Select(resource => (resource, $"resources/{resource.Id.Index}")),
            Tasks(world.Engine).Select(task => (task, $"tasks/{task.Name}")));

    private static IEnumerable<TaskActor> Tasks(ExploredEngine engine) =>
        Enumerable.Range(0, engine.TaskCount).Select(engine.Task);
}

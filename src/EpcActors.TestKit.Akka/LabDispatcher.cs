using global::Akka.Actor;
using global::Akka.Actor.Setup;
using global::Akka.Configuration;
using global::Akka.Dispatch;
using global::Akka.Dispatch.SysMsg;

namespace EpcActors.TestKit.Akka;

/// <summary>Tells what Akka creates by reflection to which world it belongs.</summary>
internal sealed class LabSetup(ActorWorld world) : Setup
{
    public ActorWorld World => world;

    public static ActorWorld? WorldOf(Settings settings) =>
        settings.Setup.Get<LabSetup>() is { HasValue: true } setup ? setup.Value.World : null;
}

/// <summary>Stands in the configuration in place of Akka's own dispatchers.</summary>
public sealed class LabDispatcherConfigurator : MessageDispatcherConfigurator
{
    private readonly LabDispatcher _dispatcher;

    /// <summary>Called by Akka.</summary>
    public LabDispatcherConfigurator(Config config, IDispatcherPrerequisites prerequisites)
        : base(config, prerequisites)
    {
        ArgumentNullException.ThrowIfNull(prerequisites);
        ActorWorld world = LabSetup.WorldOf(prerequisites.Settings)
            ?? throw new ConfigurationException(
                $"{nameof(LabDispatcher)} works in an actor system of a race test only");
        _dispatcher = new LabDispatcher(this, world);
    }

    public override MessageDispatcher Dispatcher() => _dispatcher;
}

/// <summary>Runs nothing by itself: a mailbox that has something to do is given to the laboratory.</summary>
internal sealed class LabDispatcher : MessageDispatcher
{
    private readonly ActorWorld _world;

    public LabDispatcher(MessageDispatcherConfigurator configurator, ActorWorld world)
        : base(configurator)
    {
        _world = world;
        Id = "laboratory";

        // One message a run in queues that are not ours: Akka looks at the deadline after the first.
        Throughput = 1;
        ThroughputDeadlineTime = 1;
        ShutdownTimeout = TimeSpan.FromSeconds(1);
    }

    public override void Dispatch(ActorCell cell, Envelope envelope)
    {
        int times = _world.OnSend(this, cell, envelope);
        for (int i = 0; i < times; i++)
        {
            base.Dispatch(cell, envelope);
        }
    }

    /// <summary>A message that was under way arrives.</summary>
    public void Deliver(ActorCell cell, Envelope envelope) => base.Dispatch(cell, envelope);

    public override void SystemDispatch(ActorCell cell, SystemMessage message)
    {
        _world.OnSystemSend(cell, message);
        base.SystemDispatch(cell, message);
    }

    protected override void ExecuteTask(IRunnable run) => _world.OnReady(run);

    protected override void Shutdown()
    {
    }
}

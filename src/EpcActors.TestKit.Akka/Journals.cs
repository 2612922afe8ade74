using global::Akka.Actor;

namespace EpcActors.TestKit.Akka;

/// <summary>Journals and snapshot stores between two runs.</summary>
internal static class Journals
{
    /// <summary>Those of Akka.Persistence that keep everything in the actor: a restart empties them.</summary>
    private static readonly string[] InMemory =
    [
        "Akka.Persistence.Journal.MemoryJournal",
        "Akka.Persistence.Snapshot.MemorySnapshotStore",
        "Akka.Persistence.Snapshot.NoSnapshotStore",
    ];

    /// <summary>A restart makes it as if it were new. Of any other journal that is not known.</summary>
    public static bool ForgetsAtRestart(IActorRef journal) =>
        journal is ActorRefWithCell { Underlying.Props.Type.FullName: { } type } && InMemory.Contains(type);

    public static void Restart(IActorRef journal)
    {
        IInternalActorRef actor = (IInternalActorRef)journal;
        actor.Suspend();
        actor.Restart(new InvalidOperationException("another schedule begins"));
    }
}

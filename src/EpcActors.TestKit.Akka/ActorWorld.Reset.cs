using global::Akka.Actor;

namespace EpcActors.TestKit.Akka;

/// <content>What is left of a run ends before the next one begins.</content>
internal sealed partial class ActorWorld
{
    private ActorTask[] Live()
    {
        lock (_gate)
        {
            return [.. _byRef.Values];
        }
    }

    /// <summary>Stops the actors of the last run. What they still do then is no part of any run.</summary>
    private void StopAll()
    {
        _labThread = Environment.CurrentManagedThreadId;
        ActorTask[] live = [.. Live().Where(task => !task.IsInfrastructure)];
        if (live.Length == 0)
        {
            return;
        }

        Faults.Clear(this);
        foreach (ActorTask task in live)
        {
            task.IsGone = false;
            System.EventStream.Unsubscribe(task.Owner);
            NodeStateOf(task.Owner)?.System.EventStream.Unsubscribe(task.Owner);
        }

        foreach (ActorTask task in live.Where(task => task.Owner.Path.Elements.Count == 2 && !task.IsJournal))
        {
            ((IInternalActorRef)task.Owner).Stop();
        }

        lock (_gate)
        {
            _fresh.AddRange(live.Where(task => task.IsQueued));
        }

        RunEagerly(task => task.IsSystemStep || DropFirst(task));
    }

    /// <summary>What the last run has persisted is no part of the next.</summary>
    private void EmptyJournals()
    {
        ActorTask[] journals = [.. Live().Where(task => task.IsJournal)];
        if (journals.Length == 0)
        {
            return;
        }

        foreach (ActorTask journal in journals)
        {
            journal.Ordinal = -1;
            journal.IsAwaiting = false;
            if (journal.IsJournalItself)
            {
                Journals.Restart(journal.Owner);
            }
            else
            {
                // The restarted journal makes another one.
                _byRef.Remove(journal.Owner);
            }
        }

        RunEagerly(_ => true);
    }

    /// <summary>Of a run that is over no message is handled any more.</summary>
    private static bool DropFirst(ActorTask task)
    {
        task.Queue.CleanUp(task.Owner, new LabQueue(null, null));
        return true;
    }
}

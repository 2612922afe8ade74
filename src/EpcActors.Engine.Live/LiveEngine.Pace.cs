using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Live;

/// <content>The pace of a run: tasks that are ahead of it wait before their next request.</content>
public abstract partial class LiveEngine
{
    /// <summary>Real time that activities take; null: none but what the emulator needs. Set before the run.</summary>
    public Pace? Pace { get; set; }

    void IEngineDriver.Post(Envelope envelope)
    {
        TaskCell caller = Unsafe.As<TaskCell>(envelope.Caller.EngineState!);
        if (Pace is not null && caller.AheadNs(CoarseNowNs) > Pace.GrainNs)
        {
            PostAt(caller.FreeNs, envelope, caller, CellOf(envelope.Target));
            return;
        }

        Post(envelope, caller, CellOf(envelope.Target));
    }

    bool IEngineDriver.Spend(TaskActor task, int activity, long ns)
    {
        if (Pace is not null)
        {
            CellOf(task).Spend(CoarseNowNs, ns);
        }

        return true;
    }

    bool IEngineDriver.SpendCost(TaskActor task, int activity, int count, bool remote)
    {
        if (Pace is { } pace)
        {
            CellOf(task).Spend(CoarseNowNs, pace.Ns(activity, count, remote));
        }

        return true;
    }
}

using EpcActors.Exploration;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// A run of a cluster as strategies see it that know nothing of clusters: the tasks that could do something. Left out
/// are deliveries of empty links, processes that stand still, and the clocks, which are no threads that others could be
/// behind.
/// </summary>
internal sealed class UsefulTasks(SimulatedCluster cluster) : Execution
{
    private const int StepsOfARun = 6000;

    /// <summary>Some task could do something.</summary>
    public bool HasAny => !Enabled.IsEmpty;

    public override int ConflictKey(int task) => cluster.Engine.ConflictKey(task);

    public override ExploredEnd Run(IStrategy strategy, int maxSteps) =>
        throw new NotSupportedException("the cluster's engine makes the steps");

    /// <summary>A run begins.</summary>
    public void Begin()
    {
        ForgetRun(keepsTasks: false);
        ExpectedSteps = StepsOfARun;
        Look();
    }

    /// <summary>Looks at which tasks could do something now.</summary>
    public void Look()
    {
        Execution run = cluster.Engine;
        while (TaskCount < run.TaskCount)
        {
            AddTask();
        }

        for (int task = 0; task < TaskCount; task++)
        {
            bool isUseful = run.IsEnabled(task) && task != cluster.ClockOrdinal && !cluster.IsTicker(task)
                && cluster.IsUseful(task);
            if (isUseful && !IsEnabled(task))
            {
                Enable(task);
            }
            else if (!isUseful && IsEnabled(task))
            {
                Disable(task);
            }
        }
    }

    /// <summary>The task makes the next step.</summary>
    public void Note(int task) => RecordStep(task);
}

using EpcActors.Cluster.Sharing;

namespace EpcActors.Cluster.Simulation;

/// <summary>Names and sentences of the rules that can be left out.</summary>
public static class DefectText
{
    /// <summary>All of them, in their order.</summary>
    public static IReadOnlyList<ClusterDefect> All { get; } =
        [.. Enum.GetValues<ClusterDefect>().Where(defect => defect != ClusterDefect.None)];

    /// <summary>LostFence is lost-fence.</summary>
    public static string NameOf(ClusterDefect defect) =>
        string.Concat(defect.ToString().Select(
            (c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>The defect of a name; null when there is none.</summary>
    public static ClusterDefect? Find(string name)
    {
        foreach (ClusterDefect defect in All)
        {
            if (NameOf(defect) == name)
            {
                return defect;
            }
        }

        return null;
    }

    /// <summary>Effect of the defect, as a sentence.</summary>
    public static string SentenceOf(ClusterDefect defect) => defect switch
    {
        ClusterDefect.None => "nothing is left out",
        ClusterDefect.LostFence => "requests of the dead are executed",
        ClusterDefect.DoubleRelease => "what a dead process had is released at each of its deaths again",
        ClusterDefect.ForgottenStock => "a report to a new owner leaves out the stock",
        ClusterDefect.NoMemory => "a request that comes twice is executed twice",
        ClusterDefect.LostLoan => "pages lent to a dead process do not come back",
        ClusterDefect.LateReply => "an answer is taken for whatever call is open",
        ClusterDefect.EarlyOwner => "a new owner serves before every process has reported",
        ClusterDefect.QuickReturn => "a life and the next one are taken for one when no view lies between them",
        ClusterDefect.LazyDrain => "a charge is refused while other processes have stock",
        ClusterDefect.ViewTwice => "the coordinator gives two views one number",
        ClusterDefect.ForgottenDeath => "the coordinator leaves a dead life in the next view",
        ClusterDefect.ReusedIncarnation => "the coordinator gives a new life the number of the last one",
    };

    /// <summary>One line for each.</summary>
    public static string Lines() =>
        string.Join('\n', All.Select(defect => $"  {NameOf(defect)}: {SentenceOf(defect)}"));
}

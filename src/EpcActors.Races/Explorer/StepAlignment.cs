using EpcActors.Results;

namespace EpcActors.Races.Explorer;

/// <summary>Puts the steps of two traces side by side: the longest common sequence of requests stays on one
/// line.</summary>
internal static class StepAlignment
{
    /// <summary>Aligns two traces.</summary>
    public static RaceComparison Of(RaceTrace left, RaceTrace right, string rightEnd)
    {
        int[,] common = new int[left.Steps.Count + 1, right.Steps.Count + 1];
        for (int i = left.Steps.Count - 1; i >= 0; i--)
        {
            for (int j = right.Steps.Count - 1; j >= 0; j--)
            {
                common[i, j] = IsSameRequest(left, i, right, j)
                    ? common[i + 1, j + 1] + 1
                    : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        List<(int Left, int Right)> rows = [];
        int first = -1;
        for (int i = 0, j = 0; i < left.Steps.Count || j < right.Steps.Count;)
        {
            bool isPair = i < left.Steps.Count && j < right.Steps.Count && IsSameRequest(left, i, right, j);
            bool isLeft = isPair
                || j == right.Steps.Count
                || (i < left.Steps.Count && common[i + 1, j] >= common[i, j + 1]);
            rows.Add((isLeft ? i : -1, isPair || !isLeft ? j : -1));
            if (first < 0 && (!isPair || !IsSameResult(left.Steps[i], right.Steps[j])))
            {
                first = rows.Count - 1;
            }

            i += isLeft ? 1 : 0;
            j += isPair || !isLeft ? 1 : 0;
        }

        return new RaceComparison(left, right, rows, first, rightEnd);
    }

    private static bool IsSameRequest(RaceTrace left, int i, RaceTrace right, int j)
    {
        RaceStep one = left.Steps[i];
        RaceStep other = right.Steps[j];
        return one.Message == other.Message
            && left.Tasks[one.Task].Name == right.Tasks[other.Task].Name
            && NameOf(left, one) == NameOf(right, other);
    }

    private static bool IsSameResult(RaceStep one, RaceStep other) =>
        one.IsParked == other.IsParked
        && one.Request.SequenceEqual(other.Request)
        && one.Answer.SequenceEqual(other.Answer);

    private static string NameOf(RaceTrace trace, RaceStep step) =>
        step.Resource >= 0 ? trace.Resources[step.Resource].Name : "";
}

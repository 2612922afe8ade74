namespace EpcActors.Scenarios.Text;

/// <summary>The allowed word that was meant.</summary>
internal static class Suggestions
{
    /// <summary>A list for people: all of it when short, else its beginning.</summary>
    public static string List(IEnumerable<string> words, int most = 24)
    {
        List<string> all = [.. words];
        return all.Count == 0 ? "nothing"
            : all.Count <= most ? string.Join(", ", all)
            : string.Join(", ", all.Take(most)) + $" and {all.Count - most} more";
    }

    /// <summary>
    /// The remedy for an unknown word: the one that was meant, if one is near, and those that are allowed.
    /// </summary>
    public static string Remedy(string word, IReadOnlyCollection<string> allowed)
    {
        string list = $"allowed: {List(allowed)}";
        return Nearest(word, allowed) is { } meant ? $"did you mean '{meant}'? ({list})" : list;
    }

    /// <summary>The nearest word by edit distance, or null when none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> allowed)
    {
        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string candidate in allowed)
        {
            int distance = Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (
                distance < bestDistance
                || (distance == bestDistance && candidate.Length == word.Length && best!.Length != word.Length))
            {
                best = candidate;
                bestDistance = distance;
            }
        }

        // A third of the letters may differ, one always.
        return best is not null && bestDistance <= Math.Max(1, Math.Max(word.Length, best.Length) / 3) ? best : null;
    }

    /// <summary>Letters to add, remove, replace or swap with their neighbour (optimal string alignment).</summary>
    public static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            cost[i, 0] = i;
        }

        for (int j = 0; j <= b.Length; j++)
        {
            cost[0, j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replace, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}

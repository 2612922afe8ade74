using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The tree behind the paths of the cgroups.</summary>
internal static class CgroupTree
{
    /// <summary>
    /// Depth and last part of each path, in the order given. The depth counts ancestors that are in the list: a
    /// report that leaves a level out is not indented for it, and keeps the skipped part in the name.
    /// </summary>
    public static IReadOnlyList<(int Depth, string Name)> Of(IReadOnlyList<string> paths)
    {
        List<(int, string)> rows = [];
        Stack<string> ancestors = new();
        foreach (string path in paths)
        {
            while (ancestors.Count > 0 && !IsBelow(path, ancestors.Peek()))
            {
                ancestors.Pop();
            }

            string parent = ancestors.Count > 0 ? ancestors.Peek() : "";
            string name = parent.Length == 0 ? path : path[(parent == "/" ? 1 : parent.Length + 1)..];
            rows.Add((ancestors.Count, name));
            ancestors.Push(path);
        }

        return rows;
    }

    /// <summary>Name of a cgroup in an indented column of text.</summary>
    public static IReadOnlyList<string> Labels(IReadOnlyList<CgroupReport> cgroups)
    {
        IReadOnlyList<(int Depth, string Name)> tree = Of([.. cgroups.Select(c => c.Path)]);
        return [.. cgroups.Select((c, i) =>
            new string(' ', 2 * tree[i].Depth) + tree[i].Name + (c.IsDying ? " (dying)" : ""))];
    }

    private static bool IsBelow(string path, string ancestor) =>
        ancestor == "/"
            ? path.Length > 1 && path[0] == '/'
            : path.Length > ancestor.Length + 1 && path[ancestor.Length] == '/'
                && path.StartsWith(ancestor, StringComparison.Ordinal);
}

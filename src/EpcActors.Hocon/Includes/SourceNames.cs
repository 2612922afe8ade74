namespace EpcActors.Hocon;

/// <summary>Arithmetic on names; it never asks the file system, so it works for files in memory as well.</summary>
internal static class SourceNames
{
    /// <summary>
    /// <paramref name="name"/> seen from <paramref name="folder"/>, with "." and inner ".." removed, so that one file
    /// keeps one name however it is reached and error messages stay short.
    /// </summary>
    public static string Combine(string folder, string name)
    {
        string joined = folder.Length == 0 ? name : folder.TrimEnd('/', '\\') + "/" + name;
        bool rooted = joined.StartsWith('/');
        List<string> parts = [];
        foreach (string part in joined.Split('/'))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part == ".." && parts.Count > 0 && parts[^1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else
            {
                parts.Add(part);
            }
        }

        return (rooted ? "/" : "") + string.Join('/', parts);
    }
}

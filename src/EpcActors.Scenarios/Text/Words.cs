using System.Text;

namespace EpcActors.Scenarios.Text;

/// <summary>Names of the code as configurations write them.</summary>
internal static class Words
{
    /// <summary><c>PerNode</c> as configurations write it: <c>per-node</c>.</summary>
    public static string Kebab(string name)
    {
        StringBuilder text = new();
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0)
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }
}

/// <summary>An enumeration as configurations write it.</summary>
internal static class Words<T>
    where T : struct, Enum
{
    /// <summary>The members in kebab case, in the order of their declaration.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetNames<T>().Select(Words.Kebab)];
}
